"""Recall at k and percentiles, against values worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.metrics import (
    Judged,
    percentiles,
    recall_at,
    recall_by_category,
    recall_figures,
)
from memsvc.domain.evaluation.measures import percentile


def judged(gold: str, found: str, *categories: str) -> Judged:
    return Judged(gold=frozenset(gold), found=list(found), categories=categories)


@pytest.mark.parametrize(
    ("k", "expected"), [(1, 0.0), (2, 1 / 3), (3, 1 / 3), (4, 2 / 3), (10, 2 / 3)]
)
def test_recall_is_the_share_of_gold_among_the_first_k(k: int, expected: float) -> None:
    assert recall_at(k, list("xaybz"), frozenset("abc")) == pytest.approx(expected)


def test_gold_that_is_nowhere_in_the_data_stays_in_the_denominator() -> None:
    assert recall_at(2, ["a", "b"], frozenset({"a", "missing"})) == 0.5


def test_questions_without_gold_do_not_count() -> None:
    figures = recall_figures([judged("a", "a"), judged("", "a"), judged("bc", "b")], ks=(1,))
    assert figures == {"n": 2, "recall": {"1": 0.75}}


def test_recall_is_none_when_no_question_has_gold() -> None:
    assert recall_figures([judged("", "a")], ks=(2, 5)) == {
        "n": 0,
        "recall": {"2": None, "5": None},
    }


def test_a_question_counts_in_each_of_its_categories() -> None:
    figures = recall_by_category(
        [
            judged("a", "a", "temporal", "1-4"),
            judged("b", "x", "single-hop", "1-4"),
            judged("c", "c", "adversarial"),
            judged("", "c", "without gold"),
        ],
        ks=(2,),
    )
    assert figures == {
        "1-4": {"n": 2, "recall": {"2": 0.5}},
        "adversarial": {"n": 1, "recall": {"2": 1.0}},
        "single-hop": {"n": 1, "recall": {"2": 0.0}},
        "temporal": {"n": 1, "recall": {"2": 1.0}},
    }


def test_percentile_interpolates_between_neighbours() -> None:
    values = [40.0, 10.0, 30.0, 20.0]
    assert percentile(values, 0.5) == 25.0
    # The 95th lies 0.95 * 3 = 2.85 steps from the smallest: 30 + 0.85 * 10.
    assert percentile(values, 0.95) == pytest.approx(38.5)
    assert percentiles([7.0]) == {"p50": 7.0, "p95": 7.0}


def test_percentiles_are_none_when_nothing_was_measured() -> None:
    assert percentiles([]) == {"p50": None, "p95": None}


@given(
    gold=st.frozensets(st.sampled_from("abcdef"), min_size=1),
    found=st.lists(st.sampled_from("abcdefgh"), unique=True),
)
def test_recall_never_falls_with_k(gold: frozenset[str], found: list[str]) -> None:
    values = [recall_at(k, found, gold) for k in range(len(found) + 1)]
    assert values == sorted(values)
    assert values[0] == 0.0
    assert values[-1] == len(gold & set(found)) / len(gold)
