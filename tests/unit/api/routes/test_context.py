from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx2
import pytest

from memsvc.domain.filters import RecallFilter
from memsvc.domain.fusion import Arm
from memsvc.domain.grains import AskedGrain
from memsvc.domain.memory import ScopeKeys
from memsvc.domain.times.asked_times import TimeUse
from memsvc.services.commands import BankReference
from memsvc.services.recalling.compose_context import ContextQuery
from tests.unit.api.answers import MEMORY_ID
from tests.unit.api.routes.test_memories import RENDERED
from tests.unit.api.script import Script
from tests.unit.api.told_times import RENDERED_WHEN

URL = "/v1/banks/ada/context"


async def test_a_context_is_answered_as_text_and_in_parts(
    api: httpx2.AsyncClient, script: Script
) -> None:
    answer = await api.post(URL, json={"query": "Where does Ada live?"})

    assert answer.status_code == 200
    assert answer.json() == {
        "recall_id": str(UUID(int=20)),
        "recorded": True,
        "mode": "ranked",
        "text": "<memory boundary=abc>\n…",
        "sections": [
            {
                "name": "memories",
                "pieces": [
                    {
                        "citation": 1,
                        "role": "hit",
                        "memory": RENDERED,
                        "of": None,
                        "score": 0.5,
                        "unit": None,
                        "tokens": 9,
                        "is_cut": True,
                    }
                ],
            }
        ],
        "citations": {"1": str(MEMORY_ID)},
        "total_tokens": 40,
        "budget_tokens": 2000,
        "tokenizer": "o200k_base",
        "left_out": 3,
        "arms": {"lexical": {"status": "ok", "reason": None, "candidates": 1, "took_ms": 0.7}},
        **RENDERED_WHEN,
        "took_ms": {"search": 1.25, "total": 2.0},
        "model_calls": {
            "calls": 3,
            "input_tokens": 290,
            "output_tokens": 30,
            "cost_usd": 0.0015,
            "by_purpose": {
                "rewrite": {
                    "calls": 2,
                    "input_tokens": 200,
                    "output_tokens": 20,
                    "cost_usd": 0.001,
                },
                "sift": {"calls": 1, "input_tokens": 90, "output_tokens": 10, "cost_usd": 0.0005},
            },
        },
        "rewrite": None,
        "iterate": None,
        "rerank": None,
        "sift": None,
        "grain": None,
        "answerable": {
            "probability": 0.25,
            "uncalibrated": 0.2,
            "is_answerable": False,
            "statement": 'Nothing stored about "zebra". Closest: “Ada moved to Lisbon.”',
            "missing": ["zebra"],
            "closest": str(MEMORY_ID),
            "reason": None,
            "model": "test",
            "calibrated_at": None,
            "note": None,
            "features": None,
        },
    }
    assert script.last_arguments[1:] == (
        BankReference(value="ada"),
        ContextQuery(text="Where does Ada live?", zone=ZoneInfo("UTC")),
    )


async def test_cost_and_latency_stand_in_the_headers(api: httpx2.AsyncClient) -> None:
    headers = (await api.post(URL, json={"query": "q"})).headers

    assert headers["x-context-mode"] == "ranked"
    assert headers["x-context-tokens"] == "40"
    assert headers["x-context-memories"] == "1"
    assert headers["x-context-took-ms"] == "2.0"
    assert headers["server-timing"] == "search;dur=1.2, total;dur=2.0"
    assert headers["x-context-model-calls"] == "3"
    assert headers["x-context-model-tokens"] == "320"
    assert headers["x-context-model-cost-usd"] == "0.001500"


async def test_everything_asked_for_reaches_the_use_case(
    api: httpx2.AsyncClient, script: Script
) -> None:
    body = {
        "query": "q",
        "budget_tokens": 500,
        "mode": "ranked",
        "k": 5,
        "neighbours": 3,
        "summaries": 0,
        "session_id": "s",
        "recent": 9,
        "filter": {"user_id": "u"},
        "arms": ["lexical"],
        "answerable": True,
        "grain": "episode",
        "diversity": 0.25,
        "rewrite": True,
        "iterate": True,
        "rerank": True,
        "sift": True,
        "record": False,
        "times": "filter",
        "now": "2024-05-08T00:00:00",
        "as_of": "2024-05-01T00:00:00",
        "known_at": "2024-05-02T00:00:00Z",
        "timezone": "America/New_York",
    }

    await api.post(URL, json=body)

    assert script.last_arguments[2] == ContextQuery(
        text="q",
        budget_tokens=500,
        pass_through=False,
        k=5,
        reach=3,
        summaries=0,
        session_id="s",
        recent=9,
        filter=RecallFilter(
            keys=ScopeKeys(user_id="u"),
            as_of=datetime(2024, 5, 1, 4, tzinfo=UTC),
            known_at=datetime(2024, 5, 2, tzinfo=UTC),
        ),
        grain=AskedGrain.EPISODE,
        diversity=0.25,
        rewrite=True,
        iterate=True,
        rerank=True,
        sift=True,
        record=False,
        arms=frozenset({Arm.LEXICAL}),
        times=TimeUse.FILTER,
        answerable=True,
        now=datetime(2024, 5, 8, 4, tzinfo=UTC),
        zone=ZoneInfo("America/New_York"),
        zone_name="America/New_York",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"query": " "},
        {"budget_tokens": 0},
        {"budget_tokens": None},
        {"mode": "passthrough"},
        {"k": 0},
        {"neighbours": 11},
        {"times": "guess"},
        {"grain": "sentence"},
        {"recent": -1},
        {"session_id": ""},
        {"timezone": "Mars/Base"},
        {"prompt": "x"},
    ],
)
async def test_a_question_beyond_the_rules_is_refused(
    api: httpx2.AsyncClient, script: Script, change: dict[str, Any]
) -> None:
    answer = await api.post(URL, json={"query": "q"} | change)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert script.calls == []
