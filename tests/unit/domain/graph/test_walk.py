import itertools

import numpy as np
import pytest

from memsvc.domain.graph.pagerank import (
    PageRankSettings,
    Wanted,
    all_scores,
    best_places,
    reset_vector,
)
from memsvc.domain.graph.time_budget import TimeBudget
from memsvc.domain.graph.walk import Walk
from memsvc.errors import GraphTooSlowError
from tests.unit.domain.graph.oracles import Edge, adjacency, dense_pagerank, power_law_edges


def test_path_leads_from_a_seed_along_edges_to_what_was_found() -> None:
    edges: list[Edge] = [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (0, 4, 0.1), (4, 3, 0.1)]
    graph = adjacency(6, edges)
    found = best_places(graph, reset_vector(6, {0: 1.0}), Wanted(count=6), PageRankSettings())
    assert found.walk.path_to(2) == [0, 1, 2]
    assert found.walk.path_to(0) == [0]
    assert found.walk.path_to(5) == []


def test_path_takes_the_edge_that_carried_most() -> None:
    graph = adjacency(4, [(0, 1, 1.0), (0, 2, 3.0), (1, 3, 1.0), (2, 3, 1.0)])
    found = best_places(graph, reset_vector(4, {0: 1.0}), Wanted(count=4), PageRankSettings())
    assert found.walk.path_to(3) == [0, 2, 3]


@pytest.mark.parametrize("follow", [0.3, 0.85])
def test_bound_holds_after_every_hop(follow: float) -> None:
    edges = [*power_law_edges(200, 500, seed=5), (200, 201, 1.0), (201, 202, 2.0)]
    seeds = {4: 1.0, 150: 0.2, 200: 0.5}
    exact = dense_pagerank(203, edges, seeds, follow)
    walk = Walk(adjacency(203, edges), reset_vector(203, seeds), follow)
    for _ in range(12):
        reached, rest, bound = walk.tail()
        scores = walk.visits.astype(np.float64)
        scores[reached] += rest
        assert np.abs(scores / scores.sum() - exact).sum() <= bound + 1e-6
        walk.hop(lambda: None)


def test_walks_that_hardly_ever_return_end_too() -> None:
    edges = power_law_edges(100, 300, seed=8)
    settings = PageRankSettings(follow_probability=0.99, tolerance=1e-5)
    scores = all_scores(adjacency(100, edges), reset_vector(100, {3: 1.0}), settings)
    np.testing.assert_allclose(scores.values, dense_pagerank(100, edges, {3: 1.0}, 0.99), atol=1e-4)


def test_walk_ends_by_a_named_error_when_its_time_is_over() -> None:
    ticks = itertools.count()
    budget = TimeBudget(2.5, lambda: float(next(ticks)))
    graph = adjacency(300, power_law_edges(300, 900, seed=6))
    settings = PageRankSettings(tolerance=1e-6)
    with pytest.raises(GraphTooSlowError) as raised:
        all_scores(graph, reset_vector(300, {0: 1.0}), settings, budget)
    assert raised.value.details == {"budget_ms": 2500}


def test_time_that_suffices_changes_nothing() -> None:
    graph = adjacency(300, power_law_edges(300, 900, seed=6))
    reset, settings = reset_vector(300, {0: 1.0}), PageRankSettings()
    limited = all_scores(graph, reset, settings, TimeBudget(1.0, lambda: 0.0))
    assert np.array_equal(limited.values, all_scores(graph, reset, settings).values)


def test_walks_of_equal_graphs_are_equal_to_the_last_bit() -> None:
    edges = power_law_edges(500, 2_000, seed=7)
    reset = reset_vector(500, {9: 1.0, 80: 0.4})
    first, second = (
        best_places(adjacency(500, edges), reset, Wanted(count=20), PageRankSettings())
        for _ in range(2)
    )
    assert first.places.tolist() == second.places.tolist()
    assert first.scores.tolist() == second.scores.tolist()
