"""Generated unit vectors that lie about the way sentence embeddings do: in topics, with noise."""

import numpy as np
from numpy.typing import NDArray

from bench.texts import TOPICS
from memsvc.ports import Matrix

_TOPIC_WEIGHT = 0.6
"""Vectors of one topic then have a cosine of about 0.36, those of different ones about 0."""


class VectorSource:
    """Vectors around topic centres; equal seeds and calls give equal vectors."""

    def __init__(self, dimension: int, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._centres = self._directions(TOPICS, dimension)

    def vectors(self, topics: NDArray[np.int64]) -> Matrix:
        """Return a unit vector for each of the topics: shape (n, dimension), float32."""
        noise = self._directions(len(topics), self._centres.shape[1])
        noise_weight = np.sqrt(1.0 - _TOPIC_WEIGHT**2)
        mixed = _TOPIC_WEIGHT * self._centres[topics] + noise_weight * noise
        return _normalised(mixed).astype(np.float32)

    def _directions(self, count: int, dimension: int) -> NDArray[np.float64]:
        return _normalised(self._random.standard_normal((count, dimension)))


def _normalised(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
