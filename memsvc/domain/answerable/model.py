"""The probability that a question is answered: logistic regression on a few features."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memsvc.domain.answerable.evidence import FEATURES


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerableModel:
    """Weights, each of a feature brought to mean 0 and deviation 1, and where to refuse."""

    version: str
    """Names the training."""
    means: Sequence[float]
    scales: Sequence[float]
    weights: Sequence[float]
    intercept: float
    threshold: float
    """Below this probability a question counts as not answered. Chosen so that of questions that
    have an answer, held out, at most 5 % were below it in every set of the training."""

    def probability(self, features: Mapping[str, float]) -> float:
        """Return how probable it is, in [0, 1], that what was found answers the question."""
        score = self.intercept + sum(
            weight * (features[name] - mean) / scale
            for name, weight, mean, scale in zip(
                FEATURES, self.weights, self.means, self.scales, strict=True
            )
        )
        return 1 / (1 + math.exp(-score)) if score >= 0 else 1 - 1 / (1 + math.exp(score))
