"""Fitting and judging the probability that a question is answered: NumPy alone, deterministic."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.answerable.evidence import FEATURES
from memsvc.domain.answerable.model import AnswerableModel

Floats = NDArray[np.float64]

MOST_REFUSED = 0.05
"""Share of answerable questions that may be refused."""
_RIDGE = 2.0
"""Pull of the weights towards 0, in questions; figures hardly change from 1 to 20."""
_STEPS = 50
_CLOSE = 1e-9
_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Questions by row: features, whether they have an answer, set and fold of each."""

    features: Floats
    """(questions, features), columns as ``FEATURES``."""
    has_answer: NDArray[np.bool_]
    sets: NDArray[np.str_]
    folds: NDArray[np.str_]
    """Conversation, or half of one; no fold is in two sets."""

    def where(self, chosen: NDArray[np.bool_]) -> "Samples":
        """Return some of the rows."""
        return Samples(
            features=self.features[chosen],
            has_answer=self.has_answer[chosen],
            sets=self.sets[chosen],
            folds=self.folds[chosen],
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
    return np.array(
        [model.probability(dict(zip(FEATURES, row, strict=True))) for row in features.tolist()]
    )


def held_out(samples: Samples, *, within_sets: bool) -> Floats:
    """Return for each question what a training without its fold says of it.

    ``within_sets``: trained on the other folds of its set alone, not on those of all sets.
    """
    said = np.zeros(len(samples.has_answer))
    for fold in np.unique(samples.folds):
        inside = samples.folds == fold
        rest = ~inside
        if within_sets:
            rest &= samples.sets == samples.sets[inside][0]
        said[inside] = predict(fit(samples.where(rest)), samples.features[inside])
    return said


def area_under_roc(said: Floats, has_answer: NDArray[np.bool_]) -> float:
    """Return how often an answerable question gets more than an unanswerable one; ties are half."""
    yes, no = said[has_answer], said[~has_answer]
    below = np.searchsorted(np.sort(no), yes, side="left").sum()
    not_above = np.searchsorted(np.sort(no), yes, side="right").sum()
    return float((below + not_above) / 2 / (len(yes) * len(no)))


def calibration_error(said: Floats, has_answer: NDArray[np.bool_]) -> float:
    """Return the mean difference of probability and share, over ten bins of equally many."""
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    errors = [len(part) * abs(has_answer[part].mean() - said[part].mean()) for part in parts]
    return float(sum(errors) / len(said))


def threshold_for(said: Floats, has_answer: NDArray[np.bool_]) -> float:
    """Return the greatest threshold that refuses at most ``MOST_REFUSED`` of the answerable."""
    answered = np.sort(said[has_answer])
    return float(answered[int(MOST_REFUSED * len(answered))])


def shares_below(
    said: Floats, has_answer: NDArray[np.bool_], threshold: float
) -> tuple[float, float]:
    """Return the shares of answerable and of unanswerable questions below a threshold."""
    below = said < threshold
    return float(below[has_answer].mean()), float(below[~has_answer].mean())


def _sigmoid(scores: Floats) -> Floats:
    likely: Floats = 1 / (1 + np.exp(-np.clip(scores, -500, 500)))
    return likely


def folds_of(corpora: Sequence[str], set_name: str) -> list[str]:
    """Return a fold for each question: its conversation, or where there is one alone, its half."""
    if len(set(corpora)) > 1:
        return [f"{set_name}/{corpus}" for corpus in corpora]
    return [f"{set_name}/{place % 2}" for place in range(len(corpora))]
