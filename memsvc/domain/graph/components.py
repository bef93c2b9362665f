"""Which nodes are joined by a path, kept while edges are added."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.stored_edges import Places


class Components:
    """A disjoint-set forest over nodes, with the summed strength of each tree.

    Two nodes of one component have one root. After edges were removed the reverse need not hold:
    what has fallen apart is told apart only by ``Components`` made anew.
    """

    def __init__(self, labels: NDArray[np.int32], strengths: NDArray[np.float64]) -> None:
        """Take a label and a strength for each node."""
        _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
        self._parents = first.astype(np.int32)[inverse]
        self._strengths = np.bincount(
            self._parents, weights=strengths, minlength=len(labels)
        ).astype(np.float64)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._parents.nbytes + self._strengths.nbytes

    def grow(self, nodes: int) -> None:
        """Make room for ``nodes`` nodes; each new one is a component of its own."""
        held = len(self._parents)
        self._parents = np.concatenate([self._parents, np.arange(held, nodes, dtype=np.int32)])
        self._strengths = np.concatenate([self._strengths, np.zeros(nodes - held)])

    def root(self, place: int) -> int:
        """Return the node that stands for the component of ``place``."""
        parents = self._parents
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = int(parents[place])
        return place

    def roots(self, places: Places) -> Places:
        """Return the roots of many nodes; changes nothing."""
        found = self._parents[places]
        while True:
            above = self._parents[found]
            if np.array_equal(above, found):
                return found.astype(np.int64)
            found = above

    def strength(self, root: int) -> float:
        """Return the sum of the strengths of a component's nodes."""
        return float(self._strengths[root])

    def add_strength(self, place: int, gained: float) -> None:
        """Tell that a node's strength has changed."""
        self._strengths[self.root(place)] += gained

    def join(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Make one component of the components of each pair; the stronger root stays."""
        for one, other in pairs:
            a, b = self.root(one), self.root(other)
            if a == b:
                continue
            if (self._strengths[a], -a) < (self._strengths[b], -b):
                a, b = b, a
            self._parents[b] = a
            self._strengths[a] += self._strengths[b]
