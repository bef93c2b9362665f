import numpy as np
import pytest

from gpu_index.device_rows import DeviceRows
from gpu_index.devices import DeviceMemoryError
from gpu_index.extents import ExtentStore, padded_width
from gpu_index.host_device import HostDevice

DIMENSION = 8
ROW_BYTES = 2 * padded_width(DIMENSION)


def numbered(start: int, count: int) -> np.ndarray:
    """Make rows that tell their number."""
    return np.repeat(np.arange(start, start + count), DIMENSION).reshape(count, -1).astype("f2")


def empty(rows: int = 10_000) -> DeviceRows:
    return DeviceRows(ExtentStore(HostDevice(rows * ROW_BYTES), DIMENSION, 128))


def assert_numbers(rows: DeviceRows, numbers: list[int]) -> None:
    assert len(rows) == len(numbers)
    found = rows.read(0, len(rows))
    assert found[:, 0].tolist() == numbers
    assert (found == found[:, :1]).all()
    assert sum(stretch.count for stretch in rows.stretches()) == len(numbers)


@pytest.mark.parametrize("step", [1, 7, 50, 127, 300])
def test_rows_keep_their_order_however_they_are_added(step: int) -> None:
    rows = empty()
    for start in range(0, 700, step):
        rows.append(numbered(start, min(step, 700 - start)))
    assert_numbers(rows, list(range(700)))
    assert rows.read(100, 103)[:, 0].tolist() == [100, 101, 102]
    assert rows.capacity <= 700 * 9 / 8 + 64 * len(list(rows.stretches()))
    assert len(list(rows.stretches())) < 25


def test_small_partition_is_one_stretch_and_what_is_added_at_once_has_no_spare() -> None:
    rows = empty()
    rows.append(numbered(0, 64))
    rows.append(numbered(64, 50))
    assert len(list(rows.stretches())) == 1
    large = empty()
    large.append(numbered(0, 1024))
    assert (large.capacity, len(list(large.stretches()))) == (1024, 1)


@pytest.mark.parametrize("count", [40, 120, 1000])
def test_holes_are_closed_by_the_last_rows(count: int) -> None:
    rows = empty()
    for start in range(0, count, 40):
        rows.append(numbered(start, 40))
    gone = np.arange(0, count, 10)
    kept = count - gone.size
    holes = gone[gone < kept]
    movers = np.setdiff1d(np.arange(kept, count), gone)
    rows.close_holes(holes, movers, kept)
    wanted = np.arange(count)
    wanted[holes] = movers
    assert_numbers(rows, wanted[:kept].tolist())


def test_memory_is_given_back_as_rows_go() -> None:
    rows = empty()
    for start in range(0, 2000, 100):
        rows.append(numbered(start, 100))
    nothing = np.empty(0, np.int64)
    rows.close_holes(nothing, nothing, 100)
    assert_numbers(rows, list(range(100)))
    assert rows.capacity <= 192
    rows.close_holes(nothing, nothing, 0)
    assert rows.store.nbytes == 0
    rows.append(numbered(5, 1))
    assert_numbers(rows, [5])


def test_row_too_many_changes_nothing() -> None:
    rows = empty(rows=300)
    rows.append(numbered(0, 100))
    with pytest.raises(DeviceMemoryError):
        rows.append(numbered(100, 300))
    assert_numbers(rows, list(range(100)))
    rows.append(numbered(100, 10))
    assert_numbers(rows, list(range(110)))
    rows.release()
    assert rows.store.nbytes == 0
