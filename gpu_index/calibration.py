"""How hard a structure must look to find what a scan finds, measured on the questions asked."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from gpu_index.protocol import Ids, Vectors
from gpu_index.structure import Effort

NEAREST = 10
"""Recall is measured at ten, the figure that benchmarks of similarity search report."""

_PROBES = tuple(round(2 ** (half / 2)) for half in range(33, 5, -1))
_CANDIDATES = tuple(round(48 * 2 ** (half / 2)) for half in range(11))
_GATHER_COST = 8
"""So much longer takes comparing a vector fetched by itself than a byte of one passed over; codes
take as long as other bytes that are passed over."""
_WORTHWHILE = 0.5
"""A structure has to cost less than this share of the scan."""
_SAFETY = (0.75, 0.5, 0.25)
"""Shares of what may be missed that may be missed by the questions an effort is chosen with: those
to come are others."""


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


def calibrate(structure: Proposing, size: int, chosen_by: Posed, target: float) -> list[Effort]:
    """Return the cheapest efforts that reach the target with a margin, a wider one each.

    None where what reaches it costs as much as scanning all ``size`` vectors, or nearly.
    """
    measured = _measured(structure, size, chosen_by, target)
    row_bytes = 4 * chosen_by.queries.shape[1]
    chosen = list[Effort]()
    for share in _SAFETY:
        safe = 1 - (1 - target) * share
        reaching = [each for each, recall in measured.items() if recall >= safe]
        if not reaching:
            break
        chosen.append(min(reaching, key=lambda each: _cost(each, structure, row_bytes)))
    return list(dict.fromkeys(chosen))


def _measured(
    structure: Proposing, size: int, chosen_by: Posed, target: float
) -> dict[Effort, float]:
    """Return the recall of every effort that is worth trying.

    From the most probes downwards, until the most candidates miss too much; what fewer candidates
    find is in the first of what more do.
    """
    row_bytes = 4 * chosen_by.queries.shape[1]
    most_cost = _WORTHWHILE * row_bytes * size
    recalls = dict[Effort, float]()
    for probes in dict.fromkeys(min(each, structure.lists) for each in _PROBES):
        efforts = [
            effort
            for effort in (Effort(probes=probes, candidates=each) for each in _CANDIDATES)
            if _cost(effort, structure, row_bytes) < most_cost
        ]
        if not efforts:
            continue
        proposed = structure.candidates(chosen_by.queries, efforts[-1])
        found = {each: _found(chosen_by, proposed[:, : each.candidates]) for each in efforts}
        recalls |= found
        if found[efforts[-1]] < target:
            break
    return recalls


def measured_recall(structure: Proposing, posed: Posed, effort: Effort) -> float:
    """Return recall@10: a candidate counts as found, since its score is computed exactly."""
    return _found(posed, structure.candidates(posed.queries, effort))


def _found(posed: Posed, proposed: Ids) -> float:
    found = sum(
        int(np.isin(true[true >= 0], mine).sum())
        for true, mine in zip(posed.truth, proposed, strict=True)
    )
    return found / max(1, int((posed.truth >= 0).sum()))


def _cost(effort: Effort, structure: Proposing, row_bytes: int) -> float:
    """Return what a query costs, as bytes passed over."""
    codes = structure.nbytes * effort.probes / structure.lists
    return codes + _GATHER_COST * row_bytes * effort.candidates
