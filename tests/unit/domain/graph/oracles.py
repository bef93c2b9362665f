"""What the walks are compared with: dense linear algebra, and small graphs by name."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.adjacency import Adjacency
from memsvc.domain.graph.stored_edges import EdgeList

Edge = tuple[int, int, float]


def edge_list(edges: Sequence[Edge]) -> EdgeList:
    return EdgeList(
        first=np.array([edge[0] for edge in edges], np.int64),
        second=np.array([edge[1] for edge in edges], np.int64),
        weights=np.array([edge[2] for edge in edges], np.float32),
    )


def adjacency(nodes: int, edges: Sequence[Edge]) -> Adjacency:
    return Adjacency(nodes, edge_list(edges))


def dense_pagerank(
    nodes: int, edges: Sequence[Edge], seeds: Mapping[int, float], follow: float
) -> NDArray[np.float64]:
    """Solve p = (1 − f) s + f (W p + (mass at isolated nodes) s) in one step."""
    matrix = np.zeros((nodes, nodes))
    for one, other, weight in edges:
        matrix[one, other] = matrix[other, one] = np.float32(weight)
    reset = np.zeros(nodes)
    for place, weight in seeds.items():
        reset[place] = weight
    reset /= reset.sum()
    strengths = matrix.sum(axis=0)
    isolated = strengths == 0
    steps = matrix / np.where(isolated, 1.0, strengths) + np.outer(reset, isolated)
    solved = np.linalg.solve(np.eye(nodes) - follow * steps, (1 - follow) * reset)
    return np.asarray(solved, np.float64)


def power_law_edges(nodes: int, edges: int, seed: int) -> list[Edge]:
    """Return a connected-enough random graph with a few hubs; weights in [0.5, 1.5)."""
    draw = np.random.default_rng(seed)
    weights = np.arange(1, nodes + 1) ** -0.77
    weights /= weights.sum()
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < edges:
        one, other = sorted(draw.choice(nodes, 2, p=weights).tolist())
        if one != other:
            pairs.add((one, other))
    return [(one, other, float(draw.uniform(0.5, 1.5))) for one, other in sorted(pairs)]
