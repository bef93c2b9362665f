"""Building and measuring a partition's structure while it is searched and changed."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gpu_index.calibration import NEAREST, Posed, calibrate, measured_recall
from gpu_index.options import IndexOptions
from gpu_index.partition import Partition
from gpu_index.protocol import Ids, Vectors
from gpu_index.ranking import nearest
from gpu_index.scan import Scan
from gpu_index.structure import Effort, Structure, StructureMaker, Tuned

_log = logging.getLogger(__name__)

LEAST_ASKED = 64
"""So many questions must have been asked before a structure can be measured with them."""
_COPIED_AT_ONCE = 32_768
"""Rows copied out under the lock at a time: a change waits some 20 ms for as many of 384."""
_LATE_ROUNDS = 8
_SCANNED_AT_ONCE = 4
"""Questions scanned for under the lock at a time: 0.2 s for a million vectors of 384."""
_PROPOSED_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Builds structures for one index, and measures them again as partitions change."""

    maker: StructureMaker
    scan: Scan
    options: IndexOptions

    def is_due(self, partition: Partition) -> bool:
        """Tell whether the partition should get a structure, a new one, or have it measured."""
        size, asked = len(partition.slab), partition.asked.total
        if size <= self.options.approximate_above or partition.late is not None:
            return False
        if asked < LEAST_ASKED:
            return False
        if (tuned := partition.tuned) is None:
            # Where a structure does not pay it is not tried again at every change.
            return size > 2 * partition.refused_at or asked > 16 * partition.refused_with
        return tuned.is_worn(size) or tuned.is_stale(size, asked)

    def bring_up_to_date(self, partition: Partition) -> None:
        """Give the partition a structure that reaches the target, or leave it with the scan.

        Searches and changes go on; each waits for a fraction of a second at most. The caller has
        set ``partition.late`` to an empty list, so that nobody does the same beside it. Never
        raises: a failure is logged, and the scan goes on answering.
        """
        tuned = partition.tuned
        try:
            if tuned is None or tuned.is_worn(len(partition.slab)):
                tuned = self._built(partition)
            tuned = self._measured(partition, tuned)
        except Exception:  # noqa: BLE001 - the edge of its thread: the scan needs no structure
            _log.exception("A structure could not be built; the partition is scanned.")
            tuned = None
        with partition.lock.writing():
            if tuned is not None and tuned is not partition.tuned:
                _take_in_late(partition, tuned)
            partition.use(tuned)
            partition.late = None
            if tuned is None:
                partition.refused_at = len(partition.slab)
                partition.refused_with = partition.asked.total

    def _built(self, partition: Partition) -> Tuned:
        with partition.lock.reading():
            ids = partition.slab.ids.copy()
        generator = np.random.default_rng(self.options.seed)
        _, sample = _present(partition, _drawn(generator, ids, self.maker.sample_size(ids.size)))
        structure = self.maker.train(sample, ids.size, self.options.seed)
        del sample
        entries = 0
        for present, vectors in _blocks(partition, ids):
            structure.add(present, vectors)
            entries += present.size
        entries += _take_in_most(partition, structure)
        return Tuned.unmeasured(structure, entries)

    def _measured(self, partition: Partition, tuned: Tuned) -> Tuned | None:
        """Return it with the effort that its questions need, or ``None`` if it misses them."""
        asked = partition.asked.total
        choosing, checking = (self._posed(partition, each) for each in partition.asked.halves())
        size = len(partition.slab)
        target = self.options.target_recall
        structure = _InTurns(partition, tuned.structure)
        for effort in calibrate(structure, size, choosing, target):
            recall = measured_recall(structure, checking, effort)
            if recall >= target:
                tuned.effort, tuned.measured_recall = effort, recall
                tuned.measured_at, tuned.measured_with = tuned.changes(size), asked
                return tuned
        _log.info("A partition of %d vectors stays with the scan.", size)
        return None

    def _posed(self, partition: Partition, queries: Vectors) -> Posed:
        truth = []
        for few in _few_at_once(queries, _SCANNED_AT_ONCE):
            with partition.lock.reading():
                slab = partition.slab
                truth.append(nearest(few, slab.vectors, slab.ids, NEAREST, self.scan).ids)
        return Posed(queries=queries, truth=np.concatenate(truth))


class _InTurns:
    """A structure that lets changes of its partition in between a few questions."""

    def __init__(self, partition: Partition, structure: Structure) -> None:
        self._partition = partition
        self._structure = structure
        self.lists, self.nbytes = structure.lists, structure.nbytes

    def candidates(self, queries: Vectors, effort: Effort) -> Ids:
        proposed = []
        for few in _few_at_once(queries, _PROPOSED_AT_ONCE):
            with self._partition.lock.reading():
                proposed.append(self._structure.candidates(few, effort))
        return np.concatenate(proposed)


def _take_in_most(partition: Partition, structure: Structure) -> int:
    """Take in what came meanwhile, until little is left for the moment under the lock."""
    count = 0
    for _ in range(_LATE_ROUNDS):
        with partition.lock.writing():
            late, partition.late = partition.late or [], []
        if not late:
            break
        for present, vectors in _blocks(partition, np.concatenate(late)):
            structure.add(present, vectors)
            count += present.size
    return count


def _take_in_late(partition: Partition, tuned: Tuned) -> None:
    if partition.late:
        rows = partition.slab.rows(np.concatenate(partition.late))
        tuned.structure.add(partition.slab.ids[rows], partition.slab.vectors[rows])
        tuned.entries += rows.size


def _few_at_once(queries: Vectors, count: int) -> Iterator[Vectors]:
    for start in range(0, len(queries), count):
        yield queries[start : start + count]


def _drawn(generator: np.random.Generator, ids: Ids, count: int) -> Ids:
    """Draw from the ids in ascending order, so that the order of adding does not matter."""
    ascending = np.sort(ids)
    chosen: Ids = generator.choice(ascending, min(count, ids.size), replace=False)
    return chosen


def _present(partition: Partition, ids: Ids) -> tuple[Ids, Vectors]:
    """Return those of the ids that are still there, with copies of their vectors."""
    with partition.lock.reading():
        rows = partition.slab.rows(ids)
        return partition.slab.ids[rows], partition.slab.vectors[rows]


def _blocks(partition: Partition, ids: Ids) -> Iterator[tuple[Ids, Vectors]]:
    for start in range(0, ids.size, _COPIED_AT_ONCE):
        yield _present(partition, ids[start : start + _COPIED_AT_ONCE])
