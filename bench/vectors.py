"""Generated unit vectors that lie as those of texts do."""

import numpy as np

from bench.similarity.arrays import ExpandedVectors
from bench.similarity.encoded import encode_texts
from memsvc.ports import Matrix

_MOST_TEXTS = 5_000


class VectorSource:
    """An endless row of vectors around those of texts; equal seeds and calls give equal vectors."""

    def __init__(self, around: ExpandedVectors, seed: int) -> None:
        self._around = around
        self._random = np.random.default_rng(seed)

    @classmethod
    def encode(cls, count: int, dimension: int, seed: int) -> "VectorSource":
        """Encode generated texts, up to 5,000, for a row of ``count`` vectors.

        Raises ``BenchError`` when the encoder's vectors have another dimension.
        """
        return cls(encode_texts(min(_MOST_TEXTS, count), 1, dimension, seed), seed)

    def vectors(self, count: int) -> Matrix:
        """Return the next ``count``: shape (count, dimension), float32."""
        return self._around.rows(count, self._random)
