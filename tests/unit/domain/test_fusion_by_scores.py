"""Fusion by scores: shares of each arm's best, a weighted sum, the same whatever the order."""

import random
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from memsvc.domain.fusion import Arm, Fusion, FusionWeights, calibrated, fuse, fused_order
from memsvc.domain.identifiers import MemoryId

BY_SCORES = FusionWeights(
    rank_constant=10,
    weights={Arm.DENSE: 1.0, Arm.LEXICAL: 1.0, Arm.EPISODE: 2.0},
    fusion=Fusion.SCORES,
)

Scored = Mapping[MemoryId, float]
ids = st.integers(0, 30).map(lambda number: MemoryId(UUID(int=number)))
cosines = st.dictionaries(ids, st.floats(-1, 1), max_size=15)
weights_of_words = st.dictionaries(ids, st.floats(0, 50), max_size=15)


def memory(number: int) -> MemoryId:
    return MemoryId(UUID(int=number))


def ranking(scored: Scored) -> list[tuple[MemoryId, float]]:
    return sorted(scored.items(), key=lambda each: (-each[1], each[0]))


def arms(dense: Scored, lexical: Scored) -> dict[Arm, list[tuple[MemoryId, float]]]:
    return {Arm.DENSE: ranking(dense), Arm.LEXICAL: ranking(lexical)}


def test_golden_scores() -> None:
    dense = {memory(1): 1.0, memory(2): 0.5}
    lexical = {memory(2): 8.0, memory(3): 2.0}

    fused = fuse(arms(dense, lexical), BY_SCORES, 100)

    # Cosines are shares of the way from -1 to the best one, BM25 of that from 0.
    assert [each.memory_id.int for each in fused] == [2, 1, 3]
    assert [each.score for each in fused] == pytest.approx([(0.75 + 1) / 2, 1 / 2, 0.25 / 2])
    assert fused[0].parts[Arm.DENSE].score == 0.5
    assert fused[0].parts[Arm.DENSE].contribution == pytest.approx(0.375)


def test_where_a_ranking_is_cut_off_its_last_counts_as_nothing() -> None:
    dense = {memory(1): 0.75, memory(2): 0.5, memory(3): 0.25}
    cut, whole = replace(BY_SCORES, cut_at=3), replace(BY_SCORES, cut_at=4)

    def shares(weighting: FusionWeights) -> list[float]:
        return [score for _, score in fused_order({Arm.DENSE: ranking(dense)}, weighting, 9)]

    assert shares(cut) == pytest.approx([1, 0.5, 0])
    assert shares(whole) == pytest.approx([1, 1.5 / 1.75, 1.25 / 1.75])


def test_a_ranking_of_equals_that_is_cut_off_does_not_vanish() -> None:
    lexical = ranking({memory(1): 3.0, memory(2): 3.0})
    fused = fused_order({Arm.LEXICAL: lexical}, replace(BY_SCORES, cut_at=2), 9)
    assert [score for _, score in fused] == [1.0, 1.0]


def test_equal_scores_come_in_order_of_id() -> None:
    fused = fuse({Arm.LEXICAL: [(memory(9), 3.0), (memory(4), 3.0)]}, BY_SCORES, 100)
    assert [each.memory_id.int for each in fused] == [4, 9]


@pytest.mark.parametrize("fusion", list(Fusion))
def test_what_every_arm_ranks_first_scores_one(fusion: Fusion) -> None:
    found = arms({memory(1): 0.4}, {memory(1): 7.0})
    [only] = fuse(found, replace(BY_SCORES, fusion=fusion), 100)
    assert only.score == 1.0


@pytest.mark.parametrize("fusion", list(Fusion))
def test_arms_without_weight_leave_nothing(fusion: Fusion) -> None:
    nothing = FusionWeights(rank_constant=10, weights={}, fusion=fusion)
    assert fuse({Arm.DENSE: [(memory(1), 1.0)]}, nothing, 100) == []


@given(cosines, weights_of_words)
def test_parts_add_up_to_the_score(dense: Scored, lexical: Scored) -> None:
    for each in fuse(arms(dense, lexical), BY_SCORES, 100):
        parts = sum(part.contribution for part in each.parts.values())
        assert 0 <= each.score <= 1
        assert each.score == pytest.approx(parts)


@given(cosines, weights_of_words, st.data())
def test_more_of_one_arm_never_makes_a_candidate_less(
    dense: Scored, lexical: Scored, data: st.DataObject
) -> None:
    assume(dense)
    one = data.draw(st.sampled_from(sorted(dense)))
    more = data.draw(st.floats(dense[one], 1))

    weighting = replace(BY_SCORES, cut_at=data.draw(st.sampled_from([None, len(dense)])))

    before = dict(fused_order(arms(dense, lexical), weighting, 100))
    after = dict(fused_order(arms({**dense, one: more}, lexical), weighting, 100))

    assert after[one] >= before[one]
    # Nor does it lift any other, which may fall where the best one's score is the measure of all.
    assert all(after[each] <= before[each] + 1e-12 for each in before if each != one)


@given(cosines, weights_of_words, st.randoms(use_true_random=False))
def test_the_order_of_what_is_put_in_does_not_matter(
    dense: Scored, lexical: Scored, shuffled: random.Random
) -> None:
    found = arms(dense, lexical)
    weighting = replace(BY_SCORES, cut_at=max(1, len(dense)))
    mixed = {arm: shuffled.sample(each, len(each)) for arm, each in reversed(found.items())}

    assert fused_order(mixed, weighting, 100) == fused_order(found, weighting, 100)


@given(cosines, weights_of_words)
def test_by_ranks_the_order_of_the_arms_does_not_matter(dense: Scored, lexical: Scored) -> None:
    found = arms(dense, lexical)
    weighting = replace(BY_SCORES, fusion=Fusion.RANKS)

    assert fuse(dict(reversed(found.items())), weighting, 9) == fuse(found, weighting, 9)


@given(st.lists(st.floats(-1, 1), max_size=20))
def test_calibrating_keeps_order_and_bounds(scores: list[float]) -> None:
    shares = calibrated(scores, -1.0)

    assert all(0 <= share <= 1 for share in shares)
    assert all(
        mine <= theirs
        for one, mine in zip(scores, shares, strict=True)
        for other, theirs in zip(scores, shares, strict=True)
        if one <= other
    )
    if scores and max(scores) > -1:
        assert max(shares) == 1


@given(st.lists(st.floats(0, 50), min_size=1, max_size=20), st.floats(0, 1))
def test_only_the_best_of_the_others_has_a_say(scores: list[float], weaker: float) -> None:
    another = weaker * max(scores)
    assert calibrated([*scores, another], 0.0)[: len(scores)] == calibrated(scores, 0.0)


def test_below_the_least_score_there_is_no_share() -> None:
    assert calibrated([2.0, -1.0], 0.0) == [1.0, 0.0]
    assert calibrated([0.0, 0.0], 0.0) == [0.0, 0.0]
