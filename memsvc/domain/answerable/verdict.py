"""What is said of a question: how probably it is answered, and what nothing is stored about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.answerable.calibration import Calibration
from memsvc.domain.answerable.evidence import Evidence, measure, name_parts
from memsvc.domain.answerable.model import AnswerableModel

_FIRST = 10
"""A word is missing if none of so many candidates holds it."""
_HEAVY = 0.5
"""A word is worth naming if it weighs this share of the heaviest."""
_MOST_WORDS = 5
_WEIGHTLESS = 1e-9
"""In an empty bank no word weighs anything, nor is its language known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether what was found answers the question."""

    probability: float
    uncalibrated: float
    """As the model has it; the same unless the bank is calibrated."""
    is_answerable: bool
    missing: Sequence[str]
    """Rare words of the question that no good candidate holds, heaviest first."""
    statement: str
    """A sentence for people and prompts, in words of the question alone: none of it was stored."""
    features: Mapping[str, float]


def judge(
    evidence: Evidence, model: AnswerableModel, calibration: Calibration | None = None
) -> Verdict:
    """Return the verdict on what was found: by the bank's calibration, or as the model has it."""
    features = measure(evidence)
    missing = _missing(evidence)
    if not evidence.found:
        return Verdict(
            probability=0.0,
            uncalibrated=0.0,
            is_answerable=False,
            missing=missing,
            statement=f"Nothing is stored{_about(missing)}.",
            features=features,
        )
    uncalibrated = model.probability(features)
    if calibration is None:
        probability, threshold = uncalibrated, model.threshold
    else:
        probability, threshold = (
            calibration.curve.probability(uncalibrated),
            calibration.threshold,
        )
    is_answerable = probability >= threshold
    return Verdict(
        probability=probability,
        uncalibrated=uncalibrated,
        is_answerable=is_answerable,
        missing=missing,
        statement=_statement(evidence, features, missing, is_answerable=is_answerable),
        features=features,
    )


def _missing(evidence: Evidence) -> list[str]:
    is_content = evidence.content()
    held: NDArray[np.bool_] = np.logical_or.reduce(evidence.has[:_FIRST], axis=0)
    least = _HEAVY * float(evidence.weights.max(initial=0.0))
    order = np.argsort(-evidence.weights, kind="stable").tolist()
    chosen = [
        evidence.words[at]
        for at in order
        if is_content[at] and not held[at] and evidence.weights[at] >= max(least, _WEIGHTLESS)
    ]
    return chosen[:_MOST_WORDS]


def _statement(
    evidence: Evidence,
    features: Mapping[str, float],
    missing: Sequence[str],
    *,
    is_answerable: bool,
) -> str:
    if is_answerable:
        return "What was found bears on the question."
    if features["sides"] and features["subject"] < 0:
        asked_about = {name_parts(speaker)[0] for speaker in evidence.named()}
        names = " and ".join(sorted(each.capitalize() for each in asked_about))
        return f"Nothing stored says this of {names}; the closest is about somebody else."
    if missing:
        return f"Nothing stored{_about(missing)}; the closest is about something else."
    return "Nothing stored answers this; the closest only shares words with it."


def _about(missing: Sequence[str]) -> str:
    return " about " + ", ".join(f'"{word}"' for word in missing) if missing else ""
