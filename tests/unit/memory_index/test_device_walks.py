"""Walks by sparse products: on the processor here, and by the same program on a card."""

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from memsvc.domain.graph.pagerank import PageRankSettings, reset_vector
from memsvc.domain.graph.time_budget import TimeBudget
from memsvc.errors import GraphTooSlowError
from memsvc.memory_index.device_walks import NoGraphDeviceError, open_device_walks
from tests.unit.domain.graph.oracles import (
    Edge,
    adjacency,
    dense_pagerank,
    edge_list,
    power_law_edges,
)

EXACT = PageRankSettings(tolerance=1e-6)


def unlimited() -> None:
    pass


@pytest.mark.parametrize("follow", [0.15, 0.5, 0.85])
def test_scores_are_those_of_linear_algebra_with_isolated_and_unreached_nodes(
    follow: float,
) -> None:
    edges: list[Edge] = [*power_law_edges(80, 200, seed=1), (90, 91, 1.0)]
    seeds = {3: 1.0, 17: 0.5, 85: 0.3}
    settings = PageRankSettings(follow_probability=follow, tolerance=1e-5)
    walks, graph = open_device_walks("cpu"), adjacency(95, edges)
    scores = walks.all_scores(graph, reset_vector(95, seeds), settings, unlimited)
    exact = dense_pagerank(95, edges, seeds, follow)
    np.testing.assert_allclose(scores.values, exact, atol=2e-6)
    assert scores.values[90] == 0
    assert np.abs(scores.values - exact).sum() <= scores.bound + 1e-5


def test_a_copy_follows_the_changes_of_its_graph() -> None:
    walks, graph = open_device_walks("cpu"), adjacency(3, [(0, 1, 1.0)])
    reset = reset_vector(3, {0: 1.0})
    assert walks.all_scores(graph, reset, EXACT, unlimited).values[2] == 0
    graph.set_edges(edge_list([(1, 2, 1.0)]))
    scores = walks.all_scores(graph, reset, EXACT, unlimited)
    exact = dense_pagerank(3, [(0, 1, 1.0), (1, 2, 1.0)], {0: 1.0}, 0.5)
    np.testing.assert_allclose(scores.values, exact, atol=1e-6)
    assert walks.nbytes(graph) > 0


def test_a_walk_over_its_time_is_ended() -> None:
    graph = adjacency(2, [(0, 1, 1.0)])
    with pytest.raises(GraphTooSlowError):
        open_device_walks("cpu").all_scores(
            graph, reset_vector(2, {0: 1.0}), EXACT, TimeBudget(0.0, lambda: 0.0)
        )


class _CudaError(Exception):
    pass


def _no_driver() -> int:
    raise _CudaError("no driver")


@pytest.mark.parametrize(
    ("count", "reason"), [(None, "CuPy"), (lambda: 0, "no CUDA device"), (_no_driver, "no driver")]
)
def test_where_there_is_no_card_it_is_said_by_name(
    monkeypatch: pytest.MonkeyPatch, count: Callable[[], int] | None, reason: str
) -> None:
    if count is None:
        monkeypatch.setitem(sys.modules, "cupy", None)
    else:
        runtime = SimpleNamespace(getDeviceCount=count, CUDARuntimeError=_CudaError)
        cupy = ModuleType("cupy")
        cupy.cuda = SimpleNamespace(runtime=runtime)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        for name in ("cupyx", "cupyx.scipy", "cupyx.scipy.sparse"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
    with pytest.raises(NoGraphDeviceError, match=reason):
        open_device_walks("cuda")
