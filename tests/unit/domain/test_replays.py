"""Two answers compared: every memory of either, once, with a reason where it is not the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.filters import AllOf, AnyOf, Comparison, Condition, KeyCondition, Not
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Json, MemoryState
from memsvc.domain.recorded_recalls import RecordedHit, read_condition, written_condition
from memsvc.domain.replays import Change, MemoryNow, Since, Why, compare

THEN = datetime(2026, 5, 1, tzinfo=UTC)
BEFORE, AFTER = THEN - timedelta(days=1), THEN + timedelta(days=1)
ONE, TWO = MemoryId(UUID(int=1)), MemoryId(UUID(int=2))
KNOWN = MemoryNow(state=MemoryState.ACTIVE, version=1, recorded_at=BEFORE, edited_at=BEFORE)
SINCE = Since(
    recorded_at=THEN,
    memories={ONE: KNOWN, TWO: KNOWN},
    visible={ONE, TWO},
    restored=set(),
    states=(MemoryState.ACTIVE,),
    annotated=set(),
    has_room=False,
)


def hit(memory_id: MemoryId, score: float = 0.5, *, dropped_for: str | None = None) -> RecordedHit:
    version = 1 if dropped_for is None else None
    return RecordedHit(
        memory_id=memory_id, score=score, parts={}, version=version, dropped_for=dropped_for
    )


def why_lost(since: Since, now: Sequence[RecordedHit] = ()) -> Sequence[Why]:
    [lost] = [each for each in compare([hit(ONE)], now, since) if each.memory_id == ONE]
    assert lost.change is Change.LOST
    return lost.reasons


def why_gained(since: Since) -> Sequence[Why]:
    [gained] = compare([], [hit(ONE)], since)
    assert gained.change is Change.GAINED
    return gained.reasons


def with_one(**changes: object) -> Since:
    return replace(SINCE, memories={ONE: replace(KNOWN, **changes)})  # type: ignore[arg-type]


def test_what_a_model_left_out_is_told_apart_from_what_was_outranked() -> None:
    left_out = hit(ONE, dropped_for="sifted")
    assert why_lost(SINCE, [left_out]) == [Why.SIFTED]
    assert why_lost(replace(SINCE, has_room=True), [left_out]) == [Why.SIFTED]
    [gained] = compare([left_out], [hit(ONE)], SINCE)
    assert (gained.change, gained.reasons) == (Change.GAINED, [Why.UNSIFTED])


def test_parts_of_stages_are_told_beside_those_of_arms() -> None:
    asked: Json = [
        {"as": "question", "rank": 1, "contribution": 0.2},
        {"as": "clue", "rank": 1, "contribution": 0.1},
        {"as": "clue", "rank": 3, "contribution": 0.05},
    ]
    then = replace(hit(ONE, 0.5), parts={"relevance": 0.25, "factors": {"time": 0.7}})
    now = replace(hit(ONE, 0.6), parts={"relevance": 0.75, "asked": asked})
    [moved] = compare([then], [now], SINCE)
    assert moved.reasons == [Why.SCORE]
    assert {part.name: (part.then, part.now) for part in moved.parts} == {
        "relevance": (0.25, 0.75),
        "factors.time": (0.7, None),
        "asked.question": (None, 0.2),
        "asked.clue": (None, pytest.approx(0.15)),
    }


def test_scores_that_differ_in_the_last_digits_are_the_same() -> None:
    [kept] = compare([hit(ONE, 0.5)], [hit(ONE, 0.5 + 1e-9)], SINCE)
    assert (kept.change, kept.reasons) == (Change.SAME, [])


def test_another_order_with_equal_scores_is_told() -> None:
    compared = compare([hit(ONE), hit(TWO)], [hit(TWO), hit(ONE)], SINCE)
    assert [each.reasons for each in compared] == [[Why.CAME_UP], [Why.OUTRANKED]]


def test_another_score_is_told() -> None:
    [moved] = compare([hit(ONE, 0.5)], [hit(ONE, 0.4)], SINCE)
    assert (moved.change, moved.reasons) == (Change.MOVED, [Why.SCORE])


def test_the_parts_of_a_score_that_are_others_are_named() -> None:
    dense = {"rank": 1, "score": 0.9, "contribution": 0.25}
    then = {"dense": dense, "lexical": dense, "hop": {"linked": 0.1}}
    now = {"dense": dense | {"rank": 2}, "lexical": dense | {"contribution": 0.2}}
    [moved] = compare(
        [replace(hit(ONE, 0.6), parts=then)],
        [replace(hit(ONE, 0.45), parts={**now, "factors": {"time": 0.5}})],
        SINCE,
    )
    assert {each.name: (each.then, each.now) for each in moved.parts} == {
        "lexical": (0.25, 0.2),
        "hop.linked": (0.1, None),
        "factors.time": (None, 0.5),
    }


@pytest.mark.parametrize(
    ("since", "reasons"),
    [
        (replace(SINCE, memories={}), [Why.GONE]),
        (with_one(state=MemoryState.MERGED), [Why.HIDDEN]),
        (with_one(version=2), [Why.EDITED]),
        (replace(SINCE, visible=set()), [Why.FILTERED]),
        (replace(SINCE, has_room=True), [Why.BUDGET]),
        (SINCE, [Why.OUTRANKED]),
    ],
)
def test_why_a_memory_is_lost(since: Since, reasons: list[Why]) -> None:
    assert why_lost(since) == reasons


def test_near_misses_of_today_tell_rank_from_budget() -> None:
    assert why_lost(SINCE, [hit(ONE, dropped_for="budget")]) == [Why.BUDGET]
    room = replace(SINCE, has_room=True)
    assert why_lost(room, [hit(ONE, dropped_for="rank")]) == [Why.OUTRANKED]


@pytest.mark.parametrize(
    ("since", "reasons"),
    [
        (with_one(recorded_at=AFTER, edited_at=AFTER), [Why.NEW]),
        (with_one(edited_at=AFTER), [Why.EDITED]),
        (replace(SINCE, restored={ONE}), [Why.RESTORED]),
        (replace(SINCE, annotated={ONE}), [Why.ANNOTATED]),
        (replace(SINCE, annotated={ONE}, restored={ONE}), [Why.RESTORED]),
        (SINCE, [Why.CAME_UP]),
    ],
)
def test_why_a_memory_is_gained(since: Since, reasons: list[Why]) -> None:
    assert why_gained(since) == reasons


ANSWERS = st.lists(
    st.builds(hit, st.integers(1, 6).map(lambda no: MemoryId(UUID(int=no))), st.floats(0, 1)),
    unique_by=lambda each: each.memory_id,
)


@given(ANSWERS, ANSWERS, st.booleans())
def test_every_difference_has_a_reason(
    then: list[RecordedHit], now: list[RecordedHit], known: bool
) -> None:
    ids = {each.memory_id for each in (*then, *now)}
    since = replace(SINCE, memories=dict.fromkeys(ids, KNOWN) if known else {}, visible=ids)
    compared = compare(then, now, since)
    assert sorted(each.memory_id for each in compared) == sorted(ids)
    assert all(bool(each.reasons) == (each.change is not Change.SAME) for each in compared)


@given(ANSWERS)
def test_an_answer_is_the_same_as_itself(answer: list[RecordedHit]) -> None:
    assert all(each.change is Change.SAME for each in compare(answer, answer, SINCE))


KEYS = st.builds(
    KeyCondition,
    key=st.text(max_size=3),
    op=st.sampled_from(list(Comparison)),
    value=st.none() | st.booleans() | st.integers() | st.text(max_size=3),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    KEYS,
    lambda inner: (
        st.builds(AllOf, conditions=st.lists(inner, max_size=3))
        | st.builds(AnyOf, conditions=st.lists(inner, max_size=3))
        | st.builds(Not, condition=inner)
    ),
    max_leaves=8,
)


@given(CONDITIONS)
def test_conditions_are_read_as_they_were_written(condition: Condition) -> None:
    assert read_condition(written_condition(condition)) == condition
