"""What sweeps and forecasts decide."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import MemoryKind
from memsvc.domain.retention.curves import Curve
from memsvc.domain.retention.forecast import forecast
from memsvc.domain.retention.policy import KindRule, RetentionPolicy, is_kept
from memsvc.domain.retention.sweep import FateReason, SweepItem, plan_sweep

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def item(
    number: int,
    age_days: float,
    *,
    kind: MemoryKind = MemoryKind.TURN,
    strength: float = 1.0,
    pinned: bool = False,
    reinforced_days_ago: float | None = None,
) -> SweepItem:
    return SweepItem(
        memory_id=MemoryId(UUID(int=number)),
        kind=kind,
        recorded_at=NOW - age_days * DAY,
        last_reinforced_at=None if reinforced_days_ago is None else NOW - reinforced_days_ago * DAY,
        strength=strength,
        pinned=pinned,
    )


ITEMS = st.lists(
    st.builds(
        item,
        st.integers(0, 1000),
        st.floats(0, 100),
        kind=st.sampled_from(MemoryKind),
        strength=st.floats(0.1, 10),
        pinned=st.booleans(),
        reinforced_days_ago=st.none() | st.floats(0, 100),
    ),
    max_size=30,
    unique_by=lambda each: each.memory_id,
)
POLICIES = st.builds(
    RetentionPolicy,
    threshold=st.floats(0, 1),
    capacity=st.none() | st.integers(0, 20),
    ttl_days=st.none() | st.floats(1, 100),
    minimum_age_days=st.floats(0, 50),
    kinds=st.dictionaries(
        st.sampled_from(MemoryKind), st.builds(KindRule, keep=st.booleans()), max_size=2
    ),
)


def leaving(policy: RetentionPolicy, *items: SweepItem) -> dict[int, FateReason]:
    return {fate.memory_id.int: fate.reason for fate in plan_sweep(policy, items, NOW).fates}


def test_old_memories_go_and_reinforced_ones_stay() -> None:
    items = item(1, 20), item(2, 10), item(3, 20, strength=5), item(4, 20, reinforced_days_ago=1)
    assert leaving(RetentionPolicy(), *items) == {1: FateReason.FADED}


def test_pinned_memories_stay_unless_their_time_to_live_is_over() -> None:
    items = item(1, 400, pinned=True), item(2, 30, pinned=True)
    assert leaving(RetentionPolicy(), *items) == {}
    assert leaving(RetentionPolicy(ttl_days=365), *items) == {1: FateReason.TOO_OLD}
    unpinned = RetentionPolicy(keep_pinned=False)
    assert leaving(unpinned, *items) == {1: FateReason.FADED, 2: FateReason.FADED}


def test_kinds_have_rules_of_their_own() -> None:
    policy = RetentionPolicy(
        kinds={MemoryKind.SUMMARY: KindRule(keep=True), MemoryKind.FACT: KindRule(days=100)}
    )
    items = (
        item(1, 300, kind=MemoryKind.SUMMARY),
        item(2, 30, kind=MemoryKind.FACT),
        item(3, 30),
    )
    assert leaving(policy, *items) == {3: FateReason.FADED}


def test_what_retains_least_goes_beyond_the_capacity() -> None:
    policy = RetentionPolicy(threshold=0, capacity=2)
    items = item(1, 3), item(2, 1), item(3, 2), item(4, 9, pinned=True)
    assert leaving(policy, *items) == {
        1: FateReason.OVER_CAPACITY,
        3: FateReason.OVER_CAPACITY,
    }


def test_young_memories_are_left_alone() -> None:
    policy = RetentionPolicy(curve=Curve(days=0.1), minimum_age_days=7, capacity=0)
    assert leaving(policy, item(1, 6)) == {}


@given(POLICIES, ITEMS, st.randoms(use_true_random=False))
def test_plan_is_the_same_in_any_order_and_leaves_nothing_for_a_second(
    policy: RetentionPolicy, items: list[SweepItem], drawn: object
) -> None:
    plan = plan_sweep(policy, items, NOW)
    shuffled = sorted(items, key=lambda each: hash((each.memory_id, 7)))
    assert plan_sweep(policy, shuffled, NOW) == plan
    gone = {fate.memory_id for fate in plan.fates}
    left = [each for each in items if each.memory_id not in gone]
    assert plan_sweep(policy, left, NOW).fates == []
    assert plan.staying == len(left)


@given(POLICIES, ITEMS, st.integers(0, 60))
def test_forecast_agrees_with_the_sweeps_of_the_days_to_come(
    policy: RetentionPolicy, items: list[SweepItem], day: int
) -> None:
    bare = replace(policy, capacity=None)
    foreseen = forecast(bare, items, NOW, days=61, listed=0)
    early = plan_sweep(bare, items, NOW + day * DAY - timedelta(seconds=1))
    late = plan_sweep(bare, items, NOW + (day + 1) * DAY + timedelta(seconds=1))
    assert len(early.fates) <= sum(foreseen.leaving[: day + 1]) <= len(late.fates)


def test_what_is_too_much_leaves_at_once_and_the_young_when_they_are_old_enough() -> None:
    policy = RetentionPolicy(threshold=0, capacity=1, minimum_age_days=3)
    items = item(1, 9), item(2, 8), item(3, 1), item(4, 0)
    foreseen = forecast(policy, items, NOW, days=5, listed=9)
    assert foreseen.leaving == [2, 0, 1, 0, 0]
    assert [(each.memory_id.int, each.reason) for each in foreseen.soonest] == [
        (number, FateReason.OVER_CAPACITY) for number in (1, 2, 3)
    ]


@given(POLICIES, ITEMS, st.integers(0, 20))
def test_no_more_stay_than_there_is_room_for_and_whoever_is_kept(
    policy: RetentionPolicy, items: list[SweepItem], capacity: int
) -> None:
    kept = sum(is_kept(policy, each.kind, pinned=each.pinned) for each in items)
    left = forecast(replace(policy, capacity=capacity), items, NOW, days=61, listed=0).staying
    assert left <= max(capacity, kept)


@given(POLICIES, ITEMS, st.integers(0, 20))
def test_want_of_room_alone_takes_none_that_there_is_room_for(
    policy: RetentionPolicy, items: list[SweepItem], capacity: int
) -> None:
    # What else goes later would have made room for what was taken before.
    nothing_fades = replace(policy, threshold=0, ttl_days=None, capacity=capacity)
    left = forecast(nothing_fades, items, NOW, days=61, listed=0).staying
    assert left >= min(capacity, len(items))
