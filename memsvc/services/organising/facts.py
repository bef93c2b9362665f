"""The stage of consolidating that reads facts and settles which of them hold."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.extraction import claims_of
from memsvc.domain.facts.settling import Slot
from memsvc.domain.graph.entities import EntityId
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import Job, Progress
from memsvc.domain.memory import BankScope
from memsvc.services.courtesy import Courtesy
from memsvc.services.organising.stage import scope_of
from memsvc.services.organising.windows import AttemptLostError
from memsvc.services.run_job import JobContext
from memsvc.services.settling import settle_within
from memsvc.services.settling_facts import JOINED, RENAMED
from memsvc.store.carrying import READ_STATES
from memsvc.store.organising import NoteSource
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class FactStage:
    """Reads each text once; settles the slots that it bears on, whatever came in which order."""

    store: Store
    page: int = 50
    courtesy: Courtesy = field(default_factory=Courtesy)

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
        await self._work_off(context, total, None)

    async def follow(self, context: JobContext, memory_ids: Sequence[MemoryId]) -> None:
        """Read these memories and settle their slots; a large bank is not searched for others."""
        await self._work_off(context, len(memory_ids), memory_ids)

    async def _work_off(
        self, context: JobContext, total: int, only: Collection[MemoryId] | None
    ) -> None:
        scope, done = scope_of(context.job), 0
        while True:
            await self.courtesy.turn()
            sources, slots = await self._next(scope, only)
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

    async def _next(
        self, scope: BankScope, only: Collection[MemoryId] | None
    ) -> tuple[Sequence[NoteSource], Sequence[Slot]]:
        async with self.store.read(scope.tenant_id) as tx:
            ids = await tx.facts.unread(scope.bank_id, self.page, only)
            if not ids:
                is_all = only is None
                return [], await tx.facts.stale_slots(scope.bank_id, self.page) if is_all else []
            found = await tx.organising.sources(scope.bank_id, ids, READ_STATES)
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
            and now[each.memory_id].state in READ_STATES
        }
        kept = {each: some for each, some in claims.items() if each in versions}
        touched = await tx.facts.replace(bank_id, versions, kept) | set(slots)
        names = await tx.entities.resolved_names(bank_id)
        ended, reinstated = await settle_within(tx, bank_id, touched, names)
        return {
            "read": len(versions),
            "facts": sum(map(len, kept.values())),
            "superseded": ended,
            "reinstated": reinstated,
        }


class SettleFacts:
    """The job that settles what sources that came or went have left behind; it reads nothing new.

    What had been superseded by a memory that was archived or erased holds again, without anybody
    consolidating the bank.
    """

    def __init__(self, store: Store, *, page: int = 50) -> None:
        """Settle ``page`` slots in a transaction."""
        self._store = store
        self._page = page

    async def __call__(self, context: JobContext) -> None:
        """Return when nothing is left to settle."""
        scope = scope_of(context.job)
        joined = {MemoryId(each) for each in _named(context.job, JOINED)}
        renamed = {EntityId(each) for each in _named(context.job, RENAMED)}
        async with self._store.read(scope.tenant_id) as tx:
            slots = await tx.facts.slots_of(scope.bank_id, joined)
            names = await tx.entities.names_of(scope.bank_id, renamed)
            slots |= await tx.facts.slots_naming(scope.bank_id, names)
        if slots:
            await self._settle(context.job, slots, joined)
        while True:
            async with self._store.read(scope.tenant_id) as tx:
                stale = await tx.facts.stale_slots(scope.bank_id, self._page)
            if not stale:
                return
            await self._settle(context.job, set(stale), joined)

    async def _settle(self, job: Job, slots: set[Slot], joined: Collection[MemoryId]) -> None:
        scope = scope_of(job)
        async with self._store.write(scope.tenant_id) as tx:
            if not await tx.jobs.hold(job):
                raise AttemptLostError
            await tx.banks.lock(scope.bank_id)
            await tx.facts.lock(scope.bank_id)
            names = await tx.entities.resolved_names(scope.bank_id)
            ended, reinstated = await settle_within(tx, scope.bank_id, slots, names, joined)
            await tx.jobs.count(job, {"superseded": ended, "reinstated": reinstated})


def _named(job: Job, what: str) -> set[UUID]:
    """Return the ids of what was merged or parted, for which the job was queued."""
    named = job.payload.get(what)
    if not isinstance(named, Sequence) or isinstance(named, str):
        return set()
    return {UUID(str(each)) for each in named}


async def _claims(source: NoteSource) -> list[Claim]:
    await asyncio.sleep(0)  # requests go first
    return claims_of(source.text, source.occurred_at, source.speaker)
