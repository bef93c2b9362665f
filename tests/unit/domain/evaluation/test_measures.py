"""Measures by ranks, against values worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.evaluation.measures import mean, ndcg_at, recall_at, reciprocal_rank


def test_recall_is_the_share_that_came_among_the_first_k() -> None:
    assert [recall_at(k, [1, 4, None]) for k in (1, 3, 4)] == pytest.approx([1 / 3, 1 / 3, 2 / 3])


def test_the_reciprocal_rank_is_of_the_first_that_came() -> None:
    assert reciprocal_rank([4, 2, None]) == 0.5
    assert reciprocal_rank([None]) == 0.0


def test_gain_is_discounted_by_the_logarithm_of_the_place() -> None:
    ideal = 1 + 1 / math.log2(3)
    assert ndcg_at(10, [1, 3]) == pytest.approx((1 + 1 / math.log2(4)) / ideal)
    assert ndcg_at(2, [1, 3]) == pytest.approx(1 / ideal)
    assert ndcg_at(1, [1, 3]) == 1.0


def test_what_came_at_one_place_is_ideal_there() -> None:
    assert ndcg_at(10, [1, 1]) == 1.0
    assert ndcg_at(10, [None, None]) == 0.0


def test_of_nothing_there_is_no_mean() -> None:
    assert mean([]) is None


@given(
    ranks=st.lists(st.none() | st.integers(1, 30), min_size=1, max_size=8),
    k=st.integers(1, 30),
)
def test_every_measure_is_a_share(ranks: list[int | None], k: int) -> None:
    for value in (recall_at(k, ranks), ndcg_at(k, ranks), reciprocal_rank(ranks)):
        assert 0 <= value <= 1 + 1e-9
    assert recall_at(k, ranks) <= recall_at(k + 1, ranks)
