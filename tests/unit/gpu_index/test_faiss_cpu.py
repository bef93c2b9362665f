import faiss
import numpy as np
import pytest

from gpu_index import SnapshotError
from gpu_index.backends.faiss_cpu import _directions, _restore, _scan, _train
from gpu_index.ranking import rounding_bound
from gpu_index.structure import Effort

DIMENSION = 24


def uneven(count: int, seed: int) -> np.ndarray:
    """Make vectors of which half of the directions hold next to nothing, turned at random."""
    generator = np.random.default_rng(seed)
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((DIMENSION, DIMENSION)))[0]
    widths = np.repeat([1.0, 0.01], DIMENSION // 2)
    values = (generator.standard_normal((count, DIMENSION)) * widths) @ turn.T
    scaled: np.ndarray = (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def test_faiss_proposes_the_best_rows_with_their_inner_products() -> None:
    vectors = np.random.default_rng(1).standard_normal((20_000, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    queries = vectors[:32].copy()
    found = _scan(queries, vectors, 12)
    truth = queries @ vectors.T
    own = np.take_along_axis(truth, found.rows, axis=1)
    assert np.abs(own - found.scores).max() <= 2 * rounding_bound(64)
    best = -np.sort(-truth, axis=1)[:, :12]
    assert np.abs(best - -np.sort(-found.scores, axis=1)).max() <= 2 * rounding_bound(64)


def test_only_directions_that_matter_are_kept() -> None:
    sample = uneven(2_000, 1)
    directions = _directions(sample)
    assert directions.shape == (DIMENSION // 2, DIMENSION)
    assert np.allclose(directions @ directions.T, np.eye(DIMENSION // 2), atol=1e-5)
    assert ((sample @ directions.T) ** 2).sum() >= 0.99 * len(sample)


@pytest.mark.parametrize("dimension", [1, 2, 3, 5])
def test_any_dimension_has_directions_in_whole_pairs_of_codes(dimension: int) -> None:
    sample = np.random.default_rng(1).standard_normal((100, dimension)).astype(np.float32)
    assert len(_directions(sample)) % 4 == 0


def test_products_are_those_of_the_rows_and_nothing_for_no_row() -> None:
    vectors, queries = uneven(300, 1), uneven(3, 2)
    structure = _train(vectors, 300, 0)
    rows = np.array([[5, -1, 299], [0, 0, 7], [-1, -1, -1]])
    products = structure.products(queries, vectors, rows)
    truth = np.einsum("qd,qmd->qm", queries, vectors[rows])
    assert np.abs(products - truth)[rows >= 0].max() <= 2 * rounding_bound(DIMENSION)
    assert np.isneginf(products[rows < 0]).all()


def test_the_likeliest_candidates_come_first() -> None:
    vectors, queries = uneven(3_000, 1), uneven(5, 2)
    structure = _train(vectors, 3_000, 0)
    structure.add(np.arange(3_000) + 10**12, vectors)
    many = structure.candidates(queries, Effort(probes=structure.lists, candidates=400))
    true = np.argsort(-(queries @ vectors.T), axis=1)[:, :10] + 10**12
    for proposed, nearest in zip(many, true, strict=True):
        assert np.isin(nearest, proposed[:100]).mean() >= 0.9


def test_the_structure_of_another_kind_is_refused() -> None:
    content = faiss.serialize_index(faiss.IndexFlatIP(DIMENSION)).tobytes()
    with pytest.raises(SnapshotError, match="another kind"):
        _restore(content, DIMENSION)
    ours = _train(uneven(300, 1), 300, 0).to_bytes()
    assert _restore(ours, DIMENSION).lists == 16
    with pytest.raises(SnapshotError, match="another kind"):
        _restore(ours, DIMENSION + 1)
    with pytest.raises(SnapshotError, match="cannot read"):
        _restore(ours[:-9], DIMENSION)
