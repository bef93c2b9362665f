"""Searching a partition through its structure: proposed ids, compared exactly."""

import numpy as np

from gpu_index.partition import Partition
from gpu_index.protocol import NO_ID, Ids, Neighbours, Vectors
from gpu_index.ranking import exact_scores
from gpu_index.structure import Effort, Tuned

_LARGEST_SHARE = 4
"""Comparing more than a quarter of the vectors one by one takes longer than a scan."""


def is_worth_it(partition: Partition, k: int) -> bool:
    """Tell whether the structure, rather than a scan, should answer for the ``k`` nearest."""
    tuned = partition.tuned
    if tuned is None:
        return False
    return tuned.effort.for_k(k).candidates * _LARGEST_SHARE < len(partition.slab)


def search_structure(partition: Partition, tuned: Tuned, queries: Vectors, k: int) -> Neighbours:
    """Return the best of what the structure proposes; a row may hold fewer than k."""
    proposed = tuned.structure.candidates(queries, _with_spare(tuned, len(partition.slab), k))
    ids = np.full((len(queries), k), NO_ID, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    slab = partition.slab
    for row in range(len(queries)):
        rows = slab.rows(_distinct(proposed[row]))
        exact = exact_scores(queries[row : row + 1], slab.vectors, rows[np.newaxis])[0]
        found = slab.ids[rows]
        order = np.lexsort((found, -exact))[:k]
        ids[row, : order.size], scores[row, : order.size] = found[order], exact[order]
    return Neighbours(ids=ids, scores=scores, marks=())


def _with_spare(tuned: Tuned, size: int, k: int) -> Effort:
    """Ask for more where entries of removed vectors take places."""
    effort = tuned.effort.for_k(k)
    return Effort(
        probes=effort.probes,
        candidates=round(effort.candidates * tuned.entries / max(1, size)),
    )


def _distinct(proposed: Ids) -> Ids:
    """Return the ids without padding, each once: an id may have left and come again."""
    return np.unique(proposed[proposed >= 0])
