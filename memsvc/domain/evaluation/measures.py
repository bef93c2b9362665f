"""Measures of a ranked answer, by the ranks of what was expected in it.

``ranks`` holds, for each thing expected, its place in the answer from 1, or ``None`` where it did
not come. Every measure is in [0, 1] and needs something expected.
"""

import math
from collections.abc import Sequence

import numpy as np

RECALL_AT = (2, 5, 10, 20)
"""The k of published figures."""

Ranks = Sequence[int | None]


def recall_at(k: int, ranks: Ranks) -> float:
    """Return the share of what was expected that came among the first ``k``.

    What is nowhere in the data stays in the denominator: a set's flaws cost the same whatever is
    measured on it.
    """
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def reciprocal_rank(ranks: Ranks) -> float:
    """Return 1 / the place of the first that came; 0 where none did (Voorhees, TREC-8, 1999)."""
    found = [rank for rank in ranks if rank is not None]
    return 1 / min(found) if found else 0.0


def ndcg_at(k: int, ranks: Ranks) -> float:
    """Return the normalised discounted cumulative gain (Järvelin & Kekäläinen 2002, base 2).

    Everything expected is worth the same. Several that came at one place count once there.
    """
    found = [rank for rank in ranks if rank is not None]
    places = {rank for rank in found if rank <= k}
    best = min(k, len(ranks) - len(found) + len(set(found)))
    ideal = sum(_discount(place) for place in range(1, best + 1))
    return sum(map(_discount, places)) / ideal


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of the values lie, between two if need be.

    Linear interpolation of the order statistics (Hyndman & Fan 1996, type 7).
    """
    return float(np.quantile(values, share))


def mean(values: Sequence[float]) -> float | None:
    """Return the mean; ``None`` of nothing."""
    return sum(values) / len(values) if values else None


def _discount(place: int) -> float:
    return 1 / math.log2(place + 1)
