"""Whatever graph is built in whatever order: the scores are those of dense linear algebra."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from memsvc.domain.graph.pagerank import (
    PageRankSettings,
    Wanted,
    all_scores,
    best_places,
    reset_vector,
)
from tests.unit.domain.graph.oracles import Edge, adjacency, dense_pagerank, edge_list

NODES = 9
EXACT = PageRankSettings(tolerance=1e-6)

pairs = st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)).filter(
    lambda pair: pair[0] < pair[1]
)
weights = st.sampled_from([0.25, 0.5, 1.0, 2.0, 8.0])
graphs = st.dictionaries(pairs, weights, max_size=20)
seed_weights = st.dictionaries(
    st.integers(0, NODES - 1), st.sampled_from([0.1, 1.0, 3.0]), min_size=1, max_size=4
)
follows = st.sampled_from([0.2, 0.5, 0.85])


def edges_of(graph: dict[tuple[int, int], float]) -> list[Edge]:
    return [(one, other, weight) for (one, other), weight in graph.items()]


@settings(max_examples=60, deadline=None)
@given(graphs, seed_weights, follows)
def test_scores_are_those_of_linear_algebra_and_sum_to_one(
    graph: dict[tuple[int, int], float], seeds: dict[int, float], follow: float
) -> None:
    edges = edges_of(graph)
    configured = PageRankSettings(follow_probability=follow, tolerance=1e-6)
    scores = all_scores(adjacency(NODES, edges), reset_vector(NODES, seeds), configured)
    np.testing.assert_allclose(
        scores.values, dense_pagerank(NODES, edges, seeds, follow), atol=2e-6
    )
    assert abs(scores.values.sum() - 1) < 1e-9
    assert (scores.values >= 0).all()


@settings(max_examples=40, deadline=None)
@given(graphs, seed_weights, st.permutations(range(NODES)))
def test_scores_do_not_depend_on_how_nodes_are_numbered(
    graph: dict[tuple[int, int], float], seeds: dict[int, float], numbers: list[int]
) -> None:
    renamed = [(numbers[one], numbers[other], weight) for one, other, weight in edges_of(graph)]
    before = all_scores(adjacency(NODES, edges_of(graph)), reset_vector(NODES, seeds), EXACT)
    moved = {numbers[place]: weight for place, weight in seeds.items()}
    after = all_scores(adjacency(NODES, renamed), reset_vector(NODES, moved), EXACT)
    np.testing.assert_allclose(after.values[numbers], before.values, atol=2e-6)


changes = st.lists(st.tuples(pairs, st.sampled_from([0.0, 0.0, 0.5, 1.0, 4.0])), max_size=25)


@settings(max_examples=80, deadline=None)
@given(graphs, changes, seed_weights, st.integers(0, 25))
def test_a_changed_graph_is_the_graph_built_anew(
    graph: dict[tuple[int, int], float],
    history: list[tuple[tuple[int, int], float]],
    seeds: dict[int, float],
    consolidate_at: int,
) -> None:
    grown = adjacency(NODES - 2, edges_of({p: w for p, w in graph.items() if p[1] < NODES - 2}))
    grown.add_nodes(2)
    grown.set_edges(
        edge_list(edges_of({pair: w for pair, w in graph.items() if pair[1] >= NODES - 2}))
    )
    truth = dict(graph)
    for step, (pair, weight) in enumerate(history):
        if step == consolidate_at:
            grown = grown.consolidated()
        grown.set_edges(edge_list([(*pair, weight)]))
        truth[pair] = weight
    truth = {pair: weight for pair, weight in truth.items() if weight > 0}
    rebuilt = adjacency(NODES, edges_of(truth))
    assert grown.strengths.tolist() == rebuilt.strengths.tolist()
    assert grown.degrees.tolist() == rebuilt.degrees.tolist()
    reset = reset_vector(NODES, seeds)
    np.testing.assert_allclose(
        all_scores(grown, reset, EXACT).values, all_scores(rebuilt, reset, EXACT).values, atol=2e-6
    )
    wanted = Wanted(count=NODES)
    found = {int(place) for place in best_places(grown, reset, wanted, EXACT).places}
    assert found == {int(place) for place in best_places(rebuilt, reset, wanted, EXACT).places}
