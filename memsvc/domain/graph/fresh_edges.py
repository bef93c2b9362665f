"""Edges that came since the bulk of a graph was put together."""

from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.stored_edges import EdgeList, Places, Weights

Keys = NDArray[np.int64]
"""Directed edges as row · 2³² + column."""

_COLUMN_BITS = 32
_COLUMN_MASK = (1 << _COLUMN_BITS) - 1


def edge_keys(rows: Places, columns: Places) -> Keys:
    """Return the keys of directed edges."""
    return (rows.astype(np.int64) << _COLUMN_BITS) | columns.astype(np.int64)


class FreshEdges:
    """A symmetric matrix as a sorted list of entries, 12 bytes each; immutable.

    A change copies the list, which stays short: a microsecond per thousand entries.
    """

    def __init__(self, keys: Keys, weights: Weights) -> None:
        """Take sorted, distinct keys."""
        self._keys = keys
        self._weights = weights

    @classmethod
    def empty(cls) -> Self:
        """Return a matrix without entries."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32))

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def nbytes(self) -> int:
        """Bytes held, with what products need."""
        return 2 * self._keys.nbytes + self._weights.nbytes

    def weights_of(self, keys: Keys) -> Weights:
        """Return the weights of the entries, 0 for those that are not here."""
        if not len(self._keys):
            return np.zeros(len(keys), np.float32)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        return np.where(self._keys[at] == keys, self._weights[at], np.float32(0))

    def changed(self, keys: Keys, weights: Weights) -> "FreshEdges":
        """Return a matrix where these entries have these weights; those of weight 0 are gone."""
        order = np.argsort(keys)
        keys, weights = keys[order], weights[order]
        at = np.searchsorted(self._keys, keys)
        held = at < len(self._keys)
        held[held] = self._keys[at[held]] == keys[held]
        present = self._weights.copy()
        present[at[held]] = weights[held]
        kept = np.ones(len(self._keys), np.bool_)
        kept[at[held]] = weights[held] > 0
        added = ~held & (weights > 0)
        before, old = (self._keys, present) if kept.all() else (self._keys[kept], present[kept])
        at = np.searchsorted(before, keys[added])
        return FreshEdges(np.insert(before, at, keys[added]), np.insert(old, at, weights[added]))

    def add_product(self, masses: Weights, product: Weights) -> None:
        """Add A · masses to ``product``, in place."""
        if len(self._keys):
            starts = self._row_starts
            sums = np.add.reduceat(self._weights * masses[self._columns], starts)
            product[self._rows[starts]] += sums

    def row(self, place: int) -> tuple[Places, Weights]:
        """Return the columns and weights of one row."""
        start, end = np.searchsorted(
            self._keys, [place << _COLUMN_BITS, (place + 1) << _COLUMN_BITS]
        )
        return self._keys[start:end] & _COLUMN_MASK, self._weights[start:end]

    def edge_list(self) -> EdgeList:
        """Return the edges, each once."""
        once = self._rows < self._columns
        return EdgeList(
            first=self._rows[once], second=self._columns[once], weights=self._weights[once]
        )

    @cached_property
    def _rows(self) -> Places:
        return self._keys >> _COLUMN_BITS

    @cached_property
    def _columns(self) -> Places:
        return self._keys & _COLUMN_MASK

    @cached_property
    def _row_starts(self) -> Places:
        """Where each row that has entries begins."""
        return np.flatnonzero(np.diff(self._rows, prepend=-1))
