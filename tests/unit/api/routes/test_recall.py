from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from memsvc.domain.filters import RecallFilter
from memsvc.domain.fusion import Arm
from memsvc.domain.grains import AskedGrain, Grain, GrainWeight, Unit
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.domain.times.asked_times import TimeUse
from memsvc.services.commands import BankReference
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.services.recalling.stage_reports import GrainReport
from tests.unit.api.answers import MEMORY_ID, RECALLED
from tests.unit.api.routes.test_memories import RENDERED
from tests.unit.api.script import Script
from tests.unit.api.told_times import RENDERED_WHEN

URL = "/v1/banks/ada/recall"


async def test_a_question_is_answered_with_its_reasons(
    api: httpx2.AsyncClient, script: Script
) -> None:
    answer = await api.post(URL, json={"query": "Where does Ada live?"})

    assert answer.status_code == 200
    assert answer.json() == {
        "id": None,
        "recorded": False,
        "mode": "ranked",
        "hits": [
            {
                "memory": RENDERED,
                "score": 0.5,
                "parts": {"lexical": {"rank": 1, "score": 7.5, "contribution": 0.5}},
                "arms": ["lexical"],
                "hop": None,
                "factors": {},
                "asked": [],
                "relevance": None,
                "unit": None,
                "tokens": 6,
            }
        ],
        **RENDERED_WHEN,
        "beside": [
            {"memory": RENDERED, "of": str(MEMORY_ID), "offset": -1, "tokens": 6},
        ],
        "neighbours": [
            {
                "memory": RENDERED,
                "via": {
                    "hit": str(MEMORY_ID),
                    "type": "related",
                    "weight": 0.5,
                    "reason": "shares: Lisbon",
                },
                "score": 0.25,
                "tokens": 6,
            }
        ],
        "arms": {
            "dense": {
                "status": "failed",
                "reason": "embedder away",
                "candidates": 0,
                "took_ms": 0.0,
            },
            "lexical": {"status": "ok", "reason": None, "candidates": 1, "took_ms": 0.7},
        },
        "total_tokens": 6,
        "budget_tokens": None,
        "tokenizer": "encoder (hashing)",
        "dropped": None,
        "walk": None,
        "took_ms": {"search": 1.0, "total": 2.0},
        "index": {"backend": "exact"},
        "rewrite": None,
        "iterate": None,
        "rerank": None,
        "sift": None,
        "grain": None,
        "model_calls": {
            "calls": 0,
            "input_tokens": 0,
            "output_tokens": 0,
            "cost_usd": 0.0,
            "by_purpose": {},
        },
        "answerable": None,
    }
    assert script.last_arguments[1:] == (
        BankReference(value="ada"),
        RecallQuery(text="Where does Ada live?"),
    )
    assert script.last_arguments[2].filter.is_trivial


async def test_everything_asked_for_reaches_the_use_case(
    api: httpx2.AsyncClient, script: Script
) -> None:
    body = {
        "query": "q",
        "k": 200,
        "filter": {"occurred_before": "2024-05-07T12:00:00"},
        "arms": ["lexical"],
        "budget_tokens": 1,
        "now": "2024-05-08T00:00:00",
        "as_of": "2024-04-01T00:00:00",
        "known_at": "2024-05-01T00:00:00Z",
        "timezone": "America/New_York",
        "explain": True,
        "times": "filter",
        "neighbours_before": 10,
        "neighbours_after": 1,
        "diversity": 0,
        "rewrite": True,
        "iterate": True,
        "rerank": True,
        "sift": True,
        "walk": "facts",
        "grain": "auto",
        "answerable": True,
    }

    answer = await api.post(URL, json=body)

    assert answer.json()["dropped"] == [
        {"memory_id": str(MEMORY_ID), "reason": "rank", "score": 0.1}
    ]
    assert script.last_arguments[2] == RecallQuery(
        text="q",
        k=200,
        filter=RecallFilter(
            occurred_before=datetime(2024, 5, 7, 16, tzinfo=UTC),
            as_of=datetime(2024, 4, 1, 4, tzinfo=UTC),
            known_at=datetime(2024, 5, 1, tzinfo=UTC),
        ),
        arms=frozenset({Arm.LEXICAL}),
        budget_tokens=1,
        now=datetime(2024, 5, 8, 4, tzinfo=UTC),
        explain=True,
        times=TimeUse.FILTER,
        neighbours_before=10,
        neighbours_after=1,
        walk=WalkMode.FACTS,
        grain=AskedGrain.AUTO,
        zone=ZoneInfo("America/New_York"),
        diversity=0,
        rewrite=True,
        iterate=True,
        rerank=True,
        sift=True,
        answerable=True,
    )


async def test_what_a_hit_stands_for_is_told_with_why(
    api: httpx2.AsyncClient, script: Script
) -> None:
    [hit] = RECALLED.hits
    unit = Unit(memory_ids=[MEMORY_ID], first=3, last=5, found=[MEMORY_ID])
    weights = {Grain.EVENT: GrainWeight(weight=1.0, entropy=0.25, units=4)}
    report = GrainReport(grain=Grain.EVENT, weights=weights)
    script.answers["recall"] = replace(RECALLED, hits=[replace(hit, unit=unit)], grain=report)

    answer = (await api.post(URL, json={"query": "q", "grain": "auto"})).json()

    assert answer["grain"] == {
        "grain": "event",
        "weights": {"event": {"weight": 1.0, "entropy": 0.25, "units": 4}},
        "reason": None,
    }
    assert answer["hits"][0]["unit"] == {
        "memory_ids": [str(MEMORY_ID)],
        "first": 3,
        "last": 5,
        "found": [str(MEMORY_ID)],
    }


@pytest.mark.parametrize(
    ("change", "passes"),
    [({}, False), ({"mode": "auto"}, True), ({"mode": "auto", "k": 10}, False)],
)
async def test_everything_is_asked_for_by_auto_without_k(
    api: httpx2.AsyncClient, script: Script, change: dict[str, Any], passes: bool
) -> None:
    await api.post(URL, json={"query": "q", "budget_tokens": 9} | change)

    assert script.last_arguments[2].pass_through is passes
    assert script.last_arguments[2].k == 10


@pytest.mark.parametrize(
    ("arms", "asked"),
    [
        ("all", None),
        ([*map(str, Arm)], frozenset(Arm)),
        (["dense", "dense"], {Arm.DENSE}),
    ],
)
async def test_arms_are_chosen_by_name(
    api: httpx2.AsyncClient, script: Script, arms: object, asked: frozenset[Arm] | None
) -> None:
    await api.post(URL, json={"query": "q", "arms": arms})

    assert script.last_arguments[2].arms == asked


@pytest.mark.parametrize(
    "change",
    [
        {"query": ""},
        {"query": "  "},
        {"query": "x" * 8193},
        {"query": None},
        {"k": 0},
        {"k": 201},
        {"k": 1.5},
        {"k": "5"},
        {"k": True},
        {"explain": "yes"},
        {"arms": []},
        {"arms": ["taste"]},
        {"arms": "dense"},
        {"budget_tokens": 0},
        {"filter": {"user": "u"}},
        {"filter": None},
        {"timezone": "../../etc/passwd"},
        {"timezone": "America"},
        {"timezone": ""},
        {"top_k": 5},
        {"grain": "sentence"},
        {"grain": None},
        {"mode": "auto"},
        {"mode": "passthrough", "budget_tokens": 9},
    ],
)
async def test_a_question_beyond_the_rules_is_refused(
    api: httpx2.AsyncClient, script: Script, change: dict[str, Any]
) -> None:
    answer = await api.post(URL, json={"query": "q"} | change)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert script.calls == []


@pytest.mark.parametrize(
    ("change", "location"),
    [
        ({"now": "2024-05-07T12:00:00"}, ["body", "now"]),
        ({"as_of": "2024-05-07"}, ["body", "as_of"]),
        ({"known_at": "2024-05-07"}, ["body", "known_at"]),
        ({"filter": {"occurred_after": "2024-05-07"}}, ["body", "filter", "occurred_after"]),
    ],
)
async def test_a_time_without_a_zone_is_refused(
    api: httpx2.AsyncClient, script: Script, change: dict[str, Any], location: list[str]
) -> None:
    answer = await api.post(URL, json={"query": "q"} | change)

    assert (answer.status_code, answer.json()["code"]) == (422, "naive_timestamp")
    assert answer.json()["errors"] == [{"loc": location, "msg": "has no zone"}]
    assert script.calls == []
