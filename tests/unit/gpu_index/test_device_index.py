"""The index over devices: rounding, room, and what is done when there is none."""

import logging
from threading import Event, Thread

import numpy as np
import pytest

from gpu_index.device_index import DeviceIndex, DeviceOptions
from gpu_index.device_search import half_bound
from gpu_index.devices import Buffer, Halves
from gpu_index.errors import InvalidInputError
from gpu_index.extents import padded_width
from gpu_index.host_device import HostDevice
from gpu_index.protocol import Capabilities
from gpu_index.registry import open_index
from gpu_index.scan import Candidates

DIMENSION = 16
ROW_BYTES = 2 * padded_width(DIMENSION)
CAPABILITIES = Capabilities(
    backend="faiss_gpu", engine="numpy", device="host", precision="float16", exact=True
)
SOON_S = 10.0


def unit(seed: int, count: int, dimension: int = DIMENSION) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def opened(*devices: HostDevice, shelf_rows: int = 128, has_copies: bool = True) -> DeviceIndex:
    options = DeviceOptions(has_copies=has_copies, shelf_bytes=shelf_rows * ROW_BYTES)
    return DeviceIndex(DIMENSION, devices or (roomy(),), CAPABILITIES, options)


def roomy(rows: int = 100_000, **options: int) -> HostDevice:
    return HostDevice(rows * ROW_BYTES, **options)  # type: ignore[arg-type]


def fill(index: DeviceIndex, sizes: list[int]) -> None:
    for partition, size in enumerate(sizes):
        index.add(partition, np.arange(size), unit(partition, size))


def assert_exact(index: DeviceIndex, sizes: list[int], k: int = 5) -> None:
    exact = open_index("exact", DIMENSION)
    for partition, size in enumerate(sizes):
        exact.add(partition, np.arange(size), unit(partition, size))
    queries, partitions = unit(77, 3 * len(sizes)), np.arange(3 * len(sizes)) % len(sizes)
    found, truth = index.search(queries, k, partitions), exact.search(queries, k, partitions)
    assert np.array_equal(found.ids, truth.ids)
    assert np.array_equal(found.scores, truth.scores)


@pytest.mark.parametrize("dimension", [1, 8, 384, 4096])
def test_scores_in_half_precision_stay_within_the_bound(dimension: int) -> None:
    # All-positive vectors lose most: nothing cancels.
    queries, vectors = np.abs(unit(1, 50, dimension)), np.abs(unit(2, 400, dimension))
    vectors[::7, : dimension // 2] *= 1e-6
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    truth = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    halves = [each.astype(np.float16).astype(np.float32) for each in (queries, vectors)]
    assert np.abs(halves[0] @ halves[1].T - truth).max() <= half_bound(dimension)


def test_near_ties_that_float16_cannot_tell_apart_are_ranked_exactly() -> None:
    index = opened()
    exact = open_index("exact", DIMENSION)
    vectors = np.repeat(unit(1, 1), 3000, axis=0) + unit(2, 3000) * np.float32(1e-4)
    for each in (index, exact):
        each.add(0, np.random.default_rng(3).permutation(3000), vectors)
    queries = unit(4, 4)
    found, truth = (each.search(queries, 10, np.zeros(4, np.int64)) for each in (index, exact))
    assert np.array_equal(found.ids, truth.ids)
    assert np.array_equal(found.scores, truth.scores)
    assert index.counters().rescans == 4


def test_ordinary_searches_are_proven_by_their_candidates() -> None:
    index = opened()
    fill(index, [5000])
    assert_exact(index, [5000])
    assert index.counters().rescans == 0


def test_mixed_batch_over_small_partitions_is_one_call_for_each_buffer() -> None:
    index = opened(roomy(products_per_call=1 << 30), shelf_rows=1024)
    sizes = [60 + number for number in range(40)]
    fill(index, sizes)
    assert_exact(index, sizes)
    counters = index.counters()
    assert counters.shared_calls == counters.device_bytes // (1024 * ROW_BYTES) == 4
    assert counters.range_calls == 0


def test_batch_is_split_where_a_call_for_each_partition_is_less_work() -> None:
    index = opened(roomy(products_per_call=1), shelf_rows=1024)
    fill(index, [100] * 8)
    assert_exact(index, [100] * 8)
    assert (index.counters().shared_calls, index.counters().range_calls) == (0, 8)


def test_old_rows_of_others_in_a_shared_buffer_are_never_returned() -> None:
    index = opened(roomy(products_per_call=1 << 30), shelf_rows=256)
    for turn in range(100):
        index.add(turn, np.arange(30) + 1000 * turn, unit(7, 30))
        index.add(-1 - turn, np.arange(25) + 1000 * turn + 500, unit(7, 25))
        found = index.search(unit(7, 4), 40, np.array([turn, -1 - turn] * 2))
        assert sorted(found.ids[0])[10:] == list(range(1000 * turn, 1000 * turn + 30))
        assert sorted(found.ids[1])[15:] == list(range(1000 * turn + 500, 1000 * turn + 525))
        index.drop(turn)
        index.drop(-1 - turn)
    assert len(index) == 0
    assert index.counters().device_bytes == 0


def test_more_candidates_than_a_device_selects_are_looked_for_in_main_memory() -> None:
    index = opened(roomy(most_candidates=50))
    fill(index, [300])
    assert_exact(index, [300], k=9)
    assert index.counters().range_calls == 1
    assert_exact(index, [300], k=10)
    assert index.counters().range_calls == 1


def test_partition_that_has_no_room_is_spilled_loudly_and_answers_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    index = opened(roomy(rows=1024))
    sizes = [300, 300, 300]
    fill(index, sizes)
    index.search(unit(1, 1), 1, np.array([0]))
    with caplog.at_level(logging.WARNING):
        index.add(3, np.arange(350), unit(3, 350))
    assert "a partition of 300 vectors is searched in main memory" in caplog.text
    structures = [index.report(partition).structure for partition in range(4)]
    assert structures == ["scan", "scan in main memory", "scan", "scan"]
    assert_exact(index, [*sizes, 350])
    counters = index.counters()
    assert (counters.spills, counters.spilled_partitions) == (1, 1)


def test_partition_larger_than_the_device_drives_nobody_out() -> None:
    index = opened(roomy(rows=1024))
    fill(index, [300, 300, 3000])
    structures = [index.report(partition).structure for partition in range(3)]
    assert structures == ["scan", "scan", "scan in main memory"]
    assert_exact(index, [300, 300, 3000])


def test_spilled_partition_returns_when_there_is_room_again() -> None:
    index = opened(roomy(rows=1024))
    fill(index, [300, 300, 300, 350])
    assert index.counters().spilled_partitions == 1
    index.drop(3)
    counters = index.counters()
    assert (counters.spilled_partitions, counters.returns) == (0, 1)
    assert_exact(index, [300, 300, 300])


def test_partitions_are_spread_over_devices_and_searched_on_each() -> None:
    devices = [roomy(rows=3000, name=f"host:{number}") for number in range(3)]  # type: ignore[arg-type]
    index = opened(*devices)
    sizes = [200] * 12
    fill(index, sizes)
    used = [3000 * ROW_BYTES - device.free_bytes for device in devices]
    assert max(used) <= 2 * min(used)
    assert_exact(index, sizes)
    index.close()
    assert {device.free_bytes for device in devices} == {3000 * ROW_BYTES}


def test_partition_moves_to_a_device_with_room_before_anything_is_spilled() -> None:
    index = opened(roomy(rows=1000), roomy(rows=1000))
    fill(index, [500, 200, 200])
    index.add(1, np.arange(200, 700), unit(50, 500))
    assert index.counters().spills == 0
    assert index.partition_size(1) == 700


def test_free_rows_are_bounded_by_packing() -> None:
    index = opened(shelf_rows=256)
    for partition in range(200):
        index.add(partition, np.arange(40), unit(partition, 40))
    for partition in range(0, 200, 2):
        index.drop(partition)
    counters = index.counters()
    assert counters.compactions > 0
    assert counters.free_share <= 0.3
    for partition in range(1, 200, 2):
        found = index.search(unit(partition, 1), 1, np.array([partition]))
        assert found.ids.tolist() == [[0]]


def test_without_copies_results_are_those_of_float16_and_say_so() -> None:
    index = opened(has_copies=False)
    vectors = unit(1, 2000)
    index.add(0, np.arange(2000), vectors)
    assert not index.capabilities.exact
    assert 0.9 < index.report(0).measured_recall <= 1
    found = index.search(vectors[:50], 1, np.zeros(50, np.int64))
    assert found.ids[:, 0].tolist() == list(range(50))
    assert np.abs(found.scores - 1).max() < 0.002
    kept = index.vectors(0, np.array([7, 3]))
    assert np.array_equal(kept, vectors[[7, 3]].astype(np.float16).astype(np.float32))
    restricted = index.search(vectors[:1], 3, np.array([0]), np.array([5, 9]))
    assert sorted(restricted.ids[0].tolist()) == [-1, 5, 9]
    assert index.nbytes < 2000 * (ROW_BYTES * 1.2 + 150)


def test_without_copies_a_spilled_partition_keeps_its_vectors() -> None:
    index = opened(roomy(rows=600), has_copies=False)
    fill(index, [300])
    before = index.vectors(0, np.arange(300))
    index.add(1, np.arange(500), unit(1, 500))
    assert index.report(0).structure == "scan in main memory"
    assert np.array_equal(index.vectors(0, np.arange(300)), before)
    index.drop(1)
    assert index.report(0).structure == "scan"
    assert np.array_equal(index.vectors(0, np.arange(300)), before)


def test_unknown_ids_have_no_vectors() -> None:
    index = opened()
    fill(index, [3])
    with pytest.raises(InvalidInputError):
        index.vectors(0, np.array([3]))
    with pytest.raises(InvalidInputError):
        index.vectors(9, np.array([0]))


class Paused(HostDevice):
    """Searches when told to."""

    def __init__(self) -> None:
        super().__init__(10_000 * ROW_BYTES)
        self.entered, self.go_on = Event(), Event()

    def nearest(
        self, buffer: Buffer, start: int, count: int, queries: Halves, m: int
    ) -> Candidates:
        self.entered.set()
        assert self.go_on.wait(SOON_S)
        return super().nearest(buffer, start, count, queries, m)


def test_change_waits_for_the_searches_of_its_partition_alone() -> None:
    device = Paused()
    index = opened(device)
    fill(index, [100, 100])
    found = list[object]()
    searching = Thread(
        target=lambda: found.append(index.search(unit(0, 1), 1, np.array([0])).ids.tolist())
    )
    searching.start()
    assert device.entered.wait(SOON_S)
    index.remove(1, np.arange(50))
    dropping = Thread(target=index.drop, args=(0,))
    dropping.start()
    dropping.join(0.05)
    assert dropping.is_alive()
    device.go_on.set()
    for thread in (searching, dropping):
        thread.join(SOON_S)
    assert found == [[[0]]]
    assert len(index) == 50
