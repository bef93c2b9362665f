"""The BM25 ranking function.

S. Robertson & H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", Foundations
and Trends in Information Retrieval 3(4), 2009, eq. 3.15.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Bm25:
    """The function with its two free parameters."""

    k1: float = 1.2
    """≥ 0: how much each further occurrence of a term adds; 0 counts presence alone."""
    b: float = 0.75
    """0..1: how far long documents are held back."""

    def term_weight(self, documents: int, holding: int) -> float:
        """Return the inverse document frequency of a term that ``holding`` of them hold; > 0.

        The form ln(1 + (N - n + ½) / (n + ½)) never turns negative, however common the term.
        """
        return math.log1p((documents - holding + 0.5) / (holding + 0.5))

    def norms(self, lengths: NDArray[np.int32], average_length: float) -> NDArray[np.float64]:
        """Return k1 (1 - b + b l / average) for each document: what holds its terms back."""
        per_token = self.k1 * self.b / average_length
        norms: NDArray[np.float64] = lengths * np.float64(per_token) + self.k1 * (1 - self.b)
        return norms

    def saturated(
        self, frequencies: NDArray[np.float64], norms: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return f (k1 + 1) / (f + norm) for each document; 0..k1 + 1."""
        gained: NDArray[np.float64] = frequencies * (self.k1 + 1)
        gained /= frequencies + norms
        return gained
