"""Vectors of length one: what every similarity in the service is computed from."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from memsvc.errors import ConfigurationError, EmbedderUnavailableError

FloatMatrix: TypeAlias = NDArray[np.float32]

MAX_DIMENSION = 4_096
"""The longest vectors that every path takes: the store, each index, and both kinds of HNSW."""


def check_dimension(dimension: int, model: str) -> None:
    """Raise ``ConfigurationError`` unless vectors of this length work on every path."""
    if not 1 <= dimension <= MAX_DIMENSION:
        raise ConfigurationError(
            f"The embedding model {model} gives vectors of {dimension:,} numbers; at most"
            f" {MAX_DIMENSION:,} are supported. Choose a model with shorter vectors, or have the"
            " provider shorten them (many take a `dimensions` parameter)."
        )


def unit_rows(rows: NDArray[np.floating]) -> FloatMatrix:
    """Return the rows scaled to Euclidean length 1: shape (n, dimension), float32, C-contiguous.

    A row that is zero or not finite has no direction and would poison every comparison:
    ``EmbedderUnavailableError``.
    """
    matrix = np.ascontiguousarray(rows, dtype=np.float32)
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    if not (np.isfinite(norms).all() and (norms > 0).all()):
        raise EmbedderUnavailableError("The model returned a vector that is zero or not finite.")
    return np.ascontiguousarray(matrix / norms, dtype=np.float32)
