"""usearch: its Python index takes no filter, so each tenant has an index of its own."""

import importlib
import time
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from bench.similarity.arrays import K
from bench.similarity.memory import RESIDENT_GROWTH, own_resident_bytes
from bench.similarity.rows import Built, Row, Search, Task
from gpu_index.protocol import Ids
from memsvc.ports import Matrix

# Not by an import statement: it is not installed for checking types.
usearch: Any = importlib.import_module("usearch.index")

_Index: TypeAlias = Any

EXPANSIONS = (64, 256, 1024)
_TYPE = "f16"


def measure_usearch(task: Task) -> Iterator[Row]:
    """Measure its graph at several widths of search, and its exact scan."""
    before = own_resident_bytes()
    began = time.perf_counter()
    indexes = _indexes(task)
    build_s = time.perf_counter() - began
    grown = own_resident_bytes() - before

    def built(setting: str) -> Built:
        return Built(
            name="usearch",
            setting=f"an index per partition, {_TYPE}, {setting}",
            build_s=build_s,
            bytes=grown,
            bytes_are=RESIDENT_GROWTH,
        )

    for expansion in EXPANSIONS:
        for index in indexes:
            index.expansion_search = expansion
        yield task.measure(built(f"expansion {expansion}"), _search(indexes, task, exact=False))
    yield task.measure(built("exact"), _search(indexes, task, exact=True))


def _indexes(task: Task) -> list[_Index]:
    arrays = task.arrays
    indexes = []
    for partition in range(arrays.partitions):
        index = usearch.Index(
            ndim=arrays.vectors.shape[1], metric=usearch.MetricKind.IP, dtype=_TYPE
        )
        rows = arrays.rows(partition)
        keys = np.arange(rows.start, rows.stop, dtype=np.uint64)
        vectors = np.ascontiguousarray(arrays.vectors[rows])
        index.add(keys, vectors, threads=task.build_threads)
        indexes.append(index)
    return indexes


def _search(indexes: list[_Index], task: Task, *, exact: bool) -> Search:
    def search(queries: Matrix, partitions: Ids) -> Ids:
        found = np.full((len(queries), K), -1, dtype=np.int64)
        for partition in np.unique(partitions):
            asking = np.flatnonzero(partitions == partition)
            index = indexes[int(partition)]
            count = min(K, len(index))
            matches = index.search(queries[asking], count, threads=task.threads, exact=exact)
            keys = np.asarray(matches.keys, dtype=np.int64).reshape(len(asking), -1)
            found[asking, : keys.shape[1]] = keys
        return found

    return search
