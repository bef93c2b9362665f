import numpy as np
import pytest

from gpu_index.errors import DuplicateIdError
from gpu_index.slab import Slab


def rows_for(ids: np.ndarray) -> np.ndarray:
    """Make vectors that tell which id they belong to."""
    return np.stack([ids, ids + 0.5], axis=1).astype(np.float32)


def filled(count: int) -> Slab:
    slab = Slab(2)
    ids = np.arange(count) * 10
    slab.add(ids, rows_for(ids))
    return slab


def assert_consistent(slab: Slab, ids: set[int]) -> None:
    assert set(slab.ids.tolist()) == ids
    assert len(slab) == len(ids)
    assert np.array_equal(slab.vectors, rows_for(slab.ids))
    assert slab.rows(slab.ids).tolist() == list(range(len(slab)))
    assert slab.vectors.flags.c_contiguous


def test_rows_skip_ids_that_are_not_here() -> None:
    assert filled(5).rows(np.array([40, 7, 0, 41])).tolist() == [4, 0]


def test_one_call_leaves_no_spare_rows() -> None:
    slab = filled(1000)
    map_bytes = slab.nbytes - 1000 * (2 * 4 + 8)
    assert 64 * 1000 < map_bytes < 150 * 1000


def test_growing_row_by_row_copies_each_row_only_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copied = 0
    resize = Slab._resize

    def counting(slab: Slab, capacity: int) -> None:
        nonlocal copied
        copied += len(slab)
        resize(slab, capacity)

    monkeypatch.setattr(Slab, "_resize", counting)
    slab = Slab(2)
    for id_ in range(3000):
        slab.add(np.array([id_]), rows_for(np.array([id_])))
    assert copied < 18 * 3000
    assert_consistent(slab, set(range(3000)))
    assert len(slab._ids) <= 3000 * 17 / 16 + 4


@pytest.mark.parametrize(
    "gone",
    [[], [0], [90], [0, 90], [80, 90], [30, 0, 90, 50], list(range(0, 100, 10)), [5, 90, 90, -1]],
)
def test_removal_closes_every_hole(gone: list[int]) -> None:
    slab = filled(10)
    present = {id_ for id_ in gone if id_ >= 0 and id_ % 10 == 0}
    assert slab.remove(np.array(gone, dtype=np.int64)) == len(present)
    assert_consistent(slab, set(range(0, 100, 10)) - present)


def test_memory_shrinks_in_steps_and_rows_survive() -> None:
    slab = filled(1000)
    full = slab.nbytes
    slab.remove(np.arange(300) * 10)
    assert len(slab._ids) == 1000
    slab.remove(np.arange(300, 900) * 10)
    assert slab.nbytes < full / 5
    assert_consistent(slab, set(range(9000, 10_000, 10)))
    slab.remove(slab.ids.copy())
    assert_consistent(slab, set())
    slab.add(np.array([1]), rows_for(np.array([1])))
    assert_consistent(slab, {1})


def test_duplicates_are_named_and_change_nothing() -> None:
    slab = filled(4)
    with pytest.raises(DuplicateIdError, match="20 is in"):
        slab.add(np.array([5, 30, 20]), np.ones((3, 2), dtype=np.float32))
    with pytest.raises(DuplicateIdError, match="twice"):
        slab.add(np.array([5, 5]), np.ones((2, 2), dtype=np.float32))
    assert_consistent(slab, {0, 10, 20, 30})
