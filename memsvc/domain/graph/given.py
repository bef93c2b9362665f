"""Facts and entities of a memory that somebody else has read from it: given, not extracted.

A set is what one origin says of one memory. It is a value: the same facts in any order, or told
twice, are the same set, and everything that the graph and the facts make of it follows from it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.graph.entity_forms import EntityForm, entity_form
from memsvc.domain.memory import Json

MODEL_ORIGIN = "model"
"""What the language model that organises has read; nobody else may give under this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenEntity:
    """Somebody or something, as it is shown, and what sort of thing it is said to be."""

    name: str
    type: str | None = None

    @property
    def form(self) -> EntityForm:
        """The normal form of the name; raises ``ValueError`` where nothing is left of it."""
        form = entity_form(self.name)
        if form is None:
            raise ValueError(f"{self.name!r} has no letter or digit")
        return form

    @property
    def key(self) -> tuple[str, str]:
        """Name and type, to sort by."""
        return self.name, self.type or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFact:
    """A triple, and when it holds where that is known: the half-open ``[valid_from, valid_to)``."""

    subject: GivenEntity
    predicate: str
    object: GivenEntity
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """All that it says, to sort by and to name it by."""
        times = (_written(self.valid_from) or "", _written(self.valid_to) or "")
        return (*self.subject.key, self.predicate, *self.object.key, *times)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenMentions:
    """What a set adds to the graph, in normal forms."""

    counts: Mapping[tuple[EntityForm, str | None], int]
    """Of each entity, with its type: the number of facts it is part of, at least 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSet:
    """What is given of one memory."""

    facts: frozenset[GivenFact] = frozenset()
    entities: frozenset[GivenEntity] = frozenset()
    """Named beside those of the facts."""

    def __bool__(self) -> bool:
        return bool(self.facts or self.entities)

    def __or__(self, other: "GivenSet") -> "GivenSet":
        """Return what either says."""
        return GivenSet(facts=self.facts | other.facts, entities=self.entities | other.entities)

    def named(self) -> frozenset[GivenEntity]:
        """Return every entity that the set speaks of."""
        ends = {end for fact in self.facts for end in (fact.subject, fact.object)}
        return self.entities | ends

    def mentions(self) -> GivenMentions:
        """Return what the set adds to the graph."""
        counts: Counter[tuple[EntityForm, str | None]] = Counter()
        for fact in self.facts:
            counts.update({(each.form, each.type) for each in (fact.subject, fact.object)})
        for entity in self.entities:
            counts[entity.form, entity.type] = max(1, counts[entity.form, entity.type])
        return GivenMentions(counts=counts)

    def written(self) -> dict[str, Json]:
        """Return the set as JSON, the same for equal sets."""
        return {
            "facts": [
                [
                    *_named(fact.subject),
                    fact.predicate,
                    *_named(fact.object),
                    _written(fact.valid_from),
                    _written(fact.valid_to),
                ]
                for fact in sorted(self.facts, key=lambda each: each.key)
            ],
            "entities": [_named(each) for each in sorted(self.entities, key=lambda each: each.key)],
        }


def read_set(written: Mapping[str, list[list[str | None]]]) -> GivenSet:
    """Return the set of what ``GivenSet.written`` made."""
    return GivenSet(
        facts=frozenset(_read_fact(each) for each in written["facts"]),
        entities=frozenset(_read_entity(*each) for each in written["entities"]),
    )


def _named(entity: GivenEntity) -> list[Json]:
    return [entity.name, entity.type]


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _read_entity(name: str | None, type_: str | None) -> GivenEntity:
    return GivenEntity(name=name or "", type=type_)


def _read_fact(written: list[str | None]) -> GivenFact:
    subject, subject_type, predicate, object_, object_type, since, until = written
    return GivenFact(
        subject=_read_entity(subject, subject_type),
        predicate=predicate or "",
        object=_read_entity(object_, object_type),
        valid_from=None if since is None else datetime.fromisoformat(since),
        valid_to=None if until is None else datetime.fromisoformat(until),
    )
