"""Fitting the calibration of a bank to questions whose truth is known."""

import math
from dataclasses import dataclass

import numpy as np

from memsvc.domain.answerable.calibration import (
    CLOSEST,
    Calibration,
    Measured,
    Platt,
)
from memsvc.domain.answerable.discrimination import Flags, Floats, figures_of, threshold_for
from memsvc.errors import InvalidRequestError

LEAST_ANSWERABLE = 30
"""Of fewer, not one could be refused in a fold without that being more than may."""
LEAST_UNANSWERABLE = 10
_FOLDS = 5
_PULL = np.array([10.0, 3.0])
"""Pull of slope and intercept towards the model's own 1 and 0: the inverse variances of a normal
prior. With less, calibrations of 40 to 80 questions were worse than none on LoCoMo and LiHua-World;
with more, a bank with another share of answers is met too late."""
_STEPS = 100
_HALVINGS = 40
_SHORT = 1e-9
_AT_REST = np.array([1.0, 0.0])
"""Slope and intercept that change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cases:
    """Questions with the model's probability of each, and whether they have an answer."""

    uncalibrated: Floats
    has_answer: Flags

    def where(self, chosen: Flags) -> "Cases":
        """Return some of them."""
        return Cases(uncalibrated=self.uncalibrated[chosen], has_answer=self.has_answer[chosen])


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A calibration, and what it is worth."""

    calibration: Calibration
    measured: Measured


def fit_calibration(cases: Cases, model_threshold: float) -> Fitted:
    """Return the calibration of all cases, with figures of folds that it was not made of.

    Raises ``InvalidRequestError`` where there are too few cases, or none that follow the model.
    """
    _refuse_too_few(cases)
    curve = fit_platt(cases)
    if curve.slope <= 0:
        raise InvalidRequestError(
            "Of these questions, those without an answer look more answered than the others: no"
            " calibration mends that. See whether the expectations are right."
        )
    said, refused = held_out_calibrations(cases)
    return Fitted(
        calibration=Calibration(
            curve=curve,
            threshold=threshold_for(calibrated(curve, cases.uncalibrated), cases.has_answer),
        ),
        measured=Measured(
            before=figures_of(
                cases.uncalibrated, cases.has_answer, cases.uncalibrated < model_threshold
            ),
            after=figures_of(said, cases.has_answer, refused),
        ),
    )


def fit_platt(cases: Cases) -> Platt:
    """Return the curve of least cross-entropy, pulled a little towards no change.

    Newton's method with steps halved until they improve: the loss is strictly convex, so that this
    ends at its one minimum wherever it begins.
    """
    loss = _Loss(
        rows=np.column_stack([_log_odds(cases.uncalibrated), np.ones(len(cases.has_answer))]),
        has_answer=cases.has_answer,
    )
    found = _AT_REST
    for _ in range(_STEPS):
        step = loss.newton_step(found)
        if float(np.abs(step).max()) < _SHORT:
            break
        found = loss.improved(found, step)
    return Platt(slope=float(found[0]), intercept=float(found[1]))


def calibrated(curve: Platt, uncalibrated: Floats) -> Floats:
    """Return the calibrated probabilities."""
    return _sigmoid(curve.slope * _log_odds(uncalibrated) + curve.intercept)


def held_out_calibrations(cases: Cases) -> tuple[Floats, Flags]:
    """Return what calibrations of the other folds say of each case: probability and refusal."""
    folds = _folds(cases.has_answer)
    said = np.zeros(len(folds))
    refused = np.zeros(len(folds), dtype=np.bool_)
    for fold in range(_FOLDS):
        inside = folds == fold
        rest = cases.where(~inside)
        curve = fit_platt(rest)
        threshold = threshold_for(calibrated(curve, rest.uncalibrated), rest.has_answer)
        said[inside] = calibrated(curve, cases.uncalibrated[inside])
        refused[inside] = said[inside] < threshold
    return said, refused


def _folds(has_answer: Flags) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return a fold for each case, in turn within either sort: each has its share of both."""
    folds = np.zeros(len(has_answer), dtype=np.int64)
    for sort in (has_answer, ~has_answer):
        folds[sort] = np.arange(int(sort.sum())) % _FOLDS
    return folds


def has_enough(cases: Cases) -> bool:
    """Tell whether there are enough cases of both sorts."""
    answerable = int(cases.has_answer.sum())
    return answerable >= LEAST_ANSWERABLE and (
        len(cases.has_answer) - answerable >= LEAST_UNANSWERABLE
    )


def _refuse_too_few(cases: Cases) -> None:
    if not has_enough(cases):
        answerable = int(cases.has_answer.sum())
        unanswerable = len(cases.has_answer) - answerable
        raise InvalidRequestError(
            f"A calibration takes at least {LEAST_ANSWERABLE} questions with an answer and"
            f" {LEAST_UNANSWERABLE} without; there are {answerable} and {unanswerable}.",
            answerable=answerable,
            unanswerable=unanswerable,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Loss:
    """Cross-entropy with half the pull times the squared way from rest, by slope and intercept."""

    rows: Floats
    """(cases, 2): log-odds and 1."""
    has_answer: Flags

    def newton_step(self, at: Floats) -> Floats:
        likely = _sigmoid(self.rows @ at)
        gradient = self.rows.T @ (likely - self.has_answer) + _PULL * (at - _AT_REST)
        curvature = (self.rows.T * (likely * (1 - likely))) @ self.rows + np.diag(_PULL)
        step: Floats = np.linalg.solve(curvature, gradient)
        return step

    def improved(self, at: Floats, step: Floats) -> Floats:
        """Return where the step leads, or half of it, or half of that: the first that is lower."""
        highest = self._value(at)
        for _ in range(_HALVINGS):
            if self._value(at - step) < highest:
                return at - step
            step = step / 2
        return at

    def _value(self, at: Floats) -> float:
        scores = self.rows @ at
        entropy = np.logaddexp(0, scores) - np.where(self.has_answer, scores, 0)
        return math.fsum(entropy.tolist()) + float(_PULL @ (at - _AT_REST) ** 2) / 2


def _log_odds(probabilities: Floats) -> Floats:
    kept = np.clip(probabilities, CLOSEST, 1 - CLOSEST)
    odds: Floats = np.log(kept / (1 - kept))
    return odds


def _sigmoid(scores: Floats) -> Floats:
    likely: Floats = np.exp(-np.logaddexp(0, -scores))
    return likely
