import numpy as np
import pytest

from memsvc.domain.graph import stored_edges
from memsvc.domain.graph.adjacency import Adjacency
from memsvc.domain.graph.pagerank import PageRankSettings, all_scores, reset_vector
from memsvc.domain.graph.stored_edges import EdgeList, StoredEdges
from memsvc.errors import GraphTooLargeError
from tests.unit.domain.graph.oracles import Edge, adjacency, edge_list, power_law_edges

EXACT = PageRankSettings(tolerance=1e-6)


def edges_of(graph: Adjacency) -> dict[tuple[int, int], float]:
    edges = graph.edge_list()
    return {
        (min(one, other), max(one, other)): weight
        for one, other, weight in zip(
            edges.first.tolist(), edges.second.tolist(), edges.weights.tolist(), strict=True
        )
    }


def test_row_has_the_neighbours_of_both_kinds_of_edges() -> None:
    graph = adjacency(4, [(0, 1, 2.0), (2, 0, 3.0)])
    graph.set_edges(edge_list([(0, 3, 4.0), (0, 1, 0.0)]))
    neighbours, weights = graph.row(0)
    assert dict(zip(neighbours.tolist(), weights.tolist(), strict=True)) == {2: 3.0, 3: 4.0}


def test_new_node_and_edges_are_walked_at_once() -> None:
    graph = adjacency(3, [(0, 1, 1.0), (1, 2, 1.0)])
    place = graph.add_nodes(2)
    graph.set_edges(edge_list([(2, place, 1.0), (place, place + 1, 2.0)]))
    rebuilt = adjacency(5, [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 4, 2.0)])
    reset = reset_vector(5, {0: 1.0})
    np.testing.assert_allclose(
        all_scores(graph, reset, EXACT).values, all_scores(rebuilt, reset, EXACT).values, atol=2e-6
    )


def test_removed_edge_is_walked_no_more_and_its_far_side_is_not_reached() -> None:
    graph = adjacency(4, [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)])
    graph.set_edges(edge_list([(1, 2, 0.0)]))
    scores = all_scores(graph, reset_vector(4, {0: 1.0}), EXACT)
    np.testing.assert_allclose(scores.values, [2 / 3, 1 / 3, 0, 0], atol=1e-6)


def test_edge_set_twice_has_the_last_weight() -> None:
    graph = adjacency(3, [(0, 1, 1.0)])
    for weight in (5.0, 0.0, 2.5):
        graph.set_edges(edge_list([(0, 1, weight), (1, 2, weight)]))
    assert edges_of(graph) == {(0, 1): 2.5, (1, 2): 2.5}
    assert graph.strengths.tolist() == [2.5, 5.0, 2.5]
    assert graph.degrees.tolist() == [1, 2, 1]


def test_node_that_loses_all_edges_is_exactly_isolated() -> None:
    graph = adjacency(3, [(0, 1, 0.1), (1, 2, 1e-9)])
    graph.set_edges(edge_list([(0, 1, 0.7), (1, 2, 3e8)]))
    graph.set_edges(edge_list([(0, 1, 0.0), (1, 2, 0.0)]))
    assert graph.strengths.tolist() == [0.0, 0.0, 0.0]
    assert graph.inverse_strengths.tolist() == [0.0, 0.0, 0.0]


def test_consolidating_keeps_the_graph_and_forgets_its_history() -> None:
    edges = power_law_edges(200, 600, seed=1)
    graph = adjacency(200, edges[:300])
    graph.set_edges(edge_list(edges[300:]))
    graph.set_edges(edge_list([(one, other, 0.0) for one, other, _ in edges[:50]]))
    anew = graph.consolidated()
    assert edges_of(anew) == edges_of(graph) == edges_of(adjacency(200, edges[50:]))
    assert anew.strengths.tolist() == adjacency(200, edges[50:]).strengths.tolist()
    assert anew.directed_edges == graph.directed_edges == 2 * 550
    assert not anew.needs_consolidation


def test_many_fresh_edges_ask_for_consolidation() -> None:
    graph = adjacency(10_000, [(0, 1, 1.0)])
    assert not graph.needs_consolidation
    places = np.arange(9_999)
    path = EdgeList(first=places, second=places + 1, weights=np.ones(9_999, np.float32))
    graph.set_edges(path)
    assert graph.needs_consolidation


def test_a_directed_edge_takes_less_than_16_bytes() -> None:
    graph = adjacency(2_000, power_law_edges(2_000, 20_000, seed=2))
    assert graph.nbytes / graph.directed_edges <= 16


def test_empty_graph_takes_nodes_and_edges() -> None:
    graph = adjacency(0, [])
    graph.add_nodes(2)
    graph.set_edges(edge_list([(0, 1, 1.0)]))
    assert edges_of(graph) == {(0, 1): 1.0}
    assert graph.directed_edges == 2


def test_products_in_pieces_are_those_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = power_law_edges(500, 3_000, seed=3)
    masses = np.random.default_rng(0).random(500, dtype=np.float32)
    whole = adjacency(500, edges).times(masses, lambda: None)
    monkeypatch.setattr(stored_edges, "_BLOCK_ENTRIES", 700)
    in_pieces = adjacency(500, edges)
    checks: list[int] = []
    assert np.array_equal(in_pieces.times(masses, lambda: checks.append(1)), whole)
    assert len(checks) > 5
    in_pieces.set_edges(edge_list([(one, other, 9.0) for one, other, _ in edges[::7]]))
    np.testing.assert_allclose(
        in_pieces.times(masses, lambda: None),
        in_pieces.consolidated().times(masses, lambda: None),
        rtol=1e-6,
    )


def test_following_some_rows_is_the_product_with_their_masses() -> None:
    graph = adjacency(500, power_law_edges(500, 3_000, seed=4))
    place = graph.add_nodes(1)
    graph.set_edges(edge_list([(7, place, 2.0), (3, place, 1.0)]))
    rows = np.array([3, 7, 44, place])
    masses = np.zeros(501, np.float32)
    masses[rows] = [1.0, 2.0, 3.0, 4.0]
    expected = graph.times(masses, lambda: None)
    np.testing.assert_allclose(graph.spread(rows, masses), expected, rtol=1e-6)
    np.testing.assert_allclose(graph.gather(rows, masses), expected[rows], rtol=1e-6)


@pytest.mark.parametrize(
    ("edges", "reason"),
    [
        ([(0, 0, 1.0)], "two different"),
        ([(0, 3, 1.0)], "not among"),
        ([(-1, 0, 1.0)], "not among"),
        ([(0, 1, -1.0)], "at least 0"),
        ([(0, 1, float("nan"))], "finite"),
        ([(0, 1, 1.0), (1, 0, 2.0)], "twice"),
    ],
)
def test_impossible_edges_are_refused(edges: list[Edge], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        adjacency(3, edges)
    graph = adjacency(3, [])
    with pytest.raises(ValueError, match=reason):
        graph.set_edges(edge_list(edges))
    assert graph.directed_edges == 0


def test_graph_is_not_built_with_edges_of_no_weight() -> None:
    with pytest.raises(ValueError, match="weight 0"):
        adjacency(2, [(0, 1, 0.0)])


def test_more_edges_than_32_bits_number_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stored_edges, "MOST_ENTRIES", 3)
    with pytest.raises(GraphTooLargeError):
        StoredEdges(3, edge_list([(0, 1, 1.0), (1, 2, 1.0)]))
