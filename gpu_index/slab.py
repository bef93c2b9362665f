"""The rows of one partition: contiguous vectors and ids, and where each id stands."""

import sys
from itertools import repeat

import numpy as np

from gpu_index.errors import DuplicateIdError
from gpu_index.protocol import Ids, Vectors

_ID_OBJECT_BYTES = 64  # An id and its row as Python integers, 32 bytes each.


class Slab:
    """Vectors without gaps, so that a scan is one pass over memory. Not thread-safe.

    A full slab grows by a sixteenth: with the map of ids it then holds less than 1.15 times the
    vectors of 384 components, and a row is copied seventeen times in the long run. One that is
    filled by a single call has no spare rows.
    """

    __slots__ = ("_count", "_ids", "_row_of", "_vectors")

    def __init__(self, dimension: int) -> None:
        """Make an empty slab."""
        self._count = 0
        self._vectors: Vectors = np.empty((0, dimension), dtype=np.float32)
        self._ids: Ids = np.empty(0, dtype=np.int64)
        self._row_of: dict[int, int] = {}

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._count

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return int(self._vectors.shape[1])

    @property
    def vectors(self) -> Vectors:
        """Shape (len, dimension), C-contiguous: a view that the next change may alter."""
        return self._vectors[: self._count]

    @property
    def ids(self) -> Ids:
        """Shape (len,), the id of each row: a view that the next change may alter."""
        return self._ids[: self._count]

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, spare rows included, and of the map from id to row."""
        map_bytes = sys.getsizeof(self._row_of) + _ID_OBJECT_BYTES * len(self._row_of)
        return self._vectors.nbytes + self._ids.nbytes + map_bytes

    def rows(self, ids: Ids) -> Ids:
        """Return the rows of those ``ids`` that are here."""
        found = map(self._row_of.get, ids.tolist(), repeat(-1))
        rows = np.fromiter(found, dtype=np.int64, count=ids.size)
        return rows[rows >= 0]

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Append rows; raises ``DuplicateIdError`` before anything is changed."""
        end = self._count + ids.size
        added = dict(zip(ids.tolist(), range(self._count, end), strict=True))
        if len(added) < ids.size:
            raise DuplicateIdError("An id is given twice in one call.")
        if not self._row_of.keys().isdisjoint(added):
            present = min(self._row_of.keys() & added.keys())
            raise DuplicateIdError(f"The id {present} is in the partition already.")
        if end > len(self._ids):
            self._resize(max(end, _with_spare(len(self._ids))))
        self._vectors[self._count : end] = vectors
        self._ids[self._count : end] = ids
        self._row_of.update(added)
        self._count = end

    def remove(self, ids: Ids) -> int:
        """Remove those ``ids`` that are here and return how many; costs O(len(ids))."""
        gone = [self._row_of.pop(id_) for id_ in ids.tolist() if id_ in self._row_of]
        removed = np.array(gone, dtype=np.int64)
        kept = self._count - removed.size
        # The last rows that stay move into the holes that open before them.
        holes = removed[removed < kept]
        movers = np.setdiff1d(np.arange(kept, self._count), removed, assume_unique=True)
        self._vectors[holes] = self._vectors[movers]
        self._ids[holes] = self._ids[movers]
        self._row_of.update(zip(self._ids[holes].tolist(), holes.tolist(), strict=True))
        self._count = kept
        if _with_spare(kept) < len(self._ids) // 2:
            self._resize(_with_spare(kept))
            # A dict never shrinks by itself, its copy is compact.
            self._row_of = dict(self._row_of)
        return removed.size

    def _resize(self, capacity: int) -> None:
        vectors = np.empty((capacity, self._vectors.shape[1]), dtype=np.float32)
        ids = np.empty(capacity, dtype=np.int64)
        vectors[: self._count] = self.vectors
        ids[: self._count] = self.ids
        self._vectors, self._ids = vectors, ids


def _with_spare(rows: int) -> int:
    return rows + rows // 16 + 4
