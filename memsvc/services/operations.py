"""Operations of a bank: listed, looked into, undone."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import TypeAdapter

from memsvc.domain.graph.entities import EntityId
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType
from memsvc.domain.memory import Json, MemoryState, is_legal_transition
from memsvc.domain.operations import (
    Aspect,
    Effect,
    NewOperation,
    Obstacle,
    Operation,
    OperationId,
    OperationKind,
    OperationListing,
    OperationState,
    state_after_undo,
)
from memsvc.domain.paging import Page, PageRequest
from memsvc.errors import OperationUndoneError, UndoPreventedError
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.settling_facts import settle_facts_anew, settle_facts_naming, settle_facts_of
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction

_MOST_NAMED = 20
"""Obstacles in one error."""


class Operations:
    """What was done to a bank, and taking it back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._once = Once(
            store=store, result=TypeAdapter(Operation), bank_of=lambda operation: operation.bank_id
        )

    async def list(
        self, caller: Caller, bank: BankReference, listing: OperationListing, page: PageRequest
    ) -> Page[Operation]:
        """Return operations, newest first."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.operations.list(found.scope.bank_id, listing, page)

    async def get(
        self, caller: Caller, bank: BankReference, operation_id: OperationId
    ) -> Operation:
        """Return an operation; raises ``OperationNotFoundError``."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.operations.get(found.scope.bank_id, operation_id)

    async def effects(
        self, caller: Caller, bank: BankReference, operation_id: OperationId, page: PageRequest
    ) -> Page[Effect]:
        """Return what an operation changed; raises ``OperationNotFoundError``."""
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            await tx.operations.get(bank_id, operation_id)
            return await tx.operations.effects(bank_id, operation_id, page)

    async def undo(
        self,
        caller: Caller,
        bank: BankReference,
        operation_id: OperationId,
        key: RequestKey | None = None,
    ) -> Outcome[Operation]:
        """Set everything again as it was before the operation; return the undoing one.

        History and audit only grow. Raises ``OperationUndoneError``, or ``UndoPreventedError``
        which names what has changed since; then nothing is changed.
        """

        async def work(tx: WriteTransaction) -> Operation:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            operation = await tx.operations.lock(bank_id, operation_id)
            if operation.state is OperationState.UNDONE:
                raise OperationUndoneError(undone_by=str(operation.undone_by))
            undone_by = await undo_within(tx, caller.actor, operation)
            return await tx.operations.get(bank_id, undone_by)

        return await self._once.run(caller, key, work)


async def undo_within(tx: WriteTransaction, actor: str, operation: Operation) -> OperationId:
    """Undo a locked operation that stands, in the caller's transaction.

    Raises ``UndoPreventedError``.
    """
    bank_id = operation.bank_id
    effects = await tx.operations.all_effects(bank_id, operation.id)
    current = await tx.effects.current(bank_id, effects)
    obstacles = [each for effect in effects if (each := _obstacle(effect, current))]
    if obstacles:
        raise await _prevented(tx, operation, obstacles)
    done = await tx.effects.take_back(bank_id, effects)
    undoing = NewOperation(
        kind=OperationKind.UNDO, effects=done, undoes=operation.id, reason=operation.reason
    )
    undone_by = await tx.operations.record(bank_id, actor, undoing)
    await tx.operations.mark_undone(bank_id, operation.id, undone_by)
    if operation.undoes is not None:
        await tx.operations.mark_applied(bank_id, operation.undoes)
    touched = sorted({*_memories(done), *await _renamed(tx, bank_id, done)})
    await tx.changes.record(bank_id, touched)
    event = AuditEvent(
        operation=f"undo.{operation.kind}",
        details={"operation": str(operation.id), "memories": len(touched)},
    )
    await tx.audit.record(bank_id, actor, [event])
    await settle_facts_anew(tx, bank_id, _joined(done))
    await settle_facts_of(tx, bank_id, touched)
    await settle_facts_naming(tx, bank_id, _entities(done))
    return undone_by


def _obstacle(effect: Effect, current: Mapping[tuple[Aspect, UUID, str], Json]) -> Obstacle | None:
    if effect.key not in current:
        return Obstacle(effect=effect, reason="it has been erased")
    value = current[effect.key]
    if value != effect.after:
        return Obstacle(effect=effect, reason="it has changed since")
    if effect.aspect is Aspect.STATE:
        now, wanted = MemoryState(str(value)), state_after_undo(effect)
        if now is not wanted and not is_legal_transition(now, wanted):
            return Obstacle(effect=effect, reason=f"what is {now} cannot become {wanted}")
    return None


async def _prevented(
    tx: WriteTransaction, operation: Operation, obstacles: Sequence[Obstacle]
) -> UndoPreventedError:
    named = obstacles[:_MOST_NAMED]
    later = await tx.operations.later_changes(
        operation.bank_id, operation.id, {each.effect.target_id for each in named}
    )
    details = [
        {
            "aspect": each.effect.aspect.value,
            "target_id": str(each.effect.target_id),
            "reason": each.reason,
            "operation_id": _named(later.get((each.effect.aspect, each.effect.target_id))),
        }
        for each in named
    ]
    operations = sorted({str(each["operation_id"]) for each in details if each["operation_id"]})
    first = f" Undo {', '.join(operations)} first." if operations else ""
    return UndoPreventedError(
        f"{len(obstacles)} of {operation.effect_count} changes cannot be taken back:"
        f" {obstacles[0].reason}.{first}",
        obstacles=details,
    )


def _named(operation_id: OperationId | None) -> str | None:
    return None if operation_id is None else str(operation_id)


async def _renamed(
    tx: WriteTransaction, bank_id: BankId, effects: Sequence[Effect]
) -> Sequence[MemoryId]:
    """Return the memories whose entities are read otherwise now."""
    targets = {each.target_id for each in effects if each.aspect is Aspect.ENTITY}
    entities = await tx.entities.of_ids(bank_id, {EntityId(each) for each in targets})
    return await tx.entities.mentioning(bank_id, {each.form for each in entities.values()})


def _entities(effects: Sequence[Effect]) -> set[EntityId]:
    """Return entities that are another one now or no longer, and these others."""
    found: set[EntityId] = set()
    for each in effects:
        if each.aspect is Aspect.ENTITY:
            others = {each.before, each.after} - {None}
            found |= {EntityId(each.target_id), *(EntityId(UUID(str(one))) for one in others)}
    return found


def _memories(effects: Sequence[Effect]) -> list[MemoryId]:
    """Return the memories whose searchability the effects may have changed."""
    of_memories = {Aspect.STATE, Aspect.ANNOTATIONS, Aspect.GIVEN}
    return sorted({MemoryId(e.target_id) for e in effects if e.aspect in of_memories})


def _joined(effects: Sequence[Effect]) -> list[MemoryId]:
    """Return memories that live on in others, or do so no longer, and these others."""
    found: set[MemoryId] = set()
    for each in effects:
        value = each.after if each.before is None else each.before
        if each.aspect is not Aspect.LINK or not isinstance(value, Mapping):
            continue
        if value["type"] == LinkType.MERGED_INTO:
            found |= {MemoryId(each.target_id), MemoryId(UUID(str(value["to_id"])))}
    return sorted(found)
