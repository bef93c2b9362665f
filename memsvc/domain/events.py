"""Events: stretches of an episode that hang together, cut where a turn is a surprise.

After EM-LLM (arXiv 2407.09450), with the surprise of a turn's vector in the place of
that of a token: no hosted model tells how probable it found a prompt.

1. Surprise of turn t: d_t = 1 - cos(e_t, mean of the ``WINDOW`` turns before it).
2. t is surprising iff d_t > μ + ``GAMMA`` · σ: mean and deviation of the ``WINDOW`` surprises
   before it.
3. From the first turn on, an event ends before the first surprising turn that leaves it and the
   rest at least ``LEAST`` turns, and next to which none surprises more. One with none of these in
   ``MOST`` turns ends before the most surprising of them.
4. From the first boundary on, each is moved between the one before and the next one to where the
   turns on either side are most like each other: to the greatest modularity of their similarities.

Surprise looks back only, so later turns change events among the last 3 · ``MOST`` turns, no others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.vectors import FloatMatrix

WINDOW = 5
"""Turns that a turn is compared with, and surprises that it is held against."""
GAMMA = 1.0
LEAST, MOST = 2, 8
"""Turns of an event; fewer where the episode has no more."""
_TOLERANCE = 1e-6
"""Differences below it are rounding."""


class Begin(StrEnum):
    """Why an event begins where it does."""

    START = "start"
    """The episode begins there."""
    SURPRISE = "surprise"
    LENGTH = "length"
    """The event before had become too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Turns ``first`` to ``last`` of an episode, both included, counted from 0."""

    first: int
    last: int
    begin: Begin
    at: int | None = None
    """The turn whose surprise made the boundary, before that was moved; ``None`` at the start."""
    surprise: float | None = None
    """Of that turn, 0 to 2; ``None`` where nothing can be told of it."""
    threshold: float | None = None
    """What it was held against; ``None`` where too little came before."""


def segment(vectors: FloatMatrix) -> list[Event]:
    """Return the events of an episode in order; each turn is in exactly one.

    ``vectors`` has shape (n, dimension): for each turn one of length 1, or zeros where it has none.
    Those turns are compared with nothing and surprise nobody.
    """
    if not len(vectors):
        return []
    rows = np.asarray(vectors, np.float64)
    surprise = surprises(rows)
    threshold = _thresholds(surprise)
    points = list(_points(surprise, threshold))
    starts = _refined(rows, [at for at, _ in points])
    ends = [*(start - 1 for start in starts[1:]), len(rows) - 1]
    return [
        Event(
            first=first,
            last=last,
            begin=begin,
            at=None if begin is Begin.START else at,
            surprise=None if begin is Begin.START else _known(surprise[at]),
            threshold=None if begin is Begin.START else _known(threshold[at]),
        )
        for first, last, (at, begin) in zip(starts, ends, points, strict=True)
    ]


def surprises(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return d_t of each turn, 0 to 2, shape (n,); NaN without a vector, or any before it.

    Where those before cancel out, nothing is like them: 1.
    """
    has_vector = np.count_nonzero(rows, axis=1) > 0
    before, heard = np.zeros_like(rows), np.zeros(len(rows), np.bool_)
    for distance in range(1, min(WINDOW, len(rows) - 1) + 1):
        before[distance:] += rows[:-distance]
        heard[distance:] |= has_vector[:-distance]
    norms = np.linalg.norm(before, axis=1)
    dots = np.einsum("ij,ij->i", rows, before)
    cosines = np.divide(dots, norms, out=np.zeros(len(rows)), where=norms > _TOLERANCE)
    return np.where(has_vector & heard, np.clip(1 - cosines, 0.0, 2.0), np.nan)


def _thresholds(surprise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return μ + γ·σ of the known surprises before each turn; NaN for fewer than two."""
    before = np.full((WINDOW, len(surprise)), np.nan)
    for distance in range(1, min(WINDOW, len(surprise) - 1) + 1):
        before[distance - 1, distance:] = surprise[:-distance]
    is_known = ~np.isnan(before)
    count = np.maximum(is_known.sum(axis=0), 1)
    mean = np.where(is_known, before, 0.0).sum(axis=0) / count
    deviation = np.sqrt((np.where(is_known, before - mean, 0.0) ** 2).sum(axis=0) / count)
    return np.where(is_known.sum(axis=0) > 1, mean + GAMMA * deviation, np.nan)


def _points(
    surprise: NDArray[np.float64], threshold: NDArray[np.float64]
) -> Iterator[tuple[int, Begin]]:
    """Yield where events begin before boundaries are moved, and why."""
    count = len(surprise)
    is_point = _peaks(np.where(surprise > threshold + _TOLERANCE, surprise, -np.inf))
    start = 0
    yield start, Begin.START
    while count - start >= 2 * LEAST:
        reach = np.arange(start + LEAST, min(start + MOST, count - LEAST) + 1)
        surprising = reach[is_point[reach]]
        if len(surprising):
            start = int(surprising[0])
            yield start, Begin.SURPRISE
        elif count - start > MOST:
            start = _most_surprising(surprise, reach)
            yield start, Begin.LENGTH
        else:
            return


def _peaks(surprising: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which turns surprise more than others nearby, the first of equals; -inf never does.

    Else one that surprises a little would hide that what comes next does so much more.
    """
    is_peak: NDArray[np.bool_] = np.isfinite(surprising)
    for distance in range(1, min(LEAST, len(surprising))):
        is_peak[distance:] &= surprising[distance:] > surprising[:-distance]
        is_peak[:-distance] &= surprising[:-distance] >= surprising[distance:]
    return is_peak


def _most_surprising(surprise: NDArray[np.float64], reach: NDArray[np.intp]) -> int:
    """Return the turn of ``reach`` that surprises most, the last of equals."""
    known = np.nan_to_num(surprise[reach], nan=-1.0)
    return int(reach[np.flatnonzero(known >= known.max() - _TOLERANCE)[-1]])


def _refined(rows: NDArray[np.float64], starts: Sequence[int]) -> list[int]:
    """Return ``starts`` with all but the first moved to the greatest modularity."""
    refined = list(starts)
    ends = [*starts[1:], len(rows)]
    for number in range(1, len(starts)):
        first, end = refined[number - 1], ends[number]
        least = max(first + LEAST, end - MOST)
        most = min(first + MOST, end - LEAST)
        gains = _modularities(rows[first:end])
        best = starts[number]
        for start in sorted(range(least, most + 1), key=lambda each: abs(each - starts[number])):
            if gains[start - first] > gains[best - first] + _TOLERANCE:
                best = start
        refined[number] = best
    return refined


def _modularities(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the modularity of cutting before each of the rows, shape (n,); 0 for the first.

    Q = Σ_c (inside(c) / 2m - (degree(c) / 2m)²) over both sides (Newman, Phys. Rev. E 70, 056131),
    on the graph of the rows' cosines, negative ones as 0. Without any likeness all are 0.
    """
    similarity = np.maximum(rows @ rows.T, 0.0)
    np.fill_diagonal(similarity, 0.0)
    total = similarity.sum()
    gains = np.zeros(len(rows))
    if total <= _TOLERANCE:
        return gains
    sums = similarity.cumsum(axis=0).cumsum(axis=1)
    inside, degree = np.diagonal(sums)[:-1] / total, sums[:-1, -1] / total
    # What is not the left side's is the right side's, and what runs between is in both degrees.
    gains[1:] = inside + (1 - 2 * degree + inside) - degree**2 - (1 - degree) ** 2
    return gains


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
