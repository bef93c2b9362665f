"""Organising the conversations of a set, stage by stage, in fresh banks of a service."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import TypedDict

from memsvc_client import Bank

from bench.errors import BenchError
from bench.loading import write_corpus
from bench.progress import progress
from bench.service import MeasuredService
from memsvc.cli.evaluation.sets import EvaluationSet

_LIMIT_S = 6 * 3600.0


class StageResult(TypedDict):
    """What one stage of consolidating has done, in all banks together."""

    todo: int
    """Things to look at when it began."""
    seconds: float
    counts: dict[str, int]
    """As its jobs count: notes, links, evolutions, facts, superseded, merged, summaries …"""
    per_s: float
    """Memories of the banks over the stage's seconds."""


class SetOrganised(TypedDict):
    """A set, organised."""

    banks: int
    memories: int
    stages: dict[str, StageResult]
    seconds: float
    """Of all stages."""
    set_aside: int
    """Memories that could not be organised."""


def organise_set(
    service: MeasuredService, data: EvaluationSet, *, only: Sequence[str] | None = None
) -> SetOrganised:
    """Write each conversation into a bank of its own and run every stage on it, or ``only`` some.

    Raises ``BenchError`` for a job that does not succeed.
    """
    stages: dict[str, StageResult] = {}
    memories = set_aside = 0
    with progress(f"{data.name}: organise", len(data.corpora)) as advance:
        for corpus in data.corpora.values():
            bank = service.make_bank("organise")
            memories += write_corpus(bank, corpus, lambda _: None)
            service.client.wait_for_jobs(str(bank.reference), timeout_s=_LIMIT_S)
            stages_there = [each.name for each in bank.consolidation().stages]
            for name in stages_there if only is None else only:
                _run_stage(service, bank, name, stages)
            set_aside += bank.consolidation().notes.set_aside
            advance(1)
    for each in stages.values():
        each["per_s"] = round(memories / each["seconds"], 1) if each["seconds"] else 0.0
    return SetOrganised(
        banks=len(data.corpora),
        memories=memories,
        stages=stages,
        seconds=round(sum(each["seconds"] for each in stages.values()), 1),
        set_aside=set_aside,
    )


def _run_stage(
    service: MeasuredService, bank: Bank, name: str, stages: dict[str, StageResult]
) -> None:
    todo = {each.name: each.todo for each in bank.consolidation().stages}[name]
    began = time.perf_counter()
    job = bank.consolidate(stages=[name])
    service.client.wait_for_jobs(str(bank.reference), timeout_s=_LIMIT_S, poll_s=0.2)
    seconds = time.perf_counter() - began
    ended = service.client.get_job(job.id)
    if ended.state != "succeeded":
        raise BenchError(f"The stage {name} ended as {ended.state}: {ended.reason}")
    empty = StageResult(todo=0, seconds=0.0, counts={}, per_s=0.0)
    result = stages.setdefault(name, empty)
    result["todo"] += todo
    result["seconds"] = round(result["seconds"] + seconds, 2)
    result["counts"] = dict(Counter(result["counts"]) + Counter(ended.counts))
