"""The PageRank benchmark in small: honest graphs, exact answers, the promised form."""

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from typer.testing import CliRunner

from bench.__main__ import app
from bench.pagerank_engines import exact_best
from bench.power_law import power_law_graph, seed_sets


def test_graph_has_the_edges_asked_for_and_hubs() -> None:
    edges = power_law_graph(2_000, 10_000, seed=1)
    pairs = {frozenset(pair) for pair in np.stack([edges.first, edges.second], axis=1).tolist()}
    assert len(edges) == len(pairs) == 10_000
    assert all(len(pair) == 2 for pair in pairs)
    degrees = np.bincount(np.concatenate([edges.first, edges.second]), minlength=2_000)
    assert degrees.max() > 30 * np.median(degrees)


def test_equal_seeds_draw_equal_graphs_and_queries() -> None:
    first, second = (power_law_graph(500, 2_000, seed=3) for _ in range(2))
    assert np.array_equal(first.first, second.first)
    assert np.array_equal(first.weights, second.weights)
    linked = np.arange(100, 200)
    asked = list(seed_sets(linked, 4, seed=5))
    assert asked == list(seed_sets(linked, 4, seed=5))
    assert all(len(seeds) == 25 and set(seeds) <= set(linked.tolist()) for seeds in asked)


def test_exact_answers_are_those_of_networkx() -> None:
    edges = power_law_graph(400, 2_000, seed=6)
    graph = nx.Graph()
    graph.add_weighted_edges_from(
        zip(edges.first.tolist(), edges.second.tolist(), edges.weights.tolist(), strict=True)
    )
    asked = list(seed_sets(np.array(sorted(graph)), 12, seed=7))
    for seeds, best in zip(asked, exact_best(400, edges, asked), strict=True):
        scores = nx.pagerank(graph, alpha=0.5, personalization=seeds, tol=1e-12)
        assert set(best.tolist()) == set(sorted(scores, key=scores.__getitem__)[-50:])


def test_results_have_ours_first_and_the_exact_overlap(tmp_path: Path) -> None:
    out = tmp_path / "ppr.json"
    given = ["ppr", "--nodes", "2000", "--edges", "10000", "--queries", "10", "--out", str(out)]
    result = CliRunner().invoke(app, [*given, "--against", "scipy,networkx"])
    assert result.exit_code == 0, result.output
    written = json.loads(out.read_text(encoding="utf-8"))
    names = [row["name"] for row in written["rows"]]
    assert names[0] == "memsvc"
    assert names[-2:] == ["scipy power iteration", "networkx"]
    assert all(row["top50_overlap"] >= 0.99 for row in written["rows"])
    assert all(row["median_ms"] > 0 for row in written["rows"])
    # What a process grows by can be nothing, where it had the room already.
    assert all(row["bytes"] >= 0 for row in written["rows"])
    assert written["rows"][0]["bytes"] > 0
    assert written["rows"][-1]["queries"] == 3
    assert written["bytes_per_directed_edge"] <= 16
    assert written["insert"]["edges"] == 29


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--edges", "400000", "--nodes", "1000"], "too many"),
        (["--edges", "4000", "--nodes", "1000", "--against", "matlab"], "give all, none, or some"),
    ],
)
def test_impossible_wishes_are_refused(tmp_path: Path, options: list[str], message: str) -> None:
    out = tmp_path / "ppr.json"
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["ppr", *options, "--out", str(out)])
    assert result.exit_code == 2
    assert message in result.output
    assert not out.exists()
