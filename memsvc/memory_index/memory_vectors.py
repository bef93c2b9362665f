"""The vectors of one bank, found by memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gpu_index import Ids, Neighbours
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import Keys, memory_ids, memory_keys
from memsvc.domain.index_states import VectorState
from memsvc.memory_index.vector_owners import VectorOwners
from memsvc.memory_index.vector_spaces import Partition
from memsvc.ports import Candidate, IndexedVector, IndexEntry, Vector

PartitionMaker: TypeAlias = Callable[[int], Partition]
"""Makes an empty partition for vectors of the given dimension."""

_NOTHING = (np.empty(0, np.int64), np.empty(0, "S16"))

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
        self._owners = VectorOwners.of()
        self._memories = 0

    def __len__(self) -> int:
        """Return how many memories have vectors."""
        return self._memories

    @property
    def nbytes(self) -> int:
        """Bytes held to tell whose each vector is."""
        return self._owners.nbytes

    def apply(self, upserts: Sequence[IndexEntry], removals: Collection[MemoryId]) -> None:
        """Give the memories of ``upserts`` the vectors they come with; drop ``removals``."""
        after = {entry.memory_id: entry.vectors for entry in upserts} | dict.fromkeys(removals, ())
        touched = memory_keys(after)
        ids, owning = self._owners.vectors(touched)
        old = set(ids.tolist())
        new = {vector.vector_id for vectors in after.values() for vector in vectors}
        self._add(
            [(m, v) for m, vectors in after.items() for v in vectors if v.vector_id not in old]
        )
        self._remove(old - new)
        self._memories += sum(map(bool, after.values())) - len(np.unique(owning))

    @property
    def dimension(self) -> int | None:
        """Components of the vectors, ``None`` while there are none."""
        return self._dimension

    def owners(self) -> tuple[Ids, Keys]:
        """Return the ids of all vectors, shape (n,), and whose each is; of one instant."""
        return self._owners.all()

    @property
    def precision(self) -> str:
        """The type that vectors are kept in."""
        return "float32" if self._partition is None else self._partition.precision

    def state(self) -> VectorState | None:
        """Return how the vectors are searched now, ``None`` while there are none."""
        if self._partition is None:
            return None
        report = self._partition.report()
        return VectorState(
            size=report.size,
            structure=report.structure,
            measured_recall=report.measured_recall,
            nbytes=report.nbytes,
        )

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
        partition.remove(np.setdiff1d(partition.ids(), ids, assume_unique=True))
        self._owners = VectorOwners.of(ids, keys)
        self._memories = self._owners.memories()
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
        keys, scores = np.empty(0, "S16"), np.empty(0, np.float32)
        asked, is_complete = 0, available == 0
        while not is_complete:
            # Several vectors of one memory take one place, and whatever ties with the last place
            # is weighed by id: then more are needed than were asked for.
            asked = min(available, 2 * asked or k + _SPARE)
            found = partition.search(vector, asked, ids)
            keys, scores = self._best(found)
            lowest = found.scores[0, -1]
            is_complete = asked == available or (len(scores) >= k and lowest < scores[k - 1])
        return [
            Candidate(memory_id=memory_id, score=score)
            for memory_id, score in zip(memory_ids(keys[:k]), scores[:k].tolist(), strict=True)
        ]

    def _add(self, added: Sequence[tuple[MemoryId, IndexedVector]]) -> None:
        if not added:
            return
        if self._partition is None:
            self._dimension = added[0][1].vector.size
            self._partition = self._make_partition(self._dimension)
        ids = np.array([vector.vector_id for _, vector in added], np.int64)
        self._owners = self._owners.changed((ids, memory_keys(m for m, _ in added)), ())
        vectors = np.stack([vector.vector for _, vector in added])
        # Some hosted models embed blank text as zero. It is near nothing, and no index takes it.
        has_direction = vectors.any(axis=1)
        self._partition.add(ids[has_direction], vectors[has_direction])

    def _remove(self, gone: Collection[int]) -> None:
        if gone and self._partition is not None:
            self._partition.remove(np.fromiter(gone, np.int64))
            self._owners = self._owners.changed(_NOTHING, gone)

    def _vector_ids(self, memories: Collection[MemoryId]) -> Ids:
        ids, _ = self._owners.vectors(np.unique(memory_keys(memories)))
        return ids

    def _best(self, found: Neighbours) -> tuple[Keys, NDArray[np.float32]]:
        """Return the memories found, each with its best score: best first, equal ones by id."""
        owners, is_known = self._owners.owners(found.ids[0])
        # A vector may have gone since it was found; -1 pads the row.
        owners, scores = owners[is_known], found.scores[0][is_known]
        order = np.lexsort((owners, -scores))
        owners, scores = owners[order], scores[order]
        _, first = np.unique(owners, return_index=True)
        first.sort()
        return owners[first], scores[first]
