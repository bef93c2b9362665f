"""How much of the exact answer an index has found."""

from collections.abc import Sequence

_ROUNDING = 1e-6
"""Cosines this close are one score: indexes and PostgreSQL add up in different orders."""


def recall_at_k(best: Sequence[float], found: Sequence[float]) -> float:
    """Return which share of the k best memories was found, in [0, 1].

    ``best`` are the exact scores of the k best, in descending order and at least one; ``found``
    the exact scores of as many memories of the answer as are current. Only scores are compared,
    and never those the index gave: of several that tie for the last places, any will do, but none
    stands in for a better one.
    """
    last = best[-1]
    better = _count_above(best, last + _ROUNDING)
    found_better = _count_above(found, last + _ROUNDING)
    found_last = _count_above(found, last - _ROUNDING) - found_better
    return (min(better, found_better) + min(len(best) - better, found_last)) / len(best)


def _count_above(scores: Sequence[float], floor: float) -> int:
    return sum(score > floor for score in scores)
