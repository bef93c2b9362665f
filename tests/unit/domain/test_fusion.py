"""Reciprocal rank fusion: bounded, deterministic, and explained by its parts."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.fusion import Arm, FusionWeights, fuse
from memsvc.domain.identifiers import MemoryId

EQUAL = FusionWeights(rank_constant=60, weights={Arm.DENSE: 1.0, Arm.LEXICAL: 1.0})

ids = st.integers(0, 30).map(lambda number: MemoryId(UUID(int=number)))
rankings = st.lists(ids, unique=True, max_size=20).map(
    lambda found: [(memory_id, 1.0 / rank) for rank, memory_id in enumerate(found, start=1)]
)
weightings = st.builds(
    FusionWeights,
    rank_constant=st.integers(1, 100),
    weights=st.fixed_dictionaries({arm: st.floats(0.01, 10) for arm in Arm}),
)


def memory(number: int) -> MemoryId:
    return MemoryId(UUID(int=number))


def test_golden_scores() -> None:
    dense = [(memory(1), 0.9), (memory(2), 0.8)]
    lexical = [(memory(2), 7.0), (memory(3), 5.0)]

    fused = fuse({Arm.DENSE: dense, Arm.LEXICAL: lexical}, EQUAL, 100)

    best = 2 / 61
    assert [each.memory_id.int for each in fused] == [2, 1, 3]
    assert [each.score for each in fused] == pytest.approx(
        [(1 / 62 + 1 / 61) / best, (1 / 61) / best, (1 / 62) / best]
    )
    assert fused[0].parts[Arm.LEXICAL].rank == 1
    assert fused[0].parts[Arm.LEXICAL].score == 7.0


def test_first_in_every_arm_that_answered_scores_one() -> None:
    [only] = fuse({Arm.LEXICAL: [(memory(1), 3.0)]}, EQUAL, 100)
    assert only.score == 1.0


def test_equal_scores_come_in_order_of_id() -> None:
    fused = fuse({Arm.DENSE: [(memory(9), 1.0)], Arm.LEXICAL: [(memory(4), 1.0)]}, EQUAL, 100)
    assert [each.memory_id.int for each in fused] == [4, 9]


def test_arms_without_weight_leave_nothing() -> None:
    nothing = FusionWeights(rank_constant=60, weights={})
    assert fuse({Arm.DENSE: [(memory(1), 1.0)]}, nothing, 100) == []


@given(rankings, rankings, weightings)
def test_every_candidate_comes_once_with_a_score_that_its_parts_add_up_to(
    dense: list[tuple[MemoryId, float]],
    lexical: list[tuple[MemoryId, float]],
    weighting: FusionWeights,
) -> None:
    fused = fuse({Arm.DENSE: dense, Arm.LEXICAL: lexical}, weighting, 100)

    found = [each.memory_id for each in fused]
    assert len(found) == len(set(found))
    assert set(found) == {memory_id for memory_id, _ in [*dense, *lexical]}
    assert all(0 < each.score <= 1 for each in fused)
    for each in fused:
        parts = sum(part.contribution for part in each.parts.values())
        assert each.score == pytest.approx(parts)
    assert [each.score for each in fused] == sorted((e.score for e in fused), reverse=True)


@given(rankings, rankings, st.floats(0.1, 10))
def test_scaling_all_weights_changes_nothing(
    dense: list[tuple[MemoryId, float]], lexical: list[tuple[MemoryId, float]], scale: float
) -> None:
    scaled = FusionWeights(rank_constant=60, weights=dict.fromkeys(Arm, scale))
    arms = {Arm.DENSE: dense, Arm.LEXICAL: lexical}

    mine, theirs = fuse(arms, scaled, 100), fuse(arms, EQUAL, 100)

    assert {e.memory_id: e.score for e in mine} == pytest.approx(
        {e.memory_id: e.score for e in theirs}
    )


@given(rankings)
def test_one_arm_alone_keeps_its_order(ranking: list[tuple[MemoryId, float]]) -> None:
    fused = fuse({Arm.DENSE: ranking}, EQUAL, 100)
    assert [each.memory_id for each in fused] == [memory_id for memory_id, _ in ranking]


def test_the_best_are_the_same_however_many_are_wanted() -> None:
    arms = {
        Arm.DENSE: [(memory(i), 1.0 - i / 100) for i in range(30)],
        Arm.LEXICAL: [(memory(40 - i), 9.0 - i / 10) for i in range(30)],
    }
    everything = fuse(arms, EQUAL, 100)
    assert len(everything) == 41
    assert fuse(arms, EQUAL, 7) == everything[:7]
