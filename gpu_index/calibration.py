"""How hard a structure must look to find what a scan finds, measured and never assumed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gpu_index.protocol import Ids, Vectors
from gpu_index.structure import Effort, Structure

NEAREST = 10
"""Recall is measured at ten, the figure that benchmarks of similarity search report."""

HELD_OUT = 256
_FEWEST_PROBES = 8
_LARGEST_SHARE = 4
"""More than a quarter of the lists costs about as much as scanning everything."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """Queries with their true neighbours among the vectors of the partition."""

    queries: Vectors
    """Shape (n, dimension): vectors of the partition itself, each asked for its neighbours."""
    own_ids: Ids
    """Shape (n,): the query's own id, which does not count as found."""
    truth: Ids
    """Shape (n, NEAREST), padded with -1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The least effort that reached the target, or the most that was tried."""

    effort: Effort
    recall: float


def calibrate(structure: Structure, held_out: HeldOut, target: float) -> Calibrated:
    """Return the least effort whose recall@10 is ``target``, halfway nearer to 1 for safety.

    Questions are seldom distributed like what is stored, so the measure is passed with a margin:
    half of what may be missed. If no effort passes, the best one is returned with its recall.
    """
    safe = 1 - (1 - target) / 2
    best = Calibrated(effort=Effort(probes=1, candidates=NEAREST), recall=0.0)
    for effort in _efforts(structure.lists):
        recall = measured_recall(structure, held_out, effort)
        if recall > best.recall:
            best = Calibrated(effort=effort, recall=recall)
        if recall >= safe:
            break
    return best


def measured_recall(structure: Structure, held_out: HeldOut, effort: Effort) -> float:
    """Return recall@10: a candidate counts as found, since its score is computed exactly."""
    proposed = structure.candidates(held_out.queries, effort)
    proposed[proposed == held_out.own_ids[:, np.newaxis]] = -1
    is_real = held_out.truth >= 0
    found = (held_out.truth[:, :, np.newaxis] == proposed[:, np.newaxis]).any(axis=2) & is_real
    return float(found.sum() / max(1, is_real.sum()))


def _efforts(lists: int) -> Iterator[Effort]:
    """Yield efforts in the order of what they cost."""
    probes = _FEWEST_PROBES
    while probes <= max(_FEWEST_PROBES, lists // _LARGEST_SHARE):
        for candidates in (48, 96, 192):
            yield Effort(probes=probes, candidates=candidates)
        probes *= 2
