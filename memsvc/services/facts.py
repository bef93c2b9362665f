"""Facts of a bank, for those who want to look at them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.evidence import Evidence, evidence_of_fact
from memsvc.domain.facts.extraction import normal_form
from memsvc.domain.facts.listing import FactListing
from memsvc.domain.facts.names import all_names
from memsvc.domain.facts.settling import Fact
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory
from memsvc.domain.paging import Page, PageRequest
from memsvc.ports import Clock
from memsvc.services.commands import BankReference, Caller
from memsvc.services.known_facts import KnownFacts
from memsvc.store.transactions import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQuery:
    """Which facts to list; names are read however they are written."""

    subject: str | None = None
    entity: str | None = None
    predicate: str | None = None
    as_of: datetime | None = None
    """When they held; the present if not given."""
    known_at: datetime | None = None
    """By what was known then; by what is known now if not given."""
    every: bool = False
    """Whether what holds no longer or not yet is listed too, and what denies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFact:
    """A fact, and the words of its memory that bear it."""

    fact: Fact
    evidence: Sequence[Evidence]


class Facts:
    """Reads what memories claim."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list(
        self, caller: Caller, bank: BankReference, query: FactQuery, page: PageRequest
    ) -> Page[ShownFact]:
        """Return facts, those that hold since latest first.

        What is known under several names is found by each of them.
        """
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            is_named = query.subject is not None or query.entity is not None
            names = await tx.entities.resolved_names(bank_id) if is_named else {}
            listing = FactListing(
                subjects=_all_names(query.subject, names),
                entities=_all_names(query.entity, names),
                predicate=None if query.predicate is None else query.predicate.casefold(),
                held_at=None if query.every else query.as_of or self._clock.now(),
            )
            if query.known_at is None:
                found = await tx.facts.list(bank_id, listing, page)
            else:
                known = await KnownFacts.at(tx, bank_id, query.known_at)
                found = await known.page(listing, page)
            ids = {each.memory_id for each in found.items}
            memories = await tx.memories.fetch(bank_id, sorted(ids))
        shown = await asyncio.to_thread(_with_evidence, found.items, memories)
        return Page(items=shown, next_cursor=found.next_cursor)


def _with_evidence(facts: Sequence[Fact], memories: Mapping[MemoryId, Memory]) -> list[ShownFact]:
    return [
        ShownFact(fact=each, evidence=evidence_of_fact(each, memories[each.memory_id]))
        for each in facts
        if each.memory_id in memories
    ]


def _all_names(name: str | None, names: Mapping[str, str]) -> frozenset[str]:
    """Return every name of what the name means, in normal form; none of ``None``."""
    return frozenset() if name is None else all_names(normal_form(name), names)
