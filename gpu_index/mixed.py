"""Queries of many partitions in one pass: each partition is read once, all are ranked together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_index.partition import Partition
from gpu_index.protocol import NO_ID, Ids, Neighbours, Scores, Vectors
from gpu_index.ranking import SPARE, exact_products, floors
from gpu_index.scan import Scan

FEW = 16
"""Queries of one partition up to which ranking them costs more by themselves than with others'."""
_COMPONENTS_AT_ONCE = 1 << 20
"""Components of candidates ranked at a time: 4 MB in float32 and 8 MB in float64."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """A partition and the queries that look into it."""

    target: Partition
    members: Ids
    """Their positions in the batch, at most ``FEW``."""


class Answers:
    """What a batch has found so far; without an answer a row is padding."""

    def __init__(self, queries: int, k: int) -> None:
        self._ids: Ids = np.full((queries, k), NO_ID, dtype=np.int64)
        self._scores: Scores = np.full((queries, k), -np.inf, dtype=np.float32)
        self._marks = [b""] * queries

    def put(self, members: Ids, found: Neighbours) -> None:
        """Enter the rows of ``members``; ``found`` may have fewer columns than k."""
        width = found.ids.shape[1]
        self._ids[members, :width], self._scores[members, :width] = found.ids, found.scores
        for position, mark in zip(members.tolist(), found.marks, strict=True):
            self._marks[position] = mark

    def neighbours(self) -> Neighbours:
        """Return them all."""
        return Neighbours(ids=self._ids, scores=self._scores, marks=tuple(self._marks))


def nearest_in_each(
    queries: Vectors, asked: Sequence[Asked], k: int, scan: Scan, answers: Answers
) -> list[Asked]:
    """Enter the exact nearest of all queries that are ``asked`` something; returns what is left.

    Of the ones left, so many rows tie with the last place that each needs a look of its own.
    """
    left = []
    for together in _blocks(asked, queries.shape[1] * (k + SPARE)):
        members = np.concatenate([each.members for each in together])
        proposals = _Proposals(queries[members], k)
        for each in together:
            proposals.read(each, scan)
        found, is_complete = proposals.ranked()
        answers.put(members, found)
        if not is_complete.all():
            doubtful = set(members[~is_complete].tolist())
            left += [
                Asked(target=each.target, members=each.members[alone : alone + 1])
                for each in together
                for alone, position in enumerate(each.members.tolist())
                if position in doubtful
            ]
    return left


class _Proposals:
    """Copies of the candidates of some queries, so that no partition waits for their ranking."""

    def __init__(self, queries: Vectors, k: int) -> None:
        self._queries, self._k = queries, k
        shape = (len(queries), k + SPARE)
        self._vectors: Vectors = np.zeros((*shape, queries.shape[1]), dtype=np.float32)
        self._ids: Ids = np.full(shape, NO_ID, dtype=np.int64)
        self._scores: Scores = np.full(shape, -np.inf, dtype=np.float32)
        self._marks: list[bytes] = []

    def read(self, asked: Asked, scan: Scan) -> None:
        """Take the candidates of the next queries from their partition."""
        start = len(self._marks)
        place = slice(start, start + asked.members.size)
        with asked.target.lock.reading():
            slab = asked.target.slab
            size = len(slab)
            self._marks += [asked.target.mark] * asked.members.size
            if size <= self._ids.shape[1]:
                self._vectors[place, :size] = slab.vectors
                self._ids[place, :size] = slab.ids
                return
            candidates = scan(self._queries[place], slab.vectors, self._ids.shape[1])
            # Without a mode NumPy would fill a copy of its own first.
            slab.vectors.take(candidates.rows, axis=0, out=self._vectors[place], mode="clip")
            self._ids[place] = slab.ids[candidates.rows]
            self._scores[place] = candidates.scores

    def ranked(self) -> tuple[Neighbours, NDArray[np.bool_]]:
        """Return the k best of each, and whether no other row can be among them."""
        scores = exact_products(self._queries, self._vectors)
        scores[self._ids == NO_ID] = -np.inf
        order = np.lexsort((self._ids, -scores), axis=1)[:, : self._k]
        found = Neighbours(
            ids=np.take_along_axis(self._ids, order, axis=1),
            scores=np.take_along_axis(scores, order, axis=1),
            marks=tuple(self._marks),
        )
        # Where every row is a candidate none was compared with a floor.
        has_all = self._scores[:, 0] == -np.inf
        _, is_complete = floors(self._scores, self._k, self._queries.shape[1])
        return found, has_all | is_complete


def _blocks(asked: Sequence[Asked], components: int) -> Iterator[list[Asked]]:
    """Yield them in blocks of about equal work, given the components of a query's candidates."""
    most = max(FEW, _COMPONENTS_AT_ONCE // components)
    block, count = list[Asked](), 0
    for each in asked:
        if count + each.members.size > most:
            yield block
            block, count = [], 0
        block.append(each)
        count += each.members.size
    if block:
        yield block
