"""The calibration of a bank: what the model's probability is worth there, and where to refuse.

Platt scaling (Platt, Probabilistic outputs for support vector machines, 1999): a logistic curve
over the log-odds of the model, with two numbers of the bank's own. It keeps the order of questions.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from memsvc.domain.answerable.discrimination import Figures

CLOSEST = 1e-9
"""How near probabilities come to 0 and 1 before log-odds are taken: these stay within 21."""


class CaseSource(StrEnum):
    """Where the questions of a calibration come from."""

    GOLDEN = "golden"
    """From a file of questions whose answers are known."""
    FEEDBACK = "feedback"
    """From recorded recalls, by what was said of their hits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingStamp:
    """What a calibration depends on: with another one it says nothing."""

    ranking_version: int
    embedder: str
    """Identity of the embedding model of the bank."""
    weights: str
    """Version of the model whose probability is calibrated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platt:
    """A logistic curve over the log-odds of a probability; the default changes nothing."""

    slope: float = 1.0
    """Above 0: more probable stays more probable."""
    intercept: float = 0.0

    def probability(self, uncalibrated: float) -> float:
        """Return the calibrated probability."""
        score = self.slope * log_odds(uncalibrated) + self.intercept
        return 1 / (1 + math.exp(-score)) if score >= 0 else 1 - 1 / (1 + math.exp(score))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How a bank judges whether a question is answered."""

    curve: Platt
    threshold: float
    """Below this calibrated probability a question counts as not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """How well answerable questions are told apart, by questions that were held out."""

    before: Figures
    """By the model and its threshold."""
    after: Figures
    """By the calibration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How a calibration was made."""

    stamp: RankingStamp
    source: CaseSource
    answerable: int
    """Questions with an answer that it was made of."""
    unanswerable: int
    measured: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCalibration:
    """The calibration of a bank, as it is kept."""

    calibration: Calibration
    origin: Origin
    actor: str
    recorded_at: datetime


def log_odds(probability: float) -> float:
    """Return log p / (1 - p), of a probability that is kept off 0 and 1."""
    kept = min(max(probability, CLOSEST), 1 - CLOSEST)
    return math.log(kept / (1 - kept))


def mismatch(made_for: RankingStamp, current: RankingStamp) -> str | None:
    """Return why a calibration does not hold any more, ``None`` if it does."""
    changed = [
        what
        for what, then, now in (
            ("the ranking", made_for.ranking_version, current.ranking_version),
            ("the embedding model", made_for.embedder, current.embedder),
            ("the weights", made_for.weights, current.weights),
        )
        if then != now
    ]
    if not changed:
        return None
    return (
        f"The bank's calibration was made before {' and '.join(changed)} changed, and is not used:"
        " calibrate again (`memsvc eval calibrate`)."
    )
