"""Figures of probabilities and refusals, and thresholds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memsvc.domain.answerable.discrimination import (
    MOST_REFUSED,
    area_under_roc,
    calibration_error,
    threshold_for,
)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60))
def test_the_area_is_the_share_of_pairs_in_order(drawn: list[tuple[float, bool]]) -> None:
    said = np.array([each for each, _ in drawn])
    truth = np.array([each for _, each in drawn])
    pairs = [(a > b) + (a == b) / 2 for a in said[truth] for b in said[~truth]]
    if not pairs:
        return

    assert area_under_roc(said, truth) == pytest.approx(float(np.mean(pairs)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_a_threshold_never_refuses_more_than_it_may(drawn: list[float]) -> None:
    said = np.array(drawn)
    truth = np.ones(len(said), dtype=np.bool_)

    assert (said < threshold_for(said, truth)).mean() <= MOST_REFUSED


def test_calibration_error_is_the_distance_from_the_diagonal() -> None:
    truth = np.array([no % 4 == 0 for no in range(400)])

    assert calibration_error(np.full(400, 0.25), truth) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error(np.full(400, 0.75), truth) == pytest.approx(0.5)
