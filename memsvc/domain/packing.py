"""Fitting hits into a token budget."""

from collections.abc import Sequence


def fit_budget(tokens: Sequence[int], budget: int | None) -> list[bool]:
    """Tell for each hit, best first, whether it is kept; the kept ones never exceed ``budget``.

    A hit too long for what is left is passed over and shorter ones after it are still taken:
    the order of the kept ones does not change. ``None`` keeps all.
    """
    if budget is None:
        return [True] * len(tokens)
    left = budget
    kept: list[bool] = []
    for cost in tokens:
        fits = cost <= left
        left -= cost if fits else 0
        kept.append(fits)
    return kept
