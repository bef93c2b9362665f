"""Searching a partition through its structure: proposed ids, compared exactly."""

import numpy as np

from gpu_index.partition import Partition
from gpu_index.protocol import NO_ID, Neighbours, Vectors
from gpu_index.ranking import SPARE, exact_scores
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
    """Return the best of what the structure proposes; a row may hold fewer than k.

    Float32 products choose among the proposed, with some to spare for their rounding; exact scores
    decide on the rest.
    """
    slab = partition.slab
    proposed = tuned.structure.candidates(queries, _with_spare(tuned, len(slab), k))
    if tuned.entries != len(slab):
        # An id that has left the slab and come again may be proposed for both.
        proposed.sort(axis=1)
        proposed[:, 1:][proposed[:, 1:] == proposed[:, :-1]] = NO_ID
    rows = partition.locate(proposed.ravel()).reshape(proposed.shape)
    products = tuned.structure.products(queries, slab.vectors, rows)
    if (most := k + SPARE) < products.shape[1]:
        best = np.argpartition(products, -most, axis=1)[:, -most:]
        rows = np.take_along_axis(rows, best, axis=1)
        proposed = np.take_along_axis(proposed, best, axis=1)
    scores = exact_scores(queries, slab.vectors, np.maximum(rows, 0))
    is_gone = rows < 0
    scores[is_gone] = -np.inf
    proposed[is_gone] = NO_ID
    order = np.lexsort((proposed, -scores), axis=1)[:, :k]
    return Neighbours(
        ids=np.take_along_axis(proposed, order, axis=1),
        scores=np.take_along_axis(scores, order, axis=1),
        marks=(),
    )


def _with_spare(tuned: Tuned, size: int, k: int) -> Effort:
    """Ask for more where entries of removed vectors take places; at least ``k``."""
    effort = tuned.effort.for_k(k)
    wanted = round(effort.candidates * tuned.entries / max(1, size))
    return Effort(probes=effort.probes, candidates=max(k, wanted))
