"""Plain FAISS: one index over everything, and the tenant as an id selector."""

import importlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from bench.similarity.arrays import Arrays, K
from bench.similarity.memory import RESIDENT_GROWTH, own_resident_bytes
from bench.similarity.rows import Built, Row, Search, Task
from bench.similarity.threads import use_threads
from gpu_index.protocol import Ids
from memsvc.ports import Matrix

# Not by an import statement: what FAISS says of its types lacks the parameters of searches.
faiss: Any = importlib.import_module("faiss")

_Index: TypeAlias = Any
_Parameters: TypeAlias = Callable[..., Any]
"""Makes a search's parameters; takes the selector as ``sel``, or ``None`` for no filter."""

NPROBES = (8, 32, 128)
EF_SEARCHES = (32, 128, 512)
_TRAINING_ROWS_PER_LIST = 50
_HNSW_LINKS = 32
_ROWS_AT_ONCE = 50_000


def measure_flat(task: Task) -> Iterator[Row]:
    """Measure ``IndexFlatIP`` with each kind of selector that tells a tenant."""
    index, built = _built(task, "FAISS flat", lambda: faiss.IndexFlatIP(_dimension(task)))
    parameters = faiss.SearchParameters
    if task.arrays.partitions == 1:
        yield task.measure(built("no filter"), _Filtered(index, parameters).search)
        return
    by_id = _Filtered(index, parameters, _id_sets(task.arrays))
    yield task.measure(built("tenant filter"), by_id.search)
    # Works only where all rows of a tenant lie together, so not where tenants grow.
    by_range = _Filtered(index, parameters, _id_ranges(task.arrays))
    yield task.measure(built("tenant as id range"), by_range.search)


def measure_ivf(task: Task) -> Iterator[Row]:
    """Measure ``IndexIVFFlat`` with about 4 √n lists."""
    rows, dimension = task.arrays.vectors.shape
    lists = max(1, min(round(4 * rows**0.5), rows // _TRAINING_ROWS_PER_LIST))

    def make() -> _Index:
        index = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(dimension), dimension, lists, faiss.METRIC_INNER_PRODUCT
        )
        drawn = np.random.default_rng(0).choice(
            rows, size=min(rows, lists * _TRAINING_ROWS_PER_LIST), replace=False
        )
        index.train(np.ascontiguousarray(task.arrays.vectors[np.sort(drawn)]))
        return index

    index, built = _built(task, "FAISS IVF", make)
    for nprobe in NPROBES:
        parameters = partial(faiss.SearchParametersIVF, nprobe=min(nprobe, lists))
        search = _search(index, parameters, task.arrays)
        yield task.measure(built(f"nlist {lists}, nprobe {min(nprobe, lists)}"), search)


def measure_hnsw(task: Task) -> Iterator[Row]:
    """Measure ``IndexHNSWFlat`` as FAISS builds it by default."""

    def make() -> _Index:
        return faiss.IndexHNSWFlat(_dimension(task), _HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)

    index, built = _built(task, "FAISS HNSW", make)
    for ef_search in EF_SEARCHES:
        parameters = partial(faiss.SearchParametersHNSW, efSearch=ef_search)
        search = _search(index, parameters, task.arrays)
        yield task.measure(built(f"M {_HNSW_LINKS}, efSearch {ef_search}"), search)


@dataclass(frozen=True, slots=True)
class _Filtered:
    """An index that is asked tenant by tenant: a call's selector holds for all its queries."""

    index: _Index
    parameters: _Parameters
    selectors: dict[int, Any] = field(default_factory=dict)
    """By tenant, made before anything is timed; none where there is one tenant."""

    def search(self, queries: Matrix, partitions: Ids) -> Ids:
        if not self.selectors:
            return self._call(queries, None)
        found = np.empty((len(queries), K), dtype=np.int64)
        for partition in np.unique(partitions):
            asking = np.flatnonzero(partitions == partition)
            found[asking] = self._call(queries[asking], self.selectors[int(partition)])
        return found

    def _call(self, queries: Matrix, selector: object) -> Ids:
        ids: Ids = self.index.search(queries, K, params=self.parameters(sel=selector))[1]
        return ids


def _search(index: _Index, parameters: _Parameters, arrays: Arrays) -> Search:
    if arrays.partitions == 1:
        return _Filtered(index, parameters).search
    return _Filtered(index, parameters, _id_sets(arrays)).search


def _id_sets(arrays: Arrays) -> dict[int, Any]:
    asked = (int(partition) for partition in np.unique(arrays.asked))
    return {each: faiss.IDSelectorBatch(np.arange(*_bounds(arrays, each))) for each in asked}


def _id_ranges(arrays: Arrays) -> dict[int, Any]:
    asked = (int(partition) for partition in np.unique(arrays.asked))
    return {each: faiss.IDSelectorRange(*_bounds(arrays, each)) for each in asked}


def _bounds(arrays: Arrays, partition: int) -> tuple[int, int]:
    rows = arrays.rows(partition)
    return rows.start, rows.stop


def _built(
    task: Task, name: str, make: Callable[[], _Index]
) -> tuple[_Index, Callable[[str], Built]]:
    """Return the filled index, and what describes it at a setting."""
    before = own_resident_bytes()
    use_threads(task.build_threads)
    began = time.perf_counter()
    index = make()
    vectors = task.arrays.vectors
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        index.add(np.ascontiguousarray(vectors[start : start + _ROWS_AT_ONCE]))
    build_s = time.perf_counter() - began
    use_threads(task.threads)
    grown = own_resident_bytes() - before

    def described(setting: str) -> Built:
        return Built(
            name=name, setting=setting, build_s=build_s, bytes=grown, bytes_are=RESIDENT_GROWTH
        )

    return index, described


def _dimension(task: Task) -> int:
    return int(task.arrays.vectors.shape[1])
