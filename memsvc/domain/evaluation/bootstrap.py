"""How far a mean of paired differences may be off: the bootstrap over questions.

Efron & Tibshirani, An Introduction to the Bootstrap, 1993, §13.3 (percentile interval).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
CONFIDENCE = 0.95
_DRAWN_AT_ONCE = 2_000_000
"""Numbers in memory: 16 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean, and between which values it lies with ``CONFIDENCE``."""

    n: int
    mean: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether it lies wholly on one side of zero."""
        return self.low > 0 or self.high < 0


def interval_of(differences: Sequence[float], *, seed: int, resamples: int = RESAMPLES) -> Interval:
    """Return the mean of paired differences with its percentile interval.

    Equal seeds give equal intervals. ``differences`` must not be empty.
    """
    values = np.asarray(differences, dtype=np.float64)
    generator = np.random.default_rng(seed)
    step = max(1, _DRAWN_AT_ONCE // len(values))
    means = np.concatenate(
        [
            values[
                generator.integers(len(values), size=(min(step, resamples - at), len(values)))
            ].mean(axis=1)
            for at in range(0, resamples, step)
        ]
    )
    beyond = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [beyond, 1 - beyond])
    return Interval(n=len(values), mean=float(values.mean()), low=float(low), high=float(high))
