from typing import Any
from uuid import uuid4

import httpx2
import pytest

from memsvc.domain.paging import PageRequest
from memsvc.domain.retention.policy import RetentionPolicy
from memsvc.errors import MemoryNotFoundError, RecallNotFoundError
from memsvc.services.reinforcing import NewFeedback
from tests.unit.api.answers import MEMORY_ID, OPERATION_ID
from tests.unit.api.fake_recalls import MISSED_ID, RECALL_ID
from tests.unit.api.script import Script

ALL = "/v1/banks/ada/recalls"
ONE = f"{ALL}/{RECALL_ID}"
RENDERED = {
    "id": str(RECALL_ID),
    "query": "Where does Ada live?",
    "parameters": {"k": 1},
    "settings": {"rrf_k": 10},
    "model_id": "sha256:0",
    "backend": "faiss_cpu",
    "mode": "ranked",
    "arms": {"dense": {"status": "ok", "reason": None}},
    "took_ms": {"total": 11.0},
    "actor": "api",
    "now": "2024-05-07T12:00:00Z",
    "recorded_at": "2024-05-07T12:00:00Z",
    "hits": [
        {
            "memory_id": str(MEMORY_ID),
            "version": 1,
            "score": 0.5,
            "parts": {},
            "dropped_for": None,
        },
        {
            "memory_id": str(MISSED_ID),
            "version": None,
            "score": 0.25,
            "parts": {},
            "dropped_for": "rank",
        },
    ],
    "helped": [str(MEMORY_ID)],
    "misled": [],
}


async def test_recorded_recalls_are_listed(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get(f"{ALL}?limit=5")

    assert answer.json()["items"] == [RENDERED]
    assert script.last_arguments[2] == PageRequest(limit=5, cursor=None)


async def test_one_is_read(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get(ONE)

    assert answer.json() == RENDERED
    assert script.last_arguments[2] == RECALL_ID


async def test_one_that_was_not_recorded_is_not_found(
    api: httpx2.AsyncClient, script: Script
) -> None:
    script.error = RecallNotFoundError(recall=str(RECALL_ID))

    answer = await api.get(ONE)

    assert (answer.status_code, answer.json()["code"]) == (404, "recall_not_found")


async def test_feedback_names_what_helped_and_what_misled(
    api: httpx2.AsyncClient, script: Script
) -> None:
    body = {"helped": [str(MEMORY_ID)], "misled": [str(MISSED_ID)], "session_id": "s1"}

    answer = await api.post(f"{ONE}/feedback", json=body, headers={"Idempotency-Key": "k1"})

    assert answer.json() == {
        "recall_id": str(RECALL_ID),
        "operation_id": str(OPERATION_ID),
        "memories": [
            {
                "memory_id": str(MEMORY_ID),
                "cause": "helped",
                "status": "applied",
                "strength": 2.0,
            }
        ],
    }
    assert script.last_arguments[2] == NewFeedback(
        recall_id=RECALL_ID, helped=[MEMORY_ID], misled=[MISSED_ID], session_id="s1"
    )
    assert script.last_key is not None
    assert script.last_key.key == "k1"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"helped": [], "misled": []},
        {"helped": [str(MEMORY_ID)], "misled": [str(MEMORY_ID)]},
        {"helped": ["Lisbon"]},
        {"helped": [str(MEMORY_ID)], "session_id": " "},
        {"helped": [str(MEMORY_ID)], "useful": True},
        {"helped": [str(uuid4()) for _ in range(251)]},
    ],
)
async def test_feedback_that_says_nothing_or_contradicts_itself_is_refused(
    api: httpx2.AsyncClient, script: Script, body: dict[str, Any]
) -> None:
    answer = await api.post(f"{ONE}/feedback", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert not script.calls


async def test_feedback_about_what_is_not_in_the_bank_names_it(
    api: httpx2.AsyncClient, script: Script
) -> None:
    script.error = MemoryNotFoundError(memories=[str(MEMORY_ID)])

    answer = await api.post(f"{ONE}/feedback", json={"helped": [str(MEMORY_ID)]})

    assert (answer.status_code, answer.json()["code"]) == (404, "memory_not_found")
    assert answer.json()["memories"] == [str(MEMORY_ID)]


async def test_a_replay_says_what_is_different_and_why(
    api: httpx2.AsyncClient, script: Script
) -> None:
    answer = await api.post(f"{ONE}/replay")

    assert answer.json() == {
        "recall_id": str(RECALL_ID),
        "query": "Where does Ada live?",
        "now": "2024-05-07T12:00:00Z",
        "same": False,
        "memories": [
            {
                "memory_id": str(MEMORY_ID),
                "change": "lost",
                "reasons": ["gone"],
                "then": {"rank": 1, "score": 0.5, "version": 1},
                "now": None,
                "state": None,
                "parts": [{"name": "lexical", "then": 0.5, "now": None}],
            }
        ],
        "circumstances": [{"name": "arms.dense.status", "then": "failed", "now": "ok"}],
    }
    assert script.last_arguments[2] == RECALL_ID


async def test_past_answers_are_judged_by_a_policy(api: httpx2.AsyncClient, script: Script) -> None:
    body = {"policy": {"threshold": 0.2}, "recalls": 7}

    answer = (await api.post("/v1/banks/ada/decay:replay", json=body)).json()

    [poorer] = answer.pop("items")
    assert answer == {
        "answers": 3,
        "hits": 9,
        "lost": 1,
        "unknown": 1,
        "poorer": 1,
        "without_evidence": 1,
    }
    assert (poorer["recall_id"], poorer["hits"]) == (str(RECALL_ID), 1)
    assert poorer["lost"][0]["fate"]["reason"] == "faded"
    assert script.last_arguments[2] == RetentionPolicy(threshold=0.2)
    assert script.last_arguments[3] == 7
