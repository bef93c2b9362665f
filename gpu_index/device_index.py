"""An index whose vectors are on one or several devices, in float16, and checked in main memory."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from threading import Lock

import numpy as np

from gpu_index.device_batch import DeviceBatch
from gpu_index.device_partition import DevicePartition
from gpu_index.device_search import Calls
from gpu_index.devices import Device
from gpu_index.errors import InvalidInputError, SnapshotError
from gpu_index.extents import CODE_BITS, ExtentStore
from gpu_index.graph_building import tend_graph
from gpu_index.half_recall import recall_in_half
from gpu_index.placement import Placement
from gpu_index.protocol import (
    Capabilities,
    Ids,
    Neighbours,
    PartitionReport,
    SnapshotManifest,
    Vectors,
)
from gpu_index.snapshot import FORMAT_VERSION, Snapshot, read_snapshot, write_snapshot
from gpu_index.vectors import checked_mark, distinct_ids, id_array, partition_array, unit_rows

_SHELF_BYTES = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOptions:
    """How an index uses its devices."""

    has_copies: bool = True
    """Keep float32 copies in main memory and score the device's candidates from them: results are
    exact then. Without, they are what float16 gives, at half the memory of the copies."""
    graph_rows: int | None = None
    """From this size on a partition gets an approximate graph, where a device can build one and
    copies are kept; results are not always exact then. Building holds up changes."""
    shelf_bytes: int = _SHELF_BYTES
    """The size of a buffer that small partitions share; larger ones get buffers of their own."""

    @property
    def is_exact(self) -> bool:
        """Whether results are always the true ones."""
        return self.has_copies and self.graph_rows is None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCounters:
    """What an index has done on its devices, for metrics."""

    device_bytes: int
    spilled_partitions: int
    """In main memory now, for want of room."""
    spills: int
    returns: int
    compactions: int
    free_share: float
    """The share of shared buffers that is unused; above a quarter they are packed."""
    range_calls: int
    shared_calls: int
    rescans: int
    """Queries whose candidates proved nothing, so that main memory was searched."""


class DeviceIndex:
    """A ``VectorIndex`` on devices.

    Searches run side by side, but for the device itself; changes are made one at a time and hold up
    the searches of their partition only.
    """

    def __init__(
        self,
        dimension: int,
        devices: Sequence[Device],
        capabilities: Capabilities,
        options: DeviceOptions | None = None,
    ) -> None:
        """Make an empty index on at least one device."""
        if dimension < 1:
            raise InvalidInputError(f"A vector needs at least one component, not {dimension}.")
        self._dimension = dimension
        self._options = options or DeviceOptions()
        self._capabilities = replace(capabilities, exact=self._options.is_exact)
        shelf_rows = max(1, self._options.shelf_bytes // (2 * (dimension + CODE_BITS)))
        self._placement = Placement(
            [ExtentStore(device, dimension, shelf_rows) for device in devices], self._all
        )
        self._partitions: dict[int, DevicePartition] = {}
        # Partitions on their way in, which take room already.
        self._loading: list[DevicePartition] = []
        self._changes = Lock()
        self._uses = count(1)
        self._calls = Calls()
        self._workers = (
            ThreadPoolExecutor(len(devices), "device-search") if len(devices) > 1 else None
        )

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
        """Bytes held on the devices and in main memory."""
        host = sum(partition.slab.nbytes for partition in self._all())
        return host + sum(store.nbytes for store in self._placement.stores)

    def __len__(self) -> int:
        """Return the number of vectors in all partitions."""
        return sum(map(len, list(self._partitions.values())))

    def counters(self) -> DeviceCounters:
        """Return what has happened on the devices so far."""
        moves = self._placement.moves
        return DeviceCounters(
            device_bytes=sum(store.nbytes for store in self._placement.stores),
            spilled_partitions=sum(each.rows is None and len(each) > 0 for each in self._all()),
            spills=moves.spills,
            returns=moves.returns,
            compactions=moves.compactions,
            free_share=self._placement.free_share,
            range_calls=self._calls.ranges,
            shared_calls=self._calls.shared,
            rescans=self._calls.rescans,
        )

    def add(self, partition: int, ids: Ids, vectors: Vectors) -> None:
        """Add vectors to a partition, all or none."""
        id_array(ids)
        unit = unit_rows(vectors, self._dimension)
        if len(unit) != ids.size:
            raise InvalidInputError(f"{ids.size} ids for {len(unit)} vectors.")
        with self._changes:
            target = self._existing_or_new(partition)
            self._fill(target, ids, unit)
            self._placement.tidy()
            tend_graph(target, self._options.graph_rows)

    def remove(self, partition: int, ids: Ids) -> int:
        """Remove ids from a partition and return how many there were."""
        id_array(ids)
        with self._changes:
            if (target := self._partitions.get(partition)) is None:
                return 0
            with target.lock.writing():
                removed = target.remove(ids)
            self._placement.tidy()
            tend_graph(target, self._options.graph_rows)
            return removed

    def drop(self, partition: int) -> None:
        """Forget a whole partition."""
        with self._changes:
            if (target := self._partitions.pop(partition, None)) is None:
                return
            with target.lock.writing():
                target.clear()
                target.mark = b""
            self._placement.tidy()

    def search(
        self, queries: Vectors, k: int, partitions: Ids, allowed: Ids | None = None
    ) -> Neighbours:
        """Return the k nearest of each query in its partition."""
        if k < 1:
            raise InvalidInputError(f"k must be at least 1, not {k}.")
        unit = unit_rows(queries, self._dimension)
        partition_array(partitions, len(unit))
        wanted = None if allowed is None else distinct_ids(allowed)
        batch = DeviceBatch(unit, k, wanted, self._calls)
        marks = {}
        with ExitStack() as locks:
            # In ascending order of keys: changes hold one lock at a time, so nobody waits in a
            # circle.
            for key, members in _groups(partitions):
                if (target := self._partitions.get(key)) is None:
                    continue
                locks.enter_context(target.lock.reading())
                marks[key] = target.mark
                target.last_use = next(self._uses)
                batch.put(target, members)
            batch.answer(self._workers)
        bytes_of = [marks.get(key, b"") for key in partitions.tolist()]
        return Neighbours(ids=batch.ids, scores=batch.scores, marks=tuple(bytes_of))

    def partition_size(self, partition: int) -> int:
        """Return the number of vectors in a partition."""
        target = self._partitions.get(partition)
        return 0 if target is None else len(target)

    def ids(self, partition: int) -> Ids:
        """Return a partition's ids in ascending order."""
        if (target := self._partitions.get(partition)) is None:
            return np.empty(0, dtype=np.int64)
        with target.lock.reading():
            return np.sort(target.slab.ids)

    def vectors(self, partition: int, ids: Ids) -> Vectors:
        """Return the vectors of ``ids`` as they are kept."""
        id_array(ids)
        target = self._existing(partition)
        with target.lock.reading():
            rows = target.slab.rows(ids)
            if rows.size != ids.size:
                raise InvalidInputError("An id is not in the partition.")
            return target.vectors(rows)

    def set_mark(self, partition: int, mark: bytes) -> None:
        """Remember what the owner's mark says of a partition's contents."""
        checked = checked_mark(mark)
        with self._changes:
            target = self._existing_or_new(partition)
            with target.lock.writing():
                target.mark = checked

    def report(self, partition: int) -> PartitionReport:
        """Return how a partition is searched now."""
        target = self._existing(partition)
        with target.lock.reading():
            graph, on_device = target.graph, 0
            if target.rows is not None:
                on_device = target.rows.nbytes + (graph.nbytes if graph else 0)
            is_spilled = target.rows is None and len(target) > 0
            structure = "scan in main memory" if is_spilled else "scan"
            return PartitionReport(
                size=len(target),
                structure=structure if graph is None else "cagra",
                measured_recall=target.recall if graph is None else graph.recall,
                nbytes=target.slab.nbytes + on_device,
            )

    def save(self, partition: int, path: Path, labels: Mapping[str, str]) -> SnapshotManifest:
        """Write one partition to a file, whole or not at all."""
        target = self._existing(partition)
        with target.lock.reading():
            ids, vectors, mark = target.slab.ids.copy(), target.all_vectors().copy(), target.mark
        manifest = SnapshotManifest(
            format_version=FORMAT_VERSION,
            dimension=self._dimension,
            count=len(ids),
            mark=mark,
            labels=dict(labels),
            backend=self._capabilities.backend,
        )
        write_snapshot(path, Snapshot(manifest=manifest, ids=ids, vectors=vectors))
        return manifest

    def load(self, partition: int, path: Path) -> SnapshotManifest:
        """Replace a partition by what a file holds, all or nothing."""
        snapshot = read_snapshot(path, self._dimension)
        ids = snapshot.ids
        if np.unique(ids).size != ids.size or (ids < 0).any():
            raise SnapshotError("The snapshot holds an id twice, or one below zero.")
        loaded = self._new()
        with self._changes:
            self._loading.append(loaded)
            try:
                self._fill(loaded, ids, snapshot.vectors)
                loaded.mark = snapshot.manifest.mark
                replaced, self._partitions[partition] = self._partitions.get(partition), loaded
            finally:
                self._loading.remove(loaded)
            if replaced is not None:
                with replaced.lock.writing():
                    replaced.clear()
            self._placement.tidy()
            tend_graph(loaded, self._options.graph_rows)
        return snapshot.manifest

    def close(self) -> None:
        """Give the devices' memory back."""
        for key in list(self._partitions):
            self.drop(key)
        if self._workers is not None:
            self._workers.shutdown()

    def _fill(self, target: DevicePartition, ids: Ids, unit: Vectors) -> None:
        target.last_use = next(self._uses)
        self._placement.make_room(target, len(target) + ids.size)
        if not self._options.has_copies and ids.size:
            target.recall = min(target.recall, recall_in_half(unit))
        with target.lock.writing():
            target.add(ids, unit)

    def _existing(self, partition: int) -> DevicePartition:
        """Return the partition; where there is none, an empty one that is forgotten again."""
        # Not by `or`: one without vectors is false, but has a mark.
        target = self._partitions.get(partition)
        return self._new() if target is None else target

    def _existing_or_new(self, partition: int) -> DevicePartition:
        if (target := self._partitions.get(partition)) is None:
            target = self._partitions[partition] = self._new()
        return target

    def _new(self) -> DevicePartition:
        return DevicePartition(self._dimension, has_copies=self._options.has_copies)

    def _all(self) -> list[DevicePartition]:
        # One step of the interpreter, so that no change comes in between.
        return [*self._partitions.values(), *self._loading]


def _groups(partitions: Ids) -> Iterator[tuple[int, Ids]]:
    """Yield each distinct partition, ascending, with the positions of its queries."""
    order = np.argsort(partitions, kind="stable")
    keys, starts = np.unique(partitions[order], return_index=True)
    bounds = [*starts.tolist(), order.size]
    for key, start, end in zip(keys.tolist(), bounds[:-1], bounds[1:], strict=True):
        yield key, order[start:end]
