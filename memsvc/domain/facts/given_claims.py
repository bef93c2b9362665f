"""Given facts as claims: they are settled by the same rules as what is read from texts."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.extraction import normal_form
from memsvc.domain.facts.settling import FactId
from memsvc.domain.graph.given import GivenFact
from memsvc.domain.identifiers import MemoryId

BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
"""Since when a fact holds that ended before it was said, where nothing says since when."""

_ONE_AT_A_TIME = frozenset(("lives in", "works for", "age", "diet"))
"""Predicates of which a subject has one object at a time, whoever says so."""
_SAME = {
    "live in": "lives in",
    "living in": "lives in",
    "resides in": "lives in",
    "works at": "works for",
    "employed by": "works for",
    "is employed by": "works for",
}


def predicate_form(written: str) -> str:
    """Return a predicate in small letters with single blanks, under the name it is settled by."""
    form = " ".join(written.casefold().replace("_", " ").split())
    return _SAME.get(form, form)


def is_sayable(name: str) -> bool:
    """Tell whether a name has a normal form among facts."""
    return bool(normal_form(name))


def claim_of(fact: GivenFact, origin: str, said_at: datetime, *, is_spoken: bool) -> Claim:
    """Return what a given fact claims.

    It ends others only where its predicate has one object at a time and it is known since when it
    holds: by its own date, or because somebody said it then (``is_spoken``). A passage of a book
    does not tell when what it says began.
    """
    predicate = predicate_form(fact.predicate)
    one_at_a_time = predicate in _ONE_AT_A_TIME
    since = fact.valid_from or said_at
    if fact.valid_to is not None and fact.valid_to <= since:
        since = BEGINNING
    return Claim(
        subject=normal_form(fact.subject.name),
        predicate=predicate,
        object=normal_form(fact.object.name),
        valid_from=since,
        said_at=said_at,
        rule=f"given:{origin}",
        is_functional=one_at_a_time,
        is_change=one_at_a_time and (fact.valid_from is not None or is_spoken),
        until=fact.valid_to,
    )


def fact_id_of(memory_id: MemoryId, origin: str, fact: GivenFact) -> FactId:
    """Return the id of a given fact: the same one whenever it is given again."""
    return FactId(uuid5(UUID(str(memory_id)), "\x1f".join((origin, *fact.key))))
