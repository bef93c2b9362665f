"""Batches over many partitions: each is read once, and every answer is what it is alone."""

from dataclasses import replace

import numpy as np
import pytest

from gpu_index import IndexOptions, mixed, open_index
from gpu_index.flat import FlatIndex
from gpu_index.scan import Candidates

DIMENSION = 24
SIZES = (1, 5, 17, 18, 19, 40, 300, 900)
K = 10


def unit(seed: int, rows: int) -> np.ndarray:
    values = np.random.default_rng(seed).standard_normal((rows, DIMENSION)).astype(np.float32)
    scaled: np.ndarray = values / np.linalg.norm(values, axis=1, keepdims=True)
    return scaled


def filled(backend: str) -> FlatIndex:
    index = open_index(backend, DIMENSION)
    assert isinstance(index, FlatIndex)
    for partition, size in enumerate(SIZES):
        vectors = unit(partition, size)
        vectors[: size // 3] = vectors[0]  # many tie, at the cut after k too
        index.add(partition, np.random.default_rng(partition).permutation(size), vectors)
        index.set_mark(partition, b"%d" % partition)
    return index


@pytest.mark.parametrize("backend", ["exact", "faiss_cpu"])
@pytest.mark.parametrize("components_at_once", [1, 1 << 20])
def test_every_query_of_a_mixed_batch_is_answered_as_if_alone(
    backend: str, components_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mixed, "_COMPONENTS_AT_ONCE", components_at_once)
    index = filled(backend)
    # Some partitions are asked more than is ranked together, and 8 does not exist.
    partitions = np.concatenate([np.random.default_rng(1).integers(0, 9, 60), np.full(30, 7)])
    queries = unit(77, 90)
    queries[::4] = unit(6, 1)  # what a third of one partition ties for
    found = index.search(queries, K, partitions)
    for row in range(len(queries)):
        alone = index.search(queries[row : row + 1], K, partitions[row : row + 1])
        assert found.ids[row].tolist() == alone.ids[0].tolist()
        assert found.scores[row].tolist() == alone.scores[0].tolist()
        assert found.marks[row] == alone.marks[0]


def test_each_partition_is_read_once_and_ranked_with_the_others() -> None:
    index = filled("exact")
    read = list[int]()
    scan = index._engine.scan

    def counting(queries: np.ndarray, vectors: np.ndarray, m: int) -> Candidates:
        read.append(len(vectors))
        return scan(queries, vectors, m)

    again = FlatIndex(DIMENSION, replace(index._engine, scan=counting), IndexOptions())
    for partition in range(20):
        again.add(partition, np.arange(100 + partition), unit(partition, 100 + partition))
    again.search(unit(5, 60), K, np.repeat(np.arange(20), 3))
    assert read == [100 + partition for partition in range(20)]
