"""Given facts and entities: the same sets in any order, and the same graph after any history."""

import json
from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memsvc.domain.facts.claims import Claim, timeline
from memsvc.domain.facts.given_claims import BEGINNING, claim_of, fact_id_of, predicate_form
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.given import GivenEntity, GivenFact, GivenSet, read_set
from memsvc.domain.identifiers import MemoryId
from memsvc.memory_index.memory_graph import MemoryGraph

JANUARY, MARCH = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
MEMORY = MemoryId(UUID(int=7))

entities = st.builds(
    GivenEntity,
    name=st.sampled_from(["Ana", "ana ", "Lisbon", "北京", "Ünal Öz"]),
    type=st.sampled_from([None, "person", "place"]),
)
facts = st.builds(
    GivenFact,
    subject=entities,
    predicate=st.sampled_from(["lives in", "knows"]),
    object=entities,
    valid_from=st.sampled_from([None, JANUARY]),
    valid_to=st.sampled_from([None, MARCH]),
)
sets = st.builds(
    GivenSet, facts=st.frozensets(facts, max_size=4), entities=st.frozensets(entities, max_size=2)
)


def fact(subject: str, predicate: str, object_: str, **times: datetime) -> GivenFact:
    return GivenFact(
        subject=GivenEntity(name=subject),
        predicate=predicate,
        object=GivenEntity(name=object_),
        **times,
    )


@settings(max_examples=60, deadline=None)
@given(sets)
def test_a_set_is_written_and_read_without_loss(some: GivenSet) -> None:
    assert read_set(json.loads(json.dumps(some.written()))) == some


@settings(max_examples=60, deadline=None)
@given(st.lists(facts, max_size=6), st.randoms(use_true_random=False))
def test_one_by_one_is_one_batch_in_any_order(some: list[GivenFact], order: object) -> None:
    batch = GivenSet(facts=frozenset(some))
    shuffled = sorted(some, key=lambda _: order.random())  # type: ignore[attr-defined]
    grown = GivenSet()
    for each in shuffled:
        grown |= GivenSet(facts=frozenset([each]))
    assert grown == batch
    assert grown.mentions() == batch.mentions()
    assert grown.written() == batch.written()


class GivenGraph(RuleBasedStateMachine):
    """A memory graph to which sources with given sets came and went, beside one built anew."""

    def __init__(self) -> None:
        super().__init__()
        self.graph = MemoryGraph()
        self.graph.prepare()
        self.held: dict[MemoryId, Extracted] = {}

    @rule(no=st.integers(0, 3), given_sets=st.lists(sets, max_size=2), reads=st.booleans())
    def put(self, no: int, given_sets: list[GivenSet], *, reads: bool) -> None:
        form = EntityForm("ana")
        read = Extracted(
            subjects=frozenset([form] if reads else []),
            mentions=Counter({form: 2} if reads else {}),
        )
        source = MemoryId(UUID(int=no))
        self.held[source] = read.with_given([each.mentions() for each in given_sets])
        self.graph.apply({source: self.held[source]})

    @rule(no=st.integers(0, 3))
    def remove(self, no: int) -> None:
        self.held.pop(MemoryId(UUID(int=no)), None)
        self.graph.apply({}, [MemoryId(UUID(int=no))])

    @invariant()
    def equals_the_graph_that_never_held_what_is_gone(self) -> None:
        anew = MemoryGraph()
        for source, extracted in sorted(self.held.items(), reverse=True):
            anew.apply({source: extracted})
        assert described(self.graph) == described(anew)


TestGivenGraph = GivenGraph.TestCase
TestGivenGraph.settings = settings(max_examples=30, stateful_step_count=12, deadline=None)


def described(graph: MemoryGraph) -> object:
    entities_ = graph.entities()
    return (
        entities_,
        graph.mention_count,
        graph.memories(None, 100),
        [graph.memories_of(form) for form, _ in entities_],
    )


def test_what_a_text_names_and_a_fact_tells_is_counted_once() -> None:
    read = Extracted(subjects=frozenset(), mentions=Counter({EntityForm("ana"): 3}))
    some = GivenSet(facts=frozenset([fact("Ana", "knows", "Bo"), fact("Ana", "likes", "tea")]))
    joined = read.with_given([some.mentions()])
    assert joined.mentions == {"ana": 3, "bo": 1, "tea": 1}


@pytest.mark.parametrize(
    ("told", "is_spoken", "ends_another"),
    [
        (fact("Ana", "lives in", "Porto"), True, True),
        (fact("Ana", "resides_in", "Porto"), True, True),
        (fact("Ana", "lives in", "Porto"), False, False),
        (fact("Ana", "lives in", "Porto", valid_from=MARCH), False, True),
        (fact("Ana", "visited", "Porto"), True, False),
        (fact("Ana", "is", "tall"), True, False),
    ],
)
def test_only_dated_facts_of_one_at_a_time_end_others(
    told: GivenFact, is_spoken: bool, ends_another: bool
) -> None:
    before = Claim(
        subject="ana",
        predicate=predicate_form(told.predicate),
        object="lisbon",
        valid_from=JANUARY,
        said_at=JANUARY,
        rule="residence.state",
    )
    later = claim_of(told, "given", MARCH, is_spoken=is_spoken)
    held = {each.claim.object: each for each in timeline([before, later])}
    assert (held["lisbon"].valid_to == MARCH) is ends_another


def test_a_fact_ends_at_its_own_time() -> None:
    claim = claim_of(fact("Ana", "knows", "Bo", valid_to=MARCH), "given", JANUARY, is_spoken=True)
    [held] = timeline([claim])
    assert (held.holds_at(JANUARY), held.holds_at(MARCH)) == (True, False)
    over = claim_of(fact("Ana", "knows", "Bo", valid_to=JANUARY), "given", MARCH, is_spoken=True)
    assert over.valid_from == BEGINNING


def test_a_fact_given_again_is_the_same_fact() -> None:
    told = fact("Ana", "knows", "Bo", valid_from=JANUARY)
    assert fact_id_of(MEMORY, "a", told) == fact_id_of(MEMORY, "a", told)
    others = [fact("Ana", "knows", "Bo"), fact("Ana", "knows", "Cy", valid_from=JANUARY)]
    ids = {fact_id_of(MEMORY, "a", each) for each in [told, *others]}
    assert len(ids | {fact_id_of(MEMORY, "b", told)}) == 4
