"""Both kinds of bank, method by method: what is sent, and what comes back."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from memsvc_client import (
    ArmStatus,
    Document,
    Episode,
    Filter,
    MemoryKind,
    Message,
    NaiveTimestampError,
    NewMemory,
    PayloadTooLargeError,
    meta,
)
from pydantic import ValidationError

from tests.unit.memsvc_client.stub_service import (
    EPISODE_RESULT,
    MEMORY,
    MEMORY_ID,
    RECALL,
    VERSION,
    WRITTEN,
    StubService,
    answer,
    page,
    problem,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=1)))
NAIVE = NOON.replace(tzinfo=None)
MEMORY_PATH = f"/v1/banks/ada/memories/{MEMORY_ID}"


@pytest.fixture
def bank(client: Any) -> Any:
    return client.bank("ada")


def sent(service: StubService) -> tuple[str, str]:
    request = service.requests[-1]
    return request.method, request.url.raw_path.decode()


# --- writing -------------------------------------------------------------------------------------


def test_add_episode_sends_messages_in_order(bank: Any, service: StubService) -> None:
    service.script = [answer(EPISODE_RESULT, 201)]
    messages = [Message(text="Hello.", speaker="Ada", occurred_at=NOON), Message(text="Hi.")]
    result = bank.add_episode(messages, source="session-1", user_id="u1")
    assert sent(service) == ("POST", "/v1/banks/ada/episodes")
    assert service.body == {
        "messages": [
            {"text": "Hello.", "speaker": "Ada", "occurred_at": "2026-03-01T12:00:00+01:00"},
            {"text": "Hi."},
        ],
        "source": "session-1",
        "user_id": "u1",
    }
    assert (result.episode.source, result.memories[0].status) == ("session-1", "created")


@pytest.mark.parametrize("document", ["A text.", Document(text="A text.")])
def test_add_episode_takes_a_document_as_text_or_record(
    bank: Any, service: StubService, document: Document | str
) -> None:
    service.script = [answer(EPISODE_RESULT, 201)]
    bank.add_episode(document=document, create=True)
    assert sent(service) == ("POST", "/v1/banks/ada/episodes?create=true")
    assert service.body == {"document": {"text": "A text."}}


def test_add_memory_sends_what_was_given(bank: Any, service: StubService) -> None:
    service.script = [answer({**WRITTEN, "embedded": False}, 201)]
    written = bank.add_memory("Likes tea.", kind=MemoryKind.FACT, expires_at=NOON)
    assert sent(service) == ("POST", "/v1/banks/ada/memories")
    assert service.body == {
        "text": "Likes tea.",
        "kind": "fact",
        "expires_at": "2026-03-01T12:00:00+01:00",
    }
    assert (written.id, written.embedded) == (UUID(MEMORY_ID), False)


def test_a_time_without_a_zone_is_refused_before_anything_is_sent(
    bank: Any, service: StubService
) -> None:
    with pytest.raises(NaiveTimestampError, match="2026-03-01T12:00:00 has no time zone"):
        bank.add_memory("Likes tea.", occurred_at=NAIVE)
    with pytest.raises(NaiveTimestampError):
        bank.add_episode([Message(text="Hello.", occurred_at=NAIVE)])
    with pytest.raises(NaiveTimestampError):
        bank.recall("tea", filter=Filter(occurred_after=NAIVE))
    assert service.requests == []


def test_a_time_without_a_zone_is_sent_as_it_is_when_a_zone_is_named(
    bank: Any, service: StubService
) -> None:
    service.script = [answer(EPISODE_RESULT, 201)]
    messages = [Message(text="Hello.", occurred_at=NAIVE)]
    bank.add_episode(messages, timezone="Europe/Lisbon")
    assert service.body["messages"][0]["occurred_at"] == "2026-03-01T12:00:00"


def test_a_misspelt_field_is_refused_before_anything_is_sent(
    bank: Any, service: StubService
) -> None:
    with pytest.raises(ValidationError, match="speeker"):
        bank.add_memory("Likes tea.", speeker="Ada")
    assert service.requests == []


def test_add_memories_joins_the_answers_of_several_calls(bank: Any, service: StubService) -> None:
    service.script = [
        answer({"results": [WRITTEN] * 500, "embedded": True, "jobs": []}, 201),
        answer({"results": [WRITTEN], "embedded": False, "jobs": [MEMORY_ID]}, 201),
    ]
    result = bank.add_memories((NewMemory(text=str(n)) for n in range(501)), create=True)
    assert sent(service) == ("POST", "/v1/banks/ada/memories:batch?create=true")
    assert service.body == {"memories": [{"text": "500"}]}
    assert (len(result.results), result.embedded) == (501, False)
    assert result.jobs == (UUID(MEMORY_ID),)


def test_add_episodes_joins_the_answers_of_several_calls(bank: Any, service: StubService) -> None:
    answers = {"results": [EPISODE_RESULT], "embedded": True, "jobs": []}
    service.script = [answer(answers, 201), answer(answers, 201)]
    long = Episode(messages=[Message(text="Hello.")] * 600)
    result = bank.add_episodes([long, long])
    assert [request.url.path for request in service.requests] == [
        "/v1/banks/ada/episodes:batch"
    ] * 2
    assert len(service.body["episodes"]) == 1
    assert len(result.results) == 2


def test_nothing_is_sent_when_nothing_is_to_be_written(bank: Any, service: StubService) -> None:
    assert bank.add_memories([]).results == ()
    assert bank.add_episodes([]).embedded
    assert service.requests == []


def test_a_batch_stops_at_the_call_that_fails(bank: Any, service: StubService) -> None:
    service.script = [
        answer({"results": [WRITTEN] * 500, "embedded": True, "jobs": []}, 201),
        problem(413, "payload_too_large"),
    ]
    with pytest.raises(PayloadTooLargeError):
        bank.add_memories(NewMemory(text=str(n)) for n in range(1500))
    assert len(service.requests) == 2


# --- reading -------------------------------------------------------------------------------------


def test_recall_sends_only_what_was_given(bank: Any, service: StubService) -> None:
    service.script = [answer(RECALL)]
    bank.recall("Where does Ada live?")
    assert sent(service) == ("POST", "/v1/banks/ada/recall")
    assert service.body == {"query": "Where does Ada live?"}


def test_recall_sends_filter_arms_and_limits(bank: Any, service: StubService) -> None:
    service.script = [answer(RECALL)]
    only = Filter(speakers=["Ada"], occurred_after=NOON, metadata=meta("team").eq("blue"))
    bank.recall("tea", k=3, filter=only, arms=["dense"], budget_tokens=90, now=NOON, explain=True)
    assert service.body == {
        "query": "tea",
        "k": 3,
        "filter": {
            "speakers": ["Ada"],
            "occurred_after": "2026-03-01T12:00:00+01:00",
            "metadata": {"key": "team", "op": "eq", "value": "blue"},
        },
        "arms": ["dense"],
        "budget_tokens": 90,
        "now": "2026-03-01T12:00:00+01:00",
        "explain": True,
    }


def test_recall_returns_hits_with_their_parts(bank: Any, service: StubService) -> None:
    dropped = [{"memory_id": MEMORY_ID, "reason": "budget", "score": 0.1}]
    service.script = [answer({**RECALL, "dropped": dropped})]
    recall = bank.recall("Where does Ada live?", arms="all")
    [hit] = recall.hits
    assert hit.memory.text == "I moved to Porto."
    assert hit.memory.occurred_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert hit.parts["dense"].rank == 1
    assert recall.arms["lexical"].status == ArmStatus.SKIPPED
    assert recall.dropped[0].reason == "budget"
    assert (recall.took_ms.total, recall.index.backend) == (6.5, "exact")


def test_memories_are_narrowed_and_paged(bank: Any, service: StubService) -> None:
    service.script = [page(MEMORY, next_cursor="2"), page(MEMORY)]
    assert len(list(bank.memories(kind="turn", speaker="Ada"))) == 2
    assert dict(service.requests[1].url.params) == {
        "limit": "200",
        "kind": "turn",
        "speaker": "Ada",
        "cursor": "2",
    }


def test_memories_refuse_a_misspelt_condition(bank: Any, service: StubService) -> None:
    with pytest.raises(TypeError, match="speeker"):
        bank.memories(speeker="Ada")


def test_single_memories_are_read_with_their_versions(bank: Any, service: StubService) -> None:
    service.script = [answer(MEMORY), page(VERSION)]
    assert bank.get(UUID(MEMORY_ID)).seq == 0
    assert sent(service) == ("GET", MEMORY_PATH)
    assert [version.operation for version in bank.versions(MEMORY_ID)] == ["create"]
    assert service.requests[-1].url.path == f"{MEMORY_PATH}/versions"


def test_update_keeps_the_nulls_that_remove_keys(bank: Any, service: StubService) -> None:
    service.script = [answer(MEMORY)]
    bank.update(MEMORY_ID, metadata={"draft": None})
    assert sent(service) == ("PATCH", MEMORY_PATH)
    assert service.body == {"metadata": {"draft": None}}


def test_memories_are_archived_and_restored(bank: Any, service: StubService) -> None:
    service.script = [answer({**MEMORY, "state": "archived"}), answer(MEMORY)]
    assert bank.archive(MEMORY_ID).state == "archived"
    assert sent(service) == ("POST", f"{MEMORY_PATH}:archive")
    assert bank.restore(MEMORY_ID).state == "active"
    assert sent(service) == ("POST", f"{MEMORY_PATH}:restore")
