"""The graph of a bank in memory: as of another day, with synonyms, and what leaves it."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.pagerank import PageRankSettings
from memsvc.domain.graph.walk_graph import EdgeWeights
from memsvc.domain.identifiers import EpisodeId, MemoryId
from memsvc.memory_index.memory_graph import MemoryGraph, Seeds, WalkSettings
from tests.unit.memory_index.fake_feed import memory_id

ANNA, BEN, PARIS, BENJAMIN = (EntityForm(each) for each in ("anna", "ben", "paris", "benjamin"))
TOLD: Mapping[int, Sequence[EntityForm]] = {1: [ANNA, BEN], 2: [BEN, PARIS], 3: [PARIS]}
EXACT = PageRankSettings(tolerance=1e-6, rank_tolerance=1e-6)
SYNONYMS = EdgeWeights(synonym=1.0)


def extracted(forms: Sequence[EntityForm]) -> Extracted:
    return Extracted(subjects=frozenset(), mentions=Counter(forms))


def graph_of(told: Mapping[int, Sequence[EntityForm]]) -> MemoryGraph:
    graph = MemoryGraph()
    graph.apply({memory_id(no): extracted(forms) for no, forms in told.items()})
    return graph


def scores(
    graph: MemoryGraph, seed: EntityForm, weights: EdgeWeights | None = None
) -> dict[MemoryId, float]:
    settings = WalkSettings(pagerank=EXACT, weights=weights or EdgeWeights())
    found = graph.walk(Seeds(memories={}, entities={seed: 1.0}), 10, settings, lambda: None)
    return {each.source: each.score for each in found}


def test_the_graph_of_a_day_is_that_of_what_counted_then() -> None:
    """Memory 2 had not begun; memory 4 has been superseded since, and no graph holds it."""
    graph = graph_of(TOLD)
    beside = {memory_id(4): extracted([ANNA, PARIS])}
    allowed = [memory_id(no) for no in (1, 3, 4)]
    then = graph.on_day(allowed, beside, {})
    expected = graph_of({1: TOLD[1], 3: TOLD[3], 4: [ANNA, PARIS]})
    assert scores(then, ANNA) == pytest.approx(scores(expected, ANNA))
    assert scores(then, ANNA).keys() == {memory_id(no) for no in (1, 3, 4)}
    assert scores(graph, ANNA).keys() == {memory_id(no) for no in (1, 2, 3)}, "unchanged"


def names_added(graph: MemoryGraph, threshold: float = 0.9) -> int:
    """Give every name that lacks one a vector: those of ben and benjamin are near."""
    degrees = {ANNA: 90.0, BEN: 0.0, BENJAMIN: 10.0, PARIS: 180.0}
    added = 0
    while names := graph.lacking_names(threshold, 1):
        turned = np.radians([degrees[name] for name in names])
        added += graph.add_names(names, np.stack([np.cos(turned), np.sin(turned)], axis=1))
    return added


def test_synonyms_join_two_names_until_one_is_mentioned_no_more() -> None:
    graph = graph_of({1: [ANNA, BEN], 2: [BENJAMIN]})
    assert scores(graph, ANNA, SYNONYMS).keys() == {memory_id(1)}
    assert names_added(graph) == 1
    assert graph.synonyms_of(BEN) == {BENJAMIN: pytest.approx(np.cos(np.radians(10)), abs=1e-3)}
    assert scores(graph, ANNA, SYNONYMS).keys() == {memory_id(1), memory_id(2)}
    assert scores(graph, ANNA).keys() == {memory_id(1)}, "where synonyms weigh nothing"

    graph.apply({}, [memory_id(2)])
    assert graph.synonyms_of(BEN) == {}
    assert scores(graph, ANNA, SYNONYMS) == pytest.approx(scores(graph_of({1: [ANNA, BEN]}), ANNA))

    graph.apply({memory_id(3): extracted([BENJAMIN, PARIS])})
    assert graph.lacking_names(0.9, 9) == [BENJAMIN, PARIS]
    assert names_added(graph) == 1, "one pair: old names are not compared again"
    anew = graph_of({1: [ANNA, BEN], 3: [BENJAMIN, PARIS]})
    names_added(anew)
    assert scores(graph, ANNA, SYNONYMS) == pytest.approx(scores(anew, ANNA, SYNONYMS))


def test_another_threshold_compares_all_names_anew() -> None:
    graph = graph_of({1: [BEN], 2: [BENJAMIN]})
    assert names_added(graph, 0.9) == 1
    assert names_added(graph, 0.999) == 0
    assert graph.synonyms_of(BEN) == {}


def test_episodes_join_their_memories_where_they_weigh_something() -> None:
    monday = EpisodeId(memory_id(100))
    graph = MemoryGraph()
    upserts = {memory_id(1): extracted([ANNA]), memory_id(2): extracted([PARIS])}
    graph.apply(upserts, episodes=dict.fromkeys(upserts, monday))
    assert scores(graph, ANNA).keys() == {memory_id(1)}
    assert scores(graph, ANNA, EdgeWeights(episode=1.0)).keys() == set(upserts)
    graph.apply({memory_id(2): extracted([PARIS])})
    assert scores(graph, ANNA, EdgeWeights(episode=1.0)).keys() == {memory_id(1)}
