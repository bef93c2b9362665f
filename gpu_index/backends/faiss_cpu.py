"""FAISS over our own memory: exact scans, and inverted lists of codes beside large partitions.

Vectors are assigned to the nearest of some centroids; a code of half a byte for every two
components stands for each in its list, and registers hold whole tables of partial products
(F. André, A.-M. Kermarrec, N. Le Scouarnec: Cache locality is not enough, VLDB 2015). Codes are
coarse, so their order is not used: the slab's own vectors decide among the candidates.
"""

import math

import faiss
import numpy as np

from gpu_index.errors import SnapshotError
from gpu_index.flat import Engine, FlatIndex
from gpu_index.options import IndexOptions
from gpu_index.protocol import Capabilities, Ids, Vectors
from gpu_index.scan import Candidates, is_worth_threads
from gpu_index.structure import Effort, StructureMaker

NAME = "inverted_lists_4bit"
_COMPONENTS_PER_CODE = 2
_POINTS_PER_LIST = 32
"""Sample vectors per centroid: more moves the centroids little and costs as many seconds."""
_ROUNDS = 6
_ASSIGNED_AT_ONCE = 65_536


def open_faiss_cpu(dimension: int, options: IndexOptions) -> FlatIndex:
    """Return an empty index; FAISS gets the batches, whose queries it spreads over threads."""
    capabilities = Capabilities(
        backend="faiss_cpu",
        engine=f"faiss {faiss.__version__}",
        device="cpu",
        precision="float32",
        exact=False,
    )
    engine = Engine(capabilities=capabilities, scan=_scan, maker=_INVERTED_LISTS)
    return FlatIndex(dimension, engine, options)


class InvertedLists:
    """The structure over one FAISS index."""

    def __init__(self, index: faiss.IndexIVFPQFastScan) -> None:
        self._index = index

    @property
    def name(self) -> str:
        """For reports."""
        return NAME

    @property
    def nbytes(self) -> int:
        """Bytes of codes, ids and centroids."""
        index = self._index
        per_vector = index.code_size + np.dtype(np.int64).itemsize
        centroids = index.nlist * index.d * np.dtype(np.float32).itemsize
        return int(index.ntotal * per_vector + centroids)

    @property
    def lists(self) -> int:
        """How many lists there are."""
        return int(self._index.nlist)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Take in vectors of unit length."""
        for start in range(0, ids.size, _ASSIGNED_AT_ONCE):
            block = slice(start, start + _ASSIGNED_AT_ONCE)
            self._index.add_with_ids(vectors[block], ids[block])

    def candidates(self, queries: Vectors, effort: Effort) -> Ids:
        """Return ids that may be near, padded with -1."""
        parameters = faiss.SearchParametersIVF()
        parameters.nprobe = min(effort.probes, self.lists)
        _, ids = self._index.search(queries, effort.candidates, params=parameters)
        proposed: Ids = ids
        return proposed

    def to_bytes(self) -> bytes:
        """Return the index as FAISS writes it."""
        content: bytes = faiss.serialize_index(self._index).tobytes()
        return content


def _train(sample: Vectors, size: int, seed: int) -> InvertedLists:
    dimension = sample.shape[1]
    centroids = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFPQFastScan(
        centroids,
        dimension,
        _list_count(size),
        _subspaces(dimension),
        4,
        faiss.METRIC_INNER_PRODUCT,
    )
    index.cp.niter = _ROUNDS
    index.cp.seed = seed + 1
    index.cp.max_points_per_centroid = _POINTS_PER_LIST
    index.cp.min_points_per_centroid = 1
    index.cp.spherical = True
    index.train(sample)
    return InvertedLists(index)


def _restore(content: bytes, dimension: int) -> InvertedLists:
    try:
        index = faiss.deserialize_index(np.frombuffer(content, np.uint8))
    except RuntimeError as error:
        raise SnapshotError("FAISS cannot read the structure in the snapshot.") from error
    if not isinstance(index, faiss.IndexIVFPQFastScan) or index.d != dimension:
        raise SnapshotError("The structure in the snapshot is of another kind.")
    return InvertedLists(index)


def _list_count(size: int) -> int:
    """Return twice the square root, as a power of two: lists of about half as many vectors."""
    return int(2 ** max(4, round(math.log2(2 * math.sqrt(size)))))


def _subspaces(dimension: int) -> int:
    """Return the largest number of equal parts that have at least two components each."""
    parts = dimension // _COMPONENTS_PER_CODE
    return next(m for m in range(max(1, parts), 0, -1) if dimension % m == 0)


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


_INVERTED_LISTS = StructureMaker(
    name=NAME,
    train=_train,
    # OpenMP keeps this number for each thread.
    enter_thread=lambda: faiss.omp_set_num_threads(1),
    sample_size=lambda size: min(size, _POINTS_PER_LIST * _list_count(size)),
    restore=_restore,
)
