"""One line of the comparison, and what a system is measured with."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypeAlias, TypedDict

import numpy as np

from bench.metrics import Percentiles, percentiles
from bench.similarity.arrays import Arrays, recall_at_k
from gpu_index.protocol import Ids
from memsvc.ports import Matrix

Search: TypeAlias = Callable[[Matrix, Ids], Ids]
"""Takes queries (q, dimension) and their partitions (q,); returns ids (q, K), -1 for nothing."""

_FIRST = 20
"""Questions asked untimed, so that what is loaded or made at first use is not measured."""


class Row(TypedDict):
    """A system at one setting, or why it has no figures."""

    name: str
    reason: NotRequired[str]
    """Why there are no figures; there are none of the following then."""
    setting: NotRequired[str]
    build_s: NotRequired[float]
    """From nothing to ready to search, reading the vectors from mapped files included."""
    vectors_per_s: NotRequired[float]
    """Of the build."""
    bytes: NotRequired[int]
    bytes_are: NotRequired[str]
    """How they were counted."""
    single_ms: NotRequired[Percentiles]
    """One query per call, one after the other."""
    cpu_ms: NotRequired["CpuTime"]
    batch: NotRequired["Batch"]
    qps: NotRequired[float]
    """Queries per second of the batch."""
    recall_at_10: NotRequired[float]
    facts: NotRequired[dict[str, object]]
    """What our index says about itself."""
    structures: NotRequired["Structures"]
    """Of our index."""
    operations: NotRequired["Operations"]
    """Of our index, with ``--ops``."""


class Batch(TypedDict):
    """All queries in one call, or what a system has instead of that."""

    queries: int
    ms: float


class CpuTime(TypedDict):
    """Processor time of the measuring process for a query, which other work disturbs less.

    What servers spend is not in it.
    """

    single: float
    """Median of queries asked alone."""
    batch: float
    """Of all queries in one call, spread over them."""


class Structures(TypedDict):
    """How our index says it searches."""

    partitions: dict[str, int]
    """How many by structure; ``scan`` compares every vector."""
    lowest_measured_recall: float
    """Of any partition, as the index has measured it itself."""


class Operations(TypedDict):
    """What else our index does, in seconds and milliseconds."""

    remove_1000_ms: float
    """Of ids by chance, a call for each partition that had some."""
    partitions_changed: int
    """Over which the 1,000 were spread: as few as hold twice as many."""
    add_per_s: float
    """Of the same 1,000, given back."""
    save_s: float
    """The largest partition."""
    load_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A system that is ready to be asked."""

    name: str
    setting: str
    build_s: float
    bytes: int
    bytes_are: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a system is given."""

    arrays: Arrays
    folder: Path
    """Where the arrays lie."""
    backend: str
    """Of our index."""
    threads: int
    """For searching."""
    build_threads: int
    budget_s: float
    """How long the queries of one row may take, each way of asking; what is slow is asked less."""
    wants_operations: bool

    def measure(self, built: Built, search: Search) -> Row:
        """Ask one by one and all at once; return the row."""
        arrays = self.arrays
        queries, asked = np.array(arrays.queries), np.array(arrays.asked)
        for one in _one_by_one(min(_FIRST, len(queries)), self.budget_s / 4):
            search(queries[one], asked[one])
        took_ms, cpu_ms = [], []
        for one in _one_by_one(len(queries), self.budget_s):
            began, cpu_began = time.perf_counter(), time.process_time()
            search(queries[one], asked[one])
            took_ms.append((time.perf_counter() - began) * 1000)
            cpu_ms.append((time.process_time() - cpu_began) * 1000)
        single_ms = percentiles(took_ms)
        expected_s = float(np.mean(took_ms)) / 1000
        count = int(
            np.clip(self.budget_s / max(expected_s, 1e-9), min(10, len(queries)), len(queries))
        )
        found, batch_s, batch_cpu_s = _repeated(lambda: search(queries[:count], asked[:count]))
        return Row(
            name=f"{built.name}, {built.setting}",
            setting=built.setting,
            build_s=built.build_s,
            vectors_per_s=len(arrays.vectors) / max(built.build_s, 1e-9),
            bytes=built.bytes,
            bytes_are=built.bytes_are,
            single_ms=single_ms,
            cpu_ms=CpuTime(single=float(np.median(cpu_ms)), batch=batch_cpu_s * 1000 / count),
            batch=Batch(queries=count, ms=batch_s * 1000),
            qps=count / batch_s,
            recall_at_10=recall_at_k(found, arrays.truth[:count]),
        )


def failed(name: str, reason: str) -> Row:
    """Return the row of a system that cannot be measured."""
    return Row(name=name, reason=reason)


def _one_by_one(count: int, budget_s: float) -> Iterator[slice]:
    """Yield rows while the time lasts, at least one."""
    deadline = time.perf_counter() + budget_s
    for number in range(count):
        if number and time.perf_counter() > deadline:
            return
        yield slice(number, number + 1)


def _repeated(
    call: Callable[[], Ids], enough_s: float = 1.0, most: int = 20
) -> tuple[Ids, float, float]:
    """Return the result and the median seconds, of the clock and of processors, of several calls.

    They take ``enough_s`` together.
    """
    times: list[float] = []
    cpu_times: list[float] = []
    while True:
        began, cpu_began = time.perf_counter(), time.process_time()
        found = call()
        times.append(time.perf_counter() - began)
        cpu_times.append(time.process_time() - cpu_began)
        if sum(times) >= enough_s or len(times) >= most:
            return found, float(np.median(times)), float(np.median(cpu_times))
