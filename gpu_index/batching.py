"""Searches of several callers at once become one call of the index."""

from collections import deque
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from gpu_index.errors import VectorIndexError
from gpu_index.protocol import Ids, Neighbours, VectorIndex, Vectors


@dataclass(slots=True, eq=False)
class _Waiting:
    """A search that has not been answered yet."""

    queries: Vectors
    k: int
    partitions: Ids
    answered: Lock
    """Held until there is an answer, or until the turn has come to answer oneself and others."""
    turn: "list[_Waiting]" = field(default_factory=list)
    answer: Neighbours | VectorIndexError | None = None


class SearchBatcher:
    """Answers each search alone while the index is free, and in batches while it is busy.

    Nobody waits for company: a search that finds the index free starts at once. Those that arrive
    while ``parallel`` calls are under way gather, and when one of the calls ends, the first of them
    takes along all that ask for the same k. So batches grow with the load and vanish with it.
    """

    def __init__(self, index: VectorIndex, *, parallel: int, most_queries: int) -> None:
        """Run at most ``parallel`` ≥ 1 calls at once, with at most ``most_queries`` together."""
        self._index = index
        self._parallel = parallel
        self._most_queries = most_queries
        self._guard = Lock()
        self._running = 0
        self._waiting: deque[_Waiting] = deque()
        self._batches = 0
        self._batched = 0

    @property
    def counts(self) -> tuple[int, int]:
        """Calls of the index, and the searches they answered."""
        return self._batches, self._batched

    def search(self, queries: Vectors, k: int, partitions: Ids) -> Neighbours:
        """Return what ``index.search(queries, k, partitions)`` does, errors included."""
        own = _Waiting(queries, k, partitions, Lock())
        with self._guard:
            if self._running < self._parallel:
                self._running += 1
                own.turn = [own]
            else:
                own.answered.acquire()
                self._waiting.append(own)
        if not own.turn:
            # Released by whoever answers this search, or hands on the turn.
            own.answered.acquire()
        if own.turn:
            try:
                self._answer(own.turn)
            finally:
                self._hand_on()
        if isinstance(own.answer, Neighbours):
            return own.answer
        raise own.answer or VectorIndexError("The search that carried this one failed.")

    def _answer(self, batch: list[_Waiting]) -> None:
        with self._guard:
            self._batches += 1
            self._batched += len(batch)
        try:
            if not (len(batch) > 1 and self._answer_together(batch)):
                for each in batch:
                    self._answer_alone(each)
        finally:
            for each in batch[1:]:
                each.answered.release()

    def _answer_alone(self, each: _Waiting) -> None:
        try:
            each.answer = self._index.search(each.queries, each.k, each.partitions)
        except VectorIndexError as error:
            each.answer = error

    def _answer_together(self, batch: list[_Waiting]) -> bool:
        try:
            found = self._index.search(
                np.concatenate([each.queries for each in batch]),
                batch[0].k,
                np.concatenate([each.partitions for each in batch]),
            )
        except VectorIndexError:
            # One of them is at fault; alone, each gets its own answer.
            return False
        start = 0
        for each in batch:
            end = start + len(each.queries)
            each.answer = Neighbours(
                ids=found.ids[start:end],
                scores=found.scores[start:end],
                marks=found.marks[start:end],
            )
            start = end
        return True

    def _hand_on(self) -> None:
        with self._guard:
            if not self._waiting:
                self._running -= 1
                return
            first = self._waiting.popleft()
            first.turn = [first, *self._company(first)]
        first.answered.release()

    def _company(self, first: _Waiting) -> list[_Waiting]:
        company, left = list[_Waiting](), deque[_Waiting]()
        room = self._most_queries - len(first.queries)
        while self._waiting:
            each = self._waiting.popleft()
            if each.k == first.k and len(each.queries) <= room:
                company.append(each)
                room -= len(each.queries)
            else:
                left.append(each)
        self._waiting = left
        return company
