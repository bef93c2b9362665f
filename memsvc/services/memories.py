"""Single memories: read, list, history, annotate, archive and restore."""

from pydantic import TypeAdapter

from memsvc.domain.filters import MemoryListing
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import (
    Json,
    Memory,
    MemoryState,
    MemoryVersion,
    Metadata,
    is_legal_transition,
)
from memsvc.domain.metadata import METADATA_BYTES, encoded_size, merge_patch
from memsvc.domain.operations import (
    Aspect,
    Effect,
    NewOperation,
    OperationKind,
    compacted,
    state_effect,
)
from memsvc.domain.paging import Page, PageRequest
from memsvc.errors import IllegalTransitionError, InvalidRequestError
from memsvc.services.commands import BankReference, Caller, MemoryPatch, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.settling_facts import settle_facts_of
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction


class Memories:
    """What callers do with one memory, or a list of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._once = Once(
            store=store, result=TypeAdapter(Memory), bank_of=lambda memory: memory.bank_id
        )

    async def get(self, caller: Caller, bank: BankReference, memory_id: MemoryId) -> Memory:
        """Return a memory at its current version, whatever its state."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.memories.get(found.scope.bank_id, memory_id)

    async def list(
        self, caller: Caller, bank: BankReference, listing: MemoryListing, page: PageRequest
    ) -> Page[Memory]:
        """Return memories in the order they were recorded."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.memories.list(found.scope.bank_id, listing, page)

    async def versions(
        self, caller: Caller, bank: BankReference, memory_id: MemoryId, page: PageRequest
    ) -> Page[MemoryVersion]:
        """Return every version of a memory, oldest first."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            await tx.memories.get(found.scope.bank_id, memory_id)
            return await tx.memories.versions(found.scope.bank_id, memory_id, page)

    async def patch(
        self,
        caller: Caller,
        bank: BankReference,
        memory_id: MemoryId,
        patch: MemoryPatch,
        key: RequestKey | None = None,
    ) -> Outcome[Memory]:
        """Merge metadata and set the pin; the text of a version never changes."""

        async def work(tx: WriteTransaction) -> Memory:
            found = await tx.banks.resolve(bank.value)
            bank_id = found.scope.bank_id
            memory = await tx.memories.lock(bank_id, memory_id)
            metadata = memory.metadata
            if patch.metadata is not None:
                metadata = merge_patch(memory.metadata, patch.metadata)
                _refuse_large(metadata)
            pinned = memory.pinned if patch.pinned is None else patch.pinned
            await tx.memories.set_annotations(bank_id, memory_id, metadata, pinned=pinned)
            effects = [
                _effect(Aspect.METADATA, memory, dict(memory.metadata), dict(metadata)),
                _effect(Aspect.PINNED, memory, memory.pinned, pinned),
            ]
            changed = NewOperation(kind=OperationKind.ANNOTATE, effects=effects)
            if compacted(effects):
                await tx.operations.record(bank_id, caller.actor, changed)
            await _audit(tx, caller, memory, "memory.annotate")
            return await tx.memories.get(bank_id, memory_id)

        return await self._once.run(caller, key, work)

    async def archive(
        self,
        caller: Caller,
        bank: BankReference,
        memory_id: MemoryId,
        key: RequestKey | None = None,
    ) -> Outcome[Memory]:
        """Take a memory out of default recall; it can be restored."""
        return await self._move(caller, bank, memory_id, MemoryState.ARCHIVED, key)

    async def restore(
        self,
        caller: Caller,
        bank: BankReference,
        memory_id: MemoryId,
        key: RequestKey | None = None,
    ) -> Outcome[Memory]:
        """Bring an archived, superseded, merged or quarantined memory back."""
        return await self._move(caller, bank, memory_id, MemoryState.ACTIVE, key)

    async def _move(
        self,
        caller: Caller,
        bank: BankReference,
        memory_id: MemoryId,
        state: MemoryState,
        key: RequestKey | None,
    ) -> Outcome[Memory]:
        async def work(tx: WriteTransaction) -> Memory:
            found = await tx.banks.resolve(bank.value)
            bank_id = found.scope.bank_id
            memory = await tx.memories.lock(bank_id, memory_id)
            if not is_legal_transition(memory.state, state):
                raise IllegalTransitionError(
                    f"A memory that is {memory.state} cannot become {state}.",
                    state=memory.state,
                    wanted=state,
                )
            await tx.memories.set_state(bank_id, memory_id, state)
            await tx.changes.record(bank_id, [memory_id])
            restores = state is MemoryState.ACTIVE
            kind = OperationKind.RESTORE if restores else OperationKind.ARCHIVE
            moved = NewOperation(kind=kind, effects=[state_effect(memory_id, memory.state, state)])
            await tx.operations.record(bank_id, caller.actor, moved)
            await _audit(tx, caller, memory, f"memory.{kind}")
            await settle_facts_of(tx, bank_id, [memory_id])
            return await tx.memories.get(bank_id, memory_id)

        return await self._once.run(caller, key, work)


def _refuse_large(metadata: Metadata) -> None:
    """Hold what many patches add up to under the limit of one."""
    size = encoded_size(metadata)
    if size > METADATA_BYTES:
        raise InvalidRequestError(
            f"The metadata would have {size} bytes; {METADATA_BYTES} are allowed."
        )


def _effect(aspect: Aspect, memory: Memory, before: Json, after: Json) -> Effect:
    return Effect(aspect=aspect, target_id=memory.id, before=before, after=after)


async def _audit(tx: WriteTransaction, caller: Caller, memory: Memory, operation: str) -> None:
    event = AuditEvent(
        operation=operation,
        memory_id=memory.id,
        before_version=memory.version,
        after_version=memory.version,
    )
    await tx.audit.record(memory.bank_id, caller.actor, [event])
