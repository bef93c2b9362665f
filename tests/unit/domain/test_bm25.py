"""The BM25 function."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.bm25 import Bm25


def test_term_weight_is_the_formula() -> None:
    assert Bm25().term_weight(10, 3) == pytest.approx(math.log(1 + 7.5 / 3.5))


def test_saturation_is_the_formula() -> None:
    ranking = Bm25(k1=1.2, b=0.75)
    gained = ranking.saturated(np.array([3.0]), ranking.norms(np.array([20], np.int32), 10.0))
    assert gained == pytest.approx([3 * 2.2 / (3 + 1.2 * (0.25 + 0.75 * 2))])


@given(st.integers(1, 10**6), st.data())
def test_term_weight_is_positive_and_falls_with_frequency(
    documents: int, data: st.DataObject
) -> None:
    holding = data.draw(st.integers(0, documents))
    weight = Bm25().term_weight(documents, holding)
    assert weight > 0
    if holding < documents:
        assert weight > Bm25().term_weight(documents, holding + 1)


@given(st.floats(0, 3), st.floats(0, 1), st.integers(1, 1000), st.integers(1, 1000))
def test_saturation_rises_with_occurrences_and_stays_below_its_bound(
    k1: float, b: float, length: int, times: int
) -> None:
    frequencies = np.array([times, times + 1], np.float64)
    ranking = Bm25(k1=k1, b=b)
    norms = ranking.norms(np.full(2, length, np.int32), 30.0)
    once, more = ranking.saturated(frequencies, norms)
    assert 0 < once <= more <= k1 + 1 + 1e-9
