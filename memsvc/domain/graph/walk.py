"""A random walk with restart from a few seeds, hop by hop, with a bound on what is missing."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.adjacency import Adjacency
from memsvc.domain.graph.components import Components
from memsvc.domain.graph.stored_edges import Places, Weights

_SPARSE_SHARE = 0.2
"""Following the edges of some nodes costs about five times as much per edge as all in order."""

_REMEMBERED_HOPS = 8
"""Paths are no longer than this: by then a walk says little of where it began."""


class Walk:
    """Where a walker is who stops before each step with probability 1 − f.

    After K hops this holds the exact first terms of the series (Jeh & Widom, WWW 2003)

        p = (1 − f) · Σₖ xₖ,   x₀ = reset,   xₖ₊₁ = f · A D⁻¹ xₖ

    with A the weights and D the strengths. What is missing is the walkers that are still under
    way, |x_K| · f of them. On an undirected graph a long walk forgets where it began and is found
    at a node in proportion to its strength, in each component by itself: ``tail`` puts the
    missing mass there. ``bound`` says how far from the truth that can be at most.

    A node without edges holds its walkers: the walk begins anew at the reset vector. Since the
    equation is linear, that comes to the same as scaling what is left to the sum 1.
    """

    def __init__(self, graph: Adjacency, reset: Weights, follow_probability: float) -> None:
        """Begin at ``reset``, one weight ≥ 0 per node with the sum 1."""
        self._graph = graph
        self._follow = np.float32(follow_probability)
        self._hops = 0
        self._front = reset
        self._fronts = [reset]
        self._visits = reset * (1 - self._follow)
        self._seeds = _positive(reset)

    @property
    def hops(self) -> int:
        """K, how many hops were made."""
        return self._hops

    @property
    def visits(self) -> Weights:
        """The first terms of the series, per node."""
        return self._visits

    def hop(self, check_time: Callable[[], None]) -> None:
        """Let all walkers take one more step; ``check_time`` may raise before much is done."""
        check_time()
        front = self._front
        rows = _positive(front)
        scaled = front * self._graph.inverse_strengths
        edges = int(self._graph.degrees[rows].sum(dtype=np.int64))
        if edges < _SPARSE_SHARE * self._graph.directed_edges:
            arrived = self._graph.spread(rows, scaled)
        else:
            arrived = self._graph.times(scaled, check_time)
        arrived *= self._follow
        self._hops += 1
        self._front = arrived
        if self._hops <= _REMEMBERED_HOPS:
            self._fronts.append(arrived)
        self._visits += arrived * (1 - self._follow)

    def tail(self) -> tuple[Places, NDArray[np.float64], float]:
        """Return the nodes reached, the estimated rest of each one's score, and the bound.

        The bound is on the sum of absolute errors over all nodes of ``visits`` + rest, scaled to
        the sum 1. W is a contraction in that norm and leaves the stationary distribution as it
        is, so the error is at most f · |x_K − its stationary share|; what the estimate gives to
        nodes not reached yet is left out, and counts twice.
        """
        graph = self._graph
        reached = _positive(self._visits)
        strengths, masses = graph.strengths[reached], self._front[reached]
        roots = np.unique(graph.components.roots(self._seeds)).tolist()
        if len(roots) == 1:
            stationary, unreached = _stationary(masses, strengths, graph.components, roots[0])
        else:
            stationary, unreached = np.zeros(len(reached)), 0.0
            root_of = graph.components.roots(reached)
            for root in roots:
                inside = np.flatnonzero(root_of == root)
                stationary[inside], missed = _stationary(
                    masses[inside], strengths[inside], graph.components, root
                )
                unreached += missed
        follow = float(self._follow)
        deviation = float(np.abs(masses - stationary).sum())
        stationary *= follow
        found = float(self._visits.sum(dtype=np.float64) + stationary.sum())
        return reached, stationary, follow * (deviation + 3 * unreached) / found

    def arriving_next(self, places: Places) -> Weights:
        """Return x_{K+1} at ascending ``places`` alone; costs their edges."""
        scaled = self._front * self._graph.inverse_strengths
        return self._graph.gather(places, scaled) * self._follow

    def path_to(self, place: int) -> list[int]:
        """Return the nodes by which most walkers came from a seed to ``place``, both included.

        Of the hop that brought most; from there back along the edge that carried most each time.
        Empty if no walker came.
        """
        arrivals = [float(front[place]) for front in self._fronts]
        hop = int(np.argmax(arrivals))
        if arrivals[hop] <= 0:
            return []
        path = [place]
        for front in self._fronts[hop - 1 :: -1] if hop else []:
            neighbours, weights = self._graph.row(path[-1])
            carried = weights * front[neighbours] * self._graph.inverse_strengths[neighbours]
            # Among equals the lowest number, whatever order the row is in.
            path.append(int(neighbours[carried == carried.max()].min()))
        return path[::-1]


def _positive(masses: Weights) -> Places:
    """Return where there is any mass. Asking for non-zero floats takes ten times as long."""
    return np.flatnonzero(masses > 0)


def _stationary(
    masses: Weights, strengths: NDArray[np.float64], components: Components, root: int
) -> tuple[NDArray[np.float64], float]:
    """Return how the walkers of one component end up at its reached nodes, and the mass elsewhere.

    An isolated node has no strength and keeps nothing.
    """
    total = components.strength(root)
    if total <= 0:
        return np.zeros(len(masses)), 0.0
    mass = float(masses.sum(dtype=np.float64))
    return strengths * (mass / total), mass * max(0.0, 1 - float(strengths.sum()) / total)
