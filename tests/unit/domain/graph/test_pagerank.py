import networkx as nx
import numpy as np
import pytest

from memsvc.domain.graph.pagerank import (
    PageRankSettings,
    Wanted,
    _leading,
    all_scores,
    best_places,
    reset_vector,
)
from memsvc.errors import NoSeedsError
from tests.unit.domain.graph.oracles import Edge, adjacency, dense_pagerank, power_law_edges

NAMES = ["alzheimer", "california", "cancer", "maria", "stanford", "thomas"]
FACTS = [(5, 4), (5, 0), (3, 4), (3, 2), (4, 1)]
"""One per passage: thomas–stanford, thomas–alzheimer, maria–stanford, maria–cancer and
stanford–california."""

GOLDEN = {
    0.1: [0.678777, 0.007664, 0.000385, 0.007703, 0.229929, 0.075542],
    0.5: [0.438923, 0.036232, 0.010352, 0.041408, 0.217391, 0.255694],
    0.85: [0.226014, 0.074980, 0.049889, 0.117386, 0.264637, 0.267093],
}
EXACT = PageRankSettings(tolerance=1e-6)


@pytest.mark.parametrize("follow", GOLDEN)
def test_hipporag_1_toy_graph_has_the_published_scores(follow: float) -> None:
    graph = adjacency(6, [(one, other, 1.0) for one, other in FACTS])
    reset = reset_vector(6, {0: 1.0, 4: 1 / 3})
    settings = PageRankSettings(follow_probability=follow, tolerance=1e-6)
    scores = all_scores(graph, reset, settings)
    np.testing.assert_allclose(scores.values, GOLDEN[follow], atol=1e-6)


@pytest.mark.parametrize(
    ("relation", "golden"),
    [
        (2.0, [0.044615, 0.095024, 0.014243, 0.002582, 0.014394]),
        (1.0, [0.056645, 0.131329, 0.017443, 0.002835, 0.017882]),
    ],
)
def test_hipporag_2_toy_graph_has_the_published_scores(
    relation: float, golden: list[float]
) -> None:
    relations: list[Edge] = [(one, other, relation) for one, other in FACTS]
    contexts: list[Edge] = [
        (entity, 6 + passage, 1.0) for passage, fact in enumerate(FACTS) for entity in fact
    ]
    dense = [0.9, 1.0, 0.3, 0.0, 0.2]
    seeds = {0: 1.0, 5: 0.45, 4: 0.8 / 3} | {6 + i: 0.05 * score for i, score in enumerate(dense)}
    scores = all_scores(adjacency(11, relations + contexts), reset_vector(11, seeds), EXACT)
    np.testing.assert_allclose(scores.values[6:], golden, atol=1e-6)


@pytest.mark.parametrize("follow", [0.15, 0.5, 0.85])
def test_scores_are_those_of_networkx(follow: float) -> None:
    edges = power_law_edges(300, 900, seed=1)
    graph = nx.Graph()
    graph.add_nodes_from(range(300))
    graph.add_weighted_edges_from((a, b, float(np.float32(w))) for a, b, w in edges)
    seeds = {3: 1.0, 77: 0.5, 250: 0.1}
    expected = nx.pagerank(graph, alpha=follow, personalization=seeds, tol=1e-12)
    settings = PageRankSettings(follow_probability=follow, tolerance=1e-6)
    scores = all_scores(adjacency(300, edges), reset_vector(300, seeds), settings)
    np.testing.assert_allclose(scores.values, [expected[i] for i in range(300)], atol=2e-6)


def test_isolated_seeds_send_their_walkers_back_to_the_seeds() -> None:
    edges: list[Edge] = [(0, 1, 1.0), (1, 2, 2.0)]
    seeds = {0: 0.4, 3: 0.6}
    scores = all_scores(adjacency(5, edges), reset_vector(5, seeds), EXACT)
    np.testing.assert_allclose(scores.values, dense_pagerank(5, edges, seeds, 0.5), atol=1e-6)
    assert scores.values[4] == 0


def test_only_isolated_seeds_keep_everything() -> None:
    scores = all_scores(adjacency(3, []), reset_vector(3, {0: 1.0, 2: 3.0}), EXACT)
    np.testing.assert_allclose(scores.values, [0.25, 0, 0.75])


def test_what_no_path_reaches_scores_nothing_and_is_not_found() -> None:
    edges: list[Edge] = [(0, 1, 1.0), (1, 2, 1.0), (3, 4, 1.0), (4, 5, 5.0)]
    graph, seeds = adjacency(6, edges), {0: 1.0}
    scores = all_scores(graph, reset_vector(6, seeds), EXACT)
    assert (scores.values[3:] == 0).all()
    found = best_places(graph, reset_vector(6, seeds), Wanted(count=10), EXACT)
    assert found.places.tolist() == [0, 1, 2]


def test_seeds_in_several_components_share_by_weight() -> None:
    edges: list[Edge] = [(0, 1, 1.0), (1, 2, 1.0), (3, 4, 1.0), (4, 5, 5.0), (3, 5, 1.0)]
    seeds = {0: 1.0, 3: 3.0, 5: 1.0}
    scores = all_scores(adjacency(6, edges), reset_vector(6, seeds), EXACT)
    np.testing.assert_allclose(scores.values, dense_pagerank(6, edges, seeds, 0.5), atol=1e-6)
    assert scores.values[:3].sum() == pytest.approx(0.2, abs=1e-6)


def test_graph_that_swings_between_two_sides_converges() -> None:
    """Passages and entities alone: a walk is on one side after every even step."""
    edges: list[Edge] = [(i, 10 + (i * 3 + j) % 10, 1.0 + j) for i in range(10) for j in range(3)]
    seeds = {0: 1.0}
    scores = all_scores(adjacency(20, edges), reset_vector(20, seeds), EXACT)
    np.testing.assert_allclose(scores.values, dense_pagerank(20, edges, seeds, 0.5), atol=1e-6)


@pytest.mark.parametrize("facts", [0, 1, 2, 3, 5])
def test_graphs_of_few_facts_are_walked_like_any_other(facts: int) -> None:
    edges: list[Edge] = [(one, other, 1.0) for one, other in FACTS[:facts]]
    graph, seeds = adjacency(6, edges), {5: 1.0, 0: 0.5}
    scores = all_scores(graph, reset_vector(6, seeds), EXACT)
    np.testing.assert_allclose(scores.values, dense_pagerank(6, edges, seeds, 0.5), atol=1e-6)
    found = best_places(graph, reset_vector(6, seeds), Wanted(count=6), EXACT)
    assert set(found.places.tolist()) == set(np.flatnonzero(scores.values).tolist())


def test_bound_holds_and_is_met_with_few_hops() -> None:
    edges = power_law_edges(600, 3_000, seed=2)
    seeds = {17: 1.0, 400: 0.3}
    exact = dense_pagerank(600, edges, seeds, 0.5)
    settings = PageRankSettings(tolerance=1e-3)
    scores = all_scores(adjacency(600, edges), reset_vector(600, seeds), settings)
    assert np.abs(scores.values - exact).sum() <= scores.bound <= 1e-3
    assert scores.hops < 10, "the plain series needs log2(1000) hops"


def test_best_places_are_those_of_the_exact_scores() -> None:
    edges = power_law_edges(600, 3_000, seed=3)
    graph = adjacency(600, edges)
    draw = np.random.default_rng(4)
    overlaps = []
    for _ in range(10):
        seeds = dict.fromkeys(draw.choice(600, 5, replace=False).tolist(), 1.0)
        seeds |= dict.fromkeys(draw.choice(600, 20, replace=False).tolist(), 0.05)
        exact = dense_pagerank(600, edges, seeds, 0.5)
        found = best_places(graph, reset_vector(600, seeds), Wanted(count=50), PageRankSettings())
        best = np.lexsort((np.arange(600), -exact))[:50]
        overlaps.append(len(set(best.tolist()) & set(found.places.tolist())) / 50)
        np.testing.assert_allclose(found.scores[:10], exact[found.places[:10]], rtol=0.05)
    assert np.mean(overlaps) >= 0.99


def test_only_allowed_places_are_found_though_walks_go_through_others() -> None:
    graph = adjacency(5, [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 4, 1.0)])
    among = np.array([False, False, True, False, True])
    found = best_places(graph, reset_vector(5, {0: 1.0}), Wanted(count=2, among=among), EXACT)
    assert found.places.tolist() == [2, 4]


def test_equal_scores_come_by_number() -> None:
    star: list[Edge] = [(4, leaf, 1.0) for leaf in (0, 1, 2, 3, 5, 6)]
    found = best_places(adjacency(7, star), reset_vector(7, {4: 1.0}), Wanted(count=5), EXACT)
    assert found.places.tolist() == [4, 0, 1, 2, 3]


def test_no_results_are_asked_for_and_none_come() -> None:
    graph = adjacency(2, [(0, 1, 1.0)])
    found = best_places(graph, reset_vector(2, {0: 1.0}), Wanted(count=0), EXACT)
    assert len(found.places) == 0


@pytest.mark.parametrize("seeds", [{}, {1: 0.0}])
def test_walk_without_seeds_is_refused(seeds: dict[int, float]) -> None:
    with pytest.raises(NoSeedsError):
        reset_vector(3, seeds)


@pytest.mark.parametrize("seeds", [{3: 1.0}, {-1: 1.0}, {0: -1.0}, {0: float("nan")}])
def test_impossible_seeds_are_refused(seeds: dict[int, float]) -> None:
    with pytest.raises(ValueError, match="seed"):
        reset_vector(3, seeds)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("follow_probability", 0.0),
        ("follow_probability", 1.0),
        ("tolerance", 1e-9),
        ("rank_tolerance", 0.0),
    ],
)
def test_settings_that_make_no_sense_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        PageRankSettings(**{field: value})


@pytest.mark.parametrize(
    ("follow", "golden"),
    [
        (0.5, [0.473085, 0.694617, 0.258799, 0.051760, 0.253623]),
        (0.1, [None, None, 0.237631, None, 0.237593]),
        (0.85, [0.531730, 0.493107, None, None, None]),
    ],
)
def test_hipporag_1_passages_have_the_published_scores(
    follow: float, golden: list[float | None]
) -> None:
    """A passage scores the sum of its fact's two ends; which is best depends on the walk."""
    graph = adjacency(6, [(one, other, 1.0) for one, other in FACTS])
    settings = PageRankSettings(follow_probability=follow, tolerance=1e-6)
    values = all_scores(graph, reset_vector(6, {0: 1.0, 4: 1 / 3}), settings).values
    passages = [float(values[one] + values[other]) for one, other in FACTS]
    known = [
        (score, told) for score, told in zip(passages, golden, strict=True) if told is not None
    ]
    np.testing.assert_allclose([each[0] for each in known], [each[1] for each in known], atol=2e-6)


@pytest.mark.parametrize("count", [1, 7, 400])
@pytest.mark.parametrize("digits", [1, 3, 12])
def test_leading_values_are_those_of_a_whole_sort(count: int, digits: int) -> None:
    # Few digits make many ties: of equal ones the first are taken.
    values = np.round(np.random.default_rng(digits).random(30_011) ** 6, digits)
    whole = np.lexsort((np.arange(len(values)), -values))[:count]
    assert _leading(values, count).tolist() == sorted(whole.tolist())
