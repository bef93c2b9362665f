"""Settling slots: every fact gets the end that it has now, by an operation of its own."""

from collections.abc import Collection, Mapping, Sequence

from memsvc.domain.facts.extraction import says_only
from memsvc.domain.facts.names import slots_of_all_names
from memsvc.domain.facts.settling import Ending, Fact, FactId, Slot, settled, still_ended
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import FactPolicy, Memory, MemoryState, Metadata
from memsvc.domain.operations import (
    Effect,
    NewOperation,
    OperationKind,
    link_effect,
    state_effect,
)
from memsvc.services.fuse_facts import fuse_slots
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import WriteTransaction

_ACTOR = "facts"


async def settle_within(
    tx: WriteTransaction,
    bank_id: BankId,
    slots: set[Slot],
    names: Mapping[str, str],
    joined: Collection[MemoryId] = (),
) -> tuple[int, int]:
    """Give every fact of the slots the end it has now; return how many ended and hold again.

    What is about one thing under several ``names`` is settled together. Memories that were
    ``joined`` or parted are looked at even where their facts end as before.
    """
    slots = slots_of_all_names(slots, names)
    facts = await tx.facts.of_slots(bank_id, slots)
    undone = await tx.facts.undone(bank_id, [each.id for each in facts])
    policy = await tx.facts.policy(bank_id)
    endings = settled(facts, undone, policy, names)
    await tx.facts.mark_settled(bank_id, facts)
    await _end(tx, bank_id, facts, endings, policy)
    shown = {e.shown_by for e in facts if e.carried_by is not None or e.memory_id in joined}
    if shown and policy is FactPolicy.SUPERSEDE:
        await _show(tx, bank_id, slots, shown)
    bank = await tx.banks.resolve(str(bank_id))
    freed = await fuse_slots(tx, bank, tx.now(), slots, policy)
    if policy is FactPolicy.SUPERSEDE:
        await _supersede_freed(tx, bank_id, freed)
    return sum(e.by is not None for e in endings), sum(e.by is None for e in endings)


async def _end(
    tx: WriteTransaction,
    bank_id: BankId,
    facts: Sequence[Fact],
    endings: Sequence[Ending],
    policy: FactPolicy,
) -> None:
    if not endings:
        return
    ids = sorted({each.fact.shown_by for each in endings})
    await tx.organising.lock(bank_id, ids)
    memories = dict(await tx.memories.fetch(bank_id, ids))
    of_them = await tx.facts.of_memories(bank_id, ids)
    ended = still_ended([*of_them, *_carried(facts)], endings)
    by_id = {each.id: each for each in facts}
    for ending in endings:
        memory = memories[ending.fact.shown_by]
        siblings = [each for each in of_them if each.memory_id == memory.id]
        # What is fused instead is not superseded.
        is_ended = ended.get(memory.id, False) and policy is FactPolicy.SUPERSEDE
        effects = [
            ending.effect,
            *await _relinked(tx, bank_id, ending, by_id),
            *await _moved(tx, bank_id, memory, siblings, is_ended=is_ended),
        ]
        await tx.facts.end(bank_id, [ending.effect])
        await _record(tx, bank_id, ending, effects)
        memories |= await tx.memories.fetch(bank_id, [memory.id])


async def _show(
    tx: WriteTransaction, bank_id: BankId, slots: set[Slot], ids: Collection[MemoryId]
) -> None:
    """Have memories that others were merged into, or no longer are, in the state that follows."""
    await tx.organising.lock(bank_id, ids)
    facts = await tx.facts.of_slots(bank_id, slots)
    of_them = await tx.facts.of_memories(bank_id, ids)
    ended = still_ended([*of_them, *_carried(facts)], [])
    for memory in (await tx.memories.fetch(bank_id, sorted(ids))).values():
        siblings = [each for each in of_them if each.memory_id == memory.id]
        is_ended = ended.get(memory.id, False)
        effects = await _moved(tx, bank_id, memory, siblings, is_ended=is_ended)
        if effects:
            kind = OperationKind.SUPERSEDE if is_ended else OperationKind.RESTORE
            details: Metadata = {"memory": str(memory.id), "because": "merged"}
            operation = NewOperation(kind=kind, effects=effects, details=details)
            await tx.operations.record(bank_id, _ACTOR, operation)


def _carried(facts: Sequence[Fact]) -> list[Fact]:
    """Return the facts of memories that live on in others."""
    return [each for each in facts if each.carried_by is not None]


async def _supersede_freed(tx: WriteTransaction, bank_id: BankId, freed: set[MemoryId]) -> None:
    """Supersede what was fused until now and has ended."""
    facts = await tx.facts.of_memories(bank_id, freed)
    memories = await tx.memories.fetch(bank_id, sorted(freed))
    for fact in facts:
        if fact.superseded_by is None:
            continue
        memory = memories[fact.memory_id]
        effects = await _moved(tx, bank_id, memory, [fact], is_ended=True)
        if effects:
            details: Metadata = {"fact": str(fact.id), "by_fact": str(fact.superseded_by)}
            operation = NewOperation(kind=OperationKind.SUPERSEDE, effects=effects, details=details)
            await tx.operations.record(bank_id, _ACTOR, operation)


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
