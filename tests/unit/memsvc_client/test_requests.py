from datetime import UTC, datetime

import pytest
from memsvc_client import Document, Episode, Filter, Message, NaiveTimestampError, NewMemory
from memsvc_client.requests import (
    BankChange,
    BankChangeFields,
    BankFields,
    EpisodeFields,
    MemoryFields,
    NewBank,
    RecallFields,
    RecallQuery,
)
from pydantic import BaseModel, ValidationError

NAIVE = datetime(2026, 3, 1, 12)  # noqa: DTZ001 — what the client must refuse


@pytest.mark.parametrize(
    ("fields", "body", "given_otherwise"),
    [
        (BankFields, NewBank, {"name", "exist_ok"}),
        (BankChangeFields, BankChange, set()),
        (EpisodeFields, Episode, {"messages", "document"}),
        (MemoryFields, NewMemory, {"text"}),
        (RecallFields, RecallQuery, {"query"}),
    ],
)
def test_keyword_forms_name_every_member(
    fields: type, body: type[BaseModel], given_otherwise: set[str]
) -> None:
    assert set(fields.__annotations__) == set(body.model_fields) - given_otherwise


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"messages": []},
        {"messages": [], "document": Document(text="Text.")},
        {"messages": [Message(text="Hello.")], "document": Document(text="Text.")},
    ],
    ids=["none", "no message", "no message and a document", "both"],
)
def test_an_episode_has_exactly_one_content(content: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Episode.model_validate(content)


@pytest.mark.parametrize("member", ["occurred_at", "expires_at"])
def test_a_memory_needs_zones_unless_one_is_named(member: str) -> None:
    with pytest.raises(NaiveTimestampError):
        NewMemory.model_validate({"text": "Tea.", member: NAIVE})
    memory = NewMemory.model_validate({"text": "Tea.", member: NAIVE, "timezone": "Asia/Tokyo"})
    assert memory.to_json()[member] == "2026-03-01T12:00:00"


def test_an_episode_needs_a_zone_for_its_own_time() -> None:
    with pytest.raises(NaiveTimestampError):
        Episode(document=Document(text="Text."), occurred_at=NAIVE)


@pytest.mark.parametrize("member", ["occurred_after", "occurred_before"])
def test_a_recall_needs_zones_unless_one_is_named(member: str) -> None:
    only = Filter.model_validate({member: NAIVE})
    with pytest.raises(NaiveTimestampError):
        RecallQuery(query="tea", filter=only)
    assert RecallQuery(query="tea", filter=only, timezone="Asia/Tokyo").filter == only
    with pytest.raises(NaiveTimestampError):
        RecallQuery(query="tea", now=NAIVE)


def test_bodies_are_read_from_json() -> None:
    episode = Episode.model_validate_json(
        '{"messages": [{"text": "Hi.", "occurred_at": "2026-03-01T12:00:00Z"}]}'
    )
    [message] = episode.messages or ()
    assert message.occurred_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_bodies_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Message(text="Hi.").text = "Bye."  # type: ignore[misc]
