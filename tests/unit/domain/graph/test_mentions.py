from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import Extracted, extract_entities
from memsvc.domain.graph.mentions import MentionGraph

_FORMS = st.sampled_from([EntityForm(each) for each in ("anna", "ben", "paris", "東京", "rush")])
_SOURCES = st.integers(0, 4)


@st.composite
def extracted(draw: st.DrawFn) -> Extracted:
    mentions = Counter(draw(st.dictionaries(_FORMS, st.integers(1, 3), max_size=4)))
    subjects = draw(st.sets(st.sampled_from(sorted(mentions)))) if mentions else set()
    return Extracted(subjects=frozenset(subjects), mentions=mentions)


def state_of(graph: MentionGraph[int]) -> object:
    return (
        len(graph),
        graph.entity_count,
        [
            (form, graph.sources_of(form), graph.sources_about(form), graph.specificity(form))
            for form in graph.forms()
        ],
        [(source, graph.mentions_of(source), graph.subjects_of(source)) for source in range(5)],
    )


class ChangedGraph(RuleBasedStateMachine):
    """Compares a graph that sources came to and left with one built of those it should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.graph: MentionGraph[int] = MentionGraph()
        self.held: dict[int, Extracted] = {}

    @rule(source=_SOURCES, entities=extracted())
    def put(self, source: int, entities: Extracted) -> None:
        self.graph.put(source, entities)
        self.held[source] = entities

    @rule(source=_SOURCES)
    def remove(self, source: int) -> None:
        self.graph.remove(source)
        self.held.pop(source, None)

    @invariant()
    def equals_the_graph_that_never_held_what_is_gone(self) -> None:
        anew: MentionGraph[int] = MentionGraph()
        for source, entities in sorted(self.held.items(), reverse=True):
            anew.put(source, entities)
        assert state_of(self.graph) == state_of(anew)


TestChangedGraph = ChangedGraph.TestCase
TestChangedGraph.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)


def test_entity_is_as_specific_as_few_sources_mention_it() -> None:
    graph: MentionGraph[str] = MentionGraph()
    for source, text in (("a", "We met Anna."), ("b", "Then Anna saw Ben."), ("c", "Anna left.")):
        graph.put(source, extract_entities(text))
    assert graph.specificity(EntityForm("anna")) == 1 / 3
    assert graph.specificity(EntityForm("ben")) == 1
    assert graph.specificity(EntityForm("nobody")) == 0
