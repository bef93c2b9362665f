"""Entities: homonyms told apart, names resolved by rules that say why, in whatever order."""

from collections import Counter
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from memsvc.domain.graph.aliases import Alias, read_as
from memsvc.domain.graph.entities import EntityId, Seen, StoredEntity, aliases_of, placed, retyped
from memsvc.domain.graph.entity_forms import EntityForm, entity_form
from memsvc.domain.graph.extraction import Extracted, shown_names
from memsvc.domain.graph.homonyms import Homonyms
from memsvc.domain.graph.resolution import Name, block_of, match
from memsvc.domain.graph.resolving import Resolved, resolve
from memsvc.domain.graph.sorts import Sort, sort_of, split_name
from memsvc.domain.identifiers import MemoryId
from memsvc.memory_index.memory_graph import MemoryGraph

PERSON, PLACE, FIRM = Sort("person"), Sort("place"), Sort("organisation")
MEMORY = MemoryId(UUID(int=1))
numbers = count(1)


def form(name: str) -> EntityForm:
    found = entity_form(name)
    assert found is not None
    return found


def entity(name: str, sort: Sort | None = None, into: EntityId | None = None) -> StoredEntity:
    return StoredEntity(
        id=EntityId(UUID(int=next(numbers))),
        form=form(name),
        sort=sort,
        name=name,
        type=sort,
        merged_into=into,
    )


def typed(types: dict[str, set[str]], *more: str) -> Extracted:
    return Extracted(
        subjects=frozenset(),
        mentions=Counter([form(each) for each in (*types, *more)]),
        types={form(each): frozenset(some) for each, some in types.items()},
    )


@pytest.mark.parametrize(
    ("one", "other", "sort", "rule", "is_certain"),
    [
        ("Dr. Ana Silva", "Ana Silva", None, "title", True),
        ("Prof. Dr. Ana Silva", "Dr. Ana Silva", PERSON, "title", True),
        ("J. K. Rowling", "JK Rowling", None, "initials", True),
        ("Acme Holding GmbH", "Acme Holding", None, "legal form", False),
        ("Apple Inc.", "Apple", None, "legal form", False),
        ("Apple Inc.", "Apple", FIRM, "legal form", True),
        ("José García", "Jose Garcia", None, "marks", False),
        ("José García", "Jose Garcia", PERSON, "marks", True),
        ("Ana Maria Silva", "Ana Silva", None, "middle name", False),
        ("Mr. Silva", "Mrs. Silva", None, None, False),
        ("Mr. O'Brien", "O'Brien", None, None, False),
        ("Madame Ana Silva", "Ana Silva", None, "title", False),
        ("Sir John Smith", "John Smith", PERSON, "title", False),
        ("Dr. Ana Silva", "Prof. Ana Silva", None, "title", False),
        ("Lady to Love", "to Love", None, None, False),
        ("City of New York", "City University of New York", None, None, False),
        ("Mr. John Smith", "Mrs. John Smith", None, None, False),
        ("Ana Silva", "Ana Costa", None, None, False),
        ("Ana", "Ana Silva", None, None, False),
        ("John Smith II", "John Smith III", None, None, False),
        ("Dr. Pepper", "Pepper", None, None, False),
        ("World War I", "World War II", None, None, False),
    ],
)
def test_names_are_one_entitys_by_rules_that_say_why(
    one: str, other: str, sort: Sort | None, rule: str | None, is_certain: bool
) -> None:
    names = [Name(form=form(each), sort=sort) for each in (one, other)]
    found = match(*names)
    assert match(*reversed(names)) == found
    assert (found and found.rule) == rule
    if found is not None:
        assert found.is_certain is is_certain
        assert block_of(names[0].form) == block_of(names[1].form)


def test_what_is_of_two_sorts_is_never_one() -> None:
    one, other = (
        Name(form=form("Dr. Ana Silva"), sort=PERSON),
        Name(form=form("Ana Silva"), sort=FIRM),
    )
    assert match(one, other) is None


def test_types_are_of_few_sorts_and_unknown_ones_of_none() -> None:
    assert [sort_of(each) for each in ("city", "Location", "football club", "gizmo", None)] == [
        PLACE,
        PLACE,
        FIRM,
        None,
        None,
    ]
    assert split_name("mercury (celestial)") == ("mercury", "celestial")
    assert split_name("mercury") == ("mercury", None)


def test_homonyms_are_told_apart_while_both_are_held() -> None:
    graph = MemoryGraph()
    first, second, plain = (MemoryId(UUID(int=no)) for no in (1, 2, 3))
    graph.apply({first: typed({"Jordan": {"country"}}), plain: typed({}, "Jordan")})
    assert dict(graph.entities()) == {"jordan": 2}
    graph.apply({second: typed({"Jordan": {"player"}})})
    assert dict(graph.entities()) == {"jordan": 1, "jordan (person)": 1, "jordan (place)": 1}
    meant = ["jordan", "jordan (person)", "jordan (place)"]
    assert graph.meant([form("Jordan")]) == meant
    graph.apply({}, [second])
    assert dict(graph.entities()) == {"jordan": 2}


_types = st.sets(st.sampled_from(["city", "player", "town", "gizmo"]), max_size=2)
_readings = st.dictionaries(st.sampled_from(["Jordan", "Ana", "北京"]), _types, max_size=3)


class ToldApart(RuleBasedStateMachine):
    """Homonyms over sources that came and went, beside those held from the start."""

    def __init__(self) -> None:
        super().__init__()
        self.graph = MemoryGraph()
        self.held: dict[MemoryId, Extracted] = {}

    @rule(no=st.integers(0, 3), types=_readings)
    def put(self, no: int, types: dict[str, set[str]]) -> None:
        memory_id = MemoryId(UUID(int=no))
        self.held[memory_id] = typed(types, "Bo")
        self.graph.apply({memory_id: self.held[memory_id]})

    @rule(no=st.integers(0, 3))
    def remove(self, no: int) -> None:
        self.held.pop(MemoryId(UUID(int=no)), None)
        self.graph.apply({}, [MemoryId(UUID(int=no))])

    @invariant()
    def equals_what_never_held_what_is_gone(self) -> None:
        anew = MemoryGraph()
        anew.apply(dict(sorted(self.held.items(), reverse=True)))
        assert self.graph.memories(None, 9) == anew.memories(None, 9)
        assert (self.graph.entities(), self.graph.mention_count) == (
            anew.entities(),
            anew.mention_count,
        )


TestToldApart = ToldApart.TestCase
TestToldApart.settings = settings(max_examples=25, stateful_step_count=10, deadline=None)


def test_a_source_that_goes_leaves_no_homonym() -> None:
    homonyms: Homonyms[int] = Homonyms()
    homonyms.put(1, typed({"Jordan": {"country"}}))
    assert homonyms.put(2, typed({"Jordan": {"player"}})) == {1}
    assert homonyms.remove(2) == {1}
    assert homonyms.nodes_of(form("Jordan")) == ["jordan"]


def test_merged_names_are_read_as_one_and_are_found_by_either() -> None:
    kept = entity("Ana Silva")
    gone = entity("Dr. Ana Silva", into=kept.id)
    older = entity("Prof. Ana Silva", into=gone.id)
    aliases = aliases_of([older, kept, gone])
    assert {each.form for each in aliases.values()} == {"ana silva"}
    graph = MemoryGraph()
    graph.apply({MEMORY: read_as(typed({}, "Dr. Ana Silva", "Ana Silva", "Bo"), aliases)})
    assert dict(graph.entities()) == {"ana silva": 1, "bo": 1}
    assert graph.mentions_of(MEMORY)[kept.form] == 2
    assert graph.meant([gone.form]) == ["dr ana silva", "ana silva"]
    assert graph.other_names(kept.form) == ["dr ana silva"]
    other_sort = {gone.form: Alias(sort=PERSON, form=kept.form)}
    firm = typed({"Dr. Ana Silva": {"company"}})
    assert read_as(firm, other_sort) == firm


def test_names_that_were_seen_are_new_once_and_typed_when_that_is_known() -> None:
    seen = [
        Seen(form=form("Jordan"), type=type_, name="Jordan", memory_id=MEMORY)
        for type_ in (None, "country", "player", "gizmo")
    ]
    assert [sort for sort, _ in placed([], seen).new] == [PLACE, PERSON]
    known = entity("Jordan")
    found = placed([known], seen[:2])
    assert (found.new, found.typed) == ([], [(known.id, "country")])
    assert placed([entity("Jordan", PLACE)], [seen[0]]).new == []


people = [
    "Ana Silva",
    "Dr. Ana Silva",
    "Prof. Ana Silva",
    "Mrs. Ana Silva",
    "Ana Maria Silva",
    "J. K. Rowling",
    "JK Rowling",
    "Bo Silva",
]


@settings(max_examples=40, deadline=None)
@given(st.permutations(people), st.integers(1, len(people)))
def test_one_by_one_and_at_once_the_same_names_are_one(order: list[str], size: int) -> None:
    stored = {name: entity(name) for name in people}
    merged: dict[EntityId, EntityId] = {}
    asked: set[frozenset[EntityId]] = set()

    def now(names: list[str]) -> list[StoredEntity]:
        return [
            StoredEntity(
                id=stored[each].id,
                form=stored[each].form,
                sort=None,
                name=each,
                type=None,
                merged_into=merged.get(stored[each].id),
            )
            for each in names
        ]

    for start in range(0, len(order), size):
        met = order[start : start + size]
        found: Resolved = resolve(now(met), now(order[: start + size]), asked)
        merged |= {each.gone.id: each.kept.id for each in found.merges}
        asked |= {frozenset((one.id, other.id)) for one, other, _ in found.questions}
    read = {str(name): str(alias.form) for name, alias in aliases_of(now(people)).items()}
    assert read.pop("j k rowling", None) or read.pop("jk rowling")
    assert read == dict.fromkeys(("dr ana silva", "prof ana silva"), "ana silva")


def test_settled_pairs_and_homonyms_are_left_alone() -> None:
    one, other = entity("Dr. Ana Silva"), entity("Ana Silva")
    assert len(resolve([one], [other]).merges) == 1
    assert resolve([one], [other], {frozenset((one.id, other.id))}).merges == []
    twice = [entity("Ana Silva", PERSON), entity("Ana Silva", FIRM)]
    assert resolve([one], twice).merges == []


def test_names_are_shown_as_they_are_written() -> None:
    shown = shown_names("Quintela (director)\nShe met JK  Rowling.", "Ann Lee")
    assert shown[form("JK Rowling")] == "JK Rowling"
    assert shown[form("Ann Lee")] == "Ann Lee"
    assert shown[form("quintela director")] == "Quintela (director)"


def test_of_homonyms_that_nobody_tells_apart_one_is_left_without_a_sort() -> None:
    person, place = entity("Jordan", PERSON), entity("Jordan", PLACE)
    other = entity("Acme", FIRM)

    found = retyped([place, person, other], {form("Acme"): {"organisation"}})

    assert found.typed == [(person.id, None, None)]
    assert found.gone == [place.id]
    again = retyped([entity("Jordan")], {})
    assert (again.typed, again.gone) == ([], [])
