"""How well questions with an answer are told from those without, and where to refuse."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_REFUSED = 0.05
"""Share of the questions that have an answer which may be refused."""
_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What probabilities and refusals are worth, on questions whose truth is known."""

    area_under_roc: float
    """How often a question with an answer gets more than one without."""
    calibration_error: float
    """Mean difference of probability and share."""
    answerable_refused: float
    """Share of the questions with an answer that are refused."""
    unanswerable_caught: float
    """Share of the questions without one that are."""


def figures_of(said: Floats, has_answer: Flags, refused: Flags) -> Figures:
    """Return the figures of questions of both sorts."""
    return Figures(
        area_under_roc=area_under_roc(said, has_answer),
        calibration_error=calibration_error(said, has_answer),
        answerable_refused=float(refused[has_answer].mean()),
        unanswerable_caught=float(refused[~has_answer].mean()),
    )


def area_under_roc(said: Floats, has_answer: Flags) -> float:
    """Return how often an answerable question gets more than an unanswerable one; ties are half."""
    yes, no = said[has_answer], said[~has_answer]
    below = np.searchsorted(np.sort(no), yes, side="left").sum()
    not_above = np.searchsorted(np.sort(no), yes, side="right").sum()
    return float((below + not_above) / 2 / (len(yes) * len(no)))


def calibration_error(said: Floats, has_answer: Flags) -> float:
    """Return the mean difference of probability and share, over ten bins of equally many."""
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, _BINS) if len(part)]
    errors = [len(part) * abs(has_answer[part].mean() - said[part].mean()) for part in parts]
    return float(sum(errors) / len(said))


def threshold_for(said: Floats, has_answer: Flags, most: float = MOST_REFUSED) -> float:
    """Return a threshold below which at most ``most`` of further answerable questions are expected.

    Of n answerable questions it is the k-th least, k = ⌊most · (n + 1)⌋: a further one, drawn as
    they were, is below it with probability k / (n + 1) (the argument of split conformal prediction,
    Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005). If k is 0 there are too
    few to refuse any: the threshold is 0.
    """
    answered = np.sort(said[has_answer])
    place = int(most * (len(answered) + 1))
    return float(answered[place - 1]) if place else 0.0
