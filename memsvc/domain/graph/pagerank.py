"""Personalised PageRank: the scores of all nodes, or the best nodes in order, which takes less."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.adjacency import Adjacency
from memsvc.domain.graph.stored_edges import Places, Weights
from memsvc.domain.graph.walk import Walk
from memsvc.errors import NoSeedsError

_FINEST_TOLERANCE = 1e-6
"""Float32 masses do not carry more."""

_MOST_FOLLOW = 0.99
"""Beyond it walks take thousands of hops, and end where they would without seeds."""

_LEAST_HOPS = 2
"""A node two edges away, such as a passage that shares an entity with a seed, is always seen."""

_BLOCK = 64
"""The highest values are looked for in the highest blocks of so many."""

_LEAST_CANDIDATES = 200
_CANDIDATES_PER_RESULT = 4


def _unlimited() -> None:
    """Let a walk take its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRankSettings:
    """How a walk goes and when it ends. Raises ``ValueError`` for what makes no sense."""

    follow_probability: float = 0.5
    """Probability of following an edge instead of going back to the seeds, in (0, 0.99]. HippoRAG
    calls it damping; libraries call it alpha or damping, and mean the same."""
    tolerance: float = 1e-4
    """Most sum of absolute errors over all nodes, of scores that sum to 1."""
    rank_tolerance: float = 0.02
    """For the best places: one more hop may still move this share of the candidates' scores."""

    def __post_init__(self) -> None:
        if not 0 < self.follow_probability <= _MOST_FOLLOW:
            raise ValueError(f"follow_probability is above 0 and at most {_MOST_FOLLOW}")
        if self.tolerance < _FINEST_TOLERANCE:
            raise ValueError(f"tolerance is at least {_FINEST_TOLERANCE}")
        if self.rank_tolerance <= 0:
            raise ValueError("rank_tolerance is above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The score of every node; they sum to 1."""

    values: NDArray[np.float64]
    hops: int
    bound: float
    """What the sum of absolute errors can be at most, rounding left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BestPlaces:
    """Nodes by falling score, equal ones by number, and the walk that found them."""

    places: Places
    scores: NDArray[np.float64]
    change: float
    """What share of the candidates' scores the last hop still moved."""
    walk: Walk


def reset_vector(nodes: int, seeds: Mapping[int, float]) -> Weights:
    """Return where walks begin, with the sum 1.

    Seeds of weight 0 are left out. Raises ``NoSeedsError`` if none remains, ``ValueError`` for a
    node that does not exist or a weight that is negative or not finite.
    """
    for place, weight in seeds.items():
        if not 0 <= place < nodes:
            raise ValueError(f"seed {place} is not among the {nodes} nodes")
        if not (np.isfinite(weight) and weight >= 0):
            raise ValueError("the weight of a seed is finite and at least 0")
    total = sum(seeds.values())
    if not total > 0:
        raise NoSeedsError
    reset = np.zeros(nodes, np.float32)
    reset[list(seeds)] = np.array(list(seeds.values())) / total
    return reset


def all_scores(
    graph: Adjacency,
    reset: Weights,
    settings: PageRankSettings,
    check_time: Callable[[], None] = _unlimited,
) -> Scores:
    """Return the score of every node, to ``settings.tolerance``.

    Nodes that no path joins to a seed have the score 0. Raises what ``check_time`` raises.
    """
    walk = Walk(graph, reset, settings.follow_probability)
    while True:
        reached, rest, bound = walk.tail()
        if bound <= settings.tolerance:
            break
        walk.hop(check_time)
    values = walk.visits.astype(np.float64)
    values[reached] += rest
    return Scores(values=values / values.sum(), hops=walk.hops, bound=bound)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which places are looked for."""

    count: int
    among: NDArray[np.bool_] | None = None
    """One flag per node; without it all nodes may be found."""


def best_places(
    graph: Adjacency,
    reset: Weights,
    wanted: Wanted,
    settings: PageRankSettings,
    check_time: Callable[[], None] = _unlimited,
) -> BestPlaces:
    """Return the places of the highest scores; fewer where the seeds reach fewer.

    The order settles long before all scores do. After each hop the leading candidates alone look
    one hop further, along their own edges; when that moves their scores by no more than
    ``settings.rank_tolerance``, the looked-ahead scores are the answer.
    """
    walk = Walk(graph, reset, settings.follow_probability)
    follow = settings.follow_probability
    while True:
        walk.hop(check_time)
        if walk.hops < _LEAST_HOPS:
            continue
        places, rest, bound = walk.tail()
        total = float(walk.visits.sum(dtype=np.float64) + rest.sum())
        if wanted.among is not None:
            allowed = wanted.among[places]
            places, rest = places[allowed], rest[allowed]
        visits = walk.visits[places]
        enough = max(_LEAST_CANDIDATES, _CANDIDATES_PER_RESULT * wanted.count)
        leading = _leading(visits + rest, enough)
        places, rest, visits = places[leading], rest[leading], visits[leading]
        arriving = (1 - follow) * walk.arriving_next(places).astype(np.float64)
        # The same walkers are under way one hop later, less those that have stopped.
        scores = visits + arriving + follow * rest
        moved = float(np.abs(scores - visits - rest).sum())
        change = moved / max(float(scores.sum()), np.finfo(np.float64).tiny)
        settled = len(places) >= wanted.count and change <= settings.rank_tolerance
        if settled or bound <= settings.tolerance:
            break
    order = np.lexsort((places, -scores))[: wanted.count]
    return BestPlaces(places=places[order], scores=scores[order] / total, change=change, walk=walk)


def _leading(values: NDArray[np.float64], count: int) -> Places:
    """Return where the ``count`` highest values are, ascending; of equal ones the first."""
    if len(values) <= count:
        return np.arange(len(values))
    likely = _likely(values, count)
    found = values[likely]
    last = np.partition(found, len(found) - count)[len(found) - count]
    above = likely[found > last]
    equal = likely[found == last][: count - len(above)]
    return np.sort(np.concatenate([above, equal]))


def _likely(values: NDArray[np.float64], count: int) -> Places:
    """Return ascending places among which are all values as high as the ``count`` highest.

    As many blocks as are wanted have a value of at least some bound: so has the last one wanted.
    """
    blocks = len(values) // _BLOCK
    if blocks <= count:
        return np.arange(len(values))
    highest = values[: blocks * _BLOCK].reshape(blocks, _BLOCK).max(axis=1)
    bound = np.partition(highest, blocks - count)[blocks - count]
    return np.flatnonzero(values >= bound)
