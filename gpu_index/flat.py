"""An exact index over one slab per partition; what scans a slab is the backend's."""

from collections.abc import Iterator
from threading import Lock

import numpy as np

from gpu_index.errors import InvalidInputError
from gpu_index.locks import ReadWriteLock
from gpu_index.protocol import NO_ID, Capabilities, Ids, Neighbours, Vectors
from gpu_index.ranking import nearest
from gpu_index.scan import Scan
from gpu_index.slab import Slab
from gpu_index.vectors import distinct_ids, id_array, partition_array, unit_rows


class _Partition:
    __slots__ = ("lock", "slab")

    def __init__(self, dimension: int) -> None:
        self.lock = ReadWriteLock()
        self.slab = Slab(dimension)


class FlatIndex:
    """A ``VectorIndex`` whose partitions are searched from end to end.

    Searches of a partition run side by side; a change waits for them and holds up that partition
    alone.
    """

    def __init__(self, dimension: int, scan: Scan, capabilities: Capabilities) -> None:
        """Make an empty index of vectors with ``dimension`` ≥ 1 components."""
        if dimension < 1:
            raise InvalidInputError(f"A vector needs at least one component, not {dimension}.")
        self._dimension = dimension
        self._scan = scan
        self._capabilities = capabilities
        self._partitions: dict[int, _Partition] = {}
        # Guards which partitions there are; each one's rows have their own lock.
        self._guard = Lock()

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return self._dimension

    @property
    def capabilities(self) -> Capabilities:
        """What this backend is and can do."""
        return self._capabilities

    @property
    def nbytes(self) -> int:
        """Bytes held for vectors, ids and the map between them."""
        return sum(partition.slab.nbytes for partition in self._all())

    def __len__(self) -> int:
        """Return the number of vectors in all partitions."""
        return sum(len(partition.slab) for partition in self._all())

    def add(self, partition: int, ids: Ids, vectors: Vectors) -> None:
        """Add vectors to a partition, all or none."""
        id_array(ids)
        unit = unit_rows(vectors, self._dimension)
        if len(unit) != ids.size:
            raise InvalidInputError(f"{ids.size} ids for {len(unit)} vectors.")
        with self._guard:
            if (target := self._partitions.get(partition)) is None:
                target = self._partitions[partition] = _Partition(self._dimension)
        with target.lock.writing():
            target.slab.add(ids, unit)

    def remove(self, partition: int, ids: Ids) -> int:
        """Remove ids from a partition and return how many there were."""
        id_array(ids)
        if (target := self._partitions.get(partition)) is None:
            return 0
        with target.lock.writing():
            return target.slab.remove(ids)

    def drop(self, partition: int) -> None:
        """Forget a whole partition."""
        with self._guard:
            self._partitions.pop(partition, None)

    def search(
        self, queries: Vectors, k: int, partitions: Ids, allowed: Ids | None = None
    ) -> Neighbours:
        """Return the k nearest of each query in its partition."""
        if k < 1:
            raise InvalidInputError(f"k must be at least 1, not {k}.")
        unit = unit_rows(queries, self._dimension)
        partition_array(partitions, len(unit))
        wanted = None if allowed is None else distinct_ids(allowed)
        ids = np.full((len(unit), k), NO_ID, dtype=np.int64)
        scores = np.full((len(unit), k), -np.inf, dtype=np.float32)
        for key, members in _groups(partitions):
            if (target := self._partitions.get(key)) is None:
                continue
            found = self._nearest(target, unit[members], k, wanted)
            width = found.ids.shape[1]
            ids[members, :width], scores[members, :width] = found.ids, found.scores
        return Neighbours(ids=ids, scores=scores)

    def partition_size(self, partition: int) -> int:
        """Return the number of vectors in a partition."""
        target = self._partitions.get(partition)
        return 0 if target is None else len(target.slab)

    def ids(self, partition: int) -> Ids:
        """Return a partition's ids in ascending order."""
        if (target := self._partitions.get(partition)) is None:
            return np.empty(0, dtype=np.int64)
        with target.lock.reading():
            return np.sort(target.slab.ids)

    def _nearest(
        self, target: _Partition, queries: Vectors, k: int, wanted: Ids | None
    ) -> Neighbours:
        with target.lock.reading():
            slab = target.slab
            rows = None if wanted is None else slab.rows(wanted)
            return nearest(queries, slab.vectors, slab.ids, k, self._scan, rows)

    def _all(self) -> list[_Partition]:
        with self._guard:
            return list(self._partitions.values())


def _groups(partitions: Ids) -> Iterator[tuple[int, slice | Ids]]:
    """Yield each distinct partition with the positions of its queries."""
    if not partitions.size:
        return
    if (partitions == partitions[0]).all():
        yield int(partitions[0]), slice(None)
        return
    order = np.argsort(partitions, kind="stable")
    keys, starts = np.unique(partitions[order], return_index=True)
    bounds = [*starts.tolist(), order.size]
    for key, start, end in zip(keys.tolist(), bounds[:-1], bounds[1:], strict=True):
        yield key, order[start:end]
