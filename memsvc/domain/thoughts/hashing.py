"""Groups of vectors that point alike, by hashing: which pairs are worth comparing, and no more.

Angular hashing after Think-in-Memory (arXiv 2311.08719, eq. 1): ``argmax([xR; -xR])``. A single
group misses a third of the pairs at cosine 0.9, so that several are probed; and nothing is ever
found, forgotten or left out by a group alone.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

NO_GROUP = -1
"""Of vectors without a direction: they resemble nothing, and are never merged."""
HASH_VERSION = 1
"""Changes whenever the same parameters would give other groups."""


@dataclass(frozen=True, kw_only=True)
class SignProjection:
    """A hash into ``groups`` groups; equal parameters give equal groups, on every machine."""

    dimension: int
    groups: int = 16
    """Even; a group and the one ``groups / 2`` further hold opposite directions."""
    seed: int = 1
    matrix: NDArray[np.float64] | None = None
    """Shape (dimension, groups / 2), instead of the one that ``seed`` draws."""

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for parameters that make no hash."""
        if self.groups < 2 or self.groups % 2 or self.dimension < 1:  # noqa: PLR2004
            raise ValueError("A hash needs a dimension, and an even number of groups.")
        if self.matrix is not None and self.matrix.shape != (self.dimension, self.groups // 2):
            raise ValueError("The matrix has another shape than the parameters say.")

    @property
    def key(self) -> str:
        """What tells groups of these parameters from others': compare only equal ones."""
        return f"v{HASH_VERSION}:{self.seed}:{self.groups}:{self.dimension}"

    def group(self, vector: NDArray[np.floating]) -> int:
        """Return the group of a vector of any length, or ``NO_GROUP``."""
        probed = self.probes(vector, 1)
        return probed[0] if probed else NO_GROUP

    def probes(self, vector: NDArray[np.floating], count: int) -> list[int]:
        """Return the likeliest groups of the vector's neighbours, its own first.

        Equal entries go by number. A vector that is zero, not finite, or at right angles to every
        column has no group and no probes.
        """
        values = np.asarray(vector, dtype=np.float64)
        if not np.isfinite(values).all():
            return []
        projected = values @ self._projection
        if not projected.any():
            return []
        entries = np.concatenate((projected, -projected))
        order = np.argsort(-entries, kind="stable")
        return [int(each) for each in order[:count]]

    @cached_property
    def _projection(self) -> NDArray[np.float64]:
        if self.matrix is not None:
            return self.matrix
        # The old generator: its streams are frozen, those of the new one may change (NEP 19).
        draw = np.random.RandomState(self.seed)
        return draw.standard_normal((self.dimension, self.groups // 2))
