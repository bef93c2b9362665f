import numpy as np
import pytest

from gpu_index.row_hints import RowHints
from gpu_index.slab import Slab


def filled(ids: np.ndarray) -> Slab:
    slab = Slab(2)
    slab.add(ids, np.ones((ids.size, 2), dtype=np.float32))
    return slab


@pytest.mark.parametrize("step", [1, 7, 1 << 40])  # with the last, all ids share one place
def test_hints_find_what_the_map_finds_before_and_after_changes(step: int) -> None:
    ids = np.random.default_rng(1).permutation(500).astype(np.int64) * step
    slab = filled(ids)
    hints = RowHints(slab)
    asked = np.concatenate([ids, np.array([-1, 3 + 500 * step])])
    assert hints.locate(slab, asked).tolist() == slab.locate(asked).tolist()
    assert (hints.locate(slab, ids) >= 0).all()
    slab.remove(ids[::3])
    slab.add(ids[:3] + 1000 * step, np.ones((3, 2), dtype=np.float32))
    slab.add(ids[:1], np.ones((1, 2), dtype=np.float32))
    asked = np.concatenate([asked, ids[:3] + 1000 * step])
    assert hints.locate(slab, asked).tolist() == slab.locate(asked).tolist()


def test_nothing_is_found_in_an_empty_slab() -> None:
    slab = filled(np.arange(5))
    hints = RowHints(slab)
    slab.remove(np.arange(5))
    assert hints.locate(slab, np.arange(5)).tolist() == [-1] * 5
    assert hints.nbytes <= 16 * 4 * 5
