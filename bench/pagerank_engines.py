"""Personalised PageRank by us and by others, each asked for its 50 best nodes."""

import gc
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from bench.errors import BenchError
from bench.power_law import Seeds
from memsvc.domain.graph.adjacency import Adjacency
from memsvc.domain.graph.pagerank import (
    PageRankSettings,
    Wanted,
    all_scores,
    best_places,
    reset_vector,
)
from memsvc.domain.graph.stored_edges import EdgeList
from memsvc.memory_index.device_walks import DeviceWalks

BEST = 50
FOLLOW_PROBABILITY = 0.5
_SCIPY_TOLERANCE = 1e-4
_EXACT_TOLERANCE = 1e-9
_SCIKIT_NETWORK_ITERATIONS = 10

Places = NDArray[np.int64]
Ask = Callable[[Seeds], Places]


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One way to answer, ready to be asked."""

    name: str
    ask: Ask
    nbytes: int
    """Of its form of the graph."""
    few: bool = False
    """Too slow to be asked everything."""


OTHERS = ("scipy", "scikit-network", "igraph", "networkx")


def engines(
    graph: Adjacency,
    edges: EdgeList,
    others: Collection[str],
    resident: Callable[[], int],
    device: DeviceWalks | None = None,
) -> Iterator[Engine]:
    """Yield the engines, ours first; one is built when the one before is done with."""
    yield _memsvc(graph)
    yield _memsvc_all_scores(graph)
    if device is not None:
        yield _memsvc_on_device(graph, device)
    if "scipy" in others:
        yield _scipy(graph.nodes, edges)
    if "scikit-network" in others:
        yield _scikit_network(graph.nodes, edges)
    if "igraph" in others:
        yield _igraph(graph.nodes, edges, resident)
    if "networkx" in others:
        yield _networkx(graph.nodes, edges, resident)


def exact_best(nodes: int, edges: EdgeList, seeds: list[Seeds]) -> list[Places]:
    """Return the best nodes by power iteration in float64 to a change of 1e-9, many at a time."""
    matrix = walk_matrix(nodes, edges, np.float64)
    best: list[Places] = []
    for start in range(0, len(seeds), 10):
        resets = np.zeros((nodes, len(seeds[start : start + 10])))
        for column, given in enumerate(seeds[start : start + 10]):
            resets[list(given), column] = list(given.values())
        resets /= resets.sum(axis=0)
        scores = resets
        while True:
            after = (1 - FOLLOW_PROBABILITY) * resets + FOLLOW_PROBABILITY * (matrix @ scores)
            moved = np.abs(after - scores).sum(axis=0).max()
            scores = after
            if moved < _EXACT_TOLERANCE:
                break
        best.extend(top(scores[:, column]) for column in range(scores.shape[1]))
    return best


def walk_matrix(nodes: int, edges: EdgeList, dtype: type[np.floating]) -> csr_array:
    """Return the matrix of one step: column j holds where a walker at node j goes."""
    rows, columns, weights = edges.both_ways()
    strengths = np.bincount(columns, weights=weights, minlength=nodes)
    shares = (weights / strengths[columns]).astype(dtype)
    at = (rows.astype(np.int32), columns.astype(np.int32))
    return coo_array((shares, at), shape=(nodes, nodes)).tocsr()


def top(scores: NDArray[np.floating]) -> Places:
    """Return the nodes of the best scores, in no order."""
    return np.argpartition(scores, len(scores) - BEST)[-BEST:].astype(np.int64)


def _memsvc(graph: Adjacency) -> Engine:
    settings = PageRankSettings(follow_probability=FOLLOW_PROBABILITY)

    def ask(seeds: Seeds) -> Places:
        reset = reset_vector(graph.nodes, seeds)
        return best_places(graph, reset, Wanted(count=BEST), settings).places

    return Engine(name="memsvc", ask=ask, nbytes=graph.nbytes)


def _memsvc_all_scores(graph: Adjacency) -> Engine:
    settings = PageRankSettings(follow_probability=FOLLOW_PROBABILITY)

    def ask(seeds: Seeds) -> Places:
        return top(all_scores(graph, reset_vector(graph.nodes, seeds), settings).values)

    return Engine(name="memsvc, every score to 1e-4", ask=ask, nbytes=graph.nbytes)


def _memsvc_on_device(graph: Adjacency, device: DeviceWalks) -> Engine:
    settings = PageRankSettings(follow_probability=FOLLOW_PROBABILITY)

    def ask(seeds: Seeds) -> Places:
        reset = reset_vector(graph.nodes, seeds)
        return top(device.all_scores(graph, reset, settings, _unlimited).values)

    return Engine(name="memsvc, on the device", ask=ask, nbytes=device.nbytes(graph))


def _unlimited() -> None:
    """Let a walk take its time."""


def _scipy(nodes: int, edges: EdgeList) -> Engine:
    matrix = walk_matrix(nodes, edges, np.float32)
    follow = np.float32(FOLLOW_PROBABILITY)

    def ask(seeds: Seeds) -> Places:
        reset = np.zeros(nodes, np.float32)
        reset[list(seeds)] = list(seeds.values())
        reset /= reset.sum()
        scores = reset
        while True:
            after = (1 - follow) * reset + follow * (matrix @ scores)
            moved = np.abs(after - scores).sum()
            scores = after
            if moved < _SCIPY_TOLERANCE:
                return top(scores)

    return Engine(name="scipy power iteration", ask=ask, nbytes=_nbytes(matrix))


def _scikit_network(nodes: int, edges: EdgeList) -> Engine:
    ranking = _import("sknetwork.ranking")
    rows, columns, weights = edges.both_ways()
    adjacency = coo_array((weights.astype(np.float64), (rows, columns)), shape=(nodes, nodes))
    matrix = import_module("scipy.sparse").csr_matrix(adjacency)

    def ask(seeds: Seeds) -> Places:
        pagerank = ranking.PageRank(
            damping_factor=FOLLOW_PROBABILITY,
            solver="piteration",
            n_iter=_SCIKIT_NETWORK_ITERATIONS,
        )
        return top(pagerank.fit_predict(matrix, weights=seeds))

    return Engine(name="scikit-network", ask=ask, nbytes=_nbytes(matrix))


def _igraph(nodes: int, edges: EdgeList, resident: Callable[[], int]) -> Engine:
    igraph = _import("igraph")
    gc.collect()
    before = resident()
    pairs = np.column_stack([edges.first, edges.second])
    graph = igraph.Graph(n=nodes, edges=pairs.tolist(), directed=False)
    weights = edges.weights.tolist()
    gc.collect()

    def ask(seeds: Seeds) -> Places:
        reset = [0.0] * nodes
        for place, weight in seeds.items():
            reset[place] = weight
        scores = graph.personalized_pagerank(
            damping=FOLLOW_PROBABILITY,
            directed=False,
            reset=reset,
            weights=weights,
            implementation="prpack",
        )
        return top(np.array(scores))

    return Engine(name="igraph (PRPACK)", ask=ask, nbytes=resident() - before)


def _networkx(nodes: int, edges: EdgeList, resident: Callable[[], int]) -> Engine:
    nx = _import("networkx")
    gc.collect()
    before = resident()
    graph = nx.Graph()
    graph.add_nodes_from(range(nodes))
    lists = (edges.first.tolist(), edges.second.tolist(), edges.weights.tolist())
    graph.add_weighted_edges_from(zip(*lists, strict=True))

    def ask(seeds: Seeds) -> Places:
        scores = nx.pagerank(graph, alpha=FOLLOW_PROBABILITY, personalization=seeds)
        return top(np.array([scores[place] for place in range(nodes)]))

    return Engine(name="networkx", ask=ask, nbytes=resident() - before, few=True)


def _nbytes(matrix: csr_array) -> int:
    return int(matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes)


def _import(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ImportError as error:
        raise BenchError(
            f"{name} is missing: install the dependency group `bench`,"
            " or leave it out with --against."
        ) from error
