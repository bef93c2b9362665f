"""Two results over the same questions, question by question."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from memsvc.cli.evaluation.results import EvalResult, Latency, QuestionResult
from memsvc.cli.failures import CommandError
from memsvc.domain.evaluation.bootstrap import Interval, interval_of
from memsvc.domain.evaluation.measures import ndcg_at, recall_at, reciprocal_rank

Metric = Literal["recall", "ndcg", "mrr"]
Pair = tuple[QuestionResult, QuestionResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What is compared of each question."""

    metric: Metric
    k: int

    @property
    def name(self) -> str:
        """As tables show it."""
        return "MRR" if self.metric == "mrr" else f"{self.metric}@{self.k}"

    def of(self, question: QuestionResult) -> float:
        """Return the measure, in [0, 1]; the question must expect something."""
        match self.metric:
            case "recall":
                return recall_at(self.k, question.ranks)
            case "ndcg":
                return ndcg_at(self.k, question.ranks)
            case "mrr":
                return reciprocal_rank(question.ranks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A question that one of the two answers better."""

    id: str
    before: float
    after: float
    text: str | None

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        text: dict[str, JsonValue] = {} if self.text is None else {"text": self.text}
        return {"id": self.id, "before": self.before, "after": self.after, **text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How much better the second is over some questions."""

    before: float
    after: float
    interval: Interval

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        found = self.interval
        return {
            "n": found.n,
            "before": self.before,
            "after": self.after,
            "difference": found.mean,
            "low": found.low,
            "high": found.high,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The second result beside the first."""

    measure: Measure
    labels: tuple[str, str]
    overall: Difference
    by_category: dict[str, Difference]
    won: Sequence[Change]
    """Those that the second answers better, by how much."""
    lost: Sequence[Change]
    waited_ms: tuple[Latency, Latency]
    changed: dict[str, tuple[JsonValue, JsonValue]]
    """Options and parts of the service that were not the same."""

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as JSON."""
        before, after = self.waited_ms
        return {
            "measure": self.measure.name,
            "labels": list(self.labels),
            "overall": self.overall.as_json(),
            "by_category": {name: each.as_json() for name, each in self.by_category.items()},
            "won": [each.as_json() for each in self.won],
            "lost": [each.as_json() for each in self.lost],
            "waited_ms": [before.model_dump(mode="json"), after.model_dump(mode="json")],
            "changed": {name: list(pair) for name, pair in self.changed.items()},
        }


def compare(
    first: EvalResult, second: EvalResult, measure: Measure, *, seed: int, resamples: int
) -> Comparison:
    """Compare two results; raises ``CommandError`` if they are not about the same questions."""
    places = min(first.k, second.k)
    if measure.metric != "mrr" and measure.k > places:
        raise CommandError(f"{measure.name} needs longer answers: there are {places} places.")
    if measure.metric == "mrr" and first.k != second.k:
        raise CommandError(f"MRR over {first.k} and {second.k} places is not the same measure.")
    pairs = [pair for pair in paired(first, second) if pair[0].ranks]
    if not pairs:
        raise CommandError("No question expects anything: there is nothing to compare.")

    def difference(some: Sequence[Pair]) -> Difference:
        values = [(measure.of(one), measure.of(other)) for one, other in some]
        return Difference(
            before=sum(one for one, _ in values) / len(values),
            after=sum(other for _, other in values) / len(values),
            interval=interval_of(
                [other - one for one, other in values], seed=seed, resamples=resamples
            ),
        )

    names = sorted({name for one, _ in pairs for name in one.categories})
    return Comparison(
        measure=measure,
        labels=(first.label, second.label),
        overall=difference(pairs),
        by_category={
            name: difference([pair for pair in pairs if name in pair[0].categories])
            for name in names
        },
        won=_changes(pairs, measure, better=True),
        lost=_changes(pairs, measure, better=False),
        waited_ms=(first.waited_ms, second.waited_ms),
        changed=_changed(first, second),
    )


def paired(first: EvalResult, second: EvalResult) -> list[Pair]:
    """Return the questions of both, by what they ask and expect, in the order of the first."""
    ones, others = _numbered(first), _numbered(second)
    if ones.keys() == others.keys():
        return [(one, others[key]) for key, one in ones.items()]
    only_first = [each.id for key, each in ones.items() if key not in others]
    only_second = [each.id for key, each in others.items() if key not in ones]
    told = [
        f"{len(ids)} only in {label} ({', '.join(ids[:3])}{' …' if len(ids) > 3 else ''})"  # noqa: PLR2004
        for label, ids in ((first.label, only_first), (second.label, only_second))
        if ids
    ]
    raise CommandError(
        "The two results are not over the same questions, so that nothing follows from their"
        f" difference: {'; '.join(told)}. Questions are the same if text, times, filters and"
        " expectations are."
    )


def _numbered(result: EvalResult) -> dict[tuple[str, int], QuestionResult]:
    """Return questions by key; equal ones are told apart by their number."""
    seen: Counter[str] = Counter()
    numbered = {}
    for each in result.questions:
        numbered[each.key, seen[each.key]] = each
        seen[each.key] += 1
    return numbered


def _changes(pairs: Sequence[Pair], measure: Measure, *, better: bool) -> list[Change]:
    sign = 1 if better else -1
    changes = [
        Change(
            id=one.id,
            before=measure.of(one),
            after=measure.of(other),
            text=one.text or other.text,
        )
        for one, other in pairs
    ]
    found = [each for each in changes if sign * (each.after - each.before) > 0]
    return sorted(found, key=lambda each: sign * (each.before - each.after))


def _changed(first: EvalResult, second: EvalResult) -> dict[str, tuple[JsonValue, JsonValue]]:
    one, other = circumstances_of(first), circumstances_of(second)
    return {
        name: (one.get(name), other.get(name))
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    }


def circumstances_of(result: EvalResult) -> dict[str, JsonValue]:
    """Return the options, what answered, and how many answers lacked which arm."""
    skipped = Counter(arm for each in result.questions for arm in each.skipped)
    counts: dict[str, JsonValue] = {
        f"answers without {arm}": count for arm, count in sorted(skipped.items())
    }
    return {**result.options, **result.service, **counts}
