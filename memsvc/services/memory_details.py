"""What organising says about one memory: annotations and links."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from memsvc.domain.evidence import Evidence, evidence_of_thought
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType, StoredLink
from memsvc.domain.memory import Memory
from memsvc.domain.organising.notes import AnnotationVersion
from memsvc.domain.paging import Page, PageRequest
from memsvc.services.commands import BankReference, Caller
from memsvc.store.transactions import ReadTransaction, Store

_MOST_LINKS = 50
_MOST_SOURCES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryDetail:
    """A memory with what is said about it and what it is linked to."""

    memory: Memory
    annotations: AnnotationVersion | None
    """Those that hold."""
    links: Sequence[StoredLink]
    """The strongest 50, from and to it."""
    evidence: Sequence[Evidence] = ()
    """Of a thought: the words of its sources that bear it."""


class MemoryDetails:
    """Reads single memories with everything beside them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, caller: Caller, bank: BankReference, memory_id: MemoryId) -> MemoryDetail:
        """Return a memory, whatever its state; raises ``MemoryNotFoundError``."""
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            memory = await tx.memories.get(bank_id, memory_id)
            holding = await tx.annotations.holding(bank_id, [memory_id])
            links = await tx.links.touching(bank_id, [memory_id], limit=_MOST_LINKS)
            thought = (await tx.thoughts.fetch(bank_id, [memory_id])).get(memory_id)
            sources = [] if thought is None else await _sources(tx, bank_id, memory_id)
        evidence: Sequence[Evidence] = ()
        if thought is not None:
            evidence = await asyncio.to_thread(evidence_of_thought, thought, sources)
        return MemoryDetail(
            memory=memory, annotations=holding.get(memory_id), links=links, evidence=evidence
        )

    async def annotations(
        self, caller: Caller, bank: BankReference, memory_id: MemoryId, page: PageRequest
    ) -> Page[AnnotationVersion]:
        """Return every version of a memory's annotations, oldest first."""
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            await tx.memories.get(bank_id, memory_id)
            return await tx.annotations.versions(bank_id, memory_id, page)


async def _sources(tx: ReadTransaction, bank_id: BankId, memory_id: MemoryId) -> list[Memory]:
    """Return what a thought was made from, a hundred at most, in order of id."""
    found = await tx.links.touching(
        bank_id, [memory_id], types=(LinkType.DERIVED_FROM,), limit=_MOST_SOURCES
    )
    ids = sorted({each.link.to_id for each in found if each.link.from_id == memory_id})
    memories = await tx.memories.fetch(bank_id, ids)
    return [memories[each] for each in ids if each in memories]
