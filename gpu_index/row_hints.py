"""Where many ids stand in a slab, found at once instead of one by one in its map."""

import numpy as np
from numpy.typing import NDArray

from gpu_index.protocol import Ids
from gpu_index.scan import Rows
from gpu_index.slab import Slab


class RowHints:
    """A table of rows by the low bits of ids: right for most, checked for each.

    Ids of a sequence hardly ever share a place. Where a hint is wrong, because two ids share one
    or because the slab has changed since, the slab's own map has the answer.
    """

    __slots__ = ("_mask", "_rows")

    def __init__(self, slab: Slab) -> None:
        """Learn where the ids stand now; takes a hundredth of a second for a million."""
        size = 1 << (2 * len(slab)).bit_length()
        self._mask = size - 1
        self._rows: NDArray[np.int32] = np.zeros(size, dtype=np.int32)
        self._rows[slab.ids & self._mask] = np.arange(len(slab), dtype=np.int32)

    @property
    def nbytes(self) -> int:
        """Bytes of the table, 8 to 16 for each id."""
        return self._rows.nbytes

    def locate(self, slab: Slab, ids: Ids) -> Rows:
        """Return what ``slab.locate`` does."""
        rows: Rows = self._rows[ids & self._mask].astype(np.int64)
        if not len(slab):
            return np.full_like(rows, -1)
        rows[rows >= len(slab)] = 0
        wrong = np.flatnonzero(slab.ids[rows] != ids)
        rows[wrong] = slab.locate(ids[wrong])
        return rows
