"""Our index, through its public protocol."""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from bench.similarity.arrays import Arrays, K
from bench.similarity.memory import RESIDENT_GROWTH, own_resident_bytes
from bench.similarity.rows import Built, Operations, Row, Structures, Task
from bench.similarity.threads import use_threads
from gpu_index import IndexOptions, VectorIndex, open_index
from gpu_index.flat import FlatIndex
from gpu_index.protocol import Ids
from memsvc.ports import Matrix

_CHANGED = 1_000
_REPEATS = 5


def measure_ours(task: Task) -> Iterator[Row]:
    """Measure ``gpu_index`` with the chosen backend."""
    before = own_resident_bytes()
    use_threads(task.build_threads)
    began = time.perf_counter()
    index = open_index(task.backend, task.arrays.vectors.shape[1])
    fill(index, task.arrays)
    build_s = time.perf_counter() - began
    use_threads(task.threads)
    built = Built(
        name=f"gpu_index {task.backend}",
        setting=setting_of(index),
        build_s=build_s,
        bytes=own_resident_bytes() - before,
        bytes_are=RESIDENT_GROWTH,
    )

    def search(queries: Matrix, partitions: Ids) -> Ids:
        return index.search(queries, K, partitions).ids

    row = task.measure(built, search)
    row["facts"] = {"capabilities": asdict(index.capabilities), "nbytes": index.nbytes}
    row["structures"] = _structures(index, task.arrays)
    if task.wants_operations:
        row["operations"] = _operations(index, task.arrays)
    yield row


def fill(index: VectorIndex, arrays: Arrays) -> None:
    """Add every partition, one call each, and wait for the structures beside them.

    Structures are measured with what their partition is asked: large ones are asked the practice
    queries, which are not among those that count.
    """
    for partition in range(arrays.partitions):
        rows = arrays.rows(partition)
        ids = np.arange(rows.start, rows.stop, dtype=np.int64)
        index.add(partition, ids, arrays.vectors[rows])
        if isinstance(index, FlatIndex) and ids.size > IndexOptions().approximate_above:
            asked = np.full(len(arrays.practice), partition, dtype=np.int64)
            index.search(np.asarray(arrays.practice), K, asked)
            index.settle()


def setting_of(index: VectorIndex) -> str:
    """Return how the largest partition is searched, which is the first, and in which precision."""
    return f"{index.report(0).structure}, {index.capabilities.precision}"


def _structures(index: VectorIndex, arrays: Arrays) -> Structures:
    """Return how the index says it searches its partitions."""
    reports = [index.report(partition) for partition in range(arrays.partitions)]
    return Structures(
        partitions=dict(Counter(report.structure for report in reports)),
        lowest_measured_recall=min(report.measured_recall for report in reports),
    )


def _operations(index: VectorIndex, arrays: Arrays) -> Operations:
    """Time changes of 1,000 vectors and a snapshot; the index is changed afterwards."""
    random = np.random.default_rng(0)
    removals, additions, changed = [], [], 0
    for _ in range(_REPEATS):
        chosen = _chosen(arrays, random)
        changed = len(chosen)
        began = time.perf_counter()
        for partition, ids in chosen:
            index.remove(partition, ids)
        removals.append(time.perf_counter() - began)
        count = sum(len(ids) for _, ids in chosen)
        vectors = [np.array(arrays.vectors[ids]) for _, ids in chosen]
        began = time.perf_counter()
        for (partition, ids), rows in zip(chosen, vectors, strict=True):
            index.add(partition, ids, rows)
        additions.append(count / (time.perf_counter() - began))
    save_s, load_s = _snapshot(index)
    return Operations(
        remove_1000_ms=float(np.median(removals)) * 1000,
        partitions_changed=changed,
        add_per_s=float(np.median(additions)),
        save_s=save_s,
        load_s=load_s,
    )


def _chosen(arrays: Arrays, random: np.random.Generator) -> list[tuple[int, Ids]]:
    """Return 1,000 ids by chance, at most half of a partition, from as few as hold them."""
    chosen: list[tuple[int, Ids]] = []
    wanted = _CHANGED
    for partition in range(arrays.partitions):
        rows = arrays.rows(partition)
        count = min(wanted, max(1, (rows.stop - rows.start) // 2))
        ids = random.choice(rows.stop - rows.start, size=count, replace=False) + rows.start
        chosen.append((partition, ids.astype(np.int64)))
        wanted -= count
        if not wanted:
            break
    return chosen


def _snapshot(index: VectorIndex) -> tuple[float, float]:
    """Return the seconds of saving the largest partition, and of loading it again."""
    with tempfile.TemporaryDirectory(prefix="memsvc-bench-") as folder:
        path = Path(folder) / "partition"
        began = time.perf_counter()
        index.save(0, path, {})
        saved = time.perf_counter()
        index.load(0, path)
        return saved - began, time.perf_counter() - saved
