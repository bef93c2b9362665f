from collections.abc import Collection, Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memsvc.domain.graph import adjacency, walk_graph
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.pagerank import PageRankSettings
from memsvc.domain.graph.synonyms import Synonym
from memsvc.domain.graph.time_budget import TimeBudget
from memsvc.domain.graph.walk_graph import EdgeWeights, Node, Told, Walked, WalkGraph
from memsvc.errors import GraphTooSlowError, NoSeedsError

ANNA, BEN, PARIS = (EntityForm(each) for each in ("anna", "ben", "paris"))
EXACT = PageRankSettings(tolerance=1e-6, rank_tolerance=1e-6)


def unlimited() -> None:
    pass


def graph_of(
    entities: Mapping[str, Collection[EntityForm]],
    synonyms: Iterable[Synonym] = (),
    weights: EdgeWeights | None = None,
) -> WalkGraph[str]:
    told = {source: Told(entities=frozenset(forms)) for source, forms in entities.items()}
    return WalkGraph(told, synonyms, weights)


def walk(
    graph: WalkGraph[str],
    entities: dict[EntityForm, float],
    sources: dict[str, float] | None = None,
) -> list[Walked[str]]:
    return graph.walk((sources or {}, entities), 10, EXACT, unlimited)


def test_source_two_hops_away_is_found_and_the_path_told() -> None:
    graph = graph_of({"first": [ANNA, BEN], "second": [BEN, PARIS], "apart": [EntityForm("x")]})
    found = walk(graph, {ANNA: 1.0})
    assert [each.source for each in found] == ["first", "second"]
    assert found[0].path == (Node("entity", ANNA), Node("source", "first"))
    assert [step.key for step in found[1].path] == [ANNA, "first", BEN, "second"]


def test_sources_are_seeds_too() -> None:
    graph = graph_of({"first": [ANNA, BEN], "second": [BEN]})
    assert walk(graph, {}, {"second": 1.0})[0].path == (Node("source", "second"),)


def test_source_and_entity_of_one_name_stay_apart() -> None:
    graph: WalkGraph[str] = WalkGraph()
    graph.put("anna", [ANNA])
    graph.put("other", [ANNA])
    assert {each.source for each in walk(graph, {ANNA: 1.0})} == {"anna", "other"}


def test_removed_source_is_found_no_more_and_leads_nowhere() -> None:
    graph = graph_of({"first": [ANNA, BEN], "second": [BEN, PARIS], "third": [PARIS]})
    graph.remove("second")
    graph.remove("never there")
    assert [each.source for each in walk(graph, {ANNA: 1.0})] == ["first"]
    assert len(graph) == 2


def test_seeds_that_are_not_there_are_left_out_and_none_is_refused() -> None:
    graph = graph_of({"first": [ANNA]})
    assert walk(graph, {ANNA: 1.0, BEN: 5.0})[0].source == "first"
    with pytest.raises(NoSeedsError):
        walk(graph, {BEN: 1.0})


def test_walk_over_its_time_is_ended() -> None:
    graph = graph_of({"first": [ANNA]})
    with pytest.raises(GraphTooSlowError):
        graph.walk(({}, {ANNA: 1.0}), 1, EXACT, TimeBudget(0.0, lambda: 0.0))


def test_numbers_of_removed_sources_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_graph, "_LEAST_DEAD", 3)
    graph: WalkGraph[str] = graph_of({"stays": [ANNA]})
    size = graph.nbytes
    for number in range(500):
        graph.put(f"goes {number}", [ANNA])
        graph.remove(f"goes {number}")
    assert graph.nbytes < 2 * size
    assert [each.source for each in walk(graph, {ANNA: 1.0})] == ["stays"]


_FORMS = st.sets(st.sampled_from([ANNA, BEN, PARIS, EntityForm("rome"), EntityForm("東京")]))
_STEPS = st.lists(
    st.tuples(st.sampled_from("pqrs"), st.one_of(st.none(), _FORMS)), min_size=1, max_size=15
)


_SYNONYMS = [
    Synonym(first=ANNA, second=BEN, cosine=0.75),
    Synonym(first=PARIS, second=EntityForm("rome"), cosine=0.5),
]


@settings(max_examples=60, deadline=None)
@given(_STEPS, st.booleans())
def test_graph_after_any_puts_and_removals_is_that_of_what_remains(
    steps: list[tuple[str, set[EntityForm] | None]], often: bool
) -> None:
    held: dict[str, set[EntityForm]] = {}
    with pytest.MonkeyPatch.context() as patch:
        if often:
            patch.setattr(walk_graph, "_LEAST_DEAD", 0)
            patch.setattr(adjacency, "_LEAST_FRESH", 0)
            patch.setattr(adjacency, "_MOST_FRESH", 2)
        weights = EdgeWeights(synonym=0.5, episode=0.5)
        graph: WalkGraph[str] = WalkGraph(weights=weights)
        for source, entities in steps:
            if entities is None:
                graph.remove(source)
                held.pop(source, None)
            else:
                graph.put(source, entities, episode=source in "pq")
                held[source] = entities
                graph.join(_SYNONYMS)
    told = {
        source: Told(entities=frozenset(entities), episode=source in "pq")
        for source, entities in held.items()
    }
    rebuilt = WalkGraph(told, _SYNONYMS, weights)
    assert graph.synonym_count == rebuilt.synonym_count
    assert len(graph) == len(rebuilt) == len(held)
    if any(ANNA in entities for entities in held.values()):
        scores = {each.source: each.score for each in walk(graph, {ANNA: 1.0})}
        expected = {each.source: each.score for each in walk(rebuilt, {ANNA: 1.0})}
        assert scores == pytest.approx(expected, abs=1e-5)


def synonym(first: EntityForm, second: EntityForm, cosine: float) -> Synonym:
    return Synonym(first=first, second=second, cosine=cosine)


ROBERT, BOB = EntityForm("robert"), EntityForm("bob")
WITH_SYNONYMS = EdgeWeights(synonym=1.0)


def test_synonyms_lead_from_one_name_to_the_other_both_ways() -> None:
    graph = graph_of({"a": [ROBERT], "b": [BOB]}, [synonym(BOB, ROBERT, 0.9)], WITH_SYNONYMS)
    assert {each.source for each in walk(graph, {ROBERT: 1.0})} == {"a", "b"}
    [path] = [each.path for each in walk(graph, {BOB: 1.0}) if each.source == "a"]
    assert [step.key for step in path] == [BOB, ROBERT, "a"]
    assert graph.synonyms_of(ROBERT) == {BOB: 0.9}


def test_a_name_that_no_source_mentions_any_more_has_no_synonyms() -> None:
    graph = graph_of({"a": [ROBERT, ANNA], "b": [BOB]}, [synonym(BOB, ROBERT, 0.9)], WITH_SYNONYMS)
    graph.remove("b")
    assert graph.synonym_count == 0
    graph.put("b", [BOB])
    assert {each.source for each in walk(graph, {ROBERT: 1.0})} == {"a"}
    graph.join([synonym(BOB, ROBERT, 0.9), synonym(BOB, PARIS, 0.95)])
    assert graph.synonym_count == 1, "paris is mentioned nowhere"
    assert {each.source for each in walk(graph, {ROBERT: 1.0})} == {"a", "b"}


def test_sources_of_one_episode_are_joined_where_episodes_weigh_something() -> None:
    def found(weights: EdgeWeights | None) -> set[str]:
        graph: WalkGraph[str] = WalkGraph(weights=weights)
        graph.put("said", [ANNA], episode="monday")
        graph.put("answered", [BEN], episode="monday")
        graph.put("elsewhere", [BEN], episode="tuesday")
        return {each.source for each in walk(graph, {ANNA: 1.0})}

    assert found(None) == {"said"}
    assert found(EdgeWeights(episode=0.5)) == {"said", "answered", "elsewhere"}
