"""How hard a structure must look to find what a scan finds, measured on the questions asked."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gpu_index.protocol import Ids, Vectors
from gpu_index.structure import Effort

NEAREST = 10
"""Recall is measured at ten, the figure that benchmarks of similarity search report."""

_PROBES = tuple(2**power for power in range(3, 17))
_CANDIDATES = (48, 96, 192, 384, 768, 1536)
_CODE_COST = 4
"""Comparing a code takes about as long as reading four times its bytes."""
_GATHER_COST = 8
"""So much longer takes comparing a vector fetched by itself than one passed over in a scan."""
_WORTHWHILE = 0.5
"""A structure has to cost less than this share of the scan."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posed:
    """Queries with their true neighbours."""

    queries: Vectors
    """Shape (n, dimension)."""
    truth: Ids
    """Shape (n, NEAREST), padded with -1."""


class Proposing(Protocol):
    """The part of a structure that is measured."""

    @property
    def lists(self) -> int:
        """The most that can be probed."""
        ...

    @property
    def nbytes(self) -> int:
        """Bytes held beside the slab."""
        ...

    def candidates(self, queries: Vectors, effort: Effort) -> Ids:
        """Return ids that may be near, shape (queries, effort.candidates), padded with -1."""
        ...


def calibrate(structure: Proposing, size: int, chosen_by: Posed, target: float) -> Effort | None:
    """Return the cheapest effort that misses at most half of what may be missed.

    The margin covers that questions to come are others. ``None`` where every effort that reaches it
    costs as much as scanning all ``size`` vectors, or nearly.
    """
    safe = 1 - (1 - target) / 2
    for effort in _efforts(structure, size, chosen_by.queries.shape[1]):
        if measured_recall(structure, chosen_by, effort) >= safe:
            return effort
    return None


def measured_recall(structure: Proposing, posed: Posed, effort: Effort) -> float:
    """Return recall@10: a candidate counts as found, since its score is computed exactly."""
    proposed = structure.candidates(posed.queries, effort)
    found = sum(
        int(np.isin(true[true >= 0], mine).sum())
        for true, mine in zip(posed.truth, proposed, strict=True)
    )
    return found / max(1, int((posed.truth >= 0).sum()))


def _efforts(structure: Proposing, size: int, dimension: int) -> list[Effort]:
    """Return what is worth trying, the cheapest first."""
    row_bytes = 4 * dimension
    code_bytes = structure.nbytes / max(1, size)
    costs = {
        Effort(probes=probes, candidates=candidates): _CODE_COST
        * code_bytes
        * size
        * (probes / structure.lists)
        + _GATHER_COST * row_bytes * candidates
        for probes in _PROBES
        if probes <= structure.lists
        for candidates in _CANDIDATES
    }
    affordable = [e for e, cost in costs.items() if cost < _WORTHWHILE * row_bytes * size]
    return sorted(affordable, key=lambda effort: (costs[effort], effort.probes))
