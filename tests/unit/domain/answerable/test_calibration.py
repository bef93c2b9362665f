"""Calibrations of banks: fitted curves, thresholds, and what they are worth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memsvc.domain.answerable.calibration import (
    Platt,
    RankingStamp,
    log_odds,
    mismatch,
)
from memsvc.domain.answerable.discrimination import MOST_REFUSED, threshold_for
from memsvc.domain.answerable.fitting import (
    LEAST_ANSWERABLE,
    LEAST_UNANSWERABLE,
    Cases,
    calibrated,
    fit_calibration,
    fit_platt,
)
from memsvc.errors import InvalidRequestError

PROBABILITIES = st.floats(0, 1)
JUDGED = st.lists(st.tuples(PROBABILITIES, st.booleans()), min_size=1, max_size=80)
STAMP = RankingStamp(ranking_version=1, embedder="e", weights="w")


def cases_of(judged: list[tuple[float, bool]]) -> Cases:
    return Cases(
        uncalibrated=np.array([said for said, _ in judged]),
        has_answer=np.array([truth for _, truth in judged], dtype=np.bool_),
    )


def drawn(count: int, slope: float, intercept: float, seed: int = 1) -> Cases:
    """Return cases whose truth follows a curve over the model's log-odds."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(1, 1.5, size=count)
    truth = generator.random(count) < 1 / (1 + np.exp(-slope * scores - intercept))
    return Cases(uncalibrated=1 / (1 + np.exp(-scores)), has_answer=truth)


@given(JUDGED)
def test_the_fit_is_the_minimum(judged: list[tuple[float, bool]]) -> None:
    cases = cases_of(judged)

    curve = fit_platt(cases)

    assert math.isfinite(curve.slope)
    assert math.isfinite(curve.intercept)
    found = loss(cases, curve)
    for move in (-1e-2, 1e-2):
        assert found <= loss(cases, Platt(slope=curve.slope + move, intercept=curve.intercept))
        assert found <= loss(cases, Platt(slope=curve.slope, intercept=curve.intercept + move))


def loss(cases: Cases, curve: Platt) -> float:
    """The penalised cross-entropy, written down once more."""
    entropy = 0.0
    for said, truth in zip(cases.uncalibrated.tolist(), cases.has_answer.tolist(), strict=True):
        score = curve.slope * log_odds(said) + curve.intercept
        entropy += float(np.logaddexp(0, -score if truth else score))
    return entropy + 10 * (curve.slope - 1) ** 2 / 2 + 3 * curve.intercept**2 / 2


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0.5, 1), (2, -2)])
def test_the_fit_finds_the_curve_that_cases_follow(slope: float, intercept: float) -> None:
    curve = fit_platt(drawn(40_000, slope, intercept))

    assert curve.slope == pytest.approx(slope, abs=0.06)
    assert curve.intercept == pytest.approx(intercept, abs=0.06)


@given(PROBABILITIES, st.floats(0.01, 50), st.floats(-50, 50))
def test_calibrated_probabilities_are_the_same_one_by_one_and_together(
    said: float, slope: float, intercept: float
) -> None:
    curve = Platt(slope=slope, intercept=intercept)

    one = curve.probability(said)

    assert 0 <= one <= 1
    assert calibrated(curve, np.array([said])) == pytest.approx([one], abs=1e-12)


@given(PROBABILITIES)
def test_the_default_changes_nothing(said: float) -> None:
    assert Platt().probability(said) == pytest.approx(said, abs=1e-8)


@given(st.lists(PROBABILITIES, min_size=2, max_size=30), st.floats(0.01, 10), st.floats(-5, 5))
def test_a_calibration_keeps_the_order(said: list[float], slope: float, intercept: float) -> None:
    curve = Platt(slope=slope, intercept=intercept)

    kept = [curve.probability(each) for each in sorted(said)]

    assert kept == sorted(kept)


@given(st.lists(PROBABILITIES, min_size=1, max_size=200, unique=True))
def test_of_further_questions_no_more_than_the_share_are_expected_below(said: list[float]) -> None:
    """Each in turn is the further one: below the threshold of the others is k of n."""
    answered = np.array(said)
    below = 0
    for at in range(len(answered)):
        others = np.delete(answered, at)
        threshold = threshold_for(others, np.ones(len(others), dtype=np.bool_))
        below += bool(answered[at] < threshold)

    assert below <= MOST_REFUSED * len(answered)


def test_few_questions_refuse_none() -> None:
    answered = np.linspace(0.1, 0.9, 18)

    assert threshold_for(answered, np.ones(18, dtype=np.bool_)) == 0.0
    assert threshold_for(np.append(answered, 0.95), np.ones(19, dtype=np.bool_)) == 0.1


def test_a_calibration_mends_what_is_off_in_a_bank() -> None:
    fitted = fit_calibration(drawn(2000, 0.5, -1.0), 0.2)

    before, after = fitted.measured.before, fitted.measured.after
    assert before.calibration_error > 0.1
    assert after.calibration_error < 0.05
    assert after.area_under_roc == pytest.approx(before.area_under_roc, abs=0.01)
    assert after.answerable_refused <= MOST_REFUSED + 0.01
    assert 0 < fitted.calibration.threshold < 1


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_held_out_refusals_stay_within_the_share_on_average(seed: int) -> None:
    """Whatever is drawn, few more than may: 150 questions with an answer or so."""
    fitted = fit_calibration(drawn(200, 1.0, 0.0, seed), 0.5)

    assert fitted.measured.after.answerable_refused < 2.5 * MOST_REFUSED


@pytest.mark.parametrize(
    ("answerable", "unanswerable"),
    [(LEAST_ANSWERABLE - 1, 100), (100, LEAST_UNANSWERABLE - 1), (0, 0)],
)
def test_too_few_questions_are_refused_with_their_numbers(
    answerable: int, unanswerable: int
) -> None:
    cases = cases_of([(0.9, True)] * answerable + [(0.1, False)] * unanswerable)

    with pytest.raises(InvalidRequestError, match=f"there are {answerable} and {unanswerable}"):
        fit_calibration(cases, 0.5)


def test_cases_against_the_model_are_refused() -> None:
    cases = cases_of([(0.1, True)] * 200 + [(0.9, False)] * 200)

    with pytest.raises(InvalidRequestError, match="look more answered"):
        fit_calibration(cases, 0.5)


def test_cases_told_apart_without_a_mistake_give_a_finite_curve() -> None:
    fitted = fit_calibration(cases_of([(0.9, True)] * 60 + [(0.1, False)] * 60), 0.5)

    assert fitted.calibration.curve.slope < 10
    assert fitted.measured.after.answerable_refused == 0
    assert fitted.measured.after.unanswerable_caught == 1


def test_what_changed_since_is_named() -> None:
    other = RankingStamp(ranking_version=2, embedder="f", weights="w")

    assert mismatch(STAMP, STAMP) is None
    assert "the ranking and the embedding model changed" in str(mismatch(STAMP, other))
