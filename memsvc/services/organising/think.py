"""Thinking about a bank: thoughts are inserted, then forgotten, then merged, page after page."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import Progress
from memsvc.domain.memory import ResolvedBank
from memsvc.domain.thoughts.records import ThinkStep
from memsvc.domain.thoughts.thinking import FoundThought, thoughts_of
from memsvc.ports import Clock
from memsvc.services.courtesy import Courtesy
from memsvc.services.organising.keep_thoughts import detach_unsaid, keep_found
from memsvc.services.organising.redundant_thoughts import read_page, repeated
from memsvc.services.organising.settle_thoughts import (
    forget_pairs,
    merge_frames,
    merge_heads,
    part_heads,
    settle_slots,
    stand_or_fall,
)
from memsvc.services.organising.stage import scope_of
from memsvc.services.organising.windows import AttemptLostError
from memsvc.services.run_job import JobContext
from memsvc.services.thinking import Scene
from memsvc.store.carrying import READ_STATES
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction

ACTOR = "think"
_FORGETTING = frozenset({ThinkStep.FORGET, ThinkStep.MERGE})
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run over a bank."""

    context: JobContext
    bank: ResolvedBank
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkStage:
    """Makes thoughts by rules, and keeps all of them in order, whoever has made them."""

    store: Store
    clock: Clock
    page: int = 50
    courtesy: Courtesy = field(default_factory=Courtesy)

    @property
    def name(self) -> str:
        """What callers call it."""
        return "think"

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many memories and thoughts it would look at now."""
        return await tx.thoughts.count_todo(bank_id)

    async def run(self, context: JobContext) -> None:
        """Carry out every step over the whole bank; a stopped job goes on where it was."""
        await self.run_steps(context, tuple(ThinkStep), None)

    async def follow(self, context: JobContext, memory_ids: Sequence[MemoryId]) -> None:
        """Make thoughts of these memories, then forget and merge."""
        await self.run_steps(context, tuple(ThinkStep), memory_ids)

    async def run_steps(
        self,
        context: JobContext,
        steps: Collection[ThinkStep],
        only: Collection[MemoryId] | None,
    ) -> None:
        """Carry out some steps, in their order; insert from ``only`` these memories.

        Whatever is merged, contradicted thoughts are forgotten before: a list made of both sides
        of a contradiction would say neither.
        """
        scope = scope_of(context.job)
        async with self.store.read(scope.tenant_id) as tx:
            bank = await tx.banks.resolve(str(scope.bank_id))
            total = await tx.thoughts.count_todo(scope.bank_id) if only is None else len(only)
        run = _Run(context=context, bank=bank, total=total)
        done = 0
        if ThinkStep.INSERT in steps:
            while ids := await self._unread(run, only):
                await self._insert(run, ids)
                done += len(ids)
                await context.report_progress(Progress(done=done, total=max(total, done)))
        if not _FORGETTING.isdisjoint(steps):
            await self._settle(run)
            await self._forget_repeated(run)
        if ThinkStep.MERGE in steps:
            await self._merge(run)
        await context.report_progress(Progress(done=max(total, done), total=max(total, done)))

    async def _unread(self, run: _Run, only: Collection[MemoryId] | None) -> Sequence[MemoryId]:
        async with self.store.read(run.bank.scope.tenant_id) as tx:
            return await tx.thoughts.unread(run.bank.scope.bank_id, self.page, only)

    async def _insert(self, run: _Run, ids: Sequence[MemoryId]) -> None:
        async with self.store.read(run.bank.scope.tenant_id) as tx:
            memories = await tx.memories.fetch(run.bank.scope.bank_id, ids)
        found: dict[MemoryId, list[FoundThought]] = {}
        for memory in memories.values():
            keys = memory.keys
            found[memory.id] = thoughts_of(
                memory.text, memory.occurred_at, memory.speaker, keys.user_id
            )
            await asyncio.sleep(0)  # requests go first

        async def work(tx: WriteTransaction, scene: Scene) -> Counts:
            now = await tx.organising.lock(scene.bank_id, ids)
            standing = [
                each
                for each in memories.values()
                if each.id in now
                and now[each.id].version == each.version
                and now[each.id].state in READ_STATES
            ]
            versions = {each.id: each.version for each in standing}
            # Before, as what is kept of one memory may have another of the page read again.
            await tx.thoughts.mark_read(scene.bank_id, versions)
            counts = {"thoughts_made": 0, "thoughts_confirmed": 0}
            for memory in standing:
                if memory.version > 1:
                    await detach_unsaid(tx, scene, memory, found[memory.id])
                for thought in found[memory.id]:
                    is_new = await keep_found(tx, scene, memory, thought)
                    counts["thoughts_made" if is_new else "thoughts_confirmed"] += 1
            return counts | {"read": len(versions)}

        await self._write(run, work)

    async def _settle(self, run: _Run) -> None:
        """Look at what came or went until all stands as its sources and slots have it."""
        is_done = False

        async def work(tx: WriteTransaction, scene: Scene) -> Counts:
            nonlocal is_done
            changed = await tx.thoughts.changed(scene.bank_id, self.page)
            if changed:
                return await stand_or_fall(tx, scene, changed)
            some = await tx.thoughts.unsettled(scene.bank_id, self.page)
            is_done = not some
            return await settle_slots(tx, scene, some)

        while not is_done:
            await self._write(run, work)

    async def _forget_repeated(self, run: _Run) -> None:
        """Forget conclusions that another thought repeats; groups bound what is compared."""
        scope = run.bank.scope
        while True:
            async with self.store.read(scope.tenant_id) as tx:
                page = await read_page(tx, run.bank, self.page)
            if not page.thoughts:
                return
            await self._write(run, page.keep_groups)
            async with self.store.read(scope.tenant_id) as tx:
                pairs = await repeated(tx, run.bank, page)
            if pairs:
                await self._write(run, partial(forget_pairs, pairs=pairs))

    async def _merge(self, run: _Run) -> None:
        scope, after = run.bank.scope, ""
        await self._write(run, part_heads)
        await self._write(run, merge_heads)
        while True:
            async with self.store.read(scope.tenant_id) as tx:
                frames = await tx.thoughts.frames(scope.bank_id, after, self.page)
            if not frames:
                return

            await self._write(run, partial(merge_frames, frames=frames))
            after = frames[-1]

    async def _write(
        self, run: _Run, work: Callable[[WriteTransaction, Scene], Awaitable[Counts]]
    ) -> None:
        """Do a part of the job in one transaction, which holds the job and the bank's thoughts."""
        context, bank_id = run.context, run.bank.scope.bank_id
        await self.courtesy.turn()
        scene = Scene(
            bank=run.bank,
            actor=ACTOR,
            now=self.clock.now(),
            details={"job": str(context.job.id)},
        )
        async with self.store.write(run.bank.scope.tenant_id) as tx:
            is_ours = await tx.jobs.hold(context.job)
            if is_ours:
                await tx.banks.lock(bank_id)  # one that is being deleted gets nothing more
                await tx.thoughts.lock(bank_id)
                counts = await work(tx, scene)
                done = {name: count for name, count in counts.items() if count}
                if done:
                    await tx.jobs.count(context.job, done)
        if not is_ours:
            # Of a lost attempt, whoever keeps the job's state ends it here.
            await context.report_progress(Progress(done=0, total=run.total))
            raise AttemptLostError


@dataclass(frozen=True, slots=True, kw_only=True)
class Think:
    """The job that callers ask for by itself."""

    stage: ThinkStage

    async def __call__(self, context: JobContext) -> None:
        """Carry out the steps that the job names, for the memories that it names, or all."""
        named, ids = context.job.payload.get("steps"), context.job.payload.get("memory_ids")
        steps = [ThinkStep(str(each)) for each in named] if isinstance(named, Sequence) else []
        only = [MemoryId(UUID(str(each))) for each in ids] if isinstance(ids, Sequence) else None
        await self.stage.run_steps(context, steps or list(ThinkStep), only)
