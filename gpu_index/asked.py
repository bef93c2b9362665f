"""The questions that a partition was asked last: what its structure is measured with."""

from threading import Lock

import numpy as np

from gpu_index.protocol import Vectors

KEPT = 512
"""Questions of a partition that are remembered."""


class AskedQueries:
    """A ring of the last queries. Safe to use from any thread."""

    __slots__ = ("_lock", "_rows", "total")

    def __init__(self) -> None:
        """Remember nothing yet; memory is taken with the first query."""
        self._lock = Lock()
        self._rows: Vectors | None = None
        self.total = 0
        """Queries seen so far."""

    def note(self, queries: Vectors) -> None:
        """Remember ``queries`` (n, dimension); the oldest make room."""
        with self._lock:
            if self._rows is None:
                self._rows = np.empty((KEPT, queries.shape[1]), dtype=np.float32)
            last = queries[-KEPT:]
            places = (self.total + len(queries) - len(last) + np.arange(len(last))) % KEPT
            self._rows[places] = last
            self.total += len(queries)

    def halves(self) -> tuple[Vectors, Vectors]:
        """Return copies of what is remembered, every second query in either half."""
        with self._lock:
            if self._rows is None:
                raise ValueError("No query was seen yet.")
            kept = self._rows[: min(self.total, KEPT)]
            return kept[::2].copy(), kept[1::2].copy()
