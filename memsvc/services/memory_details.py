"""What organising says about one memory: annotations and links."""

from collections.abc import Sequence
from dataclasses import dataclass

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.links import StoredLink
from memsvc.domain.memory import Memory
from memsvc.domain.organising.notes import AnnotationVersion
from memsvc.domain.paging import Page, PageRequest
from memsvc.services.commands import BankReference, Caller
from memsvc.store.transactions import Store

_MOST_LINKS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryDetail:
    """A memory with what is said about it and what it is linked to."""

    memory: Memory
    annotations: AnnotationVersion | None
    """Those that hold."""
    links: Sequence[StoredLink]
    """The strongest 50, from and to it."""


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
        return MemoryDetail(memory=memory, annotations=holding.get(memory_id), links=links)

    async def annotations(
        self, caller: Caller, bank: BankReference, memory_id: MemoryId, page: PageRequest
    ) -> Page[AnnotationVersion]:
        """Return every version of a memory's annotations, oldest first."""
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            await tx.memories.get(bank_id, memory_id)
            return await tx.annotations.versions(bank_id, memory_id, page)
