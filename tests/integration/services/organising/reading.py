"""What tests read of a bank that was organised."""

from collections.abc import Sequence

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.operations import Operation, OperationKind, OperationListing
from memsvc.domain.organising.notes import AnnotationVersion, BankNotes
from memsvc.domain.paging import PageRequest
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.organising import Organiser

_ALL = PageRequest(limit=500)


async def notes_of(organiser: Organiser) -> BankNotes:
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        return await tx.organising.notes(organiser.scope.bank_id)


async def links_of(organiser: Organiser, ids: Sequence[MemoryId]) -> list[NewLink]:
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        found = await tx.links.touching(
            organiser.scope.bank_id, ids, types=(LinkType.RELATED,), limit=1000
        )
    return [each.link for each in found]


async def versions_of(organiser: Organiser, memory_id: MemoryId) -> Sequence[AnnotationVersion]:
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        page = await tx.annotations.versions(organiser.scope.bank_id, memory_id, _ALL)
    return page.items


async def holding(organiser: Organiser, memory_id: MemoryId) -> AnnotationVersion | None:
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        found = await tx.annotations.holding(organiser.scope.bank_id, [memory_id])
    return found.get(memory_id)


async def operations_of(organiser: Organiser, kind: OperationKind) -> Sequence[Operation]:
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        page = await tx.operations.list(organiser.scope.bank_id, OperationListing(kind=kind), _ALL)
    return page.items
