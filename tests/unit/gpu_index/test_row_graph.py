"""Partitions that a device searches by a graph, and what becomes of the graph as they change."""

import logging

import numpy as np
import pytest

from gpu_index.device_index import DeviceIndex, DeviceOptions
from gpu_index.extents import padded_width
from gpu_index.host_device import HostDevice
from gpu_index.protocol import Capabilities
from gpu_index.registry import open_index

DIMENSION = 16
ROW_BYTES = 2 * padded_width(DIMENSION)
CAPABILITIES = Capabilities(
    backend="faiss_gpu", engine="numpy", device="host", precision="float16", exact=True
)


def unit(seed: int, count: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def opened(rows: int = 100_000, breadth: int | None = 128, copies: bool = True) -> DeviceIndex:
    device = HostDevice(rows * ROW_BYTES, graph_breadth=breadth)
    options = DeviceOptions(graph_rows=1000, has_copies=copies, shelf_bytes=256 * ROW_BYTES)
    return DeviceIndex(DIMENSION, [device], CAPABILITIES, options)


def recall(index: DeviceIndex, vectors: np.ndarray, ids: np.ndarray) -> float:
    exact = open_index("exact", DIMENSION)
    exact.add(0, ids, vectors)
    queries = unit(99, 20)
    found, truth = (each.search(queries, 10, np.zeros(20, np.int64)) for each in (index, exact))
    hits = [np.isin(one, other).sum() for one, other in zip(found.ids, truth.ids, strict=True)]
    return float(np.sum(hits)) / 200


def test_large_partition_gets_a_graph_of_measured_recall() -> None:
    index = opened()
    assert not index.capabilities.exact
    index.add(0, np.arange(999), unit(1, 999))
    assert index.report(0).structure == "scan"
    index.add(0, np.array([999]), unit(2, 1))
    report = index.report(0)
    assert report.structure == "cagra"
    assert report.measured_recall >= 0.99
    # The narrowest search overlooks every fourth row, so a wider one was chosen.
    assert index._partitions[0].graph is not None
    assert index._partitions[0].graph.breadth == 128
    assert recall(index, np.vstack([unit(1, 999), unit(2, 1)]), np.arange(1000)) == 1.0


def test_what_changed_since_the_graph_was_built_is_found_and_nothing_else() -> None:
    index = opened()
    vectors, ids = unit(1, 2000), np.arange(2000)
    index.add(0, ids, vectors)
    newer = unit(2, 150)
    index.add(0, np.arange(2000, 2150), newer)
    vectors, ids = np.vstack([vectors, newer]), np.arange(2150)
    gone = np.concatenate([np.arange(0, 300), [2149]])
    index.remove(0, gone)
    vectors, ids = np.delete(vectors, gone, axis=0), np.delete(ids, gone)
    again = unit(3, 200)
    index.add(0, np.arange(0, 200), again)
    vectors, ids = np.vstack([vectors, again]), np.concatenate([ids, np.arange(0, 200)])
    assert index.report(0).structure == "cagra"
    assert recall(index, vectors, ids) == 1.0
    found = index.search(again, 1, np.zeros(200, np.int64))
    assert found.ids[:, 0].tolist() == list(range(200))


def test_worn_graph_is_built_anew() -> None:
    index = opened()
    index.add(0, np.arange(1000), unit(1, 1000))
    first = index._partitions[0].graph
    index.add(0, np.arange(1000, 1200), unit(2, 200))
    second = index._partitions[0].graph
    assert first is not second
    assert second is not None
    assert second.built == 1200
    index.remove(0, np.arange(1150))
    assert index._partitions[0].graph is None
    assert index.report(0).structure == "scan"


def test_graph_that_misses_too_much_is_not_used(caplog: pytest.LogCaptureFixture) -> None:
    index = opened(breadth=1024)
    with caplog.at_level(logging.WARNING):
        index.add(0, np.arange(1000), unit(1, 1000))
        index.add(0, np.arange(1000, 1500), unit(2, 500))
    assert len(caplog.records) == 1
    assert "all are compared" in caplog.text
    assert index.report(0).structure == "scan"
    assert recall(index, np.vstack([unit(1, 1000), unit(2, 500)]), np.arange(1500)) == 1.0


def test_graph_goes_before_any_partition_is_spilled() -> None:
    index = opened(rows=2400)
    index.add(0, np.arange(1000), unit(1, 1000))
    assert index.report(0).structure == "cagra"
    index.add(1, np.arange(900), unit(2, 900))
    assert [index.report(partition).structure for partition in (0, 1)] == ["scan", "scan"]
    assert index.counters().spills == 0


def test_no_room_for_a_graph_leaves_the_scan() -> None:
    index = opened(rows=1500)
    index.add(0, np.arange(1000), unit(1, 1000))
    assert index.report(0).structure == "scan"
    assert recall(index, unit(1, 1000), np.arange(1000)) == 1.0


@pytest.mark.parametrize(("breadth", "copies"), [(None, True), (128, False)])
def test_graph_needs_a_device_that_builds_it_and_copies(breadth: int | None, copies: bool) -> None:
    index = opened(breadth=breadth, copies=copies)
    index.add(0, np.arange(1000), unit(1, 1000))
    assert index.report(0).structure == "scan"
