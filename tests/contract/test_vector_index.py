"""What every backend of ``gpu_index`` promises, checked against a dictionary of vectors."""

from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from typing import Any

import numpy as np
import pytest

from gpu_index import (
    DimensionMismatchError,
    DuplicateIdError,
    InvalidInputError,
    NonFiniteVectorError,
    VectorIndex,
    ZeroVectorError,
    available,
    scan,
)
from tests.fixtures.index_backends import AROUND, DEVICES, SHELF_BYTES, opened
from tests.fixtures.index_model import Matrix, Model, assert_found, expected, int64, unit_vectors

BACKENDS = ["exact", "faiss_cpu", *AROUND]


@pytest.fixture(params=[(name, threads) for name in BACKENDS for threads in (False, True)], ids=str)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name: str
    name, threads = request.param
    if threads:
        # The engines for large batches answer small ones too.
        monkeypatch.setattr(scan, "_WORTH_THREADS", 0)
    if name not in AROUND:
        state = available()[name]
        assert state.usable, state.reason
    return name


def filled(
    backend: str, *, count: int = 300, dimension: int = 16, partitions: int = 3
) -> tuple[VectorIndex, Model]:
    index = opened(backend, dimension)
    model: Model = {}
    for partition in range(partitions):
        vectors = unit_vectors(partition, count, dimension)
        ids = np.random.default_rng(partition).permutation(count).astype(np.int64) * 7
        index.add(partition, ids, vectors)
        model[partition] = dict(zip(ids.tolist(), vectors, strict=True))
    return index, model


def test_index_describes_itself(backend: str) -> None:
    index = opened(backend, 16)
    assert index.dimension == 16
    assert index.capabilities.backend == AROUND.get(backend, backend)
    assert index.capabilities.exact == (backend != "faiss_cpu")
    on_device = backend in DEVICES
    assert index.capabilities.precision == ("float16" if on_device else "float32")
    assert index.capabilities.device == ("host" if on_device else "cpu")
    assert index.capabilities.engine.split()[0] in {"numpy", "faiss"}
    assert (len(index), index.nbytes) == (0, 0)


@pytest.mark.parametrize("k", [1, 10, 291, 292, 299, 300])
def test_search_returns_the_true_nearest_in_order(backend: str, k: int) -> None:
    index, model = filled(backend)
    queries = unit_vectors(99, 4, 16)
    found = index.search(queries, k, int64([1] * 4))
    assert found.ids.dtype == np.int64
    assert found.scores.dtype == np.float32
    for row, query in enumerate(queries):
        assert_found(found, row, expected(model, query, k, 1))


def test_rows_are_padded_when_k_exceeds_what_there_is(backend: str) -> None:
    index, model = filled(backend, count=5)
    query = unit_vectors(99, 1, 16)
    found = index.search(query, 9, int64([0]))
    assert found.ids.shape == found.scores.shape == (1, 9)
    assert_found(found, 0, expected(model, query[0], 9, 0))


def test_mixed_batch_searches_each_query_in_its_own_partition(backend: str) -> None:
    index, model = filled(backend)
    queries = unit_vectors(99, 40, 16)
    partitions = np.random.default_rng(5).integers(0, 4, 40)  # 3 does not exist
    found = index.search(queries, 6, partitions)
    for row, (query, partition) in enumerate(zip(queries, partitions.tolist(), strict=True)):
        assert_found(found, row, expected(model, query, 6, partition))


def test_unknown_partition_holds_nothing(backend: str) -> None:
    index, _ = filled(backend)
    found = index.search(unit_vectors(99, 1, 16), 3, int64([-(2**63)]))
    assert_found(found, 0, [])
    assert index.partition_size(77) == 0
    assert index.ids(77).tolist() == []
    assert index.remove(77, int64([1])) == 0
    index.drop(77)


def test_no_queries_give_no_rows(backend: str) -> None:
    index, _ = filled(backend)
    found = index.search(np.empty((0, 16), dtype=np.float32), 3, int64([]))
    assert found.ids.shape == found.scores.shape == (0, 3)


@pytest.mark.parametrize("allowed_count", [0, 1, 12, 13, 40, 160, 300])
def test_allowed_is_searched_exactly_and_nothing_else(backend: str, allowed_count: int) -> None:
    index, model = filled(backend)
    allowed = set(range(0, allowed_count * 7, 7)) | {1, 2, 10**12}
    queries = unit_vectors(98, 5, 16)
    partitions = int64([0, 0, 1, 2, 9])
    # Every other id is named twice: a set is meant.
    found = index.search(queries, 5, partitions, int64([*sorted(allowed), *sorted(allowed)[::2]]))
    for row, (query, partition) in enumerate(zip(queries, partitions.tolist(), strict=True)):
        assert_found(found, row, expected(model, query, 5, partition, allowed))


def test_empty_allowed_allows_none(backend: str) -> None:
    index, _ = filled(backend)
    found = index.search(unit_vectors(99, 1, 16), 3, int64([0]), int64([]))
    assert_found(found, 0, [])


@pytest.mark.parametrize("share", [2, 5])
def test_allowed_is_exact_when_it_is_large(backend: str, share: int) -> None:
    index, model = filled(backend, count=30_000, dimension=4, partitions=1)
    allowed = set(range(0, 30_000 * 7, 7 * share))
    query = unit_vectors(98, 1, 4)
    found = index.search(query, 20, int64([0]), int64(allowed))
    assert_found(found, 0, expected(model, query[0], 20, 0, allowed))


@pytest.mark.parametrize("with_allowed", [False, True])
def test_equal_vectors_tie_by_ascending_id_even_at_the_cut(
    backend: str, with_allowed: bool
) -> None:
    index = opened(backend, 96)
    vectors = unit_vectors(1, 700, 96)
    vectors[np.arange(0, 700, 2)] = vectors[0]
    ids = np.random.default_rng(2).permutation(700).astype(np.int64)
    index.add(0, ids, vectors)
    copies = np.sort(ids[::2])
    found = index.search(vectors[:1], 20, int64([0]), ids if with_allowed else None)
    assert found.ids[0].tolist() == copies[:20].tolist()
    assert len(set(found.scores[0].tolist())) == 1


def test_scores_do_not_depend_on_batch_or_backend() -> None:
    vectors, queries = unit_vectors(1, 1003, 384), unit_vectors(2, 33, 384)
    results = []
    for backend in BACKENDS:
        index = opened(backend, 384)
        index.add(0, np.arange(1003), vectors)
        together = index.search(queries, 10, np.zeros(33, dtype=np.int64))
        results.append(together)
        for row in range(33):
            alone = index.search(queries[row : row + 1], 10, int64([0]))
            assert np.array_equal(alone.scores[0], together.scores[row])
            assert np.array_equal(alone.ids[0], together.ids[row])
    assert np.array_equal(results[0].ids, results[1].ids)
    assert np.array_equal(results[0].scores, results[1].scores)


def test_dimension_of_4096_is_searched_like_any(backend: str) -> None:
    index, model = filled(backend, count=64, dimension=4096, partitions=1)
    query = unit_vectors(9, 1, 4096)
    found = index.search(query, 5, int64([0]))
    assert_found(found, 0, expected(model, query[0], 5, 0))


def test_vectors_of_any_length_are_compared_by_cosine(backend: str) -> None:
    index = opened(backend, 2)
    index.add(0, int64([1, 2]), np.array([[300, 0], [0.003, 0.003]], dtype=np.float32))
    found = index.search(np.array([[5, 0]], dtype=np.float32), 2, int64([0]))
    assert found.ids[0].tolist() == [1, 2]
    assert found.scores[0] == pytest.approx([1, 0.5**0.5], abs=1e-6)


def test_index_keeps_its_own_copy_of_what_is_added(backend: str) -> None:
    index = opened(backend, 16)
    vectors, ids = unit_vectors(1, 20, 16), np.arange(20)
    query = vectors[3:4].copy()
    index.add(0, ids, vectors)
    vectors[:], ids[:] = vectors[::-1].copy(), 99
    index.ids(0)[:] = 99
    assert index.search(query, 1, int64([0])).ids.tolist() == [[3]]


def test_removed_ids_are_found_no_more_and_may_return(backend: str) -> None:
    index, model = filled(backend)
    gone = sorted(model[0])[::3]
    back = {id_: model[0].pop(id_) for id_ in gone}
    assert index.remove(0, int64([*gone, *gone, 5, 10**15])) == len(gone)
    assert index.remove(0, int64(gone)) == 0
    assert index.partition_size(0) == 300 - len(gone)
    assert len(index) == 900 - len(gone)
    assert index.ids(0).tolist() == sorted(model[0])
    query = unit_vectors(99, 1, 16)
    assert_found(index.search(query, 300, int64([0])), 0, expected(model, query[0], 300, 0))
    index.add(0, int64(back), np.stack(list(back.values())))
    model[0] |= back
    assert_found(index.search(query, 300, int64([0])), 0, expected(model, query[0], 300, 0))


def test_removal_gives_memory_back(backend: str) -> None:
    index, _ = filled(backend, count=2000, partitions=1)
    full = index.nbytes
    index.remove(0, index.ids(0)[:-10])
    assert index.partition_size(0) == 10
    if backend in DEVICES:
        # The last rows stand in a buffer that others would share.
        full += 20 * SHELF_BYTES
    assert index.nbytes < full / 20


def test_memory_is_within_15_percent_of_the_vectors_when_filled_at_once(backend: str) -> None:
    index, _ = filled(backend, count=1000, dimension=384, partitions=1)
    # On a device there are float16 rows, with 16 components more, beside the float32 copies.
    on_device = 1000 * (384 + 16) * 2 + SHELF_BYTES if backend in DEVICES else 0
    assert index.nbytes <= 1.15 * 1000 * 384 * 4 + on_device


def test_dropped_partition_is_empty_and_others_stay(backend: str) -> None:
    index, model = filled(backend)
    index.drop(1)
    query = unit_vectors(99, 2, 16)
    found = index.search(query, 5, int64([1, 2]))
    assert_found(found, 0, [])
    assert_found(found, 1, expected(model, query[1], 5, 2))
    assert (index.partition_size(1), len(index)) == (0, 600)


def test_ids_are_unique_per_partition_only(backend: str) -> None:
    index = opened(backend, 2)
    for partition in (1, 2):
        index.add(partition, int64([7]), np.eye(2, dtype=np.float32)[partition - 1 : partition])
    found = index.search(np.eye(2, dtype=np.float32), 1, int64([1, 1]))
    assert found.scores.tolist() == [[1], [0]]


EYE = np.eye(3, dtype=np.float32)


@pytest.mark.parametrize(
    ("ids", "vectors", "error"),
    [
        (int64([7, 8]), EYE[:2], DuplicateIdError),
        (int64([8, 9, 8]), EYE, DuplicateIdError),
        (int64([8]), np.ones((1, 4), dtype=np.float32), DimensionMismatchError),
        (int64([8, 9]), np.array([[1, 0, 0], [0, np.nan, 0]], "f4"), NonFiniteVectorError),
        (int64([8]), np.array([[0, np.inf, 0]], "f4"), NonFiniteVectorError),
        (int64([8, 9]), np.array([[1, 0, 0], [0, 0, 0]], "f4"), ZeroVectorError),
        (int64([8]), EYE, InvalidInputError),
        (int64([-1]), EYE[:1], InvalidInputError),
        (np.array([8], dtype=np.int32), EYE[:1], InvalidInputError),
        (int64([8]), EYE[0], InvalidInputError),
        (int64([8]), EYE[:1].astype(np.float64), InvalidInputError),
        ([8], EYE[:1], InvalidInputError),
    ],
)
def test_add_changes_nothing_when_refused(
    backend: str, ids: Any, vectors: Matrix, error: type[Exception]
) -> None:
    index = opened(backend, 3)
    index.add(0, int64([7]), EYE[:1])
    with pytest.raises(error):
        index.add(0, ids, vectors)
    assert index.ids(0).tolist() == [7]
    assert len(index) == 1


@pytest.mark.parametrize(
    ("search", "error"),
    [
        (lambda index: index.search(EYE, 0, int64([0, 0, 0])), InvalidInputError),
        (lambda index: index.search(EYE, 1, int64([0, 0])), InvalidInputError),
        (lambda index: index.search(EYE, 1, np.zeros(3)), InvalidInputError),
        (lambda index: index.search(EYE[0], 1, int64([0])), InvalidInputError),
        (lambda index: index.search(EYE[:1], 1, int64([0]), int64([-4])), InvalidInputError),
        (lambda index: index.search(EYE[:, :2], 1, int64([0] * 3)), DimensionMismatchError),
        (
            lambda index: index.search(EYE * np.float32("nan"), 1, int64([0] * 3)),
            NonFiniteVectorError,
        ),
        (lambda index: index.search(EYE * np.float32(0), 1, int64([0] * 3)), ZeroVectorError),
        (lambda index: index.remove(0, int64([-1])), InvalidInputError),
    ],
)
def test_wrong_arguments_are_refused(
    backend: str, search: Callable[[VectorIndex], object], error: type[Exception]
) -> None:
    index = opened(backend, 3)
    index.add(0, int64([7]), EYE[:1])
    with pytest.raises(error):
        search(index)


def test_dimension_below_one_is_refused(backend: str) -> None:
    with pytest.raises(InvalidInputError):
        opened(backend, 0)


def test_searches_pair_ids_with_their_own_vectors_while_another_thread_writes(
    backend: str,
) -> None:
    vectors = unit_vectors(1, 400, 32)
    index = opened(backend, 32)
    index.add(0, np.arange(100), vectors[:100])
    stop, failures, rounds = Event(), list[str](), list[int]()

    def read(seed: int) -> None:
        queries = unit_vectors(seed, 8, 32)
        truth = (queries.astype(np.float64) @ vectors.T.astype(np.float64)).astype(np.float32)
        while not stop.is_set():
            found = index.search(queries, 12, np.zeros(8, dtype=np.int64))
            rounds.append(1)
            own = np.take_along_axis(truth, found.ids, axis=1)
            if (found.ids < 0).any() or not np.allclose(own, found.scores, atol=1e-6):
                failures.append("an id came with the score of another vector")

    readers = [Thread(target=read, args=(seed,)) for seed in (11, 12)]
    for reader in readers:
        reader.start()
    # The writer goes on until readers have searched: how often they get a turn is the machine's.
    patience = monotonic() + 60
    written = 0
    while (written < 60 or len(rounds) < 20) and not failures and monotonic() < patience:
        index.add(0, np.arange(100, 400), vectors[100:])
        index.remove(0, np.arange(399, 99, -1))
        written += 1
    stop.set()
    for reader in readers:
        reader.join()
    assert not failures
    assert len(rounds) >= 20
    assert index.ids(0).tolist() == list(range(100))
