"""One line of ``bench recall``: the same questions in several runs, and what they cost."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from memsvc_client import ArmStatus, Recall

from bench.asking import refuse_failed_arms
from bench.cpu_times import CpuTimes
from bench.latency import Timed, summarise
from bench.load import Call, Load, ask_together
from bench.metrics import Judged, Percentiles, recall_figures
from bench.service import MeasuredService
from bench.service_metrics import ServiceMetrics
from memsvc.cli.evaluation.units import UnitKind, ranked_units
from memsvc.domain.evaluation.measures import percentile

_HITS_COUNTED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call, and what should come back, if that is known."""

    call: Call
    unit: UnitKind | None = None
    gold: frozenset[str] = frozenset()


class Run(TypedDict):
    """One run of a row."""

    p50_ms: float
    p95_ms: float
    qps: float


class CpuMs(TypedDict):
    """Milliseconds of processor time for each recall; ``None`` where they cannot be seen."""

    service: float | None
    """The service's process: every stage, HTTP, and what it does beside recalls."""
    database: float | None
    load: float
    """The clients, threads of the benchmark."""


class LoopLag(TypedDict):
    """Milliseconds; ``None`` where the service does not tell."""

    p50: float | None
    p99: float | None


class RecallRow(TypedDict):
    """Medians of the runs where runs differ, else of all recalls together."""

    name: str
    memories: int
    """In all banks."""
    banks: int
    clients: int
    n: int
    """Recalls timed, of all runs."""
    p50_ms: float
    """As a client waits for it."""
    p95_ms: float
    qps: float
    runs: list[Run]
    stages_ms: dict[str, Percentiles]
    """The service's own stages."""
    arms_ms: dict[str, Percentiles]
    """Each arm without embedding; dense and lexical run side by side."""
    arms_ok: dict[str, float]
    """Share of the recalls in which each arm took part: one that was skipped cost nothing."""
    stages_cpu_ms: dict[str, float] | None
    """Processor time of the service's process while a stage lasted, for each recall; ``search``
    has embedding in it, ``http`` is the rest. With one client only: several cannot be told apart.
    """
    cpu_ms: CpuMs
    loop_lag_ms: LoopLag
    recall_at_10: float | None
    """Of the questions whose answers are known."""
    answer_bytes: int
    """Median size of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlan:
    """What a row is."""

    name: str
    memories: int
    banks: int
    clients: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What the counters said at one instant."""

    metrics: ServiceMetrics
    cpu: CpuTimes | None

    @classmethod
    def of(cls, service: MeasuredService) -> "_Reading":
        cpu = None if service.own is None else CpuTimes.of(service.own)
        return cls(metrics=ServiceMetrics.read(service.url, service.api_key), cpu=cpu)


def measure_row(
    service: MeasuredService,
    plan: RowPlan,
    questions: Sequence[Question],
    on_asked: Callable[[int], None],
) -> RecallRow:
    """Ask the questions in every run; raises ``BenchError`` when an arm failed in any recall."""
    calls = [each.call for each in questions]
    before = _Reading.of(service)
    loads = []
    for _ in range(plan.runs):
        loads.append(
            ask_together(service.url, calls, clients=plan.clients, api_key=service.api_key)
        )
        on_asked(len(calls))
    after = _Reading.of(service)
    timed = [_read(load) for load in loads]
    latency = summarise([each for run in timed for each in run])
    runs = [_run_of(load) for load in loads]
    stages_cpu, cpu = _costs(before, after, loads)
    sizes = [len(each.body) for load in loads for each in load.answers]
    return RecallRow(
        name=plan.name,
        memories=plan.memories,
        banks=plan.banks,
        clients=plan.clients,
        n=latency["n"],
        p50_ms=statistics.median(run["p50_ms"] for run in runs),
        p95_ms=statistics.median(run["p95_ms"] for run in runs),
        qps=statistics.median(run["qps"] for run in runs),
        runs=runs,
        stages_ms=latency["stages_ms"],
        arms_ms=latency["arms_ms"],
        arms_ok=_arms_ok([each for run in timed for each in run]),
        stages_cpu_ms=stages_cpu if plan.clients == 1 else None,
        cpu_ms=cpu,
        loop_lag_ms=LoopLag(
            p50=_milliseconds(after.metrics.lag_since(before.metrics, 0.5)),
            p99=_milliseconds(after.metrics.lag_since(before.metrics, 0.99)),
        ),
        # Every run has the same answers.
        recall_at_10=_recall_at_10(questions, timed[0]),
        answer_bytes=round(statistics.median(sizes)),
    )


def _read(load: Load) -> list[Timed]:
    timed = []
    for answered in load.answers:
        recall = Recall.model_validate_json(answered.body)
        refuse_failed_arms(recall)
        timed.append(Timed(recall=recall, http_ms=answered.http_ms))
    return timed


def _run_of(load: Load) -> Run:
    times = [each.http_ms for each in load.answers]
    return Run(p50_ms=percentile(times, 0.5), p95_ms=percentile(times, 0.95), qps=load.qps)


def _costs(
    before: _Reading, after: _Reading, loads: Sequence[Load]
) -> tuple[dict[str, float], CpuMs]:
    count = sum(len(load.answers) for load in loads)
    stages: Mapping[str, float] = after.metrics.stage_cpu_since(before.metrics)
    by_stage = {stage: spent / count * 1000 for stage, spent in stages.items()}
    service, database = None, None
    if before.cpu is not None and after.cpu is not None:
        service = (after.cpu.service - before.cpu.service) / count * 1000
        by_stage["http"] = max(0.0, service - sum(by_stage.values()))
        if before.cpu.database is not None and after.cpu.database is not None:
            database = (after.cpu.database - before.cpu.database) / count * 1000
    load_ms = sum(load.cpu_s for load in loads) / count * 1000
    return by_stage, CpuMs(service=service, database=database, load=load_ms)


def _recall_at_10(questions: Sequence[Question], timed: Sequence[Timed]) -> float | None:
    judged = [
        Judged(gold=question.gold, found=ranked_units(each.recall.hits, question.unit))
        for question, each in zip(questions, timed, strict=True)
        if question.unit is not None and question.gold
    ]
    return recall_figures(judged, [_HITS_COUNTED])["recall"][str(_HITS_COUNTED)]


def _arms_ok(timed: Sequence[Timed]) -> dict[str, float]:
    arms = sorted({arm for each in timed for arm in each.recall.arms})
    return {
        arm: sum(
            arm in each.recall.arms and each.recall.arms[arm].status == ArmStatus.OK
            for each in timed
        )
        / len(timed)
        for arm in arms
    }


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
