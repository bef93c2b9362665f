"""Fitting and judging the probability that a question is answered: NumPy alone, deterministic."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.answerable.discrimination import Flags, Floats, threshold_for
from memsvc.domain.answerable.fitting import Cases, has_enough, held_out_calibrations
from memsvc.domain.answerable.model import AnswerableModel

_RIDGE = 2.0
"""Pull of the weights towards 0, in questions; figures hardly change from 1 to 20."""
_STEPS = 50
_CLOSE = 1e-9
_PARTS = 5
"""Of a set with one fold alone, where a threshold is chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Questions by row: features, whether they have an answer, set and fold of each."""

    features: Floats
    """(questions, features), columns as ``FEATURES``."""
    has_answer: Flags
    sets: NDArray[np.str_]
    folds: NDArray[np.str_]
    """Conversation, or half of one; no fold is in two sets."""
    banks: NDArray[np.str_]
    """Conversation."""

    def where(self, chosen: Flags) -> "Samples":
        """Return some of the rows."""
        return Samples(
            features=self.features[chosen],
            has_answer=self.has_answer[chosen],
            sets=self.sets[chosen],
            folds=self.folds[chosen],
            banks=self.banks[chosen],
        )


def fit(samples: Samples, version: str = "", threshold: float = 0.0) -> AnswerableModel:
    """Return logistic regression with a ridge, by Newton's method; every set weighs the same."""
    means, scales = samples.features.mean(axis=0), samples.features.std(axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    rows = np.column_stack([np.ones(len(samples.features)), (samples.features - means) / scales])
    names, counts = np.unique(samples.sets, return_counts=True)
    share = dict(zip(names.tolist(), (len(rows) / len(names) / counts).tolist(), strict=True))
    importance = np.array([share[name] for name in samples.sets.tolist()])
    ridge = np.full(rows.shape[1], _RIDGE)
    ridge[0] = 0.0  # the intercept is free: it holds how often there is an answer
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        likely = _sigmoid(rows @ weights)
        slope = rows.T @ (importance * (likely - samples.has_answer)) + ridge * weights
        curvature = (rows.T * (importance * likely * (1 - likely))) @ rows + np.diag(ridge + _CLOSE)
        step = np.linalg.solve(curvature, slope)
        weights -= step
        if float(np.abs(step).max()) < _CLOSE:
            break
    return AnswerableModel(
        version=version,
        means=means.tolist(),
        scales=scales.tolist(),
        weights=weights[1:].tolist(),
        intercept=float(weights[0]),
        threshold=threshold,
    )


def predict(model: AnswerableModel, features: Floats) -> Floats:
    """Return the model's probability of each row."""
    rows = (features - np.array(model.means)) / np.array(model.scales)
    return _sigmoid(rows @ np.array(model.weights) + model.intercept)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """What trainings that never saw them say of questions."""

    said: Floats
    """Probabilities."""
    refused: Flags

    def where(self, chosen: Flags) -> "Judged":
        """Return what is said of some of them."""
        return Judged(said=self.said[chosen], refused=self.refused[chosen])


def held_out(samples: Samples, *, within_sets: bool) -> Judged:
    """Return for each question what a training without its fold says of it.

    Weights and threshold come from the other folds alone. ``within_sets``: those of its set, not of
    all sets.
    """
    said = np.zeros(len(samples.has_answer))
    refused = np.zeros(len(samples.has_answer), dtype=np.bool_)
    for fold in np.unique(samples.folds):
        inside = samples.folds == fold
        rest = ~inside
        if within_sets:
            rest &= samples.sets == samples.sets[inside][0]
        training = samples.where(rest)
        said[inside] = predict(fit(training), samples.features[inside])
        refused[inside] = said[inside] < threshold_of(training)
    return Judged(said=said, refused=refused)


def threshold_of(samples: Samples) -> float:
    """Return a threshold at which in no set more answerable questions are refused than may be.

    By what is said of each question without its fold: of those that were trained on, the model
    knows the answers, so that further ones would be refused more often. A set with one fold alone
    is divided for that. It is the least of those chosen without one fold of a set: folds differ by
    more than chance, and one that is easy should not decide.
    """
    folds = _divided(samples)
    said = np.zeros(len(folds))
    for fold in np.unique(folds):
        inside = folds == fold
        said[inside] = predict(fit(samples.where(~inside)), samples.features[inside])
    return min(
        threshold_for(said[others], samples.has_answer[others])
        for name in np.unique(samples.sets)
        for fold in np.unique(folds[samples.sets == name])
        for others in [(samples.sets == name) & (folds != fold)]
    )


def calibrated_by_bank(samples: Samples, judged: Judged) -> tuple[Judged, int]:
    """Return what is said if each bank is calibrated on its own questions, and how many are.

    A question's calibration is made of others of its bank. Banks with too few questions stay as
    they are.
    """
    said, refused, count = judged.said.copy(), judged.refused.copy(), 0
    for bank in np.unique(samples.banks):
        inside = samples.banks == bank
        cases = Cases(uncalibrated=judged.said[inside], has_answer=samples.has_answer[inside])
        if not has_enough(cases):
            continue
        said[inside], refused[inside] = held_out_calibrations(cases)
        count += 1
    return Judged(said=said, refused=refused), count


def _divided(samples: Samples) -> NDArray[np.str_]:
    folds = samples.folds.astype(object)
    for name in np.unique(samples.sets):
        inside = np.flatnonzero(samples.sets == name)
        if len(np.unique(samples.folds[inside])) == 1:
            folds[inside] = [f"{name}/{at % _PARTS}" for at in range(len(inside))]
    return folds.astype(np.str_)


def _sigmoid(scores: Floats) -> Floats:
    likely: Floats = 1 / (1 + np.exp(-np.clip(scores, -500, 500)))
    return likely


def folds_of(corpora: Sequence[str], set_name: str) -> list[str]:
    """Return a fold for each question: its conversation, or where there is one alone, its half."""
    if len(set(corpora)) > 1:
        return [f"{set_name}/{corpus}" for corpus in corpora]
    return [f"{set_name}/{place % 2}" for place in range(len(corpora))]
