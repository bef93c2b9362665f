import numpy as np
import pytest

from gpu_index import scan
from gpu_index.scan import inner_products, is_worth_threads, scan_rows


def whole_numbers(seed: int, rows: int) -> np.ndarray:
    """Make float32 rows whose inner products are exact in any order of summation."""
    return np.random.default_rng(seed).integers(-9, 9, (rows, 8)).astype(np.float32)


@pytest.mark.parametrize("selected", [None, 150, 40])
@pytest.mark.parametrize("scores_at_once", [1, 1000, 1 << 22])
@pytest.mark.parametrize("gathered_at_once", [7, 4096])
@pytest.mark.parametrize("worth_threads", [0, 1 << 22])
def test_blocks_do_not_change_the_result(
    monkeypatch: pytest.MonkeyPatch,
    selected: int | None,
    scores_at_once: int,
    gathered_at_once: int,
    worth_threads: int,
) -> None:
    monkeypatch.setattr(scan, "_SCORES_AT_ONCE", scores_at_once)
    monkeypatch.setattr(scan, "_GATHERED_AT_ONCE", gathered_at_once)
    monkeypatch.setattr(scan, "_WORTH_THREADS", worth_threads)
    queries, vectors = whole_numbers(1, 9), whole_numbers(2, 200)
    shuffled = np.random.default_rng(3).permutation(200)
    selection = None if selected is None else shuffled[:selected]
    truth = queries @ (vectors if selection is None else vectors[selection]).T
    assert np.array_equal(inner_products(queries, vectors, selection), truth)
    found = scan_rows(queries, vectors, 12, selection)
    assert np.array_equal(np.sort(found.scores, axis=1), np.sort(truth, axis=1)[:, -12:])
    own = np.einsum("qd,qmd->qm", queries, vectors[found.rows])
    assert np.array_equal(own, found.scores)
    if selection is not None:
        assert np.isin(found.rows, selection).all()


def test_threads_are_for_batches_of_some_size() -> None:
    assert is_worth_threads(whole_numbers(1, 32), whole_numbers(1, 20_000))
    assert not is_worth_threads(whole_numbers(1, 32), whole_numbers(1, 10_000))
    assert not is_worth_threads(whole_numbers(1, 1), whole_numbers(1, 1_000_000))
