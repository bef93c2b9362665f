"""The measures: recall at k, and percentiles."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypedDict

from memsvc.domain.evaluation.measures import RECALL_AT, mean, percentile
from memsvc.domain.evaluation.measures import recall_at as recall_of_ranks


class Percentiles(TypedDict):
    """Of one measure, in its own unit; ``None`` where nothing was measured."""

    p50: float | None
    p95: float | None


class RecallFigures(TypedDict):
    """Recall over a group of questions."""

    n: int
    """How many of them have gold; the others do not count."""
    recall: dict[str, float | None]
    """By k, as fractions; ``None`` where no question has gold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A question after it was asked: what should have come, and what came."""

    gold: AbstractSet[str]
    found: Sequence[str]
    """Distinct units, best first."""
    categories: Sequence[str] = ()


def recall_at(k: int, found: Sequence[str], gold: AbstractSet[str]) -> float:
    """Return |gold ∩ top k| / |gold|; gold must not be empty."""
    places = {unit: place for place, unit in enumerate(found, start=1)}
    return recall_of_ranks(k, [places.get(unit) for unit in gold])


def recall_figures(judged: Iterable[Judged], ks: Sequence[int] = RECALL_AT) -> RecallFigures:
    """Return recall averaged over the questions that have gold."""
    counted = [each for each in judged if each.gold]
    return RecallFigures(
        n=len(counted),
        recall={
            str(k): mean([recall_at(k, each.found, each.gold) for each in counted]) for k in ks
        },
    )


def recall_by_category(
    judged: Sequence[Judged], ks: Sequence[int] = RECALL_AT
) -> dict[str, RecallFigures]:
    """Return the figures of every category that has a question with gold, in order of name."""
    names = sorted({name for each in judged if each.gold for name in each.categories})
    return {
        name: recall_figures([each for each in judged if name in each.categories], ks)
        for name in names
    }


def percentiles(values: Sequence[float]) -> Percentiles:
    """Return the median and the 95th percentile."""
    if not values:
        return Percentiles(p50=None, p95=None)
    return Percentiles(p50=percentile(values, 0.5), p95=percentile(values, 0.95))
