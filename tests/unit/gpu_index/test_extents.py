import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_index.devices import DeviceMemoryError
from gpu_index.extents import CODE_SCORE, Extent, ExtentStore, coded, padded_width
from gpu_index.host_device import HostDevice

DIMENSION = 8
ROW_BYTES = 2 * padded_width(DIMENSION)


def stored(shelves: int = 4, shelf_rows: int = 128) -> ExtentStore:
    return ExtentStore(HostDevice(shelves * shelf_rows * ROW_BYTES), DIMENSION, shelf_rows)


def assert_covered(store: ExtentStore) -> None:
    """Every row of every shelf belongs to one extent or one hole, and holes never touch."""
    for shelf in store._shelves:
        parts = [(extent.start, extent.rows) for extent in shelf.extents.values()] + shelf.holes
        end = 0
        for start, rows in sorted(parts):
            assert start == end
            end += rows
        assert end == shelf.buffer.rows
        ends = {start + rows for start, rows in shelf.holes}
        assert not ends & {start for start, _ in shelf.holes}
        assert shelf.holes == sorted(shelf.holes)
        assert len({extent.code for extent in shelf.extents.values()}) == len(shelf.extents)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 200)), max_size=60))
def test_any_sequence_of_requests_keeps_the_books(steps: list[tuple[bool, int]]) -> None:
    store, held = stored(), list[Extent]()
    for is_release, size in steps:
        if is_release and held:
            store.release(held.pop(size % len(held)))
        else:
            try:
                held.append(store.allocate(size))
            except DeviceMemoryError:
                assert store.device.free_bytes < max(size, 128) * ROW_BYTES
                continue
            assert held[-1].rows >= size
        assert_covered(store)
    for extent in held:
        store.release(extent)
    assert store.nbytes == 0
    assert store.device.free_bytes == 4 * 128 * ROW_BYTES


def test_large_requests_get_a_buffer_of_their_own() -> None:
    store = stored()
    small, large = store.allocate(5), store.allocate(200)
    assert (small.shelf.is_shared, large.shelf.is_shared) == (True, False)
    assert large.rows == 224
    assert store.shared_rows == 128
    assert store.free_rows == 96


def test_codes_are_used_again_as_late_as_possible() -> None:
    store = stored()
    first, _ = store.allocate(1), store.allocate(1)
    store.release(first)
    assert store.allocate(1).code not in {first.code, 1}


@pytest.mark.parametrize("other", [1, 2, 3, 2**15, 2**16 - 1])
def test_rows_of_another_code_score_below_every_row_of_ones_own(other: int) -> None:
    query = np.zeros((1, DIMENSION), np.float16)
    query[0, 0] = 1
    own, foreign = coded(-query, [0]), coded(query, [other])
    asked = coded(query, [0]).astype(np.float32)
    worst_own = float(asked[0] @ own[0].astype(np.float32))
    best_foreign = float(asked[0] @ foreign[0].astype(np.float32))
    assert worst_own == pytest.approx(CODE_SCORE - 1)
    assert worst_own > best_foreign + 0.25


def test_emptiest_shelf_is_named_only_if_its_rows_fit_elsewhere() -> None:
    store = stored()
    assert store.emptiest() is None
    extents = [store.allocate(96) for _ in range(3)]
    assert store.emptiest() is None
    store.release(extents.pop())
    little = store.allocate(32)
    assert store.emptiest() is None
    store.release(extents.pop(0))
    emptiest = store.emptiest()
    assert emptiest is not None
    assert little.shelf is not extents[0].shelf or emptiest is not None
