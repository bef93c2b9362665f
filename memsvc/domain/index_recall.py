"""How much of the exact answer an index has found."""

from collections.abc import Sequence

_ROUNDING = 1e-6
"""Cosines this close are one score: indexes and PostgreSQL add up in different orders."""


def recall_at_k(best: Sequence[float], found: Sequence[float]) -> float:
    """Return which share of the k best memories was found, in [0, 1].

    ``best`` are the exact scores of the k best, in descending order and at least one; ``found``
    the exact scores of as many memories of the answer as are current. Whatever ties with the last
    of the best is as good as it, so only scores are compared, and never those the index gave.
    """
    floor = best[-1] - _ROUNDING
    return min(1.0, sum(score >= floor for score in found) / len(best))
