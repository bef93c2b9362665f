"""No search finds what is in another partition: a million of them, while partitions change."""

import threading

import numpy as np
import pytest

from gpu_index import VectorIndex
from tests.fixtures.index_backends import AROUND, opened
from tests.fixtures.index_model import unit_vectors

SEARCHES = {"exact": 200_000, "faiss_cpu": 1_000_000}
"""Those through a server or a device's stand-in are searched by the same code behind."""
AT_ONCE = 20_000
PARTITIONS = 300
DIMENSION = 8
OWNER = 1_000_000
"""An id tells its partition: that number times this, and more."""


def _keep_changing(index: VectorIndex, stop: threading.Event) -> None:
    """Add and remove vectors of partitions drawn at random, and drop some, until stopped."""
    chance = np.random.default_rng(3)
    for number in range(OWNER // 2, OWNER):
        if stop.is_set():
            return
        partition = int(chance.integers(PARTITIONS))
        ids = np.array([partition * OWNER + number], np.int64)
        if number % 50 == 0:
            index.drop(partition)
        index.add(partition, ids, unit_vectors(number, 1, DIMENSION))
        if number % 3 == 0:
            index.remove(partition, ids)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("backend", ["exact", "faiss_cpu", *AROUND])
def test_no_search_finds_the_id_of_another_partition(backend: str) -> None:
    index, searches = opened(backend, DIMENSION), SEARCHES.get(backend, 60_000)
    chance = np.random.default_rng(2)
    for partition in range(PARTITIONS):
        count = int(chance.zipf(1.5)) % 400 + 1
        ids = partition * OWNER + np.arange(count, dtype=np.int64)
        index.add(partition, ids, unit_vectors(partition, count, DIMENSION))
    stop = threading.Event()
    changing = threading.Thread(target=_keep_changing, args=(index, stop))
    changing.start()
    try:
        found = 0
        for start in range(0, searches, AT_ONCE):
            partitions = chance.integers(0, PARTITIONS, AT_ONCE)
            allowed = None
            if start % (4 * AT_ONCE) == 0:
                # Ids of every partition are allowed: still only its own may be found.
                allowed = chance.integers(0, PARTITIONS * OWNER, 50_000)
                allowed -= allowed % OWNER - allowed % 400
            queries = unit_vectors(start, AT_ONCE, DIMENSION)
            ids = index.search(queries, 3, partitions, allowed).ids
            is_there = ids >= 0
            assert (ids // OWNER == partitions[:, None])[is_there].all()
            found += int(is_there.sum())
    finally:
        stop.set()
        changing.join()
    assert found > searches
