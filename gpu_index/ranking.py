"""From candidate rows to the true nearest: rounding, exact scores, order and ties."""

import numpy as np
from numpy.typing import NDArray

from gpu_index.protocol import Ids, Neighbours, Scores, Vectors
from gpu_index.scan import Rows, Scan, inner_products, scan_rows

SPARE = 8
"""Candidates asked for beyond k, so that near ties at the cut seldom need a second pass."""

_FLOAT32_UNIT = 2.0**-24
_COMPONENTS_AT_ONCE = 1 << 22
"""Components rescored at a time; 16 MB in float32 and 32 MB in float64."""


def nearest(
    queries: Vectors, vectors: Vectors, ids: Ids, k: int, scan: Scan, selection: Rows | None = None
) -> Neighbours:
    """Return the min(k, rows) nearest of each query among ``vectors``, or its rows ``selection``.

    The marks are left to the caller, who knows of what partition the rows are.

    ``scan`` proposes candidates over all rows; over a selection NumPy does.
    """
    available = len(vectors) if selection is None else selection.size
    m = k + SPARE
    if available <= m:
        every = np.arange(available) if selection is None else selection
        rows = np.broadcast_to(every, (len(queries), available))
        return _best(queries, vectors, ids, k, rows)
    if selection is None:
        candidates = scan(queries, vectors, m)
        if len(queries) == 1 and _is_certain(candidates.scores[0], k, queries.size):
            return _best_of_one(queries, vectors, ids, k, candidates.rows)
    else:
        candidates = scan_rows(queries, vectors, m, selection)
    found = _best(queries, vectors, ids, k, candidates.rows)
    lowest, is_complete = floors(candidates.scores, k, vectors.shape[1])
    for position in np.flatnonzero(~is_complete):
        # Many rows tie with the last place, for instance copies of one text: weigh them all.
        query = queries[position : position + 1]
        reach = inner_products(query, vectors, selection)[0] >= lowest[position]
        rows = np.flatnonzero(reach) if selection is None else selection[reach]
        one = _best(query, vectors, ids, k, rows[np.newaxis])
        found.ids[position], found.scores[position] = one.ids[0], one.scores[0]
    return found


def _is_certain(proposed: Scores, k: int, dimension: int) -> bool:
    """Tell of one query what ``floors`` finds out of many."""
    ascending = np.sort(proposed)
    return bool(ascending[0] < ascending[-k] - np.float32(2 * rounding_bound(dimension)))


def _best_of_one(query: Vectors, vectors: Vectors, ids: Ids, k: int, rows: Rows) -> Neighbours:
    """Return what ``_best`` does, in as few calls as possible: they cost more than the arithmetic.

    ``query`` (1, dimension), ``rows`` (1, m).
    """
    scores = exact_products(query, vectors.take(rows, axis=0))[0]
    found = ids[rows[0]]
    order = np.lexsort((found, -scores))[:k]
    return Neighbours(ids=found[order][np.newaxis], scores=scores[order][np.newaxis], marks=())


def rounding_bound(dimension: int) -> float:
    """Return how far a float32 inner product of unit vectors can be from the true one.

    n·u / (1 − n·u) holds for every order of summation (N. Higham, Accuracy and Stability of
    Numerical Algorithms, §3.1, with ‖x‖·‖y‖ = 1); the four added to n cover the lengths' own
    tolerance and the rounding of the exact score and of the bound itself.
    """
    error = (dimension + 4) * _FLOAT32_UNIT
    return error / (1 - error)


def exact_scores(queries: Vectors, vectors: Vectors, rows: Rows) -> Scores:
    """Return the inner products of query i with ``rows[i]`` (q, m), rounded once from float64.

    The products of float32 values are exact in float64 and each row is summed alone, so a score
    depends neither on the batch nor on where the row stands.
    """
    scores = np.empty(rows.shape, dtype=np.float32)
    step = max(1, _COMPONENTS_AT_ONCE // queries.size)
    for start in range(0, rows.shape[1], step):
        block = slice(start, start + step)
        scores[:, block] = exact_products(queries, vectors.take(rows[:, block], axis=0))
    return scores


def exact_products(queries: Vectors, gathered: Vectors) -> Scores:
    """Return what ``exact_scores`` does of ``gathered`` (q, m, dimension): query i with its own."""
    wide = queries.astype(np.float64)[:, np.newaxis]
    products: Scores = np.vecdot(gathered.astype(np.float64), wide).astype(np.float32)
    return products


def _best(queries: Vectors, vectors: Vectors, ids: Ids, k: int, rows: Rows) -> Neighbours:
    scores = exact_scores(queries, vectors, rows)
    row_ids = ids[rows]
    order = np.lexsort((row_ids, -scores), axis=1)[:, :k]
    return Neighbours(
        ids=np.take_along_axis(row_ids, order, axis=1),
        scores=np.take_along_axis(scores, order, axis=1),
        marks=(),
    )


def floors(proposed: Scores, k: int, dimension: int) -> tuple[Scores, NDArray[np.bool_]]:
    """Return the float32 score below which no true neighbour lies, and whether all above are in.

    ``proposed`` (queries, m), m > k: the m best float32 scores of each query, in any order.
    """
    place = proposed.shape[1] - k
    kth = np.partition(proposed, place, axis=1)[:, place]
    # The k best found are truly within the bound of kth, and what is truly as good as them scores
    # within the bound again.
    lowest = kth - np.float32(2 * rounding_bound(dimension))
    return lowest, proposed.min(axis=1) < lowest
