"""The stage of consolidating that reads facts and settles which of them hold."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.extraction import claims_of, says_only
from memsvc.domain.facts.settling import Ending, Fact, FactId, Slot, settled, still_ended
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import Progress
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import BankScope, FactPolicy, Memory, MemoryState, Metadata
from memsvc.domain.operations import (
    Effect,
    NewOperation,
    OperationKind,
    link_effect,
    state_effect,
)
from memsvc.ports import Clock
from memsvc.services.organising.fuse_facts import fuse_slots
from memsvc.services.organising.stage import scope_of
from memsvc.services.organising.windows import AttemptLostError
from memsvc.services.run_job import JobContext
from memsvc.store.audit import AuditEvent
from memsvc.store.organising import NoteSource
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction

_ACTOR = "facts"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactStage:
    """Reads each text once; settles the slots that it bears on, whatever came in which order."""

    store: Store
    clock: Clock
    page: int = 50

    @property
    def name(self) -> str:
        """What callers call it."""
        return "facts"

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many memories and slots it would look at now."""
        return await tx.facts.count_todo(bank_id)

    async def run(self, context: JobContext) -> None:
        """Read page after page, then settle what sources that came or went left behind."""
        scope = scope_of(context.job)
        async with self.store.read(scope.tenant_id) as tx:
            total = await tx.facts.count_todo(scope.bank_id)
        done = 0
        while True:
            sources, slots = await self._next(scope)
            if not sources and not slots:
                return
            claims = {each.memory_id: await _claims(each) for each in sources}
            async with self.store.write(scope.tenant_id) as tx:
                is_ours = await tx.jobs.hold(context.job)
                if is_ours:
                    counts = await self._apply(tx, scope.bank_id, sources, claims, slots)
                    await tx.jobs.count(context.job, counts)
            done += len(sources) or len(slots)
            # Of a lost attempt, whoever keeps the job's state ends it here.
            await context.report_progress(Progress(done=done, total=max(total, done)))
            if not is_ours:
                raise AttemptLostError

    async def _next(self, scope: BankScope) -> tuple[Sequence[NoteSource], Sequence[Slot]]:
        async with self.store.read(scope.tenant_id) as tx:
            ids = await tx.facts.unread(scope.bank_id, self.page)
            if not ids:
                return [], await tx.facts.stale_slots(scope.bank_id, self.page)
            found = await tx.organising.sources(scope.bank_id, ids)
            return [found[each] for each in ids if each in found], []

    async def _apply(
        self,
        tx: WriteTransaction,
        bank_id: BankId,
        sources: Sequence[NoteSource],
        claims: Mapping[MemoryId, list[Claim]],
        slots: Sequence[Slot],
    ) -> Mapping[str, int]:
        """Keep what is as it was read, and settle."""
        await tx.banks.lock(bank_id)  # one that is being deleted gets nothing more
        await tx.facts.lock(bank_id)
        now = await tx.organising.lock(bank_id, [each.memory_id for each in sources])
        versions = {
            each.memory_id: each.version
            for each in sources
            if each.memory_id in now
            and now[each.memory_id].version == each.version
            and now[each.memory_id].state is MemoryState.ACTIVE
        }
        kept = {each: some for each, some in claims.items() if each in versions}
        touched = await tx.facts.replace(bank_id, versions, kept) | set(slots)
        ended, reinstated = await _settle(tx, bank_id, touched, self.clock.now())
        return {
            "read": len(versions),
            "facts": sum(map(len, kept.values())),
            "superseded": ended,
            "reinstated": reinstated,
        }


async def _claims(source: NoteSource) -> list[Claim]:
    await asyncio.sleep(0)  # requests go first
    return claims_of(source.text, source.occurred_at, source.speaker)


async def _settle(
    tx: WriteTransaction, bank_id: BankId, slots: set[Slot], now: datetime
) -> tuple[int, int]:
    """Give every fact of the slots the end it has now; return how many ended and hold again."""
    facts = await tx.facts.of_slots(bank_id, slots)
    undone = await tx.facts.undone(bank_id, [each.id for each in facts])
    policy = await tx.facts.policy(bank_id)
    endings = settled(facts, undone, policy)
    await tx.facts.mark_settled(bank_id, facts)
    await _end(tx, bank_id, facts, endings, policy)
    bank = await tx.banks.resolve(str(bank_id))
    freed = await fuse_slots(tx, bank, now, slots, policy)
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
    ids = sorted({each.fact.memory_id for each in endings})
    await tx.organising.lock(bank_id, ids)
    memories = dict(await tx.memories.fetch(bank_id, ids))
    of_them = await tx.facts.of_memories(bank_id, ids)
    ended = still_ended(of_them, endings)
    by_id = {each.id: each for each in facts}
    for ending in endings:
        memory = memories[ending.fact.memory_id]
        siblings = [each for each in of_them if each.memory_id == memory.id]
        # What is fused instead is not superseded.
        is_ended = ended[memory.id] and policy is FactPolicy.SUPERSEDE
        effects = [
            ending.effect,
            *await _relinked(tx, bank_id, ending, by_id),
            *await _moved(tx, bank_id, memory, siblings, is_ended=is_ended),
        ]
        await tx.facts.end(bank_id, [ending.effect])
        await _record(tx, bank_id, ending, effects)
        memories |= await tx.memories.fetch(bank_id, [memory.id])


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
        says_more = len(facts) != 1 or not says_only(memory.text, memory.occurred_at)
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
