"""Forgetting curves: how much of a memory is retained after a while. Computed, never stored.

Ages are days since a memory was recorded or last reinforced, whichever is later; a salience curve
falls with the days since it was recorded, and looks at the other only for its bonus. An age below
zero (a clock that went back) counts as zero.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

LEAST_STRENGTH = 1e-3
"""A weaker memory counts as this strong: below, nothing lasts an hour and a half at c = 1 day."""
MOST_STRENGTH = 1e6


class CurveForm(StrEnum):
    """Which law a curve follows."""

    EXPONENTIAL = "exponential"
    """R = exp(-t / (c S)): MemoryBank (arXiv 2305.10250 §2.3, after Ebbinghaus), with c days."""
    POWER = "power"
    """R = (1 + t / (c S))^-p: slower and slower, as measured for people (Wickelgren 1974)."""
    SALIENCE = "salience"
    """w = weight exp(-rate t / S) + bonus d, with t since it was recorded, and d 1 for what was
    reinforced within the window: HEMA (arXiv 2504.16754 §3.4) with the sign of the bonus as its
    text intends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A curve with its parameters; those of other forms are not looked at."""

    form: CurveForm = CurveForm.EXPONENTIAL
    days: float = 5.0
    """c: after c S days an exponential curve is at 1/e, a power curve at 2^-p."""
    exponent: float = 1.0
    """p of a power curve, > 0."""
    weight: float = 1.0
    rate: float = 0.002
    """Per day, > 0."""
    bonus: float = 0.5
    window_days: float = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a curve needs to know of a memory."""

    age_days: float
    """Since it was last reinforced, or recorded."""
    strength: float = 1.0
    """S: 1 at first."""
    was_reinforced: bool = False
    recorded_before_days: float = 0.0
    """How long before that it was recorded: 0 for what never was reinforced."""


def retention(curve: Curve, standing: Standing) -> float:
    """Return what is retained: in [0, 1], for a salience curve in [0, weight + bonus]."""
    age = max(0.0, standing.age_days)
    strength = _bounded(standing.strength)
    match curve.form:
        case CurveForm.EXPONENTIAL:
            return math.exp(-age / (curve.days * strength))
        case CurveForm.POWER:
            return float((1.0 + age / (curve.days * strength)) ** -curve.exponent)
        case CurveForm.SALIENCE:
            since_recorded = age + standing.recorded_before_days
            faded = curve.weight * math.exp(-curve.rate * since_recorded / strength)
            return faded + (curve.bonus if _has_bonus(curve, standing, age) else 0.0)


def fades_after(curve: Curve, standing: Standing, threshold: float) -> float:
    """Return the age in days from which ``retention`` is below ``threshold``, ``inf`` for never.

    The inverse of the curve, in closed form; ``standing.age_days`` is not looked at.
    """
    if threshold <= 0:
        return math.inf
    strength = _bounded(standing.strength)
    match curve.form:
        case CurveForm.EXPONENTIAL:
            return 0.0 if threshold > 1 else -curve.days * strength * math.log(threshold)
        case CurveForm.POWER:
            if threshold > 1:
                return 0.0
            return float(curve.days * strength * (threshold ** (-1.0 / curve.exponent) - 1.0))
        case CurveForm.SALIENCE:
            plain = _salience_fades(curve, standing, threshold)
            if not standing.was_reinforced:
                return plain
            boosted = _salience_fades(curve, standing, threshold - curve.bonus)
            return boosted if boosted <= curve.window_days else max(curve.window_days, plain)


def _salience_fades(curve: Curve, standing: Standing, threshold: float) -> float:
    if threshold <= 0 or curve.weight <= 0:
        return math.inf if threshold <= 0 else 0.0
    strength = _bounded(standing.strength)
    since_recorded = -math.log(threshold / curve.weight) * strength / curve.rate
    return max(0.0, since_recorded - standing.recorded_before_days)


def _has_bonus(curve: Curve, standing: Standing, age: float) -> bool:
    return standing.was_reinforced and age <= curve.window_days


def _bounded(strength: float) -> float:
    return min(max(strength, LEAST_STRENGTH), MOST_STRENGTH)
