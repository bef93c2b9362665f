import pytest

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.seeds import (
    ScoredFact,
    fact_entity_seeds,
    named_entity_seeds,
    scaled,
    source_seeds,
)

ALZHEIMER, STANFORD, THOMAS = (EntityForm(each) for each in ("alzheimer", "stanford", "thomas"))
COUNTS = {STANFORD: 3, THOMAS: 2, ALZHEIMER: 1}


def fact(one: EntityForm, other: EntityForm, score: float) -> ScoredFact:
    return ScoredFact(subject=one, object=other, score=score)


def test_facts_give_their_ends_the_published_weights() -> None:
    seeds = fact_entity_seeds([fact(THOMAS, ALZHEIMER, 1.0), fact(THOMAS, STANFORD, 0.8)], COUNTS)
    assert seeds == pytest.approx({ALZHEIMER: 1.0, THOMAS: 0.45, STANFORD: 0.8 / 3})


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5])
def test_few_facts_are_no_error_even_when_the_worst_counts_nothing(count: int) -> None:
    facts = [fact(EntityForm(f"a{i}"), EntityForm(f"b{i}"), i / 5) for i in range(count)]
    seeds = fact_entity_seeds(facts, {})
    assert len(seeds) == min(5, 2 * max(0, count - 1))
    assert all(weight > 0 for weight in seeds.values())


def test_five_heaviest_entities_are_kept_and_equal_ones_in_order() -> None:
    facts = [fact(EntityForm(f"b{i}"), EntityForm(f"a{i}"), 1.0) for i in range(4)]
    assert list(fact_entity_seeds(facts, {})) == ["a0", "a1", "a2", "a3", "b0"]


def test_fact_about_one_thing_alone_counts_it_once() -> None:
    assert fact_entity_seeds([fact(THOMAS, THOMAS, 0.6)], COUNTS) == {THOMAS: 0.3}


def test_named_entities_weigh_by_how_few_sources_mention_them() -> None:
    unknown = EntityForm("nobody")
    seeds = named_entity_seeds([STANFORD, ALZHEIMER, ALZHEIMER, unknown], COUNTS)
    assert seeds == {ALZHEIMER: 1.0, STANFORD: pytest.approx(1 / 3)}


def test_sources_weigh_a_twentieth_of_their_scores() -> None:
    assert source_seeds({"a": 1.0, "b": 0.5, "c": 0.0}) == {"a": 0.05, "b": 0.025}
    assert source_seeds({"a": 1.0}, 0.0) == {}


def test_scores_of_many_facts_are_stretched_and_of_few_left_alone() -> None:
    assert scaled([0.2, 0.4, 0.6, 0.2, 0.3, 0.7])[0] == 0
    assert scaled([0.2, 0.4, 0.6, 0.2, 0.3, 0.7])[5] == 1
    assert scaled([0.2, -0.4]) == [0.2, 0.0]
    assert scaled([0.3] * 8) == [0.3] * 8
    assert scaled([]) == []
