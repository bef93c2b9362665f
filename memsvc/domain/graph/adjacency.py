"""An undirected weighted graph that a walk can run on while it grows edge by edge."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.components import Components
from memsvc.domain.graph.fresh_edges import FreshEdges, edge_keys
from memsvc.domain.graph.stored_edges import EdgeList, Places, StoredEdges, Weights

_LEAST_FRESH = 8_192
_MOST_FRESH = 262_144
"""Directed edges; a change and a product then cost about a millisecond for the fresh ones."""

_ROOM = 1.25
"""Arrays over nodes are made this much longer than asked, so that growth is rare."""


class Adjacency:
    """The edges of one graph with what a walk needs of its nodes.

    Edges are set to absolute weights: whoever keeps the truth tells what a weight is now, and
    equal weights make equal graphs whatever happened before. A call costs its own edges: those
    known are changed in place, new ones go to a short list beside the bulk, until ``consolidated``
    makes the bulk anew.

    Not for several threads at once: a change excludes walks, walks do not exclude each other.
    """

    def __init__(self, nodes: int, edges: EdgeList) -> None:
        """Build from distinct edges between nodes 0 … ``nodes`` − 1, with weights above 0.

        Raises ``ValueError`` for anything else, and ``GraphTooLargeError``.
        """
        _check(nodes, edges)
        if (edges.weights == 0).any():
            raise ValueError("an edge of weight 0 is no edge: leave it out")
        self._nodes = nodes
        self._stored = StoredEdges(nodes, edges)
        self._fresh = FreshEdges.empty()
        self._degrees = self._stored.row_sizes().astype(np.int32)
        self._strengths = self._stored.strengths()
        self._inverses = _inverses(self._strengths)
        self._components = Components(self._stored.component_labels(), self._strengths)
        self._version = 0
        self._make_room()

    @property
    def version(self) -> int:
        """Grows with every change: who keeps a copy sees whether it is still one."""
        return self._version

    @property
    def nodes(self) -> int:
        """How many nodes there are, isolated ones among them."""
        return self._nodes

    @property
    def directed_edges(self) -> int:
        """Twice the number of edges."""
        return int(self._degrees[: self._nodes].sum(dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        own = self._degrees.nbytes + self._strengths.nbytes + self._inverses.nbytes
        return self._stored.nbytes + self._fresh.nbytes + self._components.nbytes + own

    @property
    def components(self) -> Components:
        """Which nodes hang together."""
        return self._components

    @property
    def degrees(self) -> NDArray[np.int32]:
        """The number of each node's edges."""
        return self._degrees[: self._nodes]

    @property
    def strengths(self) -> NDArray[np.float64]:
        """The sum of the weights of each node's edges."""
        return self._strengths[: self._nodes]

    @property
    def inverse_strengths(self) -> Weights:
        """1 / strength, and 0 for isolated nodes."""
        return self._inverses[: self._nodes]

    @property
    def needs_consolidation(self) -> bool:
        """Whether the fresh edges have become many for a graph of this size."""
        most = min(_MOST_FRESH, max(_LEAST_FRESH, self._stored.entries // 4))
        return len(self._fresh) > most

    def add_nodes(self, count: int) -> int:
        """Add isolated nodes; return the number of the first."""
        first = self._nodes
        self._nodes += count
        self._version += 1
        if self._nodes > len(self._degrees):
            self._make_room()
        return first

    def set_edges(self, edges: EdgeList) -> None:
        """Give edges their weights; 0 removes one. Raises ``ValueError`` as the constructor does.

        No pair may come twice in one call.
        """
        _check(self._nodes, edges)
        self._version += 1
        rows, columns, weights = edges.both_ways()
        keys = edge_keys(rows, columns)
        entries = self._stored.find(rows, columns)
        stored = entries >= 0
        before = self._fresh.weights_of(keys)
        before[stored] = self._stored.weights_at(entries[stored])
        self._stored.set_weights(entries[stored], weights[stored])
        if not stored.all():
            self._fresh = self._fresh.changed(keys[~stored], weights[~stored])
        self._follow(rows, before, weights)
        joined = weights[: len(edges)] > 0
        self._components.join(
            zip(edges.first[joined].tolist(), edges.second[joined].tolist(), strict=True)
        )

    def row(self, place: int) -> tuple[Places, Weights]:
        """Return a node's neighbours and the weights of the edges to them."""
        columns, weights = self._fresh.row(place)
        if place < self._stored.nodes:
            bulk, bulk_weights = self._stored.row(place)
            columns = np.concatenate([bulk, columns])
            weights = np.concatenate([bulk_weights, weights])
        present = weights > 0
        return columns[present], weights[present]

    def spread(self, rows: Places, masses: Weights) -> Weights:
        """Return A · masses, where only ``rows`` (ascending) have a mass; costs their edges."""
        inner = rows[: np.searchsorted(rows, self._stored.nodes)]
        product = self._padded(self._stored.spread(inner, masses[inner]))
        self._fresh.add_product(masses, product)
        return product

    def times(self, masses: Weights, check_time: Callable[[], None]) -> Weights:
        """Return A · masses, by going through all edges; ``check_time`` may end it by raising."""
        product = self._padded(self._stored.times(masses[: self._stored.nodes], check_time))
        self._fresh.add_product(masses, product)
        return product

    def gather(self, rows: Places, masses: Weights) -> Weights:
        """Return (A · masses)[rows] for ascending rows; costs their edges."""
        inner = self._stored.nodes
        cut = np.searchsorted(rows, inner)
        found = np.zeros(len(rows), np.float32)
        found[:cut] = self._stored.gather(rows[:cut], masses[:inner])
        if len(self._fresh):
            product = np.zeros(self._nodes, np.float32)
            self._fresh.add_product(masses, product)
            found += product[rows]
        return found

    def edge_list(self) -> EdgeList:
        """Return every edge once."""
        stored, fresh = self._stored.edge_list(), self._fresh.edge_list()
        return EdgeList(
            first=np.concatenate([stored.first, fresh.first]),
            second=np.concatenate([stored.second, fresh.second]),
            weights=np.concatenate([stored.weights, fresh.weights]),
        )

    def consolidated(self) -> "Adjacency":
        """Return the same graph put together anew; costs all edges, this one stays usable."""
        return Adjacency(self._nodes, self.edge_list())

    def _make_room(self) -> None:
        """Make the arrays over nodes longer than they need to be."""
        room = int(self._nodes * _ROOM) + 64
        missing = room - len(self._degrees)
        self._degrees = np.concatenate([self._degrees, np.zeros(missing, np.int32)])
        self._strengths = np.concatenate([self._strengths, np.zeros(missing)])
        self._inverses = np.concatenate([self._inverses, np.zeros(missing, np.float32)])
        self._components.grow(room)

    def _padded(self, product: Weights) -> Weights:
        """Return ``product`` with a place for each node that has come since."""
        missing = self._nodes - len(product)
        return np.concatenate([product, np.zeros(missing, np.float32)]) if missing else product

    def _follow(self, rows: Places, before: Weights, after: Weights) -> None:
        """Bring what is kept of the nodes up to the changed entries of ``rows``."""
        np.add.at(self._degrees, rows, (after > 0).astype(np.int32) - (before > 0))
        # Float32 weights are summed exactly in float64 unless they differ a billionfold.
        changes = after.astype(np.float64) - before
        np.add.at(self._strengths, rows, changes)
        touched = np.unique(rows)
        self._strengths[touched[self._degrees[touched] == 0]] = 0.0
        self._inverses[touched] = _inverses(self._strengths[touched])
        for place, change in zip(rows.tolist(), changes.tolist(), strict=True):
            self._components.add_strength(place, change)


def _inverses(strengths: NDArray[np.float64]) -> Weights:
    live = strengths > 0
    return np.where(live, 1.0 / np.where(live, strengths, 1.0), 0.0).astype(np.float32)


def _check(nodes: int, edges: EdgeList) -> None:
    """Raise ``ValueError`` for what is no list of distinct edges between the nodes."""
    first, second, weights = edges.first, edges.second, edges.weights
    if not len(edges):
        return
    if min(first.min(), second.min()) < 0 or max(first.max(), second.max()) >= nodes:
        raise ValueError(f"an edge leads to a node that is not among the {nodes}")
    if (first == second).any():
        raise ValueError("an edge joins two different nodes")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("weights are finite and at least 0")
    keys = edge_keys(np.minimum(first, second), np.maximum(first, second))
    if len(np.unique(keys)) < len(keys):
        raise ValueError("a pair of nodes is given twice")
