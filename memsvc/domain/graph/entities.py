"""Entities as they are kept: one a name and sort of thing, and what each was merged into."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from memsvc.domain.graph.aliases import Alias
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.sorts import Sort, sort_of
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import Metadata
from memsvc.domain.operations import OperationId
from memsvc.domain.reviews import ReviewId, ReviewState

EntityId = NewType("EntityId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntity:
    """Somebody or something by one name."""

    id: EntityId
    form: EntityForm
    sort: Sort | None
    name: str
    """As a memory writes it."""
    type: str | None
    """As it was given, in small letters."""
    merged_into: EntityId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A name that a memory has."""

    form: EntityForm
    type: str | None
    name: str
    memory_id: MemoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityReview:
    """Two entities that may be one, and what was decided."""

    id: ReviewId
    bank_id: BankId
    one: StoredEntity
    other: StoredEntity
    state: ReviewState
    score: float
    evidence: Metadata
    operation_id: OperationId | None
    decided_by: str | None
    decided_at: datetime | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What names that were seen change among the entities."""

    new: Sequence[tuple[Sort | None, Seen]]
    typed: Sequence[tuple[EntityId, str]]
    """Entities whose type was not known."""


def placed(known: Iterable[StoredEntity], seen: Iterable[Seen]) -> Placed:
    """Return which names are new entities, and which say what sort an entity is of.

    A name without a type is of the entity of that name, if there is one. A name of another sort
    than all those that are known is another entity: homonyms are not merged by their name.
    """
    held: dict[EntityForm, dict[Sort | None, EntityId | None]] = {}
    for entity in known:
        held.setdefault(entity.form, {})[entity.sort] = entity.id
    new: list[tuple[Sort | None, Seen]] = []
    typed: list[tuple[EntityId, str]] = []
    for each in sorted(seen, key=_order):
        of_form = held.setdefault(each.form, {})
        sort = sort_of(each.type)
        if not of_form or (sort is not None and sort not in of_form and None not in of_form):
            of_form[sort] = None
            new.append((sort, each))
        elif sort is not None and sort not in of_form:
            entity_id = of_form.pop(None)
            of_form[sort] = entity_id
            if entity_id is not None and each.type is not None:
                typed.append((entity_id, each.type))
    return Placed(new=new, typed=typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retyped:
    """What becomes of entities whose type nobody says any more."""

    typed: Sequence[tuple[EntityId, Sort | None, str | None]]
    """Those that stay, with their sort and type from now on."""
    gone: Sequence[EntityId]
    """Those that were told from another of their name by nothing else."""


def retyped(
    entities: Iterable[StoredEntity], given: Mapping[EntityForm, AbstractSet[str]]
) -> Retyped:
    """Return what changes if the types ``given`` are all that is said of these names.

    ``entities`` are all of their forms. Another word for the same sort takes the place of one that
    is gone; an entity that is left without any is of no sort, or goes if others have its name.
    """
    of_form: dict[EntityForm, list[StoredEntity]] = {}
    for entity in entities:
        of_form.setdefault(entity.form, []).append(entity)
    typed: list[tuple[EntityId, Sort | None, str | None]] = []
    gone: list[EntityId] = []
    for form, all_of_form in of_form.items():
        said = {each.casefold(): each for each in given.get(form, ())}
        bereft = []
        for entity in all_of_form:
            if entity.type is None or entity.type.casefold() in said:
                continue
            if words := sorted(word for word in said if sort_of(word) == entity.sort):
                typed.append((entity.id, entity.sort, said[words[0]]))
            else:
                bereft.append(entity)
        kept = len(all_of_form) - len(bereft)
        for entity in sorted(bereft, key=lambda each: each.id):
            if kept:
                gone.append(entity.id)
            else:
                typed.append((entity.id, None, None))
                kept = 1
    return Retyped(typed=typed, gone=gone)


def aliases_of(entities: Iterable[StoredEntity]) -> Mapping[EntityForm, Alias]:
    """Return what the names of merged entities are read as, at the end of each chain."""
    by_id = {entity.id: entity for entity in entities}
    found: dict[EntityForm, Alias] = {}
    for entity in by_id.values():
        last = root_of(entity, by_id)
        if last.form != entity.form:
            found[entity.form] = Alias(sort=entity.sort, form=last.form)
    return found


def root_of(entity: StoredEntity, by_id: Mapping[EntityId, StoredEntity]) -> StoredEntity:
    """Return what an entity is in the end; merging makes no circles."""
    while entity.merged_into is not None and entity.merged_into in by_id:
        entity = by_id[entity.merged_into]
    return entity


def _order(seen: Seen) -> tuple[str, bool, str, str, MemoryId]:
    """Names with a type come first, so that those without need not be typed afterwards."""
    return seen.form, seen.type is None, seen.type or "", seen.name, seen.memory_id
