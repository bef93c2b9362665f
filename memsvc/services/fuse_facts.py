"""Fusing: where the policy is so, what contradicts itself over time becomes one memory of both.

The slots of a transaction that has settled them: what is fused there follows from their facts
alone, so that it is made anew when a source comes or goes, and taken apart when the policy changes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memsvc.domain.content import content_hash
from memsvc.domain.facts.extraction import says_only
from memsvc.domain.facts.settling import Fact, Slot
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.identifiers import BankId, MemoryId, uuid7
from memsvc.domain.jobs import JobKind, NewJob
from memsvc.domain.lexical import analyze_text
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import (
    FactPolicy,
    Memory,
    MemoryKind,
    MemoryState,
    Metadata,
    ResolvedBank,
    ScopeKeys,
)
from memsvc.domain.operations import (
    Effect,
    NewOperation,
    OperationKind,
    link_effect,
    state_effect,
)
from memsvc.domain.thoughts.fusing import (
    FUSED_SOURCE,
    MOST_FUSED,
    Part,
    fused_text,
    may_be_fused,
)
from memsvc.store.audit import AuditEvent
from memsvc.store.memories import VersionToAdd
from memsvc.store.transactions import WriteTransaction

_ACTOR = "facts"
_MOST_LINKS = 1_000
Owner = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slots:
    """Facts of slots with the memories that say them, and what these were fused into."""

    facts: Sequence[Fact]
    memories: Mapping[MemoryId, Memory]
    says_more: frozenset[MemoryId]
    """Memories that claim anything else."""
    fused: Mapping[MemoryId, MemoryId]
    """Member → active fused memory."""

    @property
    def members(self) -> Mapping[MemoryId, set[MemoryId]]:
        """Fused memory → its members."""
        found: dict[MemoryId, set[MemoryId]] = {}
        for member, fused in self.fused.items():
            found.setdefault(fused, set()).add(member)
        return found

    def fused_of(self, parts: Sequence[Part]) -> MemoryId | None:
        """Return the fused memory that says these parts, and nothing else, as they are now."""
        ids, text = {each.memory.id for each in parts}, fused_text(parts)
        for fused, members in self.members.items():
            if members == ids and self.memories[fused].text == text:
                return fused
        return None


async def fuse_slots(
    tx: WriteTransaction, bank: ResolvedBank, now: datetime, slots: set[Slot], policy: FactPolicy
) -> set[MemoryId]:
    """Fuse what the policy has fused, and take apart what is fused otherwise.

    Returns memories that were in a fused one and are by themselves again.
    """
    bank_id = bank.scope.bank_id
    found = await _read(tx, bank_id, slots, policy)
    if found is None:
        return set()
    wanted = await _wanted(tx, bank_id, found) if policy is FactPolicy.FUSE else []
    standing: set[MemoryId] = set()
    missing: list[list[Part]] = []
    for parts in wanted:
        same = found.fused_of(parts)
        if same is None:
            missing.append(parts)
        else:
            standing.add(same)
    freed: set[MemoryId] = set()
    for fused, members in found.members.items():
        if fused not in standing:
            await _take_apart(tx, bank_id, found.memories[fused], members)
            freed |= members
    for parts in missing:
        now_is = await tx.memories.fetch(bank_id, [each.memory.id for each in parts])
        await _fuse(tx, bank, now, [replace(e, memory=now_is[e.memory.id]) for e in parts])
        freed -= now_is.keys()
    return freed


async def _read(
    tx: WriteTransaction, bank_id: BankId, slots: set[Slot], policy: FactPolicy
) -> _Slots | None:
    """Return what the slots hold, locked; nothing where nothing is fused and nothing is to be."""
    facts = [each for each in await tx.facts.of_slots(bank_id, slots) if each.stands]
    ids = sorted({each.memory_id for each in facts})
    links = await tx.links.touching(bank_id, ids, types=(LinkType.MERGED_INTO,), limit=_MOST_LINKS)
    into = {each.link.from_id: each.link.to_id for each in links if each.link.from_id in set(ids)}
    if policy is not FactPolicy.FUSE and not into:
        return None
    await tx.organising.lock(bank_id, [*ids, *into.values()])
    memories = dict(await tx.memories.fetch(bank_id, sorted({*ids, *into.values()})))
    fused = {
        member: target
        for member, target in into.items()
        if target in memories
        and memories[target].source == FUSED_SOURCE
        and memories[target].state is MemoryState.ACTIVE
        and memories[member].state is MemoryState.MERGED
    }
    of_them = await tx.facts.of_memories(bank_id, ids)
    claims = Counter(each.memory_id for each in of_them)
    several = {
        each
        for each in ids
        if claims[each] != 1 or not says_only(memories[each].text, memories[each].occurred_at)
    }
    return _Slots(facts=facts, memories=memories, says_more=frozenset(several), fused=fused)


async def _wanted(tx: WriteTransaction, bank_id: BankId, found: _Slots) -> list[list[Part]]:
    """Return which memories become one, in the order in which their facts hold.

    None whose fusing somebody took back.
    """
    apart = await tx.facts.apart(bank_id, found.memories.keys())
    groups: dict[tuple[Owner, Slot], list[Part]] = {}
    by_id = {each.id: each for each in found.facts}
    ended: set[tuple[Owner, Slot]] = set()
    for fact in sorted(found.facts, key=lambda each: (each.claim.order, each.id)):
        memory = found.memories[fact.memory_id]
        if fact.claim.denies or fact.memory_id in found.says_more | apart:
            continue
        if not may_be_fused(memory):
            continue
        if memory.state is MemoryState.MERGED and memory.id not in found.fused:
            continue  # a duplicate of another one
        key = ((memory.keys.user_id or "", memory.keys.agent_id or ""), fact.claim.slot)
        groups.setdefault(key, []).append(Part(memory=memory, fact=fact, until=fact.valid_to))
        if fact.superseded_by in by_id:
            ended.add(key)
    return [some[-MOST_FUSED:] for key, some in groups.items() if key in ended and len(some) > 1]


async def _fuse(
    tx: WriteTransaction, bank: ResolvedBank, now: datetime, parts: Sequence[Part]
) -> None:
    bank_id = bank.scope.bank_id
    for each in parts:
        if each.memory.state is MemoryState.SUPERSEDED:  # by another policy, before
            await _return(tx, bank_id, each.memory)
    memory = _memory(bank_id, now, parts)
    version = VersionToAdd(
        memory=memory,
        content_hash=content_hash(memory.text, None, None),
        lexical=analyze_text(memory.text, bank.language),
        mentions=extract_entities(memory.text),
        operation="create",
        actor=_ACTOR,
    )
    await tx.memories.add(bank_id, [version])
    await tx.jobs.add_once(NewJob(kind=JobKind.EMBED_PENDING, bank_id=bank_id))
    ids = [each.memory.id for each in parts]
    links = [
        NewLink(from_id=each, to_id=memory.id, type=LinkType.MERGED_INTO, reason="fused")
        for each in ids
    ]
    links += [NewLink(from_id=memory.id, to_id=each, type=LinkType.DERIVED_FROM) for each in ids]
    added = await tx.links.add(bank_id, links)
    effects = [state_effect(memory.id, None, MemoryState.ACTIVE)]
    for memory_id in ids:
        await tx.memories.set_state(bank_id, memory_id, MemoryState.MERGED)
        effects.append(state_effect(memory_id, MemoryState.ACTIVE, MemoryState.MERGED))
    effects += [link_effect(each, is_added=True) for each in added]
    details: Metadata = {
        "parts": [str(each) for each in ids],
        "into": str(memory.id),
        "rule": parts[-1].fact.claim.rule,
    }
    await tx.changes.record(bank_id, sorted([*ids, memory.id]))
    await _record(tx, bank_id, OperationKind.MERGE, effects, memory.id, details)


async def _take_apart(
    tx: WriteTransaction, bank_id: BankId, fused: Memory, members: set[MemoryId]
) -> None:
    """Have the memories again that a fused one says."""
    ids = sorted(members)
    found = await tx.links.touching(
        bank_id, [fused.id], types=(LinkType.MERGED_INTO,), limit=_MOST_LINKS
    )
    links = [each.link for each in found if each.link.to_id == fused.id]
    effects: list[Effect] = [link_effect(each, is_added=False) for each in links]
    await tx.effects.take_back(bank_id, [each.inverse for each in effects])
    for each in ids:
        await tx.memories.set_state(bank_id, each, MemoryState.ACTIVE)
        effects.append(state_effect(each, MemoryState.MERGED, MemoryState.ACTIVE))
    await tx.memories.set_state(bank_id, fused.id, MemoryState.ARCHIVED)
    effects.append(state_effect(fused.id, MemoryState.ACTIVE, MemoryState.ARCHIVED))
    await tx.changes.record(bank_id, sorted([*ids, fused.id]))
    details: Metadata = {"unfuses": str(fused.id)}
    await _record(tx, bank_id, OperationKind.RESTORE, effects, fused.id, details)


async def _return(tx: WriteTransaction, bank_id: BankId, memory: Memory) -> None:
    await tx.memories.set_state(bank_id, memory.id, MemoryState.ACTIVE)
    effects = [state_effect(memory.id, memory.state, MemoryState.ACTIVE)]
    await _record(tx, bank_id, OperationKind.RESTORE, effects, memory.id, {"because": "policy"})


def _memory(bank_id: BankId, now: datetime, parts: Sequence[Part]) -> Memory:
    memories = [each.memory for each in parts]
    sessions = {each.keys.session_id for each in memories}
    ends = [each.expires_at for each in memories if each.expires_at is not None]
    return Memory(
        id=MemoryId(uuid7(now)),
        bank_id=bank_id,
        kind=MemoryKind.FACT,
        state=MemoryState.ACTIVE,
        text=fused_text(parts),
        speaker=None,
        source=FUSED_SOURCE,
        external_id=None,
        episode_id=None,
        seq=0,
        keys=ScopeKeys(
            user_id=memories[0].keys.user_id,
            agent_id=memories[0].keys.agent_id,
            session_id=sessions.pop() if len(sessions) == 1 else None,
        ),
        metadata={},
        occurred_at=max(each.occurred_at for each in memories),
        recorded_at=now,
        updated_at=now,
        version=1,
        embedded=False,
        expires_at=min(ends, default=None),
        pinned=False,
    )


async def _record(
    tx: WriteTransaction,
    bank_id: BankId,
    kind: OperationKind,
    effects: Sequence[Effect],
    memory_id: MemoryId,
    details: Metadata,
) -> None:
    operation = NewOperation(kind=kind, effects=effects, details=details)
    operation_id = await tx.operations.record(bank_id, _ACTOR, operation)
    event = AuditEvent(
        operation=f"fact.{'fuse' if kind is OperationKind.MERGE else 'unfuse'}",
        memory_id=memory_id,
        details={"operation": str(operation_id)},
    )
    await tx.audit.record(bank_id, _ACTOR, [event])
