"""``python -m bench grains``: what a context of so many tokens holds at each grain."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from memsvc_client import Bank
from rich.table import Table
from typing_extensions import TypedDict

from bench.abstention import UNANSWERABLE
from bench.asking import refuse_failed_arms
from bench.loaded_sets import ask_each, load_set
from bench.metrics import Percentiles, percentiles
from bench.options import (
    ApiKeyOption,
    KeepOption,
    OutOption,
    SeedOption,
    SetsOption,
    UrlOption,
    refuse_useless_keep,
)
from bench.progress import console
from bench.results import describe_run, write_results
from bench.retrieval import LimitOption, WorkersOption
from bench.service import ServiceOptions, measured_service
from memsvc.cli.evaluation.sets import EvaluationSet, Question, read_set
from memsvc.cli.evaluation.units import Shown, UnitKind, ranked_units
from memsvc.domain.evaluation.bootstrap import interval_of

Grain = Literal["memory", "event", "episode", "auto"]
GRAINS: Sequence[Grain] = ("memory", "event", "episode", "auto")
BUDGETS = (500, 1000, 2000)
HITS = 5
_SEED = 0


class Difference(TypedDict):
    """To the same questions at the grain ``memory``."""

    mean: float
    low: float
    high: float
    """Its 95 % interval."""


class GrainFigures(TypedDict):
    """What one grain brings."""

    sessions: float | None
    """Share of the evidence's sessions that the first five hits are of."""
    coverage: dict[str, float]
    """Share of the evidence in a context, by its budget of tokens."""
    differences: dict[str, Difference]
    """Of ``coverage``; none for ``memory``."""
    recall_ms: Percentiles
    chosen: dict[str, int]
    """How often which grain was taken, where the question was to choose."""


class SetFigures(TypedDict):
    """What is written about one set."""

    n: int
    """Questions with evidence that can be answered."""
    grains: dict[str, GrainFigures]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedGrain:
    """What one question brings at one grain."""

    sessions: float | None
    coverage: Mapping[int, float]
    recall_ms: float
    grain: str
    """That was taken."""


def grains(  # noqa: PLR0913 — one parameter per option
    *,
    sets: SetsOption,
    out: OutOption,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    seed: SeedOption = 0,
    limit: LimitOption = None,
    workers: WorkersOption = 1,
    keep: KeepOption = False,
) -> None:
    """Ask recalls and contexts at every grain, and tell how much of the evidence is in them."""
    refuse_useless_keep(url, keep=keep)
    loaded = [read_set(folder, limit=limit, seed=seed) for folder in sets]
    results: dict[str, SetFigures] = {}
    with measured_service(ServiceOptions(url=url, api_key=api_key, keep=keep)) as service:
        settings = describe_run(
            command="grains",
            seed=seed,
            limit=limit,
            workers=workers,
            hits=HITS,
            budgets=BUDGETS,
            service=service.describe(),
        )
        for each in loaded:
            banks = load_set(each, service)
            results[each.name] = figures_of(_ask(each, banks, workers))
            write_results(out, {"sets": results, "settings": settings})
    for name, figures in results.items():
        console.print(_table_of(name, figures))


def _ask(
    evaluation_set: EvaluationSet, banks: Mapping[str, Bank], workers: int
) -> list[dict[Grain, AskedGrain]]:
    questions = [
        each
        for each in evaluation_set.questions
        if each.gold and UNANSWERABLE.isdisjoint(each.categories)
    ]
    return ask_each(
        evaluation_set.name,
        questions,
        lambda each: {grain: ask(each, banks[each.corpus], grain) for grain in GRAINS},
        workers,
    )


def ask(question: Question, bank: Bank, grain: Grain) -> AskedGrain:
    """Return what a recall and contexts of every budget bring for a question at a grain."""
    began = time.perf_counter()
    recall = bank.recall(question.text, k=HITS, now=question.asked_at, grain=grain)
    recall_ms = (time.perf_counter() - began) * 1000
    refuse_failed_arms(recall)
    sessions = question.gold if question.unit is UnitKind.SESSION else question.gold_sessions
    coverage: dict[int, float] = {}
    for budget in BUDGETS:
        context = bank.context(
            question.text, budget_tokens=budget, mode="ranked", now=question.asked_at, grain=grain
        )
        shown = [piece for section in context.sections for piece in section.pieces]
        coverage[budget] = _share(question.gold, shown, question.unit)
    return AskedGrain(
        sessions=_share(sessions, recall.hits, UnitKind.SESSION) if sessions else None,
        coverage=coverage,
        recall_ms=recall_ms,
        grain="memory" if recall.grain is None else recall.grain.grain,
    )


def figures_of(asked: Sequence[Mapping[Grain, AskedGrain]]) -> SetFigures:
    """Return the figures of questions that were asked at every grain."""
    if not asked:
        return SetFigures(n=0, grains={})
    plain = [each["memory"] for each in asked]
    return SetFigures(
        n=len(asked),
        grains={grain: _figures([each[grain] for each in asked], plain) for grain in GRAINS},
    )


def _figures(asked: Sequence[AskedGrain], plain: Sequence[AskedGrain]) -> GrainFigures:
    sessions = [each.sessions for each in asked if each.sessions is not None]
    differences: dict[str, Difference] = {}
    for budget in BUDGETS if asked != plain else ():
        pairs = zip(asked, plain, strict=True)
        changes = [one.coverage[budget] - other.coverage[budget] for one, other in pairs]
        interval = interval_of(changes, seed=_SEED)
        differences[str(budget)] = Difference(
            mean=interval.mean, low=interval.low, high=interval.high
        )
    return GrainFigures(
        sessions=sum(sessions) / len(sessions) if sessions else None,
        coverage={
            str(budget): sum(each.coverage[budget] for each in asked) / len(asked)
            for budget in BUDGETS
        },
        differences=differences,
        recall_ms=percentiles([each.recall_ms for each in asked]),
        chosen=dict(Counter(each.grain for each in asked)),
    )


def _share(gold: frozenset[str], shown: Sequence[Shown], kind: UnitKind) -> float:
    return len(gold & set(ranked_units(shown, kind))) / len(gold)


def _table_of(name: str, figures: SetFigures) -> Table:
    heads = (f"sessions of {HITS} hits", *(f"in {budget} tokens" for budget in BUDGETS))
    table = Table("grain", *heads, "p50 ms", "taken", title=f"{name}, n = {figures['n']}, percent")
    for grain, each in figures["grains"].items():
        sessions, p50 = each["sessions"], each["recall_ms"]["p50"]
        table.add_row(
            grain,
            "-" if sessions is None else f"{sessions:.1%}",
            *(f"{share:.1%}{_told(each, budget)}" for budget, share in each["coverage"].items()),
            "-" if p50 is None else f"{p50:.0f}",
            ", ".join(f"{number} {taken}" for taken, number in each["chosen"].items()),
        )
    return table


def _told(figures: GrainFigures, budget: str) -> str:
    if budget not in figures["differences"]:
        return ""
    each = figures["differences"][budget]
    return f" ({each['mean'] * 100:+.1f} [{each['low'] * 100:.1f}, {each['high'] * 100:.1f}])"
