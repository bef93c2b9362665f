"""Nearest-neighbour search in partitions; needs NumPy, uses FAISS where it is asked to."""

from gpu_index.errors import (
    BackendUnavailableError,
    DimensionMismatchError,
    DuplicateIdError,
    InvalidInputError,
    NonFiniteVectorError,
    ServerUnavailableError,
    SnapshotError,
    UnknownBackendError,
    VectorIndexError,
    ZeroVectorError,
)
from gpu_index.options import IndexOptions
from gpu_index.protocol import (
    Capabilities,
    Ids,
    Neighbours,
    PartitionReport,
    Scores,
    SnapshotManifest,
    VectorIndex,
    Vectors,
)
from gpu_index.registry import Availability, available, open_index

__all__ = [
    "Availability",
    "BackendUnavailableError",
    "Capabilities",
    "DimensionMismatchError",
    "DuplicateIdError",
    "Ids",
    "IndexOptions",
    "InvalidInputError",
    "Neighbours",
    "NonFiniteVectorError",
    "PartitionReport",
    "Scores",
    "ServerUnavailableError",
    "SnapshotError",
    "SnapshotManifest",
    "UnknownBackendError",
    "VectorIndex",
    "VectorIndexError",
    "Vectors",
    "ZeroVectorError",
    "available",
    "open_index",
]
