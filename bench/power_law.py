"""Seeded random graphs with hubs, like those of memories, and what is asked of them."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.stored_edges import EdgeList

_EXPONENT = 2.3
"""Of the degrees' power law."""
ENTITY_SEEDS = 5
PASSAGE_SEEDS = 20
_PASSAGE_WEIGHT = 0.05

Seeds = dict[int, float]


def power_law_graph(nodes: int, edges: int, seed: int) -> EdgeList:
    """Return distinct edges whose ends are drawn in proportion to given degrees (Chung & Lu 2002).

    Weights are between 0.5 and 1.5, so that no two scores are equal by construction. Nodes are
    numbered in no order.
    """
    draw = np.random.default_rng(seed)
    expected = np.arange(1, nodes + 1, dtype=np.float64) ** (-1 / (_EXPONENT - 1))
    cumulated = np.cumsum(expected)
    cumulated /= cumulated[-1]
    keys = np.empty(0, np.int64)
    while len(keys) < edges:
        count = int((edges - len(keys)) * 1.2) + 1000
        one = np.searchsorted(cumulated, draw.random(count))
        other = np.searchsorted(cumulated, draw.random(count))
        drawn = np.minimum(one, other) * nodes + np.maximum(one, other)
        new = np.setdiff1d(drawn[one != other], keys)
        keys = np.union1d(keys, draw.permutation(new)[: edges - len(keys)])
    numbers = draw.permutation(nodes)
    return EdgeList(
        first=numbers[keys // nodes],
        second=numbers[keys % nodes],
        weights=draw.uniform(0.5, 1.5, edges).astype(np.float32),
    )


def seed_sets(linked: NDArray[np.int64], count: int, seed: int) -> Iterator[Seeds]:
    """Yield seeds as HippoRAG 2 sets them: 5 entities, and 20 passages that weigh a twentieth.

    They are drawn from the ``linked`` nodes, those with an edge.
    """
    draw = np.random.default_rng(seed)
    for _ in range(count):
        places = draw.choice(linked, ENTITY_SEEDS + PASSAGE_SEEDS, replace=False)
        entities = draw.uniform(0.2, 1, ENTITY_SEEDS)
        passages = draw.uniform(0, 1, PASSAGE_SEEDS) * _PASSAGE_WEIGHT
        weights = np.concatenate([entities, passages])
        yield dict(zip(places.tolist(), weights.tolist(), strict=True))
