"""A device's graph over a partition's rows, and what has changed since it was built."""

import numpy as np
from numpy.typing import NDArray

from gpu_index.devices import Graph, Halves
from gpu_index.scan import Rows

MOST_BREADTH = 512
"""The widest search of a graph; who wants more candidates compares all rows."""

_MOST_NEW_SHARE = 0.1
"""Rows beyond the graph are all compared, on the device: up to a tenth of it."""
_MOST_REPLACED_SHARE = 0.01
_FEW = 1024
"""Replaced rows are compared in main memory: up to a hundredth of the graph, but this many
always."""


class RowGraph:
    """Knows the rows that are still what they were when the graph was built. Not thread-safe."""

    __slots__ = ("_graph", "_is_replaced", "breadth", "built", "recall")

    def __init__(self, graph: Graph, built: int) -> None:
        """Stand for rows 0 to ``built`` as they are now."""
        self._graph = graph
        self._is_replaced: NDArray[np.bool_] = np.zeros(built, dtype=np.bool_)
        self.built = built
        self.breadth = 0
        self.recall = 0.0

    @property
    def nbytes(self) -> int:
        """Bytes on the device."""
        return self._graph.nbytes

    def replace(self, holes: Rows, count: int) -> None:
        """Note that ``holes`` have other contents now, and rows from ``count`` on none."""
        self._is_replaced[holes[holes < self.built]] = True
        self._is_replaced[count:] = True

    def is_worn(self, size: int) -> bool:
        """Return whether a partition of ``size`` rows has changed too much for it."""
        most_replaced = max(_FEW, int(self.built * _MOST_REPLACED_SHARE))
        is_grown = size - self.built > self.built * _MOST_NEW_SHARE
        return is_grown or int(np.count_nonzero(self._is_replaced)) > most_replaced

    def replaced(self, size: int) -> Rows:
        """Return the rows below ``built`` that the graph does not know as they are."""
        rows: Rows = np.flatnonzero(self._is_replaced[:size])
        return rows

    def nearest(self, queries: Halves, m: int) -> Rows:
        """Return at most ``m`` rows near each query; -1 for those that are not there any more."""
        rows = self._graph.nearest(queries, m, max(m, self.breadth))
        is_good = (rows >= 0) & ~self._is_replaced[np.maximum(rows, 0)]
        return np.where(is_good, rows, -1)

    def close(self) -> None:
        """Give its memory back."""
        self._graph.close()
