"""A million random searches over many banks: none returns a vector of another bank."""

import numpy as np
import pytest

from gpu_index import open_index

_PARTITIONS = 300
_ROUNDS = 50
_QUERIES = 10_000
_DIMENSION = 8


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["exact", "faiss_cpu"])
def test_no_search_finds_a_vector_of_another_bank(backend: str) -> None:
    chance = np.random.default_rng(7)
    index = open_index(backend, _DIMENSION)
    owner = chance.integers(0, _PARTITIONS, 12_000)
    vectors = chance.standard_normal((owner.size, _DIMENSION)).astype(np.float32)
    for partition in range(_PARTITIONS):
        ids = np.flatnonzero(owner == partition)
        index.add(partition, ids, vectors[ids])

    searches = 0
    for turn in range(_ROUNDS):
        partitions = chance.integers(0, _PARTITIONS + 5, _QUERIES)  # Some have never been filled.
        queries = chance.standard_normal((_QUERIES, _DIMENSION)).astype(np.float32)
        # Ids of every bank are allowed: naming a foreign one must not fetch it.
        allowed = None if turn % 2 else np.sort(chance.choice(owner.size, 6_000, replace=False))
        found = index.search(queries, 5, partitions, allowed).ids
        is_hit = found >= 0
        expected = np.broadcast_to(partitions[:, np.newaxis], found.shape)[is_hit]
        assert np.array_equal(owner[found[is_hit]], expected)
        assert is_hit.any()
        searches += _QUERIES
    assert searches == 500_000
