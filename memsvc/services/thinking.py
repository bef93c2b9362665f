"""Inserting, forgetting and merging thoughts: each one operation, in the caller's transaction.

The caller holds ``tx.thoughts.lock`` and has locked the memories that it names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.content import content_hash
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.identifiers import BankId, MemoryId, uuid7
from memsvc.domain.jobs import JobKind, NewJob
from memsvc.domain.lexical import analyze_text
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import Memory, MemoryKind, MemoryState, Metadata, ResolvedBank, ScopeKeys
from memsvc.domain.operations import (
    Effect,
    NewOperation,
    OperationId,
    OperationKind,
    link_effect,
    state_effect,
)
from memsvc.domain.thoughts.records import (
    MERGED_BY_RULES,
    MOST_LISTED,
    THOUGHT_SOURCE,
    ForgetReason,
    ListPlan,
    NewThought,
    Thought,
)
from memsvc.store.audit import AuditEvent
from memsvc.store.memories import VersionToAdd
from memsvc.store.transactions import WriteTransaction

MOST_SOURCES = 1_000
"""Links to sources that one merge takes over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where and for whom something is done."""

    bank: ResolvedBank
    actor: str
    now: datetime
    details: Metadata
    """Of every operation: which job it was."""

    @property
    def bank_id(self) -> BankId:
        """The bank's id."""
        return self.bank.scope.bank_id


async def insert_within(
    tx: WriteTransaction, scene: Scene, new: NewThought, sources: Sequence[MemoryId]
) -> tuple[MemoryId, OperationId]:
    """Keep a thought with links to what it was made from; the operation is an ``insert``."""
    memory = await _add_memory(tx, scene, new)
    links = [
        NewLink(from_id=memory.id, to_id=each, type=LinkType.DERIVED_FROM)
        for each in dict.fromkeys(sources)
    ]
    added = await tx.links.add(scene.bank_id, links)
    effects = [
        state_effect(memory.id, None, MemoryState.ACTIVE),
        *(link_effect(each, is_added=True) for each in added),
    ]
    operation = await _record(
        tx, scene, OperationKind.INSERT, effects, memory.id, {"made_by": new.made_by}
    )
    await tx.changes.record(scene.bank_id, [memory.id])
    return memory.id, operation


async def confirm_within(
    tx: WriteTransaction, scene: Scene, thought: Thought, source: MemoryId
) -> bool:
    """Have a thought, and what it was merged into, rest on one source more; False if it does."""
    bank_id = scene.bank_id
    holders, links = [thought.memory_id], []
    while holders:
        links += [
            NewLink(from_id=each, to_id=source, type=LinkType.DERIVED_FROM) for each in holders
        ]
        found = await tx.links.touching(
            bank_id, holders, types=(LinkType.MERGED_INTO,), limit=MOST_SOURCES
        )
        holders = [each.link.to_id for each in found if each.link.from_id in holders]
    added = await tx.links.add(bank_id, links)
    if not added:
        return False
    effects = [link_effect(each, is_added=True) for each in added]
    await _record(
        tx, scene, OperationKind.INSERT, effects, thought.memory_id, {"confirms": str(source)}
    )
    return True


async def detach_within(
    tx: WriteTransaction, scene: Scene, thoughts: Sequence[Thought], source: MemoryId
) -> None:
    """Take thoughts off a source whose text says them no longer."""
    ids = {each.memory_id for each in thoughts}
    found = await tx.links.touching(
        scene.bank_id, [source], types=(LinkType.DERIVED_FROM,), limit=MOST_SOURCES
    )
    effects = [
        link_effect(each.link, is_added=False)
        for each in found
        if each.link.to_id == source and each.link.from_id in ids
    ]
    if effects:
        await tx.effects.take_back(scene.bank_id, [each.inverse for each in effects])
        await _record(tx, scene, OperationKind.RETRACT, effects, source, {"source": str(source)})


async def forget_within(
    tx: WriteTransaction,
    scene: Scene,
    thought: Thought,
    reason: ForgetReason,
    by: Thought | None,
    *,
    is_lasting: bool = True,
) -> OperationId | None:
    """Take an active thought out of recall, for another one or for none; ``None`` if it is not.

    It is archived; or superseded if it is to come back by itself when the other one goes.
    """
    bank_id = scene.bank_id
    if by is not None and not is_lasting:
        await tx.thoughts.set(bank_id, [thought.memory_id], superseded_by=by.memory_id)
    if thought.state is not MemoryState.ACTIVE or thought.pinned:
        return None
    state = MemoryState.ARCHIVED if is_lasting else MemoryState.SUPERSEDED
    effects = [state_effect(thought.memory_id, thought.state, state)]
    if by is not None:
        link = NewLink(
            from_id=by.memory_id,
            to_id=thought.memory_id,
            type=LinkType.SUPERSEDES,
            reason=reason.value,
        )
        effects += [link_effect(e, is_added=True) for e in await tx.links.add(bank_id, [link])]
    await tx.memories.set_state(bank_id, thought.memory_id, state)
    await tx.changes.record(bank_id, [thought.memory_id])
    kind = OperationKind.ARCHIVE if is_lasting else OperationKind.SUPERSEDE
    details: Metadata = {
        "reason": reason.value,
        "rule": by.claim.rule if by is not None and by.claim is not None else None,
        "by_memory": None if by is None else str(by.memory_id),
    }
    return await _record(tx, scene, kind, effects, thought.memory_id, details)


async def hold_again_within(tx: WriteTransaction, scene: Scene, thought: Thought) -> None:
    """Bring back what was forgotten for a thought that no longer stands."""
    bank_id = scene.bank_id
    # Whether its own sources are still in force is looked at next.
    await tx.thoughts.set(bank_id, [thought.memory_id], superseded_by=None, stood=True)
    if thought.state is not MemoryState.SUPERSEDED:
        return
    touching = await tx.links.touching(
        bank_id, [thought.memory_id], types=(LinkType.SUPERSEDES,), limit=MOST_SOURCES
    )
    effects: list[Effect] = [
        link_effect(each.link, is_added=False)
        for each in touching
        if each.link.to_id == thought.memory_id
    ]
    await tx.effects.take_back(bank_id, [each.inverse for each in effects])
    effects.append(state_effect(thought.memory_id, thought.state, MemoryState.ACTIVE))
    await tx.memories.set_state(bank_id, thought.memory_id, MemoryState.ACTIVE)
    await tx.changes.record(bank_id, [thought.memory_id])
    await _record(tx, scene, OperationKind.RESTORE, effects, thought.memory_id, {})


async def merge_within(
    tx: WriteTransaction, scene: Scene, plan: ListPlan
) -> tuple[MemoryId, OperationId]:
    """Make one thought of several; these become ``merged``, with links to it.

    It rests on all that they rest on, holds since the latest of them, and goes with the first.
    """
    bank_id, parts = scene.bank_id, plan.parts
    ids = [each.memory_id for each in parts]
    found = await tx.links.touching(
        bank_id, ids, types=(LinkType.DERIVED_FROM,), limit=MOST_SOURCES
    )
    sources = sorted({each.link.to_id for each in found if each.link.from_id in set(ids)})
    memory = await _add_memory(tx, scene, _joint(plan))
    links = [NewLink(from_id=each, to_id=memory.id, type=LinkType.MERGED_INTO) for each in ids]
    links += [
        NewLink(from_id=memory.id, to_id=each, type=LinkType.DERIVED_FROM) for each in sources
    ]
    added = await tx.links.add(bank_id, links)
    effects = [
        state_effect(memory.id, None, MemoryState.ACTIVE),
        *(state_effect(each, MemoryState.ACTIVE, MemoryState.MERGED) for each in ids),
        *(link_effect(each, is_added=True) for each in added),
    ]
    for each in ids:
        await tx.memories.set_state(bank_id, each, MemoryState.MERGED)
    await tx.changes.record(bank_id, sorted([*ids, memory.id]))
    details: Metadata = {"parts": [str(each) for each in ids], "into": str(memory.id)}
    operation = await _record(tx, scene, OperationKind.MERGE, effects, memory.id, details)
    return memory.id, operation


async def unmerge_within(tx: WriteTransaction, scene: Scene, merged: Thought) -> None:
    """Have the parts of a merged thought again, because one of them holds no longer."""
    bank_id = scene.bank_id
    parts = await tx.thoughts.parts(bank_id, merged.memory_id)
    effects: list[Effect] = []
    for part in parts:
        link = NewLink(
            from_id=part.memory_id, to_id=merged.memory_id, type=LinkType.MERGED_INTO, weight=1.0
        )
        effects.append(link_effect(link, is_added=False))
        if part.state is MemoryState.MERGED:
            effects.append(state_effect(part.memory_id, part.state, MemoryState.ACTIVE))
            await tx.memories.set_state(bank_id, part.memory_id, MemoryState.ACTIVE)
    ids = [each.memory_id for each in parts]
    await tx.effects.take_back(bank_id, [e.inverse for e in effects if e.after is None])
    effects.append(state_effect(merged.memory_id, merged.state, MemoryState.ARCHIVED))
    await tx.memories.set_state(bank_id, merged.memory_id, MemoryState.ARCHIVED)
    await tx.thoughts.set(bank_id, [merged.memory_id], stood=False)
    # Each part is looked at by itself now.
    await tx.thoughts.set(bank_id, ids, stood=True, settled=False)
    await tx.changes.record(bank_id, sorted([*ids, merged.memory_id]))
    details: Metadata = {"unmerges": str(merged.memory_id)}
    await _record(tx, scene, OperationKind.RESTORE, effects, merged.memory_id, details)
    await _forget_ended(tx, scene, ids)


async def _forget_ended(tx: WriteTransaction, scene: Scene, ids: Sequence[MemoryId]) -> None:
    """Forget parts for which another thought stood already while they were merged."""
    parts = await tx.thoughts.fetch(scene.bank_id, ids)
    ended = [each for each in parts.values() if each.superseded_by is not None]
    enders = await tx.thoughts.fetch(
        scene.bank_id, [each.superseded_by for each in ended if each.superseded_by is not None]
    )
    for part in ended:
        by = enders.get(part.superseded_by) if part.superseded_by is not None else None
        if by is not None:
            reason = ForgetReason.CONTRADICTED
            await forget_within(tx, scene, part, reason, by, is_lasting=False)


async def retire_within(tx: WriteTransaction, scene: Scene, thought: Thought) -> None:
    """Archive a thought that rests on nothing in force any more."""
    bank_id = scene.bank_id
    await tx.thoughts.set(bank_id, [thought.memory_id], retired=True)
    await _move(tx, scene, thought, MemoryState.ARCHIVED, OperationKind.ARCHIVE)


async def return_within(tx: WriteTransaction, scene: Scene, thought: Thought) -> None:
    """Bring a retired thought back: what it rests on is in force again."""
    await tx.thoughts.set(scene.bank_id, [thought.memory_id], retired=False)
    await _move(tx, scene, thought, MemoryState.ACTIVE, OperationKind.RESTORE)


async def _move(
    tx: WriteTransaction,
    scene: Scene,
    thought: Thought,
    state: MemoryState,
    kind: OperationKind,
) -> None:
    await tx.memories.set_state(scene.bank_id, thought.memory_id, state)
    await tx.changes.record(scene.bank_id, [thought.memory_id])
    effects = [state_effect(thought.memory_id, thought.state, state)]
    await _record(tx, scene, kind, effects, thought.memory_id, {"because": "sources"})


def _joint(plan: ListPlan) -> NewThought:
    parts = plan.parts
    sessions = {each.keys.session_id for each in parts}
    ends = [each.expires_at for each in parts if each.expires_at is not None]
    return NewThought(
        text=plan.text,
        keys=ScopeKeys(
            user_id=parts[0].keys.user_id,
            agent_id=parts[0].keys.agent_id,
            session_id=sessions.pop() if len(sessions) == 1 else None,
        ),
        occurred_at=max(each.occurred_at for each in parts),
        made_by=MERGED_BY_RULES,
        head=plan.head,
        frame=plan.frame,
        listed=sum(each.listed for each in parts) if plan.frame else MOST_LISTED,
        needs_all=True,
        expires_at=min(ends, default=None),
    )


async def _add_memory(tx: WriteTransaction, scene: Scene, new: NewThought) -> Memory:
    """Store the memory of a thought; its vectors follow."""
    memory = Memory(
        id=MemoryId(uuid7(scene.now)),
        bank_id=scene.bank_id,
        kind=MemoryKind.THOUGHT,
        state=MemoryState.ACTIVE,
        text=new.text,
        speaker=None,
        source=THOUGHT_SOURCE,
        external_id=None,
        episode_id=None,
        seq=0,
        keys=new.keys,
        metadata={},
        occurred_at=new.occurred_at,
        recorded_at=scene.now,
        updated_at=scene.now,
        version=1,
        embedded=False,
        expires_at=new.expires_at,
        pinned=False,
    )
    version = VersionToAdd(
        memory=memory,
        content_hash=content_hash(memory.text, None, None),
        lexical=analyze_text(memory.text, scene.bank.language),
        mentions=extract_entities(memory.text),
        operation="create",
        actor=scene.actor,
    )
    await tx.memories.add(scene.bank_id, [version])
    await tx.thoughts.add(scene.bank_id, memory.id, new)
    await tx.jobs.add_once(NewJob(kind=JobKind.EMBED_PENDING, bank_id=scene.bank_id))
    return memory


async def _record(
    tx: WriteTransaction,
    scene: Scene,
    kind: OperationKind,
    effects: Sequence[Effect],
    memory_id: MemoryId,
    details: Metadata,
) -> OperationId:
    operation = NewOperation(kind=kind, effects=effects, details={**scene.details, **details})
    operation_id = await tx.operations.record(scene.bank_id, scene.actor, operation)
    event = AuditEvent(
        operation=f"thought.{kind}",
        memory_id=memory_id,
        details={"operation": str(operation_id)},
    )
    await tx.audit.record(scene.bank_id, scene.actor, [event])
    return operation_id
