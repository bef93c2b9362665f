import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu_index import ranking
from gpu_index.ranking import SPARE, exact_scores, nearest, rounding_bound
from gpu_index.scan import Candidates, inner_products, scan_rows
from gpu_index.vectors import unit_rows


def unit(seed: int, rows: int, dimension: int) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal((rows, dimension)).astype(np.float32)
    return unit_rows(values, dimension)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 17, 384, 1024, 4096]))
def test_float32_products_stay_within_the_bound(seed: int, dimension: int) -> None:
    # All-positive vectors lose most: nothing cancels.
    queries, vectors = (np.abs(unit(seed + side, 20, dimension)) for side in (0, 1))
    truth = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    assert np.abs(queries @ vectors.T - truth).max() <= rounding_bound(dimension)


def test_equal_vectors_score_equal_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.repeat(unit(1, 1, 383), 1001, axis=0)
    rows = np.arange(1001)[np.newaxis]
    scores = exact_scores(unit(2, 1, 383), vectors, rows)
    assert len(np.unique(scores)) == 1
    monkeypatch.setattr(ranking, "_COMPONENTS_AT_ONCE", 383 * 10)
    assert np.array_equal(exact_scores(unit(2, 1, 383), vectors, rows), scores)


def misled(queries: np.ndarray, vectors: np.ndarray, m: int) -> Candidates:
    """Scan as badly as the bound allows: true scores, pushed the wrong way."""
    bound = rounding_bound(vectors.shape[1]) * 0.9
    truth = queries.astype(np.float64) @ vectors.T.astype(np.float64)
    wrong = (truth + bound * np.where(np.arange(len(vectors)) % 2, -1, 1)).astype(np.float32)
    rows = np.argsort(-wrong, axis=1)[:, :m]
    return Candidates(scores=np.take_along_axis(wrong, rows, axis=1), rows=rows)


@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize("spread", [0.0, 1e-5, 1e-3])
def test_rounding_of_the_scan_never_changes_the_answer(k: int, spread: float) -> None:
    noise = unit(5, 500, 64) * np.float32(spread)
    vectors = unit_rows(unit(4, 1, 64) + noise, 64)
    queries, ids = unit(6, 3, 64), np.random.default_rng(7).permutation(500)
    exact = exact_scores(queries, vectors, np.tile(np.arange(500), (3, 1)))
    found = nearest(queries, vectors, ids, k, misled)
    for row in range(3):
        order = np.lexsort((ids, -exact[row]))[:k]
        assert found.ids[row].tolist() == ids[order].tolist()
        assert found.scores[row].tolist() == exact[row][order].tolist()


def test_second_pass_is_made_only_where_the_cut_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = 0

    def counting(*arguments: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += 1
        return inner_products(*arguments)

    monkeypatch.setattr(ranking, "inner_products", counting)
    vectors = unit(1, 400, 64)
    vectors[:50] = vectors[0]
    nearest(np.stack([vectors[0], vectors[300]]), vectors, np.arange(400), 10, scan_rows)
    assert calls == 1


def test_nothing_is_scanned_when_few_rows_are_there() -> None:
    def refuse(queries: np.ndarray, vectors: np.ndarray, m: int) -> Candidates:
        raise AssertionError

    vectors = unit(1, 3 + SPARE, 8)
    found = nearest(vectors[:2], vectors, np.arange(3 + SPARE), 3, refuse)
    assert found.ids[:, 0].tolist() == [0, 1]
    with pytest.raises(AssertionError):
        nearest(vectors[:2], vectors, np.arange(3 + SPARE), 2, refuse)
