from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.facts.claims import Claim, timeline
from memsvc.domain.facts.looking_back import holding
from memsvc.domain.facts.settling import Fact, FactId
from memsvc.domain.identifiers import MemoryId

START = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def facts_of(*said: tuple[str, int]) -> list[Fact]:
    """Facts of one slot, one a memory, with the ends that they have when all are known."""
    claims = [
        Claim(
            subject="ann",
            predicate="lives in",
            object=name,
            valid_from=day(since),
            said_at=day(since),
            rule="test",
        )
        for name, since in said
    ]
    by = {held.claim: held.ended_by for held in timeline(claims)}
    ids = {each: FactId(UUID(int=no)) for no, each in enumerate(claims, start=1)}
    return [
        Fact(
            id=ids[each],
            memory_id=MemoryId(ids[each]),
            claim=each,
            valid_to=None if (ended := by[each]) is None else ended.valid_from,
            superseded_by=None if ended is None else ids[ended],
            stands=True,
        )
        for each in claims
    ]


def shown(facts: list[Fact], at: datetime, *known: int) -> set[int]:
    """Return the numbers, from 1, of the memories that hold by those that are known."""
    some = [each for no, each in enumerate(facts, start=1) if no in known]
    return {each.int for each in holding(some, at)}


LISBON_PORTO_ROME = (("lisbon", 1), ("porto", 4), ("rome", 8))


@pytest.mark.parametrize(
    ("known", "at", "expected"),
    [
        ((1, 2, 3), 0, set()),
        ((1, 2, 3), 1, {1}),
        ((1, 2, 3), 3, {1}),
        ((1, 2, 3), 4, {2}),
        ((1, 2, 3), 7, {2}),
        # What holds now is active: it is not among those that were ended.
        ((1, 2, 3), 8, set()),
        ((1, 3), 5, {1}),
        ((1,), 9, {1}),
        ((1, 2), 9, {2}),
        ((), 5, set()),
    ],
)
def test_what_held_then_by_what_was_known(
    known: tuple[int, ...], at: int, expected: set[int]
) -> None:
    assert shown(facts_of(*LISBON_PORTO_ROME), day(at), *known) == expected


def test_an_ending_that_was_taken_back_is_none() -> None:
    lisbon, porto = facts_of(("lisbon", 1), ("porto", 4))
    assert holding([lisbon, porto], day(9)) == set()
    assert holding([lisbon, porto], day(9), {(lisbon.id, porto.id)}) == {lisbon.memory_id}


SAID = st.lists(
    st.tuples(st.sampled_from(["lisbon", "porto", "rome"]), st.integers(0, 9)),
    max_size=5,
    unique=True,
)


@given(said=SAID, at=st.integers(-1, 12))
def test_to_know_less_never_hides_what_held(said: list[tuple[str, int]], at: int) -> None:
    facts = facts_of(*said)
    held = holding(facts, day(at))
    for count in range(len(facts)):
        for some in combinations(facts, count):
            known = {each.memory_id for each in some}
            assert held & known <= holding(some, day(at))
