"""Asking the questions of a set, and judging what comes back."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from memsvc_client import ArmStatus, Bank, Recall

from bench.errors import BenchError
from bench.metrics import Judged
from bench.options import Arms, Times
from memsvc.cli.evaluation.sets import Question
from memsvc.cli.evaluation.units import UnitKind, ranked_units

MOST_HITS = 200
"""How many hits the service gives at most."""
_HITS_PER_SESSION = 5
"""Several turns of one session come back together: so many more hits are asked for at first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """How questions are asked."""

    arms: Arms
    k_max: int
    """How many units each question shall bring back."""
    workers: int
    """How many questions are asked at the same time."""
    times: Times = "boost"
    """What to make of times that a question names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that was asked."""

    judged: Judged
    recall_ms: float
    """Of its first call, as the caller waits for it."""
    skipped: Mapping[str, str]
    """Arms that were skipped in its last call, and why."""


def ask_all(
    questions: Sequence[Question],
    banks: Mapping[str, Bank],
    options: AskOptions,
    on_asked: Callable[[], None],
) -> list[Asked]:
    """Ask every question of the bank of its corpus; return them in the same order."""

    def work(question: Question) -> Asked:
        asked = _ask(question, banks[question.corpus], options)
        on_asked()
        return asked

    with ThreadPoolExecutor(options.workers) as pool:
        return list(pool.map(work, questions))


def _ask(question: Question, bank: Bank, options: AskOptions) -> Asked:
    """Ask for more hits until they bring back enough units, or there are no more."""
    hits = first_hits(question.unit, options.k_max)
    recall_ms = None
    while True:
        began = time.perf_counter()
        recall = bank.recall(
            question.text,
            k=hits,
            arms=options.arms,
            now=question.asked_at,
            times=options.times,
        )
        if recall_ms is None:
            recall_ms = (time.perf_counter() - began) * 1000
        refuse_failed_arms(recall)
        units = ranked_units(recall.hits, question.unit)
        is_exhausted = hits == MOST_HITS or len(recall.hits) < hits
        if len(units) >= options.k_max or is_exhausted:
            break
        hits = min(MOST_HITS, 2 * hits)
    judged = Judged(
        gold=question.gold,
        found=units,
        categories=question.categories,
        session_place=_session_place(question, recall),
    )
    return Asked(judged=judged, recall_ms=recall_ms, skipped=skipped_arms(recall))


def _session_place(question: Question, recall: Recall) -> int | None:
    if question.unit is UnitKind.SESSION or not question.gold_sessions:
        return None
    sessions = ranked_units(recall.hits, UnitKind.SESSION)
    found = (place for place, each in enumerate(sessions, 1) if each in question.gold_sessions)
    return next(found, 0)


def refuse_failed_arms(recall: Recall) -> None:
    """Raise ``BenchError`` where an arm failed: what the others find is not the service's best."""
    for arm, report in recall.arms.items():
        if report.status == ArmStatus.FAILED:
            raise BenchError(f"The arm {arm} failed: {report.reason}")


def skipped_arms(recall: Recall) -> dict[str, str]:
    """Return why which arms were skipped."""
    return {
        arm: report.reason or ""
        for arm, report in recall.arms.items()
        if report.status == ArmStatus.SKIPPED
    }


def first_hits(unit: UnitKind, k_max: int) -> int:
    """Return how many hits to ask for, to see ``k_max`` units of this kind."""
    return min(MOST_HITS, k_max * (_HITS_PER_SESSION if unit is UnitKind.SESSION else 1))
