"""Settling slots: every fact gets the end that it has now, by an operation of its own."""

from collections.abc import Mapping, Sequence

from memsvc.domain.facts.extraction import says_only
from memsvc.domain.facts.settling import Ending, Fact, FactId, Slot, settled, still_ended
from memsvc.domain.identifiers import BankId
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import Memory, MemoryState
from memsvc.domain.operations import (
    Effect,
    NewOperation,
    OperationKind,
    link_effect,
    state_effect,
)
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import WriteTransaction

_ACTOR = "facts"


async def settle_within(tx: WriteTransaction, bank_id: BankId, slots: set[Slot]) -> tuple[int, int]:
    """Give every fact of the slots the end it has now; return how many ended and hold again."""
    facts = await tx.facts.of_slots(bank_id, slots)
    undone = await tx.facts.undone(bank_id, [each.id for each in facts])
    endings = settled(facts, undone, await tx.facts.policy(bank_id))
    await tx.facts.mark_settled(bank_id, facts)
    if not endings:
        return 0, 0
    ids = sorted({each.fact.memory_id for each in endings})
    await tx.organising.lock(bank_id, ids)
    memories = dict(await tx.memories.fetch(bank_id, ids))
    of_them = await tx.facts.of_memories(bank_id, ids)
    ended = still_ended(of_them, endings)
    by_id = {each.id: each for each in facts}
    for ending in endings:
        memory = memories[ending.fact.memory_id]
        siblings = [each for each in of_them if each.memory_id == memory.id]
        effects = [
            ending.effect,
            *await _relinked(tx, bank_id, ending, by_id),
            *await _moved(tx, bank_id, memory, siblings, is_ended=ended[memory.id]),
        ]
        await tx.facts.end(bank_id, [ending.effect])
        await _record(tx, bank_id, ending, effects)
        memories |= await tx.memories.fetch(bank_id, [memory.id])
    return sum(e.by is not None for e in endings), sum(e.by is None for e in endings)


async def _relinked(
    tx: WriteTransaction, bank_id: BankId, ending: Ending, facts: Mapping[FactId, Fact]
) -> list[Effect]:
    """Have what holds now linked to what it replaces, and what did so before no longer."""
    old, effects = ending.fact, []
    if old.superseded_by is not None:
        before = facts.get(old.superseded_by)  # none: its source was erased, or says another thing
        touching = await tx.links.touching(
            bank_id, [old.memory_id], types=(LinkType.SUPERSEDES,), limit=1000
        )
        gone = [
            link_effect(each.link, is_added=False)
            for each in touching
            if each.link.to_id == old.memory_id
            and (before is None or each.link.from_id == before.memory_id)
        ]
        await tx.effects.take_back(bank_id, [each.inverse for each in gone])
        effects += gone
    if ending.by is not None and ending.by.memory_id != old.memory_id:
        link = NewLink(
            from_id=ending.by.memory_id,
            to_id=old.memory_id,
            type=LinkType.SUPERSEDES,
            reason=ending.by.claim.rule,
        )
        effects += [link_effect(e, is_added=True) for e in await tx.links.add(bank_id, [link])]
    return effects


async def _moved(
    tx: WriteTransaction, bank_id: BankId, memory: Memory, facts: Sequence[Fact], *, is_ended: bool
) -> list[Effect]:
    """Supersede a memory that says nothing but what ended, or make it active again."""
    state = memory.state
    if is_ended and state is MemoryState.ACTIVE:
        read = [each for each in facts if each.origin is None]
        says_more = len(read) != 1 or not says_only(memory.text, memory.occurred_at)
        if not says_more and not memory.pinned:
            state = MemoryState.SUPERSEDED
    elif not is_ended and state is MemoryState.SUPERSEDED:
        state = MemoryState.ACTIVE
    if state is memory.state:
        return []
    await tx.memories.set_state(bank_id, memory.id, state)
    await tx.changes.record(bank_id, [memory.id])
    return [state_effect(memory.id, memory.state, state)]


async def _record(
    tx: WriteTransaction, bank_id: BankId, ending: Ending, effects: Sequence[Effect]
) -> None:
    old, by = ending.fact, ending.by
    operation = NewOperation(
        kind=OperationKind.RESTORE if by is None else OperationKind.SUPERSEDE,
        effects=effects,
        details={
            "fact": str(old.id),
            "rule": old.claim.rule if by is None else by.claim.rule,
            "by_fact": None if by is None else str(by.id),
            "by_memory": None if by is None else str(by.memory_id),
            "valid_to": None if by is None else by.claim.valid_from.isoformat(),
        },
    )
    operation_id = await tx.operations.record(bank_id, _ACTOR, operation)
    event = AuditEvent(
        operation="fact.reinstate" if by is None else "fact.supersede",
        memory_id=old.memory_id,
        details={"operation": str(operation_id), "fact": str(old.id)},
    )
    await tx.audit.record(bank_id, _ACTOR, [event])
