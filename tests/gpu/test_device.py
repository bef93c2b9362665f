"""What only hardware can show: CUDA's memory, FAISS's brute force and cuVS's graphs.

The same promises are checked on main memory in ``tests/unit/gpu_index``; run these once on every
kind of card that is to be used: ``pytest -m gpu tests/gpu -rs``.
"""

from collections.abc import Iterator

import numpy as np
import pytest

from gpu_index.device_index import DeviceIndex, DeviceOptions
from gpu_index.device_search import half_bound
from gpu_index.extents import CODE_SCORE, coded, padded_width
from gpu_index.registry import available, open_index

STATE = available()["faiss_gpu"]
if not STATE.usable:
    pytest.skip(f"no CUDA device: {STATE.reason}", allow_module_level=True)
pytestmark = pytest.mark.gpu

DIMENSIONS = [1, 17, 384, 4096]


def unit(seed: int, count: int, dimension: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


@pytest.fixture
def index(request: pytest.FixtureRequest) -> Iterator[DeviceIndex]:
    from gpu_index.backends.faiss_gpu import open_faiss_gpu

    dimension, options = getattr(request, "param", (384, DeviceOptions(shelf_bytes=1 << 22)))
    opened = open_faiss_gpu(dimension, options)
    yield opened
    opened.close()


def assert_like_exact(index: DeviceIndex, sizes: list[int], k: int = 10) -> None:
    exact = open_index("exact", index.dimension)
    for partition, size in enumerate(sizes):
        vectors = unit(partition, size, index.dimension)
        for each in (index, exact):
            each.add(partition, np.arange(size), vectors)
    queries = unit(99, 64, index.dimension)
    partitions = np.arange(64) % len(sizes)
    found, truth = index.search(queries, k, partitions), exact.search(queries, k, partitions)
    assert np.array_equal(found.ids, truth.ids)
    assert np.array_equal(found.scores, truth.scores)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_device_keeps_rows_and_scores_them_within_the_bound(dimension: int) -> None:
    from gpu_index.backends.faiss_gpu import CudaDevice, CudaRuntime

    device = CudaDevice(CudaRuntime(), 0)
    vectors, queries = unit(1, 5000, dimension), unit(2, 33, dimension)
    rows = coded(vectors.astype(np.float16), [5] * 5000)
    before = device.free_bytes
    buffer = device.allocate(8192, padded_width(dimension))
    assert not device.read(buffer, 0, 8192).any()
    device.write(buffer, 100, rows)
    device.copy((buffer, 100), (buffer, 6000), 1000)
    assert np.array_equal(device.read(buffer, 100, 5000), rows)
    assert np.array_equal(device.read(buffer, 6000, 1000), rows[:1000])
    found = device.nearest(buffer, 100, 5000, coded(queries.astype(np.float16), [5] * 33), 50)
    truth = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    own = np.take_along_axis(truth, found.rows, axis=1)
    assert np.abs(found.scores - CODE_SCORE - own).max() <= half_bound(dimension)
    worst = found.scores.min(axis=1) - CODE_SCORE + half_bound(dimension)
    np.put_along_axis(truth, found.rows, -2, axis=1)
    assert (truth.max(axis=1) <= worst + half_bound(dimension)).all()
    device.free(buffer)
    assert device.free_bytes >= before - (1 << 22)


@pytest.mark.parametrize(
    "index", [(each, DeviceOptions(shelf_bytes=1 << 22)) for each in DIMENSIONS], indirect=True
)
def test_results_are_those_of_the_exact_backend(index: DeviceIndex) -> None:
    assert_like_exact(index, [5, 64, 300, 1000, 3000, 20_000 if index.dimension < 4096 else 3000])


def test_many_small_partitions_are_one_call_for_each_buffer(index: DeviceIndex) -> None:
    assert_like_exact(index, [200] * 300)
    assert index.counters().shared_calls > 0
    assert index.counters().rescans == 0


@pytest.mark.parametrize("index", [(384, DeviceOptions(graph_rows=50_000))], indirect=True)
def test_graph_reaches_the_recall_it_reports(index: DeviceIndex) -> None:
    vectors = unit(1, 50_000, 384)
    index.add(0, np.arange(50_000), vectors)
    report = index.report(0)
    if report.structure != "cagra":
        pytest.skip(f"no graph here: {index.capabilities.engine}, {report.structure}")
    queries = vectors[:100] + unit(3, 100, 384) * np.float32(0.5)
    found = index.search(queries, 10, np.zeros(100, np.int64))
    exact = open_index("exact", 384)
    exact.add(0, np.arange(50_000), vectors)
    truth = exact.search(queries, 10, np.zeros(100, np.int64))
    shared = [np.isin(one, other).sum() for one, other in zip(found.ids, truth.ids, strict=True)]
    assert np.sum(shared) / 1000 >= report.measured_recall - 0.02
