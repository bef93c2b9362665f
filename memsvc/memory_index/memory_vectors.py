"""The vectors of one bank, found by memory."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import numpy as np

from gpu_index import Ids, Neighbours
from memsvc.domain.identifiers import MemoryId, VectorId
from memsvc.domain.index_segment import Keys, memory_ids, memory_keys
from memsvc.memory_index.vector_spaces import Partition
from memsvc.ports import Candidate, IndexedVector, IndexEntry, Vector

PartitionMaker: TypeAlias = Callable[[int], Partition]
"""Makes an empty partition for vectors of the given dimension."""

_SPARE = 8
"""Vectors asked for beyond k, so that ties at the cut seldom need a second search."""


class MemoryVectors:
    """Vectors under their memories: one each, or several for long texts.

    Searches may run beside a change, which comes one at a time: new vectors of a memory are there
    before its old ones go, so a search sees either or both, never neither.
    """

    def __init__(self, make_partition: PartitionMaker) -> None:
        """Hold nothing yet; the partition is made with the first vectors."""
        self._make_partition = make_partition
        self._partition: Partition | None = None
        self._dimension: int | None = None
        self._vectors_of: dict[MemoryId, tuple[VectorId, ...]] = {}
        self._memory_of: dict[int, MemoryId] = {}

    def __len__(self) -> int:
        """Return how many memories have vectors."""
        return len(self._vectors_of)

    def apply(self, upserts: Sequence[IndexEntry], removals: Collection[MemoryId]) -> None:
        """Give the memories of ``upserts`` the vectors they come with; drop ``removals``."""
        after = {entry.memory_id: entry.vectors for entry in upserts} | dict.fromkeys(removals, ())
        old = {i for memory_id in after for i in self._vectors_of.get(memory_id, ())}
        new = {vector.vector_id for vectors in after.values() for vector in vectors}
        self._add(
            [(m, v) for m, vectors in after.items() for v in vectors if v.vector_id not in old]
        )
        for memory_id, vectors in after.items():
            self._vectors_of[memory_id] = tuple(vector.vector_id for vector in vectors)
            if not vectors:
                del self._vectors_of[memory_id]
        self._remove(old - new)

    @property
    def dimension(self) -> int | None:
        """Components of the vectors, ``None`` while there are none."""
        return self._dimension

    def owners(self) -> tuple[Ids, Keys]:
        """Return the ids of all vectors, shape (n,), and whose each is; of one instant."""
        memory_of = self._memory_of.copy()  # In one step: it may be changing.
        return np.fromiter(memory_of, np.int64, len(memory_of)), memory_keys(memory_of.values())

    def stored(self) -> dict[int, Vector]:
        """Return every vector in the index by its id; nothing may change meanwhile."""
        if self._partition is None:
            return {}
        ids = self._partition.ids()
        return dict(zip(ids.tolist(), self._partition.vectors(ids), strict=True))

    def save(self, path: Path, labels: Mapping[str, str]) -> None:
        """Write the vectors to ``path``; call it after ``owners``."""
        if self._partition is not None:
            self._partition.save(path, labels)

    def restore(self, owners: tuple[Ids, Keys], dimension: int, path: Path) -> None:
        """Take what ``owners`` and then ``save`` gave away, in place of nothing.

        Changes between the two may have left them apart. Each comes again, since both carry the
        watermark from before, and finds here what it has to replace: a vector that nobody owns is
        dropped, an owner whose vector is missing stays. Raises ``SnapshotError``.
        """
        ids, keys = owners
        partition = self._make_partition(dimension)
        partition.load(path)
        partition.remove(np.setdiff1d(partition.ids(), ids))
        order = np.argsort(ids)
        owning = memory_ids(keys[order])
        vectors_of: defaultdict[MemoryId, list[VectorId]] = defaultdict(list)
        for vector_id, memory_id in zip(ids[order].tolist(), owning, strict=True):
            vectors_of[memory_id].append(vector_id)
        self._memory_of = dict(zip(ids[order].tolist(), owning, strict=True))
        self._vectors_of = {memory_id: tuple(each) for memory_id, each in vectors_of.items()}
        self._partition, self._dimension = partition, dimension

    def search(
        self, vector: Vector, k: int, allowed: Collection[MemoryId] | None
    ) -> list[Candidate]:
        """Return min(k, available) memories by their best vector's cosine, equal ones by id."""
        partition = self._partition
        if partition is None or k < 1:
            return []
        ids = None if allowed is None else self._vector_ids(allowed)
        available = len(partition) if ids is None else len(ids)
        best: dict[MemoryId, float] = {}
        asked, is_complete = 0, available == 0
        while not is_complete:
            # Several vectors of one memory take one place, and whatever ties with the last place
            # is weighed by id: then more are needed than were asked for.
            asked = min(available, 2 * asked or k + _SPARE)
            best, lowest = self._best_scores(partition.search(vector, asked, ids))
            is_complete = asked == available or (
                len(best) >= k and lowest < sorted(best.values(), reverse=True)[k - 1]
            )
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return [Candidate(memory_id=memory_id, score=score) for memory_id, score in ranked[:k]]

    def _add(self, added: Sequence[tuple[MemoryId, IndexedVector]]) -> None:
        if not added:
            return
        if self._partition is None:
            self._dimension = added[0][1].vector.size
            self._partition = self._make_partition(self._dimension)
        self._memory_of.update((vector.vector_id, memory_id) for memory_id, vector in added)
        ids = np.array([vector.vector_id for _, vector in added], np.int64)
        vectors = np.stack([vector.vector for _, vector in added])
        # Some hosted models embed blank text as zero. It is near nothing, and no index takes it.
        has_direction = vectors.any(axis=1)
        self._partition.add(ids[has_direction], vectors[has_direction])

    def _remove(self, gone: Collection[VectorId]) -> None:
        if gone and self._partition is not None:
            self._partition.remove(np.fromiter(gone, np.int64))
            for vector_id in gone:
                del self._memory_of[vector_id]

    def _vector_ids(self, memories: Collection[MemoryId]) -> Ids:
        of_each = (self._vectors_of.get(memory_id, ()) for memory_id in memories)
        return np.fromiter(chain.from_iterable(of_each), np.int64)

    def _best_scores(self, found: Neighbours) -> tuple[dict[MemoryId, float], float]:
        """Return each memory's best score, and the lowest score found."""
        scores: dict[MemoryId, float] = {}
        for vector_id, score in zip(found.ids[0].tolist(), found.scores[0].tolist(), strict=True):
            # A vector may have gone since it was found; -1 pads the row.
            if (memory_id := self._memory_of.get(vector_id)) is not None:
                scores.setdefault(memory_id, score)
        return scores, float(found.scores[0, -1])
