"""An index over one slab per partition; what scans a slab is the backend's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, Thread, current_thread

import numpy as np

from gpu_index.building import Builder
from gpu_index.errors import InvalidInputError
from gpu_index.mixed import FEW, Answers, Asked, nearest_in_each
from gpu_index.options import IndexOptions
from gpu_index.partition import SCAN, Partition
from gpu_index.persistence import partition_of, snapshot_of
from gpu_index.protocol import (
    NO_ID,
    Capabilities,
    Ids,
    Neighbours,
    PartitionReport,
    SnapshotManifest,
    Vectors,
)
from gpu_index.ranking import nearest
from gpu_index.scan import Scan
from gpu_index.slab import Slab
from gpu_index.snapshot import read_snapshot, write_snapshot
from gpu_index.structure import StructureMaker
from gpu_index.structure_search import is_worth_it, search_structure
from gpu_index.vectors import checked_mark, distinct_ids, id_array, partition_array, unit_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What a backend brings: how it scans, and its approximate structure if it has one."""

    capabilities: Capabilities
    scan: Scan
    maker: StructureMaker | None = None


class FlatIndex:
    """A ``VectorIndex`` whose partitions are searched from end to end, or through a structure.

    Searches of a partition run side by side; a change waits for them and holds up that partition
    alone. Structures are built in a thread of their own; until one is ready the scan answers.
    """

    def __init__(self, dimension: int, engine: Engine, options: IndexOptions) -> None:
        """Make an empty index of vectors with ``dimension`` ≥ 1 components."""
        if dimension < 1:
            raise InvalidInputError(f"A vector needs at least one component, not {dimension}.")
        self._dimension = dimension
        self._engine = engine
        self._builder = (
            None
            if engine.maker is None
            else Builder(maker=engine.maker, scan=engine.scan, options=options)
        )
        self._partitions: dict[int, Partition] = {}
        # Guards which partitions there are, and what is being built; rows have their own locks.
        self._guard = Lock()
        self._building: set[Thread] = set()

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        return self._dimension

    @property
    def capabilities(self) -> Capabilities:
        """What this backend is and can do."""
        return self._engine.capabilities

    @property
    def nbytes(self) -> int:
        """Bytes held for vectors, ids, the map between them and structures."""
        return sum(partition.nbytes for partition in self._all())

    def __len__(self) -> int:
        """Return the number of vectors in all partitions."""
        return sum(len(partition.slab) for partition in self._all())

    def add(self, partition: int, ids: Ids, vectors: Vectors) -> None:
        """Add vectors to a partition, all or none."""
        id_array(ids)
        unit = unit_rows(vectors, self._dimension)
        if len(unit) != ids.size:
            raise InvalidInputError(f"{ids.size} ids for {len(unit)} vectors.")
        target = self._made(partition)
        with target.lock.writing():
            target.add(ids, unit)
        self._build_if_due(target)

    def remove(self, partition: int, ids: Ids) -> int:
        """Remove ids from a partition and return how many there were."""
        id_array(ids)
        if (target := self._partitions.get(partition)) is None:
            return 0
        with target.lock.writing():
            removed = target.remove(ids)
        self._build_if_due(target)
        return removed

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
        if len(unit) == 1 and (target := self._partitions.get(int(partitions[0]))) is not None:
            if wanted is None:
                self._note(target, unit)
            found, mark = self._nearest(target, unit, k, wanted)
            if found.ids.shape[1] == k:
                return Neighbours(ids=found.ids, scores=found.scores, marks=(mark,))
        answers = Answers(len(unit), k)
        together = list[Asked]()
        for key, members in _groups(partitions):
            if (target := self._partitions.get(key)) is None:
                continue
            asked = Asked(target=target, members=members)
            if wanted is None:
                self._note(target, unit[members])
            if wanted is None and members.size <= FEW and target.tuned is None:
                together.append(asked)
            else:
                self._answer_alone(asked, unit, k, wanted, answers)
        for asked in nearest_in_each(unit, together, k, self._engine.scan, answers):
            self._answer_alone(asked, unit, k, None, answers)
        return answers.neighbours()

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

    def vectors(self, partition: int, ids: Ids) -> Vectors:
        """Return copies of the vectors of ``ids``, in their order."""
        id_array(ids)
        target = self._partitions.get(partition) or Partition(Slab(self._dimension))
        with target.lock.reading():
            rows = target.slab.rows(ids)
            if rows.size != ids.size:
                lacking = np.setdiff1d(ids, target.slab.ids)[0]
                raise InvalidInputError(f"The id {lacking} is not in the partition.")
            return target.slab.vectors[rows]

    def set_mark(self, partition: int, mark: bytes) -> None:
        """Remember what the owner's mark says of a partition's contents."""
        checked = checked_mark(mark)
        target = self._made(partition)
        with target.lock.writing():
            target.mark = checked

    def report(self, partition: int) -> PartitionReport:
        """Return how a partition is searched now."""
        if (target := self._partitions.get(partition)) is None:
            return PartitionReport(size=0, structure=SCAN, measured_recall=1.0, nbytes=0)
        with target.lock.reading():
            return target.report()

    def save(self, partition: int, path: Path, labels: Mapping[str, str]) -> SnapshotManifest:
        """Write one partition to a file, whole or not at all."""
        target = self._partitions.get(partition) or Partition(Slab(self._dimension))
        with target.lock.reading():
            snapshot = snapshot_of(target, labels, self.capabilities.backend)
        write_snapshot(path, snapshot)
        return snapshot.manifest

    def load(self, partition: int, path: Path) -> SnapshotManifest:
        """Replace a partition by what a file holds, all or nothing."""
        snapshot = read_snapshot(path, self._dimension)
        loaded = partition_of(snapshot, self._engine.maker)
        with self._guard:
            self._partitions[partition] = loaded
        self._build_if_due(loaded)
        return snapshot.manifest

    def settle(self) -> None:
        """Wait until no structure is being built or measured."""
        while True:
            with self._guard:
                waiting = list(self._building)
            if not waiting:
                return
            for each in waiting:
                each.join()

    def _answer_alone(
        self, asked: Asked, queries: Vectors, k: int, wanted: Ids | None, answers: Answers
    ) -> None:
        found, mark = self._nearest(asked.target, queries[asked.members], k, wanted)
        answers.put(asked.members, replace(found, marks=(mark,) * asked.members.size))

    def _nearest(
        self, target: Partition, queries: Vectors, k: int, wanted: Ids | None
    ) -> tuple[Neighbours, bytes]:
        with target.lock.reading():
            slab, tuned = target.slab, target.tuned
            if wanted is None and tuned is not None and is_worth_it(target, k):
                found = search_structure(target, tuned, queries, k)
                # Lists that hold too few live vectors must not cost the caller any.
                if (found.ids[:, -1] != NO_ID).all():
                    return found, target.mark
            rows = None if wanted is None else slab.rows(wanted)
            scanned = nearest(queries, slab.vectors, slab.ids, k, self._engine.scan, rows)
            return scanned, target.mark

    def _note(self, target: Partition, queries: Vectors) -> None:
        """Remember what a large partition is asked: its structure is measured with that."""
        builder = self._builder
        if builder is not None and len(target.slab) > builder.options.approximate_above:
            target.asked.note(queries)
            self._build_if_due(target)

    def _made(self, partition: int) -> Partition:
        with self._guard:
            if (target := self._partitions.get(partition)) is None:
                target = self._partitions[partition] = Partition(Slab(self._dimension))
            return target

    def _build_if_due(self, target: Partition) -> None:
        builder = self._builder
        if builder is None or not builder.is_due(target):
            return
        with self._guard:
            # One at a time: each takes a core.
            if self._building or not builder.is_due(target):
                return
            target.late = []
            # A process that ends does not wait for it.
            thread = Thread(target=self._build, args=(builder, target), daemon=True)
            self._building.add(thread)
        thread.start()

    def _build(self, builder: Builder, target: Partition) -> None:
        try:
            builder.maker.enter_thread()
            builder.bring_up_to_date(target)
        finally:
            with self._guard:
                self._building.discard(current_thread())

    def _all(self) -> list[Partition]:
        with self._guard:
            return list(self._partitions.values())


def _groups(partitions: Ids) -> Iterator[tuple[int, Ids]]:
    """Yield each distinct partition with the positions of its queries."""
    order = np.argsort(partitions, kind="stable")
    keys, starts = np.unique(partitions[order], return_index=True)
    bounds = [*starts.tolist(), order.size]
    for key, start, end in zip(keys.tolist(), bounds[:-1], bounds[1:], strict=True):
        yield key, order[start:end]
