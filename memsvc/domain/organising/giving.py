"""What a model has read from an item, as a set that can be given of its memory."""

from memsvc.domain.facts.given_claims import is_sayable
from memsvc.domain.graph.entity_forms import entity_form
from memsvc.domain.graph.given import GivenEntity, GivenFact, GivenSet
from memsvc.domain.organising.extraction import ExtractedFact, ExtractedItem

LEAST_CONFIDENCE = 0.5
"""Facts that the model itself believes less are left out."""
_NO_TYPE = frozenset(("", "thing", "other", "entity", "unknown"))
"""Kinds that say nothing: with them two things of one name would seem to be two sorts of thing."""


def given_of(item: ExtractedItem) -> tuple[GivenSet, int]:
    """Return the facts and entities of an item, and how many say nothing or are too unsure.

    A fact's ends are of the sort that the item says its entities are.
    """
    types = {form: _type(each.kind) for each in item.entities if (form := entity_form(each.name))}

    def named(name: str) -> GivenEntity:
        clean = " ".join(name.split())
        form = entity_form(clean)
        return GivenEntity(name=clean, type=None if form is None else types.get(form))

    entities = [named(each.name) for each in item.entities if _is_nameable(each.name)]
    facts = [
        GivenFact(
            subject=named(each.subject),
            predicate=" ".join(each.relation.split()),
            object=named(each.object),
            valid_from=each.valid_from,
            valid_to=each.valid_to,
        )
        for each in item.facts
        if _is_usable(each)
    ]
    dropped = len(item.entities) - len(entities) + len(item.facts) - len(facts)
    return GivenSet(facts=frozenset(facts), entities=frozenset(entities)), dropped


def _type(kind: str) -> str | None:
    said = " ".join(kind.casefold().split())
    return None if said in _NO_TYPE else said


def _is_nameable(name: str) -> bool:
    return entity_form(name) is not None and is_sayable(name)


def _is_usable(fact: ExtractedFact) -> bool:
    since, until = fact.valid_from, fact.valid_to
    is_ordered = since is None or until is None or since < until
    named = _is_nameable(fact.subject) and _is_nameable(fact.object)
    return named and is_ordered and fact.confidence >= LEAST_CONFIDENCE
