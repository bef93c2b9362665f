from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.graph.hops import (
    Candidates,
    HopSettings,
    Link,
    follow_links,
    score_hops,
    share_in_episodes,
)
from memsvc.domain.graph.mentions import MentionGraph

TEXTS = {
    "film": "Free Guy\nFree Guy is a comedy that Shawn Levy directed in Boston.",
    "director": "Shawn Levy\nShawn Levy was born in Montreal.",
    "other": "Stranger Things\nSome episodes are by Shawn Levy; others were shot in Boston.",
    "city": "Boston\nBoston is a city in the United States.",
    "apart": "Tea\nTea is drunk hot.",
}

UNLINKED: Mapping[str, Link[str]] = {}


def graph_of(texts: Mapping[str, str]) -> MentionGraph[str]:
    graph: MentionGraph[str] = MentionGraph()
    for source, text in texts.items():
        graph.put(source, extract_entities(text))
    return graph


def candidates_of(
    fused: Mapping[str, float], words: Sequence[Sequence[int]], weights: Sequence[float]
) -> Candidates[str]:
    return Candidates(
        sources=list(fused),
        fused=np.array(list(fused.values())),
        similarities=np.zeros(len(fused)),
        words=np.array(words, np.bool_).reshape(len(fused), len(weights)),
        word_weights=np.array(weights),
    )


def test_hit_leads_to_what_its_entities_are_the_subject_of() -> None:
    links = follow_links([("film", 0.8)], (), graph_of(TEXTS), HopSettings())
    assert links["director"] == Link(
        hit="film", entity=EntityForm("shawn levy"), strength=0.8, to_subject=True
    )
    assert links["city"].to_subject
    assert "film" not in links
    assert "apart" not in links


def test_other_mentions_of_an_entity_are_linked_more_weakly() -> None:
    settings = HopSettings(mention_weight=0.5)
    links = follow_links([("film", 0.8)], (), graph_of(TEXTS), settings)
    assert not links["other"].to_subject
    assert links["other"].strength == pytest.approx(0.5 * 0.8 / np.sqrt(3))


def test_mentions_of_what_the_question_names_are_not_followed() -> None:
    named = [EntityForm("shawn levy"), EntityForm("boston")]
    links = follow_links([("film", 0.8)], named, graph_of(TEXTS), HopSettings())
    assert set(links) == {"director", "city"}


def test_entities_that_everybody_mentions_lead_to_their_subject_only() -> None:
    links = follow_links([("film", 1.0)], (), graph_of(TEXTS), HopSettings(widest_entity=2))
    assert set(links) == {"director", "city"}


def test_strongest_link_is_kept_and_only_the_first_hits_are_followed() -> None:
    hits = [("film", 0.9), ("other", 0.7)]
    links = follow_links(hits, (), graph_of(TEXTS), HopSettings())
    assert links["director"].hit == "film"
    assert links["film"].hit == "other"
    assert "film" not in follow_links(hits, (), graph_of(TEXTS), HopSettings(first_hits=1))


def test_removed_source_is_led_to_no_more() -> None:
    graph = graph_of(TEXTS)
    graph.remove("director")
    assert "director" not in follow_links([("film", 0.8)], (), graph, HopSettings())


def test_memory_that_answers_what_the_best_hit_leaves_open_is_raised() -> None:
    fused = {"best": 1.0, "same": 0.5, "rest": 0.4}
    candidates = candidates_of(fused, [[1, 0], [1, 0], [0, 1]], [1.0, 1.0])
    scores = score_hops(candidates, UNLINKED, HopSettings(open_weight=1.0))
    assert [each.source for each in scores] == ["best", "rest", "same"]
    assert {each.source: each.open for each in scores} == {"best": 0.0, "rest": 0.5, "same": 0.0}


def test_score_is_the_sum_of_its_parts_and_names_the_path() -> None:
    candidates = Candidates(
        sources=["hit", "led to"],
        fused=np.array([0.9, 0.0]),
        similarities=np.array([0.6, -0.2]),
        words=np.array([[True], [True]]),
        word_weights=np.array([2.0]),
    )
    link = Link(hit="hit", entity=EntityForm("anna"), strength=0.9, to_subject=True)
    hit, led_to = score_hops(candidates, {"led to": link}, HopSettings())
    assert hit.score == pytest.approx(1.5)
    assert (hit.source, hit.link) == ("hit", None)
    assert (led_to.fused, led_to.linked, led_to.similar, led_to.open) == (0.0, 0.9, 0.0, 0.0)
    assert led_to.link == link


def test_questions_of_function_words_alone_leave_nothing_open() -> None:
    scores = score_hops(candidates_of({"a": 0.2, "b": 0.4}, [], []), UNLINKED, HopSettings())
    assert [(each.source, each.score) for each in scores] == [("b", 0.4), ("a", 0.2)]


def test_equal_scores_keep_their_order_and_nothing_gives_nothing() -> None:
    scores = score_hops(candidates_of({"b": 0.5, "a": 0.5}, [], []), UNLINKED, HopSettings())
    assert [each.source for each in scores] == ["b", "a"]
    assert score_hops(candidates_of({}, [], []), UNLINKED, HopSettings()) == []


def test_the_best_are_those_that_all_begin_with() -> None:
    candidates = candidates_of({"c": 0.1, "a": 0.7, "d": 0.4, "b": 0.4}, [], [])
    scores = score_hops(candidates, UNLINKED, HopSettings())
    assert [each.source for each in scores] == ["a", "d", "b", "c"]
    assert score_hops(candidates, UNLINKED, HopSettings(), most=2) == scores[:2]


def test_single_candidate_leaves_open_what_nothing_else_has() -> None:
    [only] = score_hops(candidates_of({"a": 0.5}, [[1, 0]], [1.0, 3.0]), UNLINKED, HopSettings())
    assert only.open == HopSettings().open_weight * 0.25


def test_near_memory_lends_to_those_of_its_episode_and_to_no_others() -> None:
    shared = share_in_episodes(
        {"near": 0.8, "beside": 0.2, "elsewhere": 0.2, "alone": 0.5},
        {"near": "monday", "beside": "monday", "elsewhere": "tuesday"},
        0.25,
    )
    assert shared == pytest.approx({"near": 0.8, "beside": 0.35, "elsewhere": 0.2, "alone": 0.5})
