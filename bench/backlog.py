"""``python -m bench backlog``: what writes take while a backlog of memories is organised.

The same bank is written to, one memory at a time, with nothing else going on and while a job
organises what waits; both in turns, as what else the machine does changes with time.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, TypedDict

import numpy as np
import typer
from memsvc_client import Bank, Job

from bench.loading import episodes_of, write_corpus
from bench.options import OutOption, SeedOption
from bench.progress import console, progress
from bench.results import describe_run, write_results
from bench.service import MeasuredService, ServiceOptions, measured_service
from bench.texts import GeneratedTurn, TextSource, read_vocabulary
from memsvc.cli.evaluation.corpora import Corpus

MOST_SLOWER = 1.2
"""Writes may take so many times as long while the backlog drains."""
_LIMIT_S = 12 * 3600.0
_BETWEEN_S = 0.05
"""Writers think between two memories; a service that is written to without a pause has no rest that
anything could be compared with."""
_WARM_UP = 30
_START_LIMIT_S = 60.0


class WriteTimes(TypedDict):
    """Of writes, in milliseconds."""

    n: int
    p50: float
    p95: float


class BacklogResult(TypedDict):
    """What one run has measured."""

    notes: int
    """Organised or waiting: the backlog, and what was written meanwhile."""
    rounds: int
    empty_ms: WriteTimes
    """Of a write while nothing is organised, as the caller waits for it."""
    draining_ms: WriteTimes
    ratio_p50: float
    """Of the latencies, draining over empty."""
    ratio_p95: float
    waiting: list[int]
    """Memories waiting after each round."""
    organised_per_s: float
    """While writes go on."""
    meets: bool
    """Both ratios at most ``MOST_SLOWER``, and fewer waiting after each round."""


@dataclass(slots=True, kw_only=True)
class _Drain:
    """What the rounds have shown."""

    empty: list[float] = field(default_factory=list)
    draining: list[float] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    organised: int = 0
    seconds: float = 0.0


def backlog(
    *,
    notes: Annotated[int, typer.Option(min=500, help="How many memories wait.")] = 50_000,
    out: OutOption,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Rounds to measure; until it is empty unless given.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Of each half of a round.")] = 20.0,
    seed: SeedOption = 0,
) -> None:
    """Write memories that wait to be organised; time writes with and without that going on."""
    turns = TextSource(read_vocabulary(), seed).turns(notes)
    further = TextSource(read_vocabulary(), seed + 1).turns(5_000)
    with measured_service(ServiceOptions()) as service:
        described = service.describe()
        result = _measure(service, turns, further, rounds=rounds, seconds=seconds)
    settings = describe_run(command="backlog", seed=seed, seconds=seconds, service=described)
    write_results(out, {"backlog": result, "settings": settings})
    console.print(
        f"write p50 {result['empty_ms']['p50']:.1f} ms, draining {result['draining_ms']['p50']:.1f}"
        f" ({result['ratio_p50']:.2f}); p95 {result['empty_ms']['p95']:.1f},"
        f" {result['draining_ms']['p95']:.1f} ({result['ratio_p95']:.2f});"
        f" {result['organised_per_s']:.0f} organised a second, waiting: {result['waiting']}"
    )


def _measure(
    service: MeasuredService,
    turns: Sequence[GeneratedTurn],
    further: Sequence[GeneratedTurn],
    *,
    rounds: int | None,
    seconds: float,
) -> BacklogResult:
    bank = service.make_bank("backlog")
    with progress("write the backlog", len(turns)) as advance:
        write_corpus(bank, Corpus(episodes=episodes_of(turns)), advance)
    service.client.wait_for_jobs(str(bank.reference), timeout_s=_LIMIT_S)
    texts = _endless(further)
    bank.recall("What was it about?", k=1)  # The bank's index is loaded by the first question.
    _write_for(bank, texts, seconds, most=_WARM_UP)
    drain = _Drain()
    total = bank.consolidation().notes.waiting
    with progress("drain it", total) as advance:
        while rounds is None or len(drain.waiting) < rounds:
            before = bank.consolidation().notes.waiting
            is_empty = _round(service, bank, texts, drain, seconds)
            advance(max(0, before - drain.waiting[-1]))
            if is_empty:
                break
    return _result(bank, drain)


def _round(
    service: MeasuredService, bank: Bank, texts: Iterator[str], drain: _Drain, seconds: float
) -> bool:
    """Measure both halves of a round; tell whether the backlog has been drained."""
    drain.empty += _write_for(bank, texts, seconds)
    done = bank.consolidation().notes.annotated
    began = time.perf_counter()
    job = bank.consolidate(stages=["organise"])
    _await_progress(service, job)
    drain.draining += _write_for(bank, texts, seconds)
    is_empty = _end(service, bank, job)
    drain.seconds += time.perf_counter() - began
    notes = bank.consolidation().notes
    drain.organised += notes.annotated - done
    drain.waiting.append(notes.waiting)
    return is_empty


def _await_progress(service: MeasuredService, job: Job) -> None:
    """Wait for the first window: a backlog is drained by one job, which begins once."""
    until = time.perf_counter() + _START_LIMIT_S
    while time.perf_counter() < until:
        now = service.client.get_job(job.id)
        if now.progress is not None or now.state not in {"queued", "running"}:
            return
        time.sleep(_BETWEEN_S)


def _end(service: MeasuredService, bank: Bank, job: Job) -> bool:
    """Cancel the job if it goes on; tell whether it had come to its end."""
    if service.client.get_job(job.id).state in {"queued", "running"}:
        service.client.cancel_job(job.id)
    service.client.wait_for_jobs(str(bank.reference), timeout_s=_LIMIT_S, poll_s=0.05)
    return service.client.get_job(job.id).state == "succeeded"


def _write_for(
    bank: Bank, texts: Iterator[str], seconds: float, most: int | None = None
) -> list[float]:
    """Write one memory after the other; return the milliseconds that each has taken."""
    took: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until and (most is None or len(took) < most):
        text = next(texts)
        began = time.perf_counter()
        bank.add_memory(text)
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(_BETWEEN_S)
    return took


def _endless(turns: Sequence[GeneratedTurn]) -> Iterator[str]:
    number = 0
    while True:
        yield f"{turns[number % len(turns)].text} {number}"
        number += 1


def _result(bank: Bank, drain: _Drain) -> BacklogResult:
    empty, draining = _times(drain.empty), _times(drain.draining)
    notes = bank.consolidation().notes
    ratios = draining["p50"] / empty["p50"], draining["p95"] / empty["p95"]
    falls = all(after < before for before, after in pairwise(drain.waiting))
    return BacklogResult(
        notes=notes.annotated + notes.waiting + notes.set_aside,
        rounds=len(drain.waiting),
        empty_ms=empty,
        draining_ms=draining,
        ratio_p50=round(ratios[0], 3),
        ratio_p95=round(ratios[1], 3),
        waiting=drain.waiting,
        organised_per_s=round(drain.organised / drain.seconds, 1),
        meets=max(ratios) <= MOST_SLOWER and falls,
    )


def _times(took: Sequence[float]) -> WriteTimes:
    p50, p95 = np.percentile(took, [50, 95]).round(2).tolist()
    return WriteTimes(n=len(took), p50=p50, p95=p95)
