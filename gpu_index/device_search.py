"""From a batch of queries in many partitions to few calls of a device, and to proven answers."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_index.device_partition import DevicePartition
from gpu_index.device_rows import DeviceRows, Stretch
from gpu_index.devices import Device, Halves
from gpu_index.extents import CODE_BITS, CODE_SCORE, Shelf, coded
from gpu_index.protocol import NO_ID, Ids, Scores, Vectors
from gpu_index.ranking import exact_scores
from gpu_index.row_graph import MOST_BREADTH
from gpu_index.scan import Candidates, scan_rows

_SPARE = 32
"""Candidates beyond twice k: rounding to float16 reorders scores that differ by less than 0.002,
and twice as many as are wanted usually reach further than that."""
_HALF_UNIT = 2.0**-11
_SMALLEST_HALF = 2.0**-25
_FLOAT32_UNIT = 2.0**-23


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """Queries for one partition, whose lock is held."""

    partition: DevicePartition
    rows: DeviceRows
    members: Ids
    """Which queries of the batch."""


@dataclass(slots=True)
class Calls:
    """What searching cost."""

    ranges: int = 0
    """Calls for one partition."""
    shared: int = 0
    """Calls for several partitions at once."""
    rescans: int = 0
    """Queries that had to be answered from main memory because their candidates proved nothing."""


def candidates_for(k: int) -> int:
    """Return how many candidates are asked for k results."""
    return 2 * k + _SPARE


def half_bound(dimension: int) -> float:
    """Return how far a device's score can be from the true inner product of unit vectors.

    Rounding to float16 moves a unit vector by at most e = 2⁻¹¹ + 2⁻²⁵·√n, normal and subnormal
    components together, so the product by e·(2 + e) (Cauchy–Schwarz). Adding up in float32, in any
    order and rounding to either side, errs by at most (n + 16)·2⁻²³ times the sum of the products'
    magnitudes, which the code raises to 1 + CODE_SCORE (N. Higham, Accuracy and Stability of
    Numerical Algorithms, §3.1).
    """
    rounding = _HALF_UNIT + _SMALLEST_HALF * math.sqrt(dimension)
    adding = (dimension + CODE_BITS) * _FLOAT32_UNIT * (1 + CODE_SCORE)
    return rounding * (2 + rounding) + adding


def propose(
    device: Device, questions: Sequence[Question], queries: Vectors, m: int, calls: Calls
) -> list[Candidates]:
    """Return ``m`` candidates of each question, all on ``device``; row -1 stands for none.

    Partitions that share a buffer are answered by one call over all of it where that is less work
    than a call for each.
    """
    found: list[Candidates | None] = [None] * len(questions)
    halves = queries.astype(np.float16)
    for shelf, numbers in _by_shelf(questions).items():
        asked = sum(len(questions[number].members) for number in numbers)
        saved_calls = len(numbers) - 1
        if saved_calls * device.products_per_call > asked * shelf.end:
            calls.shared += 1
            answers = _search_shelf(device, shelf, [questions[n] for n in numbers], halves, m)
            for number, answer in zip(numbers, answers, strict=True):
                found[number] = answer
    return [
        _search_alone(device, question, queries[question.members], m, calls)
        if answer is None
        else answer
        for question, answer in zip(questions, found, strict=True)
    ]


def judged(
    question: Question, queries: Vectors, candidates: Candidates, k: int
) -> tuple[Ids, Scores, NDArray[np.bool_]]:
    """Return the k best ids and scores, and which queries are answered as well as they can be."""
    partition = question.partition
    if not partition.has_copies:
        return as_proposed(question, candidates, k)
    ids, scores, is_complete = proven(question, queries, candidates, k)
    if partition.graph is not None:
        is_complete = (candidates.rows >= 0).sum(axis=1) >= min(k, len(partition))
    return ids, scores, is_complete


def measured_recall(question: Question, queries: Vectors) -> float:
    """Return recall@10 of a partition's graph against comparing all its rows."""
    k, graph = 10, question.partition.graph
    m = candidates_for(k)
    device, calls = question.rows.store.device, Calls()
    found = _search_alone(device, question, queries, m, calls)
    own, _, _ = proven(question, queries, found, k)
    question.partition.graph = None
    every = _search_alone(device, question, queries, m, calls)
    question.partition.graph = graph
    true, _, _ = proven(question, queries, every, k)
    shared = [np.intersect1d(one, other).size for one, other in zip(own, true, strict=True)]
    return float(np.mean(shared)) / k


def proven(
    question: Question, queries: Vectors, candidates: Candidates, k: int
) -> tuple[Ids, Scores, NDArray[np.bool_]]:
    """Return the k best of the candidates, exactly scored, and whether none is missing.

    None is when the k-th true score is above whatever a row left out could have: the worst
    candidate's score on the device and the bound of its error.
    """
    slab = question.partition.slab
    valid = candidates.rows >= 0
    rows = np.where(valid, candidates.rows, 0)
    scores = np.where(valid, exact_scores(queries, slab.vectors, rows), -np.inf)
    ids = np.where(valid, slab.ids[rows], NO_ID)
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    ids, scores = np.take_along_axis(ids, order, axis=1), np.take_along_axis(scores, order, axis=1)
    # The scores of rows left out come from other rows' places too: a valid bound all the same.
    reach = candidates.scores.min(axis=1) + np.float32(half_bound(queries.shape[1]))
    width = min(k, len(slab))
    is_complete = valid.sum(axis=1) == len(slab)
    is_complete |= scores[:, width - 1] > reach
    return ids, scores.astype(np.float32), is_complete


def as_proposed(
    question: Question, candidates: Candidates, k: int
) -> tuple[Ids, Scores, NDArray[np.bool_]]:
    """Return the k best by the device's own scores, and whether there are k."""
    slab = question.partition.slab
    valid = candidates.rows >= 0
    ids = np.where(valid, slab.ids[np.where(valid, candidates.rows, 0)], NO_ID)
    scores = np.where(valid, candidates.scores, -np.inf).astype(np.float32)
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    is_complete = valid.sum(axis=1) >= min(k, len(slab))
    return (
        np.take_along_axis(ids, order, axis=1),
        np.take_along_axis(scores, order, axis=1),
        is_complete,
    )


def _by_shelf(questions: Sequence[Question]) -> dict[Shelf, list[int]]:
    """Return the shelves that several questions share, with the numbers of those."""
    shelves: dict[Shelf, list[int]] = {}
    for number, question in enumerate(questions):
        stretches = list(question.rows.stretches())
        if len(stretches) == 1 and question.partition.graph is None:
            shelves.setdefault(stretches[0].extent.shelf, []).append(number)
    return {shelf: numbers for shelf, numbers in shelves.items() if len(numbers) > 1}


def _search_shelf(
    device: Device, shelf: Shelf, questions: list[Question], halves: Halves, m: int
) -> list[Candidates]:
    stretches = [next(question.rows.stretches()) for question in questions]
    codes = [
        stretch.extent.code
        for question, stretch in zip(questions, stretches, strict=True)
        for _ in range(len(question.members))
    ]
    together = coded(np.concatenate([halves[each.members] for each in questions]), codes)
    end = shelf.end
    found = device.nearest(shelf.buffer, 0, end, together, min(m, end))
    answers, first = list[Candidates](), 0
    for question, stretch in zip(questions, stretches, strict=True):
        last = first + len(question.members)
        rows = found.rows[first:last] - stretch.extent.start
        rows = np.where((rows >= 0) & (rows < stretch.count), rows, -1)
        scores = found.scores[first:last] - np.float32(CODE_SCORE)
        answers.append(Candidates(scores=scores, rows=rows))
        first = last
    return answers


def _search_alone(
    device: Device, question: Question, queries: Vectors, m: int, calls: Calls
) -> Candidates:
    halves = queries.astype(np.float16)
    if (graph := question.partition.graph) is None or m > MOST_BREADTH:
        return _search_ranges(device, question.rows.stretches(), halves, m, calls)
    slab = question.partition.slab
    rows = [graph.nearest(halves, m)]
    newer = list(question.rows.stretches(graph.built))
    if newer:
        rows.append(_search_ranges(device, newer, halves, m, calls).rows)
    replaced = graph.replaced(len(slab))
    if replaced.size > m:
        rows.append(scan_rows(queries, slab.vectors, m, replaced).rows)
    elif replaced.size:
        rows.append(np.broadcast_to(replaced, (len(queries), replaced.size)))
    together = np.hstack(rows)
    return Candidates(scores=np.zeros(together.shape, dtype=np.float32), rows=together)


def _search_ranges(
    device: Device, stretches: Iterable[Stretch], halves: Halves, m: int, calls: Calls
) -> Candidates:
    parts = list[Candidates]()
    for stretch in stretches:
        calls.ranges += 1
        parts.append(_search_range(device, stretch, halves, m))
    scores = np.concatenate([part.scores for part in parts], axis=1)
    rows = np.concatenate([part.rows for part in parts], axis=1)
    if scores.shape[1] > m:
        best = np.argpartition(-scores, m - 1, axis=1)[:, :m]
        scores = np.take_along_axis(scores, best, axis=1)
        rows = np.take_along_axis(rows, best, axis=1)
    return Candidates(scores=scores, rows=rows)


def _search_range(device: Device, stretch: Stretch, halves: Halves, m: int) -> Candidates:
    extent = stretch.extent
    queries = coded(halves, [extent.code] * len(halves))
    start = extent.start + stretch.skipped
    found = device.nearest(
        extent.shelf.buffer, start, stretch.count, queries, min(m, stretch.count)
    )
    return Candidates(scores=found.scores - np.float32(CODE_SCORE), rows=found.rows + stretch.first)
