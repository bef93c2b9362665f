from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from memsvc.domain.filters import MemoryListing
from memsvc.domain.memory import MemoryKind, MemoryState, ScopeKeys
from memsvc.domain.paging import PageRequest
from memsvc.errors import IllegalTransitionError
from memsvc.services.commands import MemoryPatch, NewMemory
from tests.unit.api.answers import BANK_ID, EPISODE_ID, JOB_ID, MEMORY_ID
from tests.unit.api.script import Script

URL = "/v1/banks/ada/memories"
RENDERED = {
    "id": str(MEMORY_ID),
    "bank_id": str(BANK_ID),
    "kind": "turn",
    "state": "active",
    "text": "Ada moved to Lisbon.",
    "speaker": "Ada",
    "source": "s1",
    "external_id": "m1",
    "episode_id": str(EPISODE_ID),
    "seq": 0,
    "user_id": "u",
    "agent_id": None,
    "session_id": None,
    "metadata": {"channel": "chat"},
    "occurred_at": "2024-05-07T12:00:00Z",
    "recorded_at": "2024-05-07T12:00:00Z",
    "updated_at": "2024-05-07T12:00:00Z",
    "version": 1,
    "embedded": True,
    "expires_at": None,
    "pinned": False,
    "strength": 1.0,
    "last_reinforced_at": None,
    "recall_count": 0,
}


async def test_an_item_is_remembered_word_for_word(api: httpx2.AsyncClient, script: Script) -> None:
    body = {
        "text": " keep my spaces ",
        "kind": "note",
        "speaker": "Ada",
        "source": "feed",
        "external_id": "n1",
        "occurred_at": "2024-01-01T00:00:00.5Z",
        "user_id": "u",
        "metadata": {"n": 1.5},
        "timezone": "Asia/Shanghai",
        "expires_at": "2030-01-01T08:00:00",
    }

    answer = await api.post(URL, json=body)

    assert answer.status_code == 201
    assert answer.json() == {
        "id": str(MEMORY_ID),
        "version": 1,
        "external_id": "m1",
        "status": "created",
        "embedded": False,
        "jobs": [str(JOB_ID)],
    }
    assert script.last_arguments[2] == [
        NewMemory(
            text=" keep my spaces ",
            kind=MemoryKind.NOTE,
            speaker="Ada",
            source="feed",
            external_id="n1",
            occurred_at=datetime(2024, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC),
            keys=ScopeKeys(user_id="u"),
            metadata={"n": 1.5},
            expires_at=datetime(2030, 1, 1, tzinfo=UTC),
        )
    ]


async def test_items_are_remembered_in_one_call(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.post(f"{URL}:batch", json={"memories": [{"text": "a"}, {"text": "b"}]})

    assert answer.status_code == 201
    assert [written["status"] for written in answer.json()["results"]] == ["created"]
    assert (answer.json()["embedded"], answer.json()["jobs"]) == (False, [str(JOB_ID)])
    assert script.last_arguments[2] == [NewMemory(text="a"), NewMemory(text="b")]


@pytest.mark.parametrize(
    "body",
    [
        {"text": ""},
        {"text": "x" * 100_001},
        {"text": "a", "kind": "rumour"},
        {"text": "a", "occurred_at": 1_700_000_000},
        {"text": "a", "occurred_at": "yesterday"},
        {"text": "a", "metadata": {"k": "x" * 65_536}},
        {"text": "a", "pinned": True},
    ],
)
async def test_an_item_beyond_the_rules_is_refused(
    api: httpx2.AsyncClient, script: Script, body: dict[str, Any]
) -> None:
    assert (await api.post(URL, json=body)).status_code == 422
    assert script.calls == []


@pytest.mark.parametrize("memories", [[], [{"text": "a"}] * 1001])
async def test_a_batch_beyond_the_rules_is_refused(
    api: httpx2.AsyncClient, script: Script, memories: list[Any]
) -> None:
    assert (await api.post(f"{URL}:batch", json={"memories": memories})).status_code == 422
    assert script.calls == []


async def test_memories_are_listed_as_restricted(api: httpx2.AsyncClient, script: Script) -> None:
    params: dict[str, str | int] = {
        "kind": "turn",
        "state": "archived",
        "speaker": "Ada",
        "session_id": "s",
        "source": "f",
        "limit": 500,
    }

    answer = await api.get(URL, params=params)

    assert answer.json() == {"items": [RENDERED], "has_more": True, "next_cursor": "next"}
    assert script.last_arguments[2:] == (
        MemoryListing(
            kind=MemoryKind.TURN,
            state=MemoryState.ARCHIVED,
            speaker="Ada",
            session_id="s",
            source="f",
        ),
        PageRequest(limit=500),
    )


async def test_a_filter_that_is_not_known_lists_nothing(
    api: httpx2.AsyncClient, script: Script
) -> None:
    assert (await api.get(URL, params={"user": "u"})).status_code == 422
    assert script.calls == []


async def test_a_memory_is_read(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get(f"{URL}/{MEMORY_ID}")

    assert answer.status_code == 200
    assert answer.json().items() >= RENDERED.items()
    assert script.last_arguments[2] == MEMORY_ID


async def test_an_id_that_is_none_is_refused(api: httpx2.AsyncClient, script: Script) -> None:
    assert (await api.get(f"{URL}/m1")).status_code == 422
    assert script.calls == []


async def test_versions_are_listed(api: httpx2.AsyncClient, script: Script) -> None:
    answer = await api.get(f"{URL}/{MEMORY_ID}/versions", params={"limit": 2})

    assert answer.json()["items"] == [
        {
            "version": 1,
            "text": "Ada moved to Lisbon.",
            "speaker": "Ada",
            "occurred_at": "2024-05-07T12:00:00Z",
            "operation": "create",
            "actor": "api",
            "reason": None,
            "content_hash": "00",
            "recorded_at": "2024-05-07T12:00:00Z",
        }
    ]
    assert script.last_arguments[2:] == (MEMORY_ID, PageRequest(limit=2))


async def test_a_patch_keeps_its_nulls_apart_from_what_is_absent(
    api: httpx2.AsyncClient, script: Script
) -> None:
    body = {"metadata": {"old": None, "new": {"a": 1}}, "pinned": True}

    answer = await api.patch(f"{URL}/{MEMORY_ID}", json=body)

    assert (answer.status_code, answer.json()) == (200, RENDERED)
    assert script.last_arguments[3] == MemoryPatch(
        metadata={"old": None, "new": {"a": 1}}, pinned=True
    )
    await api.patch(f"{URL}/{MEMORY_ID}", json={})
    assert script.last_arguments[3] == MemoryPatch()


async def test_the_text_of_a_memory_cannot_be_patched(
    api: httpx2.AsyncClient, script: Script
) -> None:
    assert (await api.patch(f"{URL}/{MEMORY_ID}", json={"text": "x"})).status_code == 422
    assert script.calls == []


@pytest.mark.parametrize("verb", ["archive", "restore"])
async def test_a_memory_is_moved(api: httpx2.AsyncClient, script: Script, verb: str) -> None:
    answer = await api.post(f"{URL}/{MEMORY_ID}:{verb}")

    assert (answer.status_code, answer.json()) == (200, RENDERED)
    assert script.last_use_case == f"memories.{verb}"
    assert script.last_arguments[2] == MEMORY_ID


async def test_an_illegal_move_is_a_conflict(api: httpx2.AsyncClient, script: Script) -> None:
    script.error = IllegalTransitionError(state=MemoryState.DELETED)

    answer = await api.post(f"{URL}/{MEMORY_ID}:restore")

    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["state"]) == ("illegal_transition", "deleted")
