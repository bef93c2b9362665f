from collections.abc import Iterator
from threading import Event, Thread

import numpy as np
import pytest

from gpu_index.flat import Engine, FlatIndex
from gpu_index.options import IndexOptions
from gpu_index.protocol import Capabilities, Neighbours
from gpu_index.scan import Candidates, scan_rows

SOON_S = 10.0
A_WHILE_S = 0.05
CAPABILITIES = Capabilities(
    backend="paused", engine="numpy", device="cpu", precision="float32", exact=True
)


class PausedScan:
    """Scans when told to, so that a test can act in the middle of a search."""

    def __init__(self) -> None:
        self.entered = Event()
        self.go_on = Event()

    def __call__(self, queries: np.ndarray, vectors: np.ndarray, m: int) -> Candidates:
        self.entered.set()
        assert self.go_on.wait(SOON_S)
        return scan_rows(queries, vectors, m)


@pytest.fixture
def scan() -> Iterator[PausedScan]:
    paused = PausedScan()
    yield paused
    paused.go_on.set()


@pytest.fixture
def vectors() -> np.ndarray:
    values = np.random.default_rng(1).standard_normal((100, 8)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return values


def test_change_waits_for_a_search_of_its_partition_only(
    scan: PausedScan, vectors: np.ndarray
) -> None:
    index = FlatIndex(8, Engine(capabilities=CAPABILITIES, scan=scan), IndexOptions())
    index.add(1, np.arange(100), vectors)
    found: list[Neighbours] = []
    removed = Event()

    def search() -> None:
        found.append(index.search(vectors[:1], 1, np.array([1])))

    def remove() -> None:
        index.remove(1, np.arange(50))
        removed.set()

    searching = Thread(target=search)
    searching.start()
    assert scan.entered.wait(SOON_S)
    removing = Thread(target=remove)
    removing.start()
    index.add(2, np.arange(3), vectors[:3])
    index.drop(2)
    assert not removed.wait(A_WHILE_S)
    scan.go_on.set()
    searching.join(SOON_S)
    removing.join(SOON_S)
    assert found[0].ids.tolist() == [[0]]
    assert index.ids(1).tolist() == list(range(50, 100))


def test_search_under_way_finishes_when_its_partition_is_dropped(
    scan: PausedScan, vectors: np.ndarray
) -> None:
    index = FlatIndex(8, Engine(capabilities=CAPABILITIES, scan=scan), IndexOptions())
    index.add(1, np.arange(100), vectors)
    found: list[Neighbours] = []
    searching = Thread(target=lambda: found.append(index.search(vectors[7:8], 1, np.array([1]))))
    searching.start()
    assert scan.entered.wait(SOON_S)
    index.drop(1)
    assert len(index) == 0
    scan.go_on.set()
    searching.join(SOON_S)
    assert found[0].ids.tolist() == [[7]]
