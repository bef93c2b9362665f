"""Exact nearest-neighbour search in partitions; needs NumPy, uses FAISS where it is asked to."""

from gpu_index.errors import (
    BackendUnavailableError,
    DimensionMismatchError,
    DuplicateIdError,
    InvalidInputError,
    NonFiniteVectorError,
    UnknownBackendError,
    VectorIndexError,
    ZeroVectorError,
)
from gpu_index.protocol import Capabilities, Ids, Neighbours, Scores, VectorIndex, Vectors
from gpu_index.registry import Availability, available, open_index

__all__ = [
    "Availability",
    "BackendUnavailableError",
    "Capabilities",
    "DimensionMismatchError",
    "DuplicateIdError",
    "Ids",
    "InvalidInputError",
    "Neighbours",
    "NonFiniteVectorError",
    "Scores",
    "UnknownBackendError",
    "VectorIndex",
    "VectorIndexError",
    "Vectors",
    "ZeroVectorError",
    "available",
    "open_index",
]
