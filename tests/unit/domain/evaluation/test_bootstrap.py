"""The bootstrap of paired differences."""

import numpy as np
import pytest

from memsvc.domain.evaluation.bootstrap import interval_of


def test_the_interval_is_about_the_mean_and_as_wide_as_theory_has_it() -> None:
    values = np.random.default_rng(7).normal(0.1, 0.5, size=400)
    found = interval_of(list(values), seed=0)
    error = values.std() / np.sqrt(len(values))
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)
    assert found.is_clear


def test_equal_seeds_give_equal_intervals() -> None:
    values = [0.0, 1.0, -1.0, 0.5]
    assert interval_of(values, seed=3, resamples=500) == interval_of(values, seed=3, resamples=500)
    assert interval_of(values, seed=3, resamples=500) != interval_of(values, seed=4, resamples=500)


def test_no_difference_has_no_width() -> None:
    found = interval_of([0.0] * 5, seed=0, resamples=100)
    assert (found.low, found.high, found.is_clear) == (0.0, 0.0, False)
