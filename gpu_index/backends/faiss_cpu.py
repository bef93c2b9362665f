"""Exact search with FAISS over our own memory: no second copy, and removal stays cheap."""

import faiss

from gpu_index.flat import FlatIndex
from gpu_index.protocol import Capabilities, Vectors
from gpu_index.scan import Candidates, is_worth_threads, scan_rows


def open_faiss_cpu(dimension: int) -> FlatIndex:
    """Return an empty index; FAISS gets the batches, whose queries it spreads over threads."""
    capabilities = Capabilities(
        backend="faiss_cpu",
        engine=f"faiss {faiss.__version__}",
        device="cpu",
        precision="float32",
        exact=True,
    )
    return FlatIndex(dimension, _scan, capabilities)


def _scan(queries: Vectors, vectors: Vectors, m: int) -> Candidates:
    if not is_worth_threads(queries, vectors):
        return scan_rows(queries, vectors, m)
    scores, rows = faiss.knn(queries, vectors, m, metric=faiss.METRIC_INNER_PRODUCT)
    return Candidates(scores=scores, rows=rows)
