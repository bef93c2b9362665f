import time
from threading import Event, Thread

import numpy as np
import pytest

from gpu_index.batching import SearchBatcher
from gpu_index.errors import VectorIndexError
from gpu_index.protocol import Neighbours
from tests.fixtures.toy_index import ToyIndex

SOON_S = 30.0
EYE = np.eye(4, dtype=np.float32)


class Callers:
    """Searches from threads of their own, with an index that waits until it is told to go on."""

    def __init__(self, parallel: int = 1, most_queries: int = 100) -> None:
        self.index = ToyIndex()
        self.index.add(0, np.arange(4), EYE)
        self.batcher = SearchBatcher(self.index, parallel=parallel, most_queries=most_queries)
        self.go_on = Event()
        self.index.before_search = self.wait
        self.threads = list[Thread]()
        self.outcomes = dict[int, Neighbours | BaseException]()

    def wait(self) -> None:
        assert self.go_on.wait(SOON_S)

    def search(self, rows: list[int], k: int = 1) -> None:
        caller = len(self.threads)

        def run() -> None:
            try:
                partitions = np.zeros(len(rows), np.int64)
                self.outcomes[caller] = self.batcher.search(EYE[rows], k, partitions)
            except BaseException as error:  # noqa: BLE001 - whatever it is, the test looks at it
                self.outcomes[caller] = error

        waiting, running = len(self.batcher._waiting), len(self.index.sizes_of_searches)
        self.threads.append(Thread(target=run, daemon=True))
        self.threads[-1].start()
        deadline = time.monotonic() + SOON_S
        while (len(self.batcher._waiting), len(self.index.sizes_of_searches)) == (waiting, running):
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def finish(self) -> None:
        self.go_on.set()
        for thread in self.threads:
            thread.join(SOON_S)
            assert not thread.is_alive()


def test_free_index_is_asked_at_once_by_each() -> None:
    callers = Callers(parallel=3)
    for row in range(3):
        callers.search([row])
    assert callers.index.sizes_of_searches == [1, 1, 1]
    callers.finish()


def test_waiting_searches_of_equal_k_go_together_up_to_the_bound() -> None:
    callers = Callers(most_queries=5)
    callers.search([0])
    for rows, k in (([1, 2], 1), ([3], 2), ([0, 1], 1), ([2, 3], 1), ([1], 1), ([2], 2)):
        callers.search(rows, k)
    callers.finish()
    # The third pair has no room beside the first two; the later single query has.
    assert callers.index.sizes_of_searches == [1, 5, 2, 2]
    wanted = [[0], [1, 2], [3], [0, 1], [2, 3], [1], [2]]
    for caller, rows in enumerate(wanted):
        found = callers.outcomes[caller]
        assert isinstance(found, Neighbours)
        assert found.ids[:, 0].tolist() == rows
    assert callers.batcher.counts == (4, 7)


def test_search_larger_than_the_bound_goes_alone() -> None:
    callers = Callers(most_queries=2)
    callers.search([0])
    callers.search([0, 1, 2])
    callers.search([3])
    callers.finish()
    assert callers.index.sizes_of_searches == [1, 3, 1]


@pytest.mark.parametrize("failure", [MemoryError(), KeyboardInterrupt()])
def test_failure_of_the_index_reaches_everyone_and_the_next_search_works(
    failure: BaseException,
) -> None:
    callers = Callers()
    callers.search([0])

    def fail() -> None:
        callers.wait()
        raise failure

    callers.index.before_search = fail
    callers.search([1])
    callers.search([2])
    callers.finish()
    assert isinstance(callers.outcomes[0], Neighbours)
    outcomes = [callers.outcomes[1], callers.outcomes[2]]
    assert sum(outcome is failure for outcome in outcomes) == 1
    assert sum(isinstance(outcome, VectorIndexError) for outcome in outcomes) == 1
    callers.index.before_search = callers.wait
    callers.search([3])
    assert callers.batcher.search(EYE[:1], 1, np.array([0])).ids.tolist() == [[0]]
