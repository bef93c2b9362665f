import numpy as np

from gpu_index.backends.faiss_cpu import _scan
from gpu_index.ranking import rounding_bound


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
