"""Facts and entities that somebody else has read from memories: requests, and the call."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from pydantic import JsonValue

from memsvc_client.call import Call, Reference, bank_path
from memsvc_client.records import Body, Record
from memsvc_client.requests import refuse_naive


class Source(Body):
    """A memory: by its id, or by your own id of it and the feed it came from."""

    memory_id: UUID | None = None
    external_id: str | None = None
    source: str | None = None


class GivenFact(Source):
    """A triple, and the memory that says it."""

    subject: str
    predicate: str
    object: str
    subject_type: str | None = None
    object_type: str | None = None
    valid_from: datetime | None = None
    """With a zone; when the memory happened unless given."""
    valid_to: datetime | None = None


class GivenEntity(Source):
    """Somebody or something, and the memory that speaks of it."""

    name: str
    type: str | None = None


class GaveFacts(Record):
    """What became of giving."""

    changed: int
    """Memories whose set is another one now."""
    unchanged: int
    """Memories of which nothing new was given."""
    facts: int
    """Of the sets that changed."""
    entities: int
    """Distinct ones of the sets that changed."""
    ended: int
    """Facts that hold no longer because of it."""
    operation_id: UUID | None = None
    """Undoing it takes all of it back; ``None`` where nothing has changed."""


class Giving(TypedDict, total=False):
    """What to give, and how."""

    entities: Sequence[GivenEntity]
    memories: Sequence[Source]
    """Further memories whose sets are replaced: to empty them."""
    origin: str
    """Whose work it is; each origin has a set of its own of each memory."""
    replace: bool
    """Have the sets of all memories named be what is given here, no more."""


def give_facts(
    bank: Reference,
    facts: Sequence[GivenFact] = (),
    *,
    entities: Sequence[GivenEntity] = (),
    memories: Sequence[Source] = (),
    origin: str = "given",
    replace: bool = False,
) -> Call[GaveFacts]:
    """Describe the giving; raises ``NaiveTimestampError``."""
    refuse_naive([time for each in facts for time in (each.valid_from, each.valid_to)], None)
    body: dict[str, JsonValue] = {
        "origin": origin,
        "replace": replace,
        "facts": [each.to_json() for each in facts],
        "entities": [each.to_json() for each in entities],
        "memories": [each.to_json() for each in memories],
    }
    path = f"{bank_path(bank)}/graph/facts"
    return Call(method="POST", path=path, result=GaveFacts, json=body, mutates=True)
