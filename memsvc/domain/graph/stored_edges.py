"""The bulk of a graph's edges: sparse rows in one piece, whose weights alone may change."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from memsvc.errors import GraphTooLargeError

Places = NDArray[np.int64]
"""Node numbers, from 0."""

Weights = NDArray[np.float32]

MOST_ENTRIES = 2**31 - 1
"""Directed edges that one matrix can number with 32 bits."""

_BLOCK_ENTRIES = 4_000_000
"""A product is made in pieces of about so many entries (10 ms), between which it can be ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeList:
    """Undirected edges: ``first[i]`` and ``second[i]`` are joined with ``weights[i]``."""

    first: Places
    second: Places
    weights: Weights

    def __len__(self) -> int:
        return len(self.weights)

    def both_ways(self) -> tuple[Places, Places, Weights]:
        """Return rows, columns and weights of the symmetric matrix these edges are."""
        rows = np.concatenate([self.first, self.second])
        columns = np.concatenate([self.second, self.first])
        return rows, columns, np.concatenate([self.weights, self.weights])


class StoredEdges:
    """A symmetric matrix in compressed rows: 8 bytes per directed edge, 4 per node."""

    def __init__(self, nodes: int, edges: EdgeList) -> None:
        """Build from distinct edges in any order; raises ``GraphTooLargeError``."""
        if 2 * len(edges) > MOST_ENTRIES:
            raise GraphTooLargeError(edges=len(edges))
        rows, columns, weights = edges.both_ways()
        at = (rows.astype(np.int32), columns.astype(np.int32))
        matrix = coo_array((weights, at), shape=(nodes, nodes)).tocsr()
        matrix.sort_indices()
        self._matrix = matrix
        self._blocks = _row_blocks(matrix)

    @property
    def nodes(self) -> int:
        """Rows of the matrix."""
        return int(self._matrix.shape[0])

    @property
    def entries(self) -> int:
        """Directed edges held, those of weight 0 among them."""
        return int(self._matrix.nnz)

    @property
    def nbytes(self) -> int:
        """Bytes held; the blocks are views."""
        matrix = self._matrix
        return int(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)

    def row_sizes(self) -> Places:
        """Return how many entries each row has."""
        return np.asarray(np.diff(self._matrix.indptr), np.int64)

    def strengths(self) -> NDArray[np.float64]:
        """Return the sum of each row's weights."""
        matrix = self._matrix
        rows = np.repeat(np.arange(self.nodes), np.diff(matrix.indptr))
        return np.bincount(rows, weights=matrix.data, minlength=self.nodes).astype(np.float64)

    def component_labels(self) -> NDArray[np.int32]:
        """Return a number for each node that is the same for nodes joined by a path."""
        return np.asarray(connected_components(self._matrix, directed=False)[1], np.int32)

    def find(self, rows: Places, columns: Places) -> Places:
        """Return where the entries (rows[i], columns[i]) are, -1 for those that are not.

        All are looked up in step, each by bisection of its sorted row.
        """
        if not self.nodes:
            return np.full(len(rows), -1)
        indptr, indices = self._matrix.indptr, self._matrix.indices
        known = (rows < self.nodes) & (columns < self.nodes)
        low = np.where(known, indptr[np.where(known, rows, 0)], 0).astype(np.int64)
        end = np.where(known, indptr[np.where(known, rows, 0) + 1], 0).astype(np.int64)
        high = end.copy()
        while (low < high).any():
            middle = (low + high) // 2
            # A search that has ended may point behind the last entry.
            open_ = low < high
            smaller = open_ & (indices[np.where(open_, middle, 0)] < columns)
            low = np.where(smaller, middle + 1, low)
            high = np.where(open_ & ~smaller, middle, high)
        held = low < end
        held[held] = indices[low[held]] == columns[held]
        return np.where(held, low, -1)

    def weights_at(self, entries: Places) -> Weights:
        """Return the weights of entries that ``find`` returned."""
        return np.asarray(self._matrix.data[entries])

    def set_weights(self, entries: Places, weights: Weights) -> None:
        """Change the weights of entries that ``find`` returned."""
        self._matrix.data[entries] = weights

    def row(self, place: int) -> tuple[Places, Weights]:
        """Return the columns and weights of one row."""
        start, end = self._matrix.indptr[place : place + 2]
        return self._matrix.indices[start:end].astype(np.int64), self._matrix.data[start:end]

    def spread(self, rows: Places, masses: Weights) -> Weights:
        """Return A[rows]ᵀ · masses: what reaches each node from some of the rows."""
        entries, sizes = self._entries_of(rows)
        product = np.zeros(self.nodes, np.float32)
        carried = self._matrix.data[entries] * np.repeat(masses, sizes)
        np.add.at(product, self._matrix.indices[entries], carried)
        return product

    def gather(self, rows: Places, masses: Weights) -> Weights:
        """Return A[rows] · masses: what reaches some of the rows from every node."""
        entries, sizes = self._entries_of(rows)
        found = np.zeros(len(rows), np.float32)
        carried = self._matrix.data[entries] * masses[self._matrix.indices[entries]]
        np.add.at(found, np.repeat(np.arange(len(rows)), sizes), carried)
        return found

    def _entries_of(self, rows: Places) -> tuple[Places, Places]:
        """Return where the entries of some rows are, row after row, and how many each has.

        Slicing the matrix does the same, but what it makes and checks takes longer for a few rows.
        """
        starts = self._matrix.indptr[rows].astype(np.int64)
        sizes = self._matrix.indptr[rows + 1] - starts
        before = np.cumsum(sizes) - sizes
        return np.repeat(starts - before, sizes) + np.arange(sizes.sum()), sizes

    def times(self, masses: Weights, check_time: Callable[[], None]) -> Weights:
        """Return A · masses; ``check_time`` is called between pieces and may raise."""
        product = np.empty(self.nodes, np.float32)
        for start, block in self._blocks:
            check_time()
            product[start : start + block.shape[0]] = block @ masses
        return product

    def edge_list(self) -> EdgeList:
        """Return the edges with a weight above 0, each once."""
        matrix = self._matrix
        rows = np.repeat(np.arange(self.nodes), np.diff(matrix.indptr))
        once = (rows < matrix.indices) & (matrix.data > 0)
        return EdgeList(
            first=rows[once],
            second=matrix.indices[once].astype(np.int64),
            weights=matrix.data[once],
        )


def _row_blocks(matrix: csr_array) -> list[tuple[int, csr_array]]:
    """Return the first row and the rows of each piece; they share the memory of ``matrix``."""
    pieces = max(1, -(-matrix.nnz // _BLOCK_ENTRIES))
    if pieces == 1:
        return [(0, matrix)]
    targets = np.linspace(0, matrix.nnz, pieces + 1)[1:-1]
    cuts = np.unique(np.searchsorted(matrix.indptr, targets)).tolist()
    bounds = [0, *(cut for cut in cuts if 0 < cut < matrix.shape[0]), matrix.shape[0]]
    blocks = []
    for start, end in pairwise(bounds):
        low, high = matrix.indptr[start], matrix.indptr[end]
        block = csr_array((end - start, matrix.shape[1]), dtype=np.float32)
        # Given to the constructor, short views would be copied, and miss later changes.
        block.data = matrix.data[low:high]
        block.indices = matrix.indices[low:high]
        block.indptr = matrix.indptr[start : end + 1] - low
        blocks.append((start, block))
    return blocks
