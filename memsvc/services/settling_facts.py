"""Having facts settled again when a source of theirs comes or goes."""

from collections.abc import Collection

from memsvc.domain.graph.entities import EntityId
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import JobKind, NewJob
from memsvc.domain.memory import Json
from memsvc.store.transactions import WriteTransaction

JOINED = "memory_ids"
"""In a job's payload: memories that were merged or parted."""
RENAMED = "entity_ids"
"""In a job's payload: entities that were merged or parted."""


async def settle_facts_of(
    tx: WriteTransaction, bank_id: BankId, memory_ids: Collection[MemoryId]
) -> None:
    """Queue the settling if the memories' new states call for it. Call it last in a transaction.

    It is a job, since it takes the bank's lock of facts before those of memories, and this
    transaction has some of these already.
    """
    if memory_ids and await tx.facts.are_stale(bank_id, memory_ids):
        await _settle_soon(tx, bank_id)


async def settle_facts_anew(
    tx: WriteTransaction, bank_id: BankId, memory_ids: Collection[MemoryId]
) -> None:
    """Queue the settling of memories that became one, or are several again. Call it last.

    Their facts may hold as before, and yet another memory shows them.
    """
    if memory_ids and await tx.facts.slots_of(bank_id, memory_ids):
        ids: list[Json] = [str(each) for each in sorted(memory_ids)]
        new = NewJob(kind=JobKind.SETTLE_FACTS, bank_id=bank_id, payload={JOINED: ids})
        await tx.jobs.add_once(new)


async def settle_facts_naming(
    tx: WriteTransaction, bank_id: BankId, entity_ids: Collection[EntityId]
) -> None:
    """Queue the settling of what is claimed of entities that became one, or are two again.

    Call it last. It is needed only where there are facts of these names.
    """
    named = await tx.entities.names_of(bank_id, entity_ids)
    if named and await tx.facts.slots_naming(bank_id, named):
        ids: list[Json] = [str(each) for each in sorted(entity_ids)]
        new = NewJob(kind=JobKind.SETTLE_FACTS, bank_id=bank_id, payload={RENAMED: ids})
        await tx.jobs.add_once(new)


async def settle_orphaned_facts(tx: WriteTransaction, bank_id: BankId) -> None:
    """Queue the settling if facts were superseded by some that are gone. Call it last."""
    if await tx.facts.stale_slots(bank_id, 1):
        await _settle_soon(tx, bank_id)


async def _settle_soon(tx: WriteTransaction, bank_id: BankId) -> None:
    await tx.jobs.add_once(NewJob(kind=JobKind.SETTLE_FACTS, bank_id=bank_id))
