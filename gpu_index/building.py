"""Building a partition's structure while it is searched and changed."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gpu_index.calibration import HELD_OUT, NEAREST, Calibrated, HeldOut, calibrate
from gpu_index.options import IndexOptions
from gpu_index.partition import Partition
from gpu_index.protocol import NO_ID, Ids, Vectors
from gpu_index.ranking import nearest
from gpu_index.scan import Scan
from gpu_index.structure import Structure, StructureMaker, Tuned

_log = logging.getLogger(__name__)

_COPIED_AT_ONCE = 32_768
"""Rows copied out under the lock at a time: a change waits some 20 ms for as many of 384."""
_LATE_ROUNDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Builds structures for one index."""

    maker: StructureMaker
    scan: Scan
    options: IndexOptions

    def is_due(self, partition: Partition) -> bool:
        """Tell whether the partition should get a structure, or a new one."""
        size = len(partition.slab)
        if partition.late is not None or size <= self.options.approximate_above:
            return False
        if partition.tuned is None:
            # Where a structure does not pay it is not tried again at every change.
            return size > 2 * partition.refused_at
        return partition.tuned.is_worn(size)

    def build(self, partition: Partition) -> None:
        """Give the partition a structure that reaches the target, or leave it without.

        Searches and changes go on; each waits for a fraction of a second at most. The caller has
        set ``partition.late`` to an empty list, so that nobody builds beside it.
        """
        try:
            tuned = self._build(partition)
            with partition.lock.writing():
                self._catch_up(partition, tuned)
                reaches = self._reaches_target(tuned)
                partition.tuned = tuned if reaches else None
                partition.refused_at = 0 if reaches else len(partition.slab)
        finally:
            partition.late = None

    def _build(self, partition: Partition) -> Tuned:
        with partition.lock.reading():
            ids = partition.slab.ids.copy()
        generator = np.random.default_rng(self.options.seed)
        sample_ids = _drawn(generator, ids, self.maker.sample_size(ids.size))
        _, sample = _present(partition, sample_ids)
        structure = self.maker.train(sample, ids.size, self.options.seed)
        del sample
        entries = 0
        for present, vectors in _blocks(partition, ids):
            structure.add(present, vectors)
            entries += present.size
        entries += self._catch_up_outside(partition, structure)
        calibrated = self._calibrated(partition, structure, _drawn(generator, ids, HELD_OUT))
        return Tuned(
            structure=structure,
            effort=calibrated.effort,
            measured_recall=calibrated.recall,
            built_for=entries,
            entries=entries,
        )

    def _calibrated(self, partition: Partition, structure: Structure, ids: Ids) -> Calibrated:
        own_ids, queries = _present(partition, ids)
        with partition.lock.reading():
            slab = partition.slab
            found = nearest(queries, slab.vectors, slab.ids, NEAREST + 1, self.scan)
        truth = np.full((own_ids.size, NEAREST), NO_ID, dtype=np.int64)
        for row, own in enumerate(own_ids):
            others = found.ids[row][found.ids[row] != own][:NEAREST]
            truth[row, : others.size] = others
        held_out = HeldOut(queries=queries, own_ids=own_ids, truth=truth)
        return calibrate(structure, held_out, self.options.target_recall)

    def _reaches_target(self, tuned: Tuned) -> bool:
        reaches = tuned.measured_recall >= self.options.target_recall
        if not reaches:
            _log.info(
                "A partition of %d vectors stays with the scan: %s found %.4f of the nearest.",
                tuned.entries,
                tuned.structure.name,
                tuned.measured_recall,
            )
        return reaches

    def _catch_up_outside(self, partition: Partition, structure: Structure) -> int:
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

    @staticmethod
    def _catch_up(partition: Partition, tuned: Tuned) -> None:
        if partition.late:
            rows = partition.slab.rows(np.concatenate(partition.late))
            tuned.structure.add(partition.slab.ids[rows], partition.slab.vectors[rows])
            tuned.entries += rows.size


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
