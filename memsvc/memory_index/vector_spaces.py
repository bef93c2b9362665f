"""One vector index for each embedding model, with a partition for each bank held in memory."""

import weakref
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Lock

import numpy as np

from gpu_index import (
    Ids,
    Neighbours,
    PartitionReport,
    VectorIndex,
    VectorIndexError,
    open_index,
)
from gpu_index.protocol import SnapshotManifest
from memsvc.errors import IndexUnavailableError
from memsvc.ports import Matrix, Vector


class Partition:
    """A partition that nobody else uses; it is freed when the last reference to it goes.

    So a bank can leave memory while a search is still in it. Raises ``IndexUnavailableError``
    for whatever the index refuses.
    """

    __slots__ = ("__weakref__", "_index", "_key")

    def __init__(self, index: VectorIndex, key: int) -> None:
        self._index = index
        self._key = key

    def __len__(self) -> int:
        return self._index.partition_size(self._key)

    @property
    def precision(self) -> str:
        """The type that vectors are kept in, for instance ``float32``."""
        return self._index.capabilities.precision

    def report(self) -> PartitionReport:
        """Return how it is searched now."""
        return self._index.report(self._key)

    def add(self, ids: Ids, vectors: Matrix) -> None:
        """Add ``vectors`` (n, dimension) under ``ids`` (n,); a search sees all or none of them."""
        with _translated_errors():
            self._index.add(self._key, ids, vectors)

    def remove(self, ids: Ids) -> None:
        """Remove ``ids``; a search sees all or none of it."""
        self._index.remove(self._key, ids)

    def search(self, vector: Vector, k: int, allowed: Ids | None) -> Neighbours:
        """Return the ``k`` nearest, one row, padded with id -1."""
        keys = np.array([self._key], np.int64)
        with _translated_errors():
            return self._index.search(vector[np.newaxis], k, keys, allowed)

    def ids(self) -> Ids:
        """Return all ids, ascending."""
        return self._index.ids(self._key)

    def vectors(self, ids: Ids) -> Matrix:
        """Return the vectors of ``ids`` as they are held, shape (n, dimension)."""
        return self._index.vectors(self._key, ids)

    def save(self, path: Path, labels: Mapping[str, str]) -> None:
        """Write what is held at one instant to ``path``; changes may go on meanwhile."""
        self._index.save(self._key, path, labels)

    def load(self, path: Path) -> SnapshotManifest:
        """Take the contents of ``path``; raises ``SnapshotError`` if it is not whole."""
        return self._index.load(self._key, path)


class VectorSpaces:
    """The vector indexes of a process. Safe to use from any thread."""

    def __init__(self, backend: str) -> None:
        """Open every index with ``backend``, once its first vectors are there."""
        self.backend = backend
        self._indexes: dict[str, VectorIndex] = {}
        self._opening = Lock()
        self._keys = count()
        self._released: deque[tuple[VectorIndex, int]] = deque()

    @property
    def nbytes(self) -> int:
        """Bytes held for vectors and their ids."""
        self.free_released()
        return sum(index.nbytes for index in self._indexes.values())

    def new_partition(self, model_id: str, dimension: int) -> Partition:
        """Return an empty partition for vectors of a model.

        Raises ``IndexUnavailableError`` when the backend cannot be opened on this machine.
        """
        self.free_released()
        index, key = self._index(model_id, dimension), next(self._keys)
        partition = Partition(index, key)
        # Only noted down: this may run at any point of any thread, even inside the index's locks.
        finalizer = weakref.finalize(partition, self._released.append, (index, key))
        finalizer.atexit = False
        return partition

    def free_released(self) -> None:
        """Free the partitions that are no longer referred to."""
        while self._released:
            index, key = self._released.popleft()
            index.drop(key)

    def _index(self, model_id: str, dimension: int) -> VectorIndex:
        with self._opening:
            if (index := self._indexes.get(model_id)) is None:
                with _translated_errors():
                    index = open_index(self.backend, dimension)
                self._indexes[model_id] = index
            return index


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except VectorIndexError as error:
        raise IndexUnavailableError(error.message) from error
