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


class SessionFigures(TypedDict):
    """Where the first session with evidence stands among those that the hits come from."""

    n: int
    first: float
    """Share of the questions for which it is the first."""
    mrr: float
    """Mean reciprocal place, in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A question after it was asked: what should have come, and what came."""

    gold: AbstractSet[str]
    found: Sequence[str]
    """Distinct units, best first."""
    categories: Sequence[str] = ()
    session_place: int | None = None
    """Where the first session with evidence stands among those of the hits; 0: not among them.
    ``None`` where the set does not name sessions beside turns."""


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


def session_figures(judged: Iterable[Judged]) -> SessionFigures | None:
    """Return how far up sessions with evidence stand; ``None`` where no question names any."""
    places = [each.session_place for each in judged if each.session_place is not None]
    if not places:
        return None
    return SessionFigures(
        n=len(places),
        first=places.count(1) / len(places),
        mrr=sum(1 / place for place in places if place) / len(places),
    )


def percentiles(values: Sequence[float]) -> Percentiles:
    """Return the median and the 95th percentile."""
    if not values:
        return Percentiles(p50=None, p95=None)
    return Percentiles(p50=percentile(values, 0.5), p95=percentile(values, 0.95))
