"""One partition of an index that keeps its vectors on devices."""

import numpy as np

from gpu_index.device_rows import DeviceRows
from gpu_index.locks import ReadWriteLock
from gpu_index.protocol import Ids, Vectors
from gpu_index.row_graph import RowGraph
from gpu_index.scan import Rows
from gpu_index.slab import Slab


class DevicePartition:
    """Ids and float32 vectors in main memory, row for row the same as float16 on the device.

    ``rows`` is ``None`` while the partition is spilled: then it is searched in main memory. Where
    no float32 copies are kept, the slab has vectors while it is spilled, and none otherwise.
    """

    __slots__ = (
        "_dimension",
        "graph",
        "graph_from",
        "has_copies",
        "last_use",
        "lock",
        "mark",
        "recall",
        "rows",
        "slab",
    )

    def __init__(self, dimension: int, *, has_copies: bool) -> None:
        """Make an empty, spilled partition."""
        self._dimension = dimension
        self.lock = ReadWriteLock()
        self.slab = Slab(dimension)
        self.rows: DeviceRows | None = None
        self.graph: RowGraph | None = None
        self.graph_from = 0
        """The size below which no graph is built, because one could not be."""
        self.has_copies = has_copies
        self.mark = b""
        self.last_use = 0
        self.recall = 1.0
        """recall@10 of float16 against float32; only worse than 1 without copies."""

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self.slab)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add rows; on the device there must be room for them."""
        kept = vectors if self.has_copies or self.rows is None else vectors[:, :0]
        self.slab.add(ids, kept)
        if self.rows is not None:
            self.rows.append(vectors.astype(np.float16))

    def remove(self, ids: Ids) -> int:
        """Remove those ``ids`` that are here."""
        size = len(self.slab)
        gone = self.slab.rows(ids)
        kept = size - np.unique(gone).size
        tail_ids = self.slab.ids[kept:].copy()
        removed = self.slab.remove(ids)
        if self.rows is not None and removed:
            holes = np.unique(gone[gone < kept])
            if self.graph is not None:
                self.graph.replace(holes, kept)
            movers = _positions(tail_ids, self.slab.ids[holes]) + kept
            self.rows.close_holes(holes, movers, kept)
        return removed

    def settle(self, rows: DeviceRows) -> None:
        """Move onto a device; ``DeviceMemoryError`` changes nothing."""
        rows.append(self.slab.vectors.astype(np.float16))
        self.rows = rows
        if not self.has_copies:
            self._replace_vectors(self.slab.vectors[:, :0])

    def drop_graph(self) -> None:
        """Search every row again."""
        if self.graph is not None:
            self.graph.close()
            self.graph = None

    def clear(self) -> None:
        """Forget everything, but the mark."""
        self.drop_graph()
        if self.rows is not None:
            self.rows.release()
            self.rows = None
        self.slab = Slab(self._dimension)

    def spill(self) -> None:
        """Leave the device."""
        if self.rows is None:
            return
        self.drop_graph()
        if not self.has_copies:
            self._replace_vectors(self.rows.read(0, len(self)).astype(np.float32))
        self.rows.release()
        self.rows = None

    def vectors(self, rows: Rows) -> Vectors:
        """Return vectors by row, as they are kept, in float32."""
        if self.has_copies or self.rows is None:
            return self.slab.vectors[rows]
        return self.all_vectors()[rows]

    def all_vectors(self) -> Vectors:
        """Return all vectors as they are kept, in float32; may be a view."""
        if self.has_copies or self.rows is None:
            return self.slab.vectors
        return self.rows.read(0, len(self)).astype(np.float32)

    def _replace_vectors(self, vectors: Vectors) -> None:
        slab = Slab(vectors.shape[1])
        slab.add(self.slab.ids.copy(), np.ascontiguousarray(vectors))
        self.slab = slab


def _positions(among: Ids, wanted: Ids) -> Rows:
    order = np.argsort(among)
    return order[np.searchsorted(among, wanted, sorter=order)]
