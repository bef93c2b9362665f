"""FAISS over our own memory: exact scans, and inverted lists of codes beside large partitions.

Vectors are projected onto the directions in which they differ most, and assigned to the nearest of
some centroids; a code of half a byte for every two directions stands for each in its list, and
registers hold whole tables of partial products (F. André, A.-M. Kermarrec, N. Le Scouarnec: Cache
locality is not enough, VLDB 2015). Codes are coarse, so their order is not used: the slab's own
vectors decide among the candidates.
"""

import math
from typing import Any, TypeAlias

import faiss as typed_faiss
import numpy as np

from gpu_index.errors import SnapshotError
from gpu_index.flat import Engine, FlatIndex
from gpu_index.options import IndexOptions
from gpu_index.protocol import Capabilities, Ids, Scores, Vectors
from gpu_index.scan import Candidates, Rows, is_worth_threads
from gpu_index.structure import Effort, StructureMaker

faiss: Any = typed_faiss
"""What FAISS says of its own types lacks much of what is used here."""
_Index: TypeAlias = Any

NAME = "projected_lists_4bit"
_KEPT_VARIANCE = 0.9
"""Share of the variance in the directions that are kept; the others hardly move a score."""
_PER_CODE = 2
_EVEN_CODES = 2 * _PER_CODE
"""FAISS reads two codes at a time."""
_POINTS_PER_LIST = 32
"""Sample vectors per centroid: more moves the centroids little and costs as many seconds."""
_LEAST_SAMPLE = 16_384
_ROUNDS = 6
_ASSIGNED_AT_ONCE = 65_536
_WITH_IDS = False
"""FAISS asks whether it shall return places in the lists instead."""
_NO_OFFSET = False
"""FAISS asks whether a projection shall add one."""


def open_faiss_cpu(dimension: int, options: IndexOptions) -> FlatIndex:
    """Return an empty index; FAISS gets the batches, whose queries it spreads over threads."""
    capabilities = Capabilities(
        backend="faiss_cpu",
        engine=f"faiss {faiss.__version__}",
        device="cpu",
        precision="float32",
        exact=False,
    )
    engine = Engine(capabilities=capabilities, scan=_scan, maker=_PROJECTED_LISTS)
    return FlatIndex(dimension, engine, options)


class ProjectedLists:
    """The structure over one FAISS index."""

    def __init__(self, index: _Index) -> None:
        self._index = index
        lists = faiss.downcast_index(index.index)
        self._lists = lists
        components = (lists.d, index.d)
        self._projection = faiss.vector_to_array(_linear(index).A).reshape(components).T.copy()
        self._centroids = faiss.downcast_index(lists.quantizer).reconstruct_n(0, lists.nlist)

    @property
    def name(self) -> str:
        """For reports."""
        return NAME

    @property
    def nbytes(self) -> int:
        """Bytes of codes, ids, centroids (FAISS's and ours) and the projection."""
        per_vector = self._lists.code_size + np.dtype(np.int64).itemsize
        of_arrays = 2 * (self._centroids.nbytes + self._projection.nbytes)
        return int(self._lists.ntotal * per_vector + of_arrays)

    @property
    def lists(self) -> int:
        """How many lists there are."""
        return int(self._lists.nlist)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Take in vectors of unit length."""
        for start in range(0, ids.size, _ASSIGNED_AT_ONCE):
            block = slice(start, start + _ASSIGNED_AT_ONCE)
            self._index.add_with_ids(vectors[block], ids[block])

    def candidates(self, queries: Vectors, effort: Effort) -> Ids:
        """Return ids that may be near, the likeliest first, padded with -1.

        Vectors go to the nearest centroid, queries to those with the largest inner product: so the
        lists are chosen here, not by FAISS, which knows one metric.
        """
        projected = queries @ self._projection
        products = projected @ self._centroids.T
        probes = min(effort.probes, self.lists)
        lists = np.argpartition(products, -probes, axis=1)[:, -probes:]
        chosen = np.ascontiguousarray(lists)
        near = np.take_along_axis(products, chosen, axis=1)
        scores = np.empty((len(queries), effort.candidates), dtype=np.float32)
        ids: Ids = np.empty(scores.shape, dtype=np.int64)
        # The wrapper in Python takes the number of probes from the index, which threads share.
        self._lists.search_preassigned_c(
            len(queries),
            faiss.swig_ptr(projected),
            effort.candidates,
            faiss.swig_ptr(chosen),
            faiss.swig_ptr(near),
            faiss.swig_ptr(scores),
            faiss.swig_ptr(ids),
            _WITH_IDS,
            faiss.SearchParametersIVF(nprobe=probes),
        )
        return ids

    def products(self, queries: Vectors, vectors: Vectors, rows: Rows) -> Scores:
        """Return float32 inner products of query i with ``rows[i]``; -inf where a row is -1."""
        products = np.empty(rows.shape, dtype=np.float32)
        wanted = np.ascontiguousarray(rows)
        faiss.fvec_inner_products_by_idx(
            faiss.swig_ptr(products),
            faiss.swig_ptr(queries),
            faiss.swig_ptr(vectors),
            faiss.swig_ptr(wanted),
            queries.shape[1],
            *rows.shape,
        )
        products[rows < 0] = -np.inf
        return products

    def to_bytes(self) -> bytes:
        """Return the index as FAISS writes it."""
        content: bytes = faiss.serialize_index(self._index).tobytes()
        return content


def _train(sample: Vectors, size: int, seed: int) -> ProjectedLists:
    directions = _directions(sample)
    components, dimension = directions.shape
    projection = faiss.LinearTransform(dimension, components, _NO_OFFSET)
    faiss.copy_array_to_vector(directions.ravel(), projection.A)
    projection.is_trained = True
    lists = faiss.IndexIVFPQFastScan(
        faiss.IndexFlatL2(components),
        components,
        _list_count(size),
        components // _PER_CODE,
        4,
        faiss.METRIC_INNER_PRODUCT,
    )
    lists.cp.niter = _ROUNDS
    lists.cp.seed = seed + 1
    lists.cp.max_points_per_centroid = _POINTS_PER_LIST
    lists.cp.min_points_per_centroid = 1
    index = faiss.IndexPreTransform(projection, lists)
    index.train(sample)
    return ProjectedLists(index)


def _directions(sample: Vectors) -> Vectors:
    """Return those that hold most of the variance, (components, dimension), as codes take them.

    Of those that share a code one holds much and one little of the variance, so that every code
    has about as much to tell.
    """
    dimension = sample.shape[1]
    variances, directions = np.linalg.eigh(
        np.cov(sample.T, dtype=np.float64).reshape(dimension, -1)
    )
    shares = np.cumsum(variances[::-1]) / max(variances.sum(), np.finfo(np.float64).tiny)
    wanted = int(np.searchsorted(shares, _KEPT_VARIANCE)) + 1
    components = -(-wanted // _EVEN_CODES) * _EVEN_CODES
    best = np.zeros((components, dimension))
    best[: min(components, dimension)] = directions.T[::-1][:components]
    half = components // _PER_CODE
    pairs = np.stack([best[:half], best[half:][::-1]], axis=1)
    return pairs.reshape(components, dimension).astype(np.float32)


def _restore(content: bytes, dimension: int) -> ProjectedLists:
    try:
        index = faiss.deserialize_index(np.frombuffer(content, np.uint8))
    except RuntimeError as error:
        raise SnapshotError("FAISS cannot read the structure in the snapshot.") from error
    if not _is_ours(index) or index.d != dimension:
        raise SnapshotError("The structure in the snapshot is of another kind.")
    return ProjectedLists(index)


def _is_ours(index: _Index) -> bool:
    return (
        isinstance(index, faiss.IndexPreTransform)
        and index.chain.size() == 1
        and isinstance(_linear(index), faiss.LinearTransform)
        and isinstance(faiss.downcast_index(index.index), faiss.IndexIVFPQFastScan)
    )


def _linear(index: _Index) -> _Index:
    return faiss.downcast_VectorTransform(index.chain.at(0))


def _list_count(size: int) -> int:
    """Return about the square root, as a power of two: as many lists as vectors in each."""
    return int(2 ** max(4, round(math.log2(math.sqrt(size)))))


def _scan(queries: Vectors, vectors: Vectors, m: int) -> Candidates:
    if len(queries) == 1 or is_worth_threads(queries, vectors):
        scores, rows = faiss.knn(queries, vectors, m, metric=faiss.METRIC_INNER_PRODUCT)
        return Candidates(scores=scores, rows=rows)
    # FAISS spreads queries over threads, so that one at a time stays in this one.
    each = [_scan(queries[at : at + 1], vectors, m) for at in range(len(queries))]
    return Candidates(
        scores=np.concatenate([one.scores for one in each]),
        rows=np.concatenate([one.rows for one in each]),
    )


_PROJECTED_LISTS = StructureMaker(
    name=NAME,
    train=_train,
    # OpenMP keeps this number for each thread.
    enter_thread=lambda: faiss.omp_set_num_threads(1),
    sample_size=lambda size: min(size, max(_LEAST_SAMPLE, _POINTS_PER_LIST * _list_count(size))),
    restore=_restore,
)
