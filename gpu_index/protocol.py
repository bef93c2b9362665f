"""What every backend is: partitions of unit vectors under int64 ids, searched by cosine."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.int64]
"""Shape (n,), each ≥ 0: the caller's identifiers. -1 stands for "nothing" in results."""
Vectors: TypeAlias = NDArray[np.float32]
"""Shape (n, dimension), one vector per row."""
Scores: TypeAlias = NDArray[np.float32]
"""Cosine similarities, -1..1 up to rounding; higher is nearer."""

NO_ID = -1
"""Pads the ids of a result; the score beside it is -inf."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Neighbours:
    """The nearest vectors of a batch of queries, best first, equal scores by ascending id.

    A row with fewer than k neighbours is padded at its end with id -1 and score -inf.
    """

    ids: Ids
    """Shape (queries, k)."""
    scores: Scores
    """Shape (queries, k)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend is and can do; the caller decides what follows from it."""

    backend: str
    """The name it is opened by."""
    engine: str
    """The library that scans, with its version, for reports."""
    device: str
    """Where vectors are kept and compared, for instance ``cpu``."""
    precision: str
    """The type vectors are kept in, for instance ``float32``."""
    exact: bool
    """Whether a search returns the true k nearest, always."""


class VectorIndex(Protocol):
    """Nearest neighbours inside partitions.

    A partition is a caller-chosen int64 key; it comes into being with its first vector. Ids are
    unique within a partition. Vectors are kept at unit length: rows that have another length are
    scaled (see ``gpu_index.vectors.unit_rows``), so the inner product is the cosine.

    Scores of exact backends are the same to the last bit whatever the backend and the batch:
    the inner product of the float32 vectors in float64, rounded once to float32. Equal vectors
    therefore tie exactly, and ties go to the lower id, at the cut after k too.

    Every method may be called from any thread. ``add`` and ``remove`` are atomic per call: a
    search sees all or nothing of them, and what returned before a search began is seen by it. A
    search over several partitions sees each at one instant, but not all at the same one.

    Wrong arguments raise ``InvalidInputError`` or a subclass, before anything is changed.
    """

    @property
    def dimension(self) -> int:
        """Components of a vector."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this backend is and can do."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes held for vectors, ids and the map between them, spare capacity included."""
        ...

    def __len__(self) -> int:
        """Return the number of vectors in all partitions."""
        ...

    def add(self, partition: int, ids: Ids, vectors: Vectors) -> None:
        """Add ``vectors`` (n, dimension), float32, under ``ids`` (n,), int64; all or none.

        Raises ``DuplicateIdError`` for an id given twice or present in the partition,
        ``DimensionMismatchError``, ``NonFiniteVectorError`` and ``ZeroVectorError``.
        """
        ...

    def remove(self, partition: int, ids: Ids) -> int:
        """Remove ``ids`` and return how many there were; unknown ids and partitions are no error.

        Memory that stands empty afterwards is given back in steps.
        """
        ...

    def drop(self, partition: int) -> None:
        """Forget a whole partition; an unknown one is no error."""
        ...

    def search(
        self, queries: Vectors, k: int, partitions: Ids, allowed: Ids | None = None
    ) -> Neighbours:
        """Return the ``k`` ≥ 1 nearest of each of ``queries`` (q, dimension), float32.

        Query i looks into ``partitions[i]`` (shape (q,), int64); a partition that does not exist
        holds nothing, so its row is all padding. ``allowed`` restricts the whole call to those
        ids, exactly: ids it names that a partition lacks are skipped, an empty array allows none.
        """
        ...

    def partition_size(self, partition: int) -> int:
        """Return the number of vectors in a partition, 0 for an unknown one."""
        ...

    def ids(self, partition: int) -> Ids:
        """Return a partition's ids in ascending order, as a copy."""
        ...
