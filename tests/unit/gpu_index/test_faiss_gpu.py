import ctypes
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import numpy as np
import pytest

from gpu_index import cuda_presence
from gpu_index.backends import faiss_gpu
from gpu_index.backends.faiss_gpu import open_faiss_gpu
from gpu_index.device_index import DeviceIndex, DeviceOptions
from gpu_index.devices import DeviceMemoryError
from gpu_index.errors import BackendUnavailableError, VectorIndexError
from gpu_index.extents import CODE_SCORE, coded, padded_width
from gpu_index.registry import available, open_index
from tests.fixtures.fake_cuda import FakeRuntime, fake_faiss

Fake = Callable[..., FakeRuntime]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Put fake devices in the place of CUDA."""

    def install(budget_bytes: int = 1 << 24, devices: int = 1) -> FakeRuntime:
        runtime = FakeRuntime(budget_bytes, devices)
        runtime.faiss = fake_faiss(runtime)
        monkeypatch.setattr(faiss_gpu, "faiss", runtime.faiss)
        monkeypatch.setattr(ctypes, "CDLL", lambda _: runtime)
        return runtime

    return install


def unit(seed: int, count: int, dimension: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def device(fake: Fake, **options: int) -> faiss_gpu.CudaDevice:
    fake(**options)
    return faiss_gpu.CudaDevice(faiss_gpu.CudaRuntime(), 0)


def test_rows_are_written_read_copied_and_freed_where_they_belong(fake: Fake) -> None:
    runtime = fake()
    cuda = faiss_gpu.CudaDevice(faiss_gpu.CudaRuntime(), 0)
    one, other = cuda.allocate(10, 8), cuda.allocate(20, 8)
    assert not cuda.read(one, 0, 10).any()
    values = np.arange(32, dtype=np.float16).reshape(4, 8)
    cuda.write(one, 5, values)
    assert np.array_equal(cuda.read(one, 5, 4), values)
    cuda.write(one, 6, np.full((2, 3), 99, np.float16), column=4)
    values[1:3, 4:7] = 99
    assert np.array_equal(cuda.read(one, 5, 4), values)
    cuda.copy((one, 6), (other, 17), 3)
    assert np.array_equal(cuda.read(other, 17, 3), values[1:])
    assert not cuda.read(other, 0, 17).any()
    cuda.copy((other, 17), (other, 0), 3)
    assert np.array_equal(cuda.read(other, 0, 3), values[1:])
    assert cuda.free_bytes == (1 << 24) - 30 * 8 * 2
    cuda.free(one)
    cuda.free(other)
    assert runtime.allocations == {}


def test_nearest_is_asked_of_the_right_rows(fake: Fake) -> None:
    cuda = device(fake)
    vectors, queries = unit(1, 50, 16), unit(2, 3, 16)
    rows = coded(vectors.astype(np.float16), [5] * 50)
    buffer = cuda.allocate(64, padded_width(16))
    cuda.write(buffer, 7, rows)
    found = cuda.nearest(buffer, 17, 40, coded(queries.astype(np.float16), [5] * 3), 6)
    truth = queries @ vectors[10:].T
    assert found.rows.tolist() == np.argsort(-truth, axis=1)[:, :6].tolist()
    wanted = -np.sort(-truth, axis=1)[:, :6]
    assert np.abs(found.scores - CODE_SCORE - wanted).max() < 1e-3


def test_memory_that_is_not_there_is_told_apart_from_failure(fake: Fake) -> None:
    cuda = device(fake, budget_bytes=1000)
    cuda._runtime.select(0)
    with pytest.raises(DeviceMemoryError, match="do not fit on cuda:0"):
        cuda.allocate(1000, 8)
    with pytest.raises(DeviceMemoryError, match="could not be had"):
        cuda._runtime.allocate(1001)
    buffer = cuda.allocate(10, 8)
    with pytest.raises(VectorIndexError, match="cudaMemcpy failed on the device: invalid argument"):
        cuda.read(buffer, 5, 6)


def test_failure_of_faiss_is_translated(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = fake()
    cuda = faiss_gpu.CudaDevice(faiss_gpu.CudaRuntime(), 0)

    def fail(*_: object) -> None:
        raise RuntimeError("CUDA memory allocation error")

    monkeypatch.setattr(runtime.faiss, "bfKnn", fail)
    with pytest.raises(VectorIndexError, match="FAISS failed on cuda:0: CUDA memory"):
        cuda.nearest(cuda.allocate(4, 8), 0, 4, np.zeros((1, 8), np.float16), 1)


def test_buffer_of_another_device_is_refused(fake: Fake) -> None:
    cuda = device(fake)
    with pytest.raises(TypeError, match="another kind of device"):
        cuda.read(SimpleNamespace(rows=1, nbytes=2), 0, 1)


def test_index_over_two_cards_answers_like_the_exact_one(fake: Fake) -> None:
    runtime = fake(budget_bytes=1 << 20, devices=2)
    index = open_faiss_gpu(16, DeviceOptions(shelf_bytes=100 * 64))
    exact = open_index("exact", 16)
    assert index.capabilities.device == "cuda:0,cuda:1"
    for partition in range(8):
        vectors = unit(partition, 50 * (partition + 1), 16)
        for each in (index, exact):
            each.add(partition, np.arange(len(vectors)), vectors)
    for each in (index, exact):
        each.remove(3, np.arange(0, 200, 3))
    queries, partitions = unit(99, 64, 16), np.arange(64) % 9
    found, truth = index.search(queries, 7, partitions), exact.search(queries, 7, partitions)
    assert np.array_equal(found.ids, truth.ids)
    assert np.array_equal(found.scores, truth.scores)
    assert isinstance(index, DeviceIndex)
    assert {store.nbytes > 0 for store in index._placement.stores} == {True}
    index.close()
    assert runtime.allocations == {}


def test_no_device_and_no_gpu_build_are_explained(fake: Fake) -> None:
    runtime = fake(devices=0)
    with pytest.raises(BackendUnavailableError, match="no CUDA device"):
        open_faiss_gpu(4)
    del runtime.faiss.bfKnn
    with pytest.raises(BackendUnavailableError, match="faiss_gpu cannot run"):
        open_faiss_gpu(4)


class Driver:
    def __init__(self, version: int, devices: int, status: int = 0) -> None:
        self.version, self.devices, self.status = version, devices, status

    def cuDriverGetVersion(self, version: object) -> int:  # noqa: N802
        version._obj.value = self.version  # type: ignore[attr-defined]
        return 0

    def cuInit(self, _: int) -> int:  # noqa: N802
        return self.status

    def cuDeviceGetCount(self, count: object) -> int:  # noqa: N802
        count._obj.value = self.devices  # type: ignore[attr-defined]
        return 0


@pytest.mark.parametrize(
    ("installed", "driver", "reason"),
    [
        ({"faiss-cpu"}, Driver(13000, 1), "The installed FAISS is faiss-cpu: uninstall it first"),
        ({"faiss-cpu", "faiss-gpu"}, Driver(13000, 1), "overwrite each other"),
        ({"faiss-gpu"}, None, "no NVIDIA driver"),
        ({"faiss-gpu-cuvs"}, Driver(12080, 1), "supports CUDA 12, the installed FAISS needs 13"),
        ({"faiss-gpu"}, Driver(12080, 0), "shows no device"),
        ({"faiss-gpu"}, Driver(12080, 1, status=999), "status 999"),
        ({"faiss-gpu"}, Driver(13000, 1), None),
        (set(), Driver(12000, 1), None),
    ],
)
def test_obstacles_are_named(
    monkeypatch: pytest.MonkeyPatch,
    installed: set[str],
    driver: Driver | None,
    reason: str | None,
) -> None:
    def version(name: str) -> str:
        if name not in installed:
            raise PackageNotFoundError(name)
        return "1.15.1"

    def load(_: str) -> Driver:
        if driver is None:
            raise OSError("not found")
        return driver

    monkeypatch.setattr(cuda_presence, "version", version)
    monkeypatch.setattr(cuda_presence, "find_spec", lambda _: object())
    monkeypatch.setattr(ctypes, "CDLL", load)
    found = cuda_presence.obstacle()
    assert (found is None) == (reason is None)
    assert reason is None or reason in str(found)
    state = available()["faiss_gpu"]
    assert (state.usable, state.reason) == (reason is None, found)
    if reason is not None:
        with pytest.raises(BackendUnavailableError, match="faiss_gpu cannot run"):
            open_index("faiss_gpu", 4)


def test_missing_faiss_names_the_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_presence, "find_spec", lambda _: None)
    reason = cuda_presence.obstacle()
    assert reason is not None
    assert "memsvc[gpu]" in reason
    assert "memsvc[gpu-cuvs]" in reason
