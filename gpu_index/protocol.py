"""What every backend is: partitions of unit vectors under int64 ids, searched by cosine."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
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
    marks: tuple[bytes, ...]
    """For each query the mark that its partition bore before the search began, ``b""`` for none:
    whatever the mark stands for is in the result, and perhaps more."""


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
    """Whether a search returns the true k nearest, always; if not, ``report`` says of each
    partition how it is searched and what share of the nearest was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionReport:
    """How one partition is searched now, for reports, metrics and tests."""

    size: int
    """Vectors in it."""
    structure: str
    """``scan`` where every vector is compared, else the name of the approximate structure."""
    measured_recall: float
    """recall@10 against the exact result, measured on held-out queries when the structure was
    built or last checked; 1.0 for ``scan`` in float32."""
    nbytes: int
    """Bytes held for it, spare capacity included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotManifest:
    """What the header of a partition's snapshot file says."""

    format_version: int
    dimension: int
    count: int
    mark: bytes
    """The partition's mark when the file was written."""
    labels: Mapping[str, str]
    """What the owner wrote beside it, for instance the model's identity."""
    backend: str
    """The backend that wrote it; any other may load it."""


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

    def vectors(self, partition: int, ids: Ids) -> Vectors:
        """Return the vectors of ``ids`` (n,) as they are kept, widened to float32 (n, dimension).

        Raises ``InvalidInputError`` for an id that the partition lacks.
        """
        ...

    def set_mark(self, partition: int, mark: bytes) -> None:
        """Remember what the owner's ``mark``, at most 64 KiB, says of a partition's contents.

        The index never reads it. Set it after the changes it stands for; an unknown partition
        comes into being, so that an empty one can be marked too. ``drop`` forgets it.
        """
        ...

    def report(self, partition: int) -> PartitionReport:
        """Return how a partition is searched now; an unknown one is empty."""
        ...

    def save(self, partition: int, path: Path, labels: Mapping[str, str]) -> SnapshotManifest:
        """Write one partition, its mark and ``labels`` to the file ``path``, whole or not at all.

        The contents are those of one instant. Changes may go on meanwhile. Raises ``OSError``.
        """
        ...

    def load(self, partition: int, path: Path) -> SnapshotManifest:
        """Replace a partition by what ``path`` holds, all or nothing.

        A file of any backend is taken. Raises ``SnapshotError`` for one that is torn, altered,
        of another format version or another dimension; the partition is then as it was.
        """
        ...
