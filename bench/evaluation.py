"""Recall on evaluation sets: load a set through the client, ask its questions, count what came."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NotRequired

from memsvc_client import Bank, Client, JobState
from rich.table import Table

from bench.asking import Asked, AskOptions, ask_all
from bench.banks import MakeBank
from bench.loading import write_corpus
from bench.metrics import (
    Percentiles,
    RecallFigures,
    SessionFigures,
    percentiles,
    recall_by_category,
    recall_figures,
    session_figures,
)
from bench.openie import Openie
from bench.options import without_arm
from bench.progress import console, progress
from memsvc.cli.evaluation.corpora import count_memories
from memsvc.cli.evaluation.sets import EvaluationSet
from memsvc.domain.evaluation.measures import RECALL_AT

JOBS_LIMIT_S = 6 * 3600.0


class Judgement(RecallFigures):
    """How much came of what was asked for."""

    by_category: dict[str, RecallFigures]


class SetResult(Judgement):
    """What is written about one set; other tools read it."""

    ingest_per_s: float
    """Memories acknowledged per second of loading."""
    jobs_s: float
    """From the end of loading to the end of the last job that it caused."""
    recall_ms: Percentiles
    skipped: dict[str, int]
    """Questions by ``arm: reason`` for which an arm was skipped: what the others find is not what
    all would."""
    evidence_session: NotRequired[SessionFigures]
    """Of sets that name the sessions of the evidence beside its turns."""
    without: NotRequired[dict[str, Judgement]]
    """By the arm that was left out: the same questions, asked of the same banks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalRun:
    """Measures sets one after the other, on one service."""

    client: Client
    make_bank: MakeBank
    options: AskOptions
    openie: Openie | None = None
    """Triples of the only corpus."""
    ablated: Sequence[str] = ()
    """Arms that are left out in turn, once everything has been asked with all."""

    def measure(self, evaluation_set: EvaluationSet) -> SetResult:
        """Load the set into fresh banks, wait for the jobs, ask every question."""
        name, corpora = evaluation_set.name, evaluation_set.corpora
        banks = {corpus: self.make_bank(f"{name}-{corpus}") for corpus in corpora}
        ingest_per_s = self._load(evaluation_set, banks)
        self._give(evaluation_set.name, list(banks.values()))
        jobs_s = self._finish_jobs(list(banks.values()))
        for bank in banks.values():
            # Loading a bank's index is no property of whichever question comes first.
            bank.recall("warm-up", k=1, arms=self.options.arms)
        result = summarise(
            self._ask(evaluation_set, banks, self.options),
            ingest_per_s,
            jobs_s,
            recall_ks(self.options.k_max),
        )
        if self.ablated:
            result["without"] = {
                arm: self._without(arm, evaluation_set, banks) for arm in self.ablated
            }
        return result

    def _without(
        self, arm: str, evaluation_set: EvaluationSet, banks: Mapping[str, Bank]
    ) -> Judgement:
        arms = without_arm(self.options.arms, arm)
        asked = self._ask(evaluation_set, banks, replace(self.options, arms=arms))
        return judgement(asked, recall_ks(self.options.k_max))

    @staticmethod
    def _ask(
        evaluation_set: EvaluationSet, banks: Mapping[str, Bank], options: AskOptions
    ) -> list[Asked]:
        questions = evaluation_set.questions
        with progress(f"{evaluation_set.name}: ask", len(questions)) as advance:
            return ask_all(questions, banks, options, lambda: advance(1))

    def _load(self, evaluation_set: EvaluationSet, banks: Mapping[str, Bank]) -> float:
        """Write everything; return memories per second."""
        corpora = evaluation_set.corpora
        total = sum(count_memories(corpus) for corpus in corpora.values())
        with progress(f"{evaluation_set.name}: load", total) as advance:
            began = time.perf_counter()
            written = sum(write_corpus(banks[name], corpora[name], advance) for name in corpora)
            return written / (time.perf_counter() - began)

    def _give(self, name: str, banks: Sequence[Bank]) -> None:
        if self.openie is not None:
            [bank] = banks
            with progress(f"{name}: give", len(self.openie)) as advance:
                self.openie.give(bank, advance)

    def _finish_jobs(self, banks: Sequence[Bank]) -> float:
        """Wait until no job is open; return the seconds that took, and tell of those that failed.

        A failed one means that what is measured next is not the service at its best.
        """
        began = time.perf_counter()
        for bank in banks:
            self.client.wait_for_jobs(bank.reference, timeout_s=JOBS_LIMIT_S)
        took_s = time.perf_counter() - began
        for bank in banks:
            for state in (JobState.FAILED, JobState.NEEDS_REVIEW):
                for job in self.client.jobs(state=state, bank=bank.reference):
                    console.print(f"{job.kind}: {state} {job.reason or ''}", style="red")
        return took_s


def recall_ks(k_max: int) -> tuple[int, ...]:
    """Return the k of the figures: the fixed ones, and ``k_max`` where it goes beyond."""
    return tuple(sorted({*RECALL_AT, k_max}))


def judgement(asked: Sequence[Asked], ks: Sequence[int]) -> Judgement:
    """Return recall over all questions and by category."""
    judged = [each.judged for each in asked]
    return Judgement(**recall_figures(judged, ks), by_category=recall_by_category(judged, ks))


def summarise(
    asked: Sequence[Asked], ingest_per_s: float, jobs_s: float, ks: Sequence[int]
) -> SetResult:
    """Return the figures of a set."""
    overall = judgement(asked, ks)
    result = SetResult(
        n=overall["n"],
        recall=overall["recall"],
        by_category=overall["by_category"],
        ingest_per_s=ingest_per_s,
        jobs_s=jobs_s,
        recall_ms=percentiles([each.recall_ms for each in asked]),
        skipped=dict(
            Counter(f"{arm}: {why}" for each in asked for arm, why in each.skipped.items())
        ),
    )
    if (sessions := session_figures(each.judged for each in asked)) is not None:
        result["evidence_session"] = sessions
    return result


def table_of(results: Mapping[str, SetResult]) -> Table:
    """Return the figures for people, recall in percent."""
    ks = next((tuple(result["recall"]) for result in results.values()), ())
    columns = ("set", "category", "n", *(f"@{k}" for k in ks))
    speed_columns = ("ingest/s", "jobs s", "p50 ms", "p95 ms")
    table = Table(*columns, *speed_columns, title="recall, percent", box=None, pad_edge=False)
    for name, result in results.items():
        times = result["recall_ms"]
        speed = (result["ingest_per_s"], result["jobs_s"], times["p50"], times["p95"])
        table.add_row(name, "all", *_cells(result), *map(_number, speed))
        _add_categories(table, result)
        if "evidence_session" in result:
            first = result["evidence_session"]
            place = f"evidence session first: {first['first']:.0%}, MRR {first['mrr']:.3f}"
            table.add_row("", place, str(first["n"]))
        for why, number in result["skipped"].items():
            table.add_row("", f"skipped {why}", str(number))
        for arm, figures in result.get("without", {}).items():
            table.add_row("", f"without {arm}", *_cells(figures))
            _add_categories(table, figures)
    return table


def _add_categories(table: Table, result: Judgement) -> None:
    for category, figures in result["by_category"].items():
        table.add_row("", category, *_cells(figures))


def _cells(figures: RecallFigures) -> list[str]:
    shares = figures["recall"].values()
    return [
        str(figures["n"]),
        *(_number(None if share is None else share * 100) for share in shares),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
