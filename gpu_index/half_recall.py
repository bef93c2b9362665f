"""How much of the true result vectors in float16 return, measured on vectors as they come in."""

import numpy as np

from gpu_index.protocol import Vectors

_K = 10
_MOST_VECTORS = 20_000
_MOST_QUERIES = 32
_NOISE = 0.5
"""Length of the noise that turns a vector into a query near it, as a share of its own length."""


def recall_in_half(vectors: Vectors) -> float:
    """Return recall@10 of float16 among ``vectors`` (n, dimension), of unit length.

    Queries are some of the vectors with noise from a fixed seed; few vectors are always found.
    """
    sample = vectors[:: max(1, len(vectors) // _MOST_VECTORS)]
    if len(sample) <= _K:
        return 1.0
    queries = held_out_queries(sample)
    true = _best(queries, sample)
    half = _best(_rounded(queries), _rounded(sample))
    shared = [np.intersect1d(one, other).size for one, other in zip(true, half, strict=True)]
    return float(np.mean(shared)) / _K


def held_out_queries(vectors: Vectors) -> Vectors:
    """Return queries near some of ``vectors``, of unit length, always the same ones."""
    chosen = vectors[:: max(1, len(vectors) // _MOST_QUERIES)][:_MOST_QUERIES]
    dice = np.random.default_rng(len(vectors))
    noise = dice.standard_normal(chosen.shape, dtype=np.float32)
    noise *= _NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
    queries = chosen + noise
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    return queries


def _best(queries: Vectors, vectors: Vectors) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.argpartition(-(queries @ vectors.T), _K, axis=1)[:, :_K]


def _rounded(vectors: Vectors) -> Vectors:
    return vectors.astype(np.float16).astype(np.float32)
