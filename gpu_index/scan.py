"""One pass of inner products over rows, in NumPy: which rows may be among the nearest."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gpu_index.protocol import Scores, Vectors

Rows: TypeAlias = NDArray[np.int64]
"""Row numbers of a matrix of vectors."""

_SCORES_AT_ONCE = 1 << 22
"""Scores held at a time, 16 MB: from some 30 queries at 100,000 rows on, more gains nothing."""
_GATHERED_AT_ONCE = 4096
"""Rows copied at a time: small enough to be still in the cache when they are multiplied."""
_GATHER_LIMIT = 4
"""Gathering a row costs about four times as much as passing over it (measured at 100,000 rows)."""
_WORTH_THREADS = 1 << 22
"""Multiplications that take one thread a quarter of a millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """The ``m`` best rows of each query by float32 scores, in any order."""

    scores: Scores
    """Shape (queries, m); each within ``ranking.rounding_bound`` of the true inner product."""
    rows: Rows
    """Shape (queries, m)."""


Scan: TypeAlias = Callable[[Vectors, Vectors, int], Candidates]
"""``scan(queries, vectors, m)`` with 1 ≤ m < len(vectors): what a backend brings."""


def scan_rows(
    queries: Vectors, vectors: Vectors, m: int, selection: Rows | None = None
) -> Candidates:
    """Return the ``m`` best of ``vectors``, or of its rows ``selection`` (more than ``m``)."""
    if selection is None and len(queries) == 1:
        products = np.vecdot(queries[0], vectors)
        rows = products.argpartition(products.size - m)[products.size - m :]
        return Candidates(scores=products[rows][np.newaxis], rows=rows[np.newaxis])
    width = len(vectors) if selection is None else selection.size
    scores = np.empty((len(queries), m), dtype=np.float32)
    rows = np.empty((len(queries), m), dtype=np.int64)
    step = max(1, _SCORES_AT_ONCE // width)
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        products = inner_products(queries[block], vectors, selection)
        best = np.argpartition(products, width - m, axis=1)[:, width - m :]
        scores[block] = np.take_along_axis(products, best, axis=1)
        rows[block] = best if selection is None else selection[best]
    return Candidates(scores=scores, rows=rows)


def inner_products(queries: Vectors, vectors: Vectors, selection: Rows | None = None) -> Scores:
    """Return float32 inner products, shape (queries, rows of ``vectors`` or of ``selection``)."""
    if selection is None:
        return _multiply(queries, vectors)
    if selection.size * _GATHER_LIMIT > len(vectors):
        return _multiply(queries, vectors).take(selection, axis=1)
    products = np.empty((len(queries), selection.size), dtype=np.float32)
    for start in range(0, selection.size, _GATHERED_AT_ONCE):
        block = slice(start, start + _GATHERED_AT_ONCE)
        products[:, block] = _multiply(queries, vectors.take(selection[block], axis=0))
    return products


def is_worth_threads(queries: Vectors, vectors: Vectors) -> bool:
    """Return whether BLAS and OpenMP, which spread work over threads, gain from this product.

    Their threads wait for one another, so that a busy machine can turn microseconds into whole time
    slices. A lone query is bound by memory: over 100,000 × 384 one thread takes 4.4 ms, BLAS's two
    3.2 ms when idle, but then with half of the queries per second from several callers.
    """
    return len(queries) > 1 and queries.size * len(vectors) > _WORTH_THREADS


def _multiply(queries: Vectors, vectors: Vectors) -> Scores:
    if is_worth_threads(queries, vectors):
        return queries @ vectors.T
    products: Scores = np.vecdot(queries[:, np.newaxis], vectors)
    return products
