"""``python -m bench retention``: what ranking gains, or loses, by what memories retain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from memsvc_client import Bank
from memsvc_client.models import Hit
from rich.table import Table
from typing_extensions import TypedDict

from bench.abstention import UNANSWERABLE
from bench.asking import MOST_HITS, refuse_failed_arms
from bench.loaded_sets import ask_each, load_set
from bench.metrics import recall_at
from bench.options import (
    ApiKeyOption,
    KeepOption,
    OutOption,
    SetsOption,
    UrlOption,
    refuse_useless_keep,
)
from bench.progress import console
from bench.results import describe_run, write_results
from bench.retrieval import WorkersOption
from bench.service import MeasuredService, ServiceOptions, measured_service
from memsvc.cli.evaluation.sets import EvaluationSet, Question, read_set
from memsvc.cli.evaluation.units import ranked_units
from memsvc.domain.evaluation.bootstrap import interval_of
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import MemoryKind
from memsvc.domain.retention.curves import Curve
from memsvc.domain.retention.policy import RetentionPolicy
from memsvc.domain.retention.sweep import SweepItem
from memsvc.domain.retention.weighing import bounded_factor, retained

DAYS = (5.0, 30.0, 180.0)
WEIGHTS = (0.1, 0.25, 0.5, 1.0)
K = 10
_SEED = 0


class WeighedFigures(TypedDict):
    """Recall with scores times 1 - weight (1 - retention)."""

    days: float
    """c of exp(-t / c)."""
    weight: float
    recall: float
    difference: float
    """To the same without."""
    low: float
    high: float
    """Its 95 % interval."""


class SetFigures(TypedDict):
    """What is written about one set."""

    questions: int
    k: int
    recall: float
    """Without retention."""
    weighed: list[WeighedFigures]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A question with what was found for it, best first."""

    question: Question
    hits: Sequence[Hit]


def retention(
    *,
    sets: SetsOption,
    out: OutOption,
    url: UrlOption = None,
    api_key: ApiKeyOption = None,
    workers: WorkersOption = 1,
    keep: KeepOption = False,
) -> None:
    """Rank what recall finds again, by what each memory retains when the question is asked.

    As if everything had been stored when it was said, and never used since.
    """
    refuse_useless_keep(url, keep=keep)
    loaded = [read_set(folder) for folder in sets]
    with measured_service(ServiceOptions(url=url, api_key=api_key, keep=keep)) as service:
        settings = describe_run(
            command="retention", workers=workers, seed=_SEED, service=service.describe()
        )
        results = {each.name: figures_of(_ask_set(each, service, workers)) for each in loaded}
    write_results(out, {"sets": results, "settings": settings})
    for name, figures in results.items():
        console.print(_table_of(name, figures))


def figures_of(answers: Sequence[Answer]) -> SetFigures:
    """Return recall of the answers as they came, and ranked again with each curve and weight."""
    plain = [_recall(each, each.hits) for each in answers]
    rows = []
    for days in DAYS:
        for weight in WEIGHTS:
            weighed = [_recall(each, reranked(each, days, weight)) for each in answers]
            changes = [one - other for one, other in zip(weighed, plain, strict=True)]
            interval = interval_of(changes, seed=_SEED)
            rows.append(
                WeighedFigures(
                    days=days,
                    weight=weight,
                    recall=sum(weighed) / len(weighed),
                    difference=interval.mean,
                    low=interval.low,
                    high=interval.high,
                )
            )
    return SetFigures(questions=len(answers), k=K, recall=sum(plain) / len(plain), weighed=rows)


def reranked(answer: Answer, days: float, weight: float) -> list[Hit]:
    """Return the hits by their scores times what retention leaves of them."""
    policy = RetentionPolicy(curve=Curve(days=days))
    now = answer.question.asked_at

    def score(hit: Hit) -> float:
        said = hit.memory.occurred_at
        if now is None or said is None:
            return hit.score
        return hit.score * bounded_factor(
            retained(policy, _stored(hit.memory.id, said), now), weight
        )

    return sorted(answer.hits, key=score, reverse=True)


def _stored(memory_id: UUID, at: datetime) -> SweepItem:
    return SweepItem(
        memory_id=MemoryId(memory_id),
        kind=MemoryKind.TURN,
        recorded_at=at,
        last_reinforced_at=None,
        strength=1.0,
        pinned=False,
    )


def _recall(answer: Answer, hits: Sequence[Hit]) -> float:
    question = answer.question
    return recall_at(K, ranked_units(hits, question.unit), question.gold)


def _ask_set(evaluation_set: EvaluationSet, service: MeasuredService, workers: int) -> list[Answer]:
    banks = load_set(evaluation_set, service)
    questions = [
        each
        for each in evaluation_set.questions
        if each.gold and UNANSWERABLE.isdisjoint(each.categories)
    ]
    return ask_each(
        evaluation_set.name, questions, lambda each: _ask(each, banks[each.corpus]), workers
    )


def _ask(question: Question, bank: Bank) -> Answer:
    recall = bank.recall(question.text, k=MOST_HITS, now=question.asked_at)
    refuse_failed_arms(recall)
    return Answer(question=question, hits=recall.hits)


def _table_of(name: str, figures: SetFigures) -> Table:
    table = Table("days", "weight", f"recall@{K}", "difference", "95 % interval", box=None)
    table.title = f"{name}: {figures['recall']:.1%} of {figures['questions']} without"
    for row in figures["weighed"]:
        table.add_row(
            f"{row['days']:g}",
            f"{row['weight']:g}",
            f"{row['recall']:.1%}",
            f"{row['difference'] * 100:+.1f}",
            f"{row['low'] * 100:+.1f} … {row['high'] * 100:+.1f}",
        )
    return table
