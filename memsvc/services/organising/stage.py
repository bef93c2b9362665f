"""Organising a bank: window after window, until nothing waits; others go on with each."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, Protocol
from uuid import UUID

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.jobs import Job, Progress
from memsvc.domain.memory import BankScope
from memsvc.domain.organising.cutting import Waiting, WindowBounds, cut_windows
from memsvc.errors import BankNotFoundError
from memsvc.services.organising.gathering import BankMeasures
from memsvc.services.organising.refusals import Refusals, WindowEnd
from memsvc.services.organising.windows import AttemptLostError, OrganiseWindow
from memsvc.services.run_job import JobContext
from memsvc.settings import OrganiseSettings
from memsvc.store.organising import NoteSource
from memsvc.store.transactions import ReadTransaction, Store

_WINDOWS_READ = 20


class Follower(Protocol):
    """A stage that goes on with memories as soon as they were organised."""

    async def follow(self, context: JobContext, memory_ids: Sequence[MemoryId]) -> None:
        """Look at these memories, as far as it has not; bears repetition."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganiseStage:
    """Notes, links and evolution; the first stage of consolidating."""

    store: Store
    window: OrganiseWindow
    settings: OrganiseSettings

    @property
    def name(self) -> str:
        """What callers call it."""
        return "organise"

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many memories it would organise now."""
        return await tx.organising.count_ready(bank_id)

    async def run(self, context: JobContext, followers: Sequence[Follower] = ()) -> None:
        """Organise what waits, oldest first; what is stored stays stored.

        The followers look at the memories of a window before the next one is organised.
        """
        scope = scope_of(context.job)
        async with self.store.read(scope.tenant_id) as tx:
            total = await tx.organising.count_ready(scope.bank_id)
        if not total:
            return
        measures = await self.window.gathering.measure(scope)
        done, after = 0, None
        refusals = Refusals()
        while batch := await self._next(scope, after):
            for some in self._portions(batch):
                refusals.note(await self._organise(context, measures, some))
                refusals.raise_if_of_everything()
                done += sum(map(len, some))
                so_far = Progress(done=done, total=max(total, done))
                await context.report_progress(so_far)
                ids = [each.memory_id for window in some for each in window]
                await self._follow(context, so_far, followers, ids)
            after = batch[-1].memory_id

    async def retry(
        self,
        context: JobContext,
        memory_ids: Sequence[MemoryId],
        followers: Sequence[Follower] = (),
    ) -> None:
        """Organise exactly these; raises what stands in the way."""
        scope = scope_of(context.job)
        measures = await self.window.gathering.measure(scope)
        async with self.store.read(scope.tenant_id) as tx:
            found = await tx.organising.sources(scope.bank_id, memory_ids)
        sources = [found[each] for each in memory_ids if each in found]
        of_users: dict[str | None, list[NoteSource]] = {}
        for each in sources:
            of_users.setdefault(each.user_id, []).append(each)
        try:
            for some in of_users.values():
                await self.window(context.job, measures, some)
        except AttemptLostError as error:
            await leave(context, error)
        done = Progress(done=len(sources), total=len(sources))
        await context.report_progress(done)
        await self._follow(context, done, followers, [each.memory_id for each in sources])

    async def _next(self, scope: BankScope, after: MemoryId | None) -> list[NoteSource]:
        limit = _WINDOWS_READ * self.settings.window_items
        async with self.store.read(scope.tenant_id) as tx:
            return await tx.organising.waiting(scope.bank_id, after=after, limit=limit)

    def _portions(self, batch: Sequence[NoteSource]) -> list[list[list[NoteSource]]]:
        """Return the batch in windows, and these in portions that are worked on at once."""
        bounds = WindowBounds(
            items=self.settings.window_items, characters=self.settings.window_characters
        )
        waiting = [
            Waiting(
                key=each,
                # A window is of one user: what one says is never shown among another's words.
                source=(each.user_id, each.episode_id or each.source),
                characters=len(each.text),
            )
            for each in batch
        ]
        windows = cut_windows(waiting, bounds)
        size = self.settings.windows_at_once
        return [windows[start : start + size] for start in range(0, len(windows), size)]

    async def _organise(
        self, context: JobContext, measures: BankMeasures, windows: Sequence[Sequence[NoteSource]]
    ) -> list[WindowEnd]:
        """Organise some windows side by side."""
        await self.window.gathering.courtesy.turn()
        started = time.monotonic()
        outcomes = await asyncio.gather(
            *(self.window.or_set_aside(context.job, measures, each) for each in windows),
            return_exceptions=True,  # each window comes to its own end before one of them is raised
        )
        ends = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                await leave(context, outcome)
            else:
                ends.append(outcome)
        await self._pause(started)
        return ends

    async def _follow(
        self,
        context: JobContext,
        progress: Progress,
        followers: Sequence[Follower],
        memory_ids: Sequence[MemoryId],
    ) -> None:
        """Have the followers look at the memories; the job's progress stays that of organising."""
        started = time.monotonic()
        behind = replace(context, report_progress=lambda _: context.report_progress(progress))
        for each in followers:
            await each.follow(behind, memory_ids)
        await self._pause(started)

    async def _pause(self, started: float) -> None:
        """Leave others their share of the time."""
        took_s = time.monotonic() - started
        await asyncio.sleep(took_s * (1 / self.settings.working_share - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Organise:
    """The job that writes cause, and the one that tries again what was set aside."""

    stage: OrganiseStage
    followers: Sequence[Follower] = ()

    async def __call__(self, context: JobContext) -> None:
        """Organise the memories that the job names, or all that wait."""
        named = context.job.payload.get("memory_ids")
        if isinstance(named, Sequence) and not isinstance(named, str):
            ids = [MemoryId(UUID(str(each))) for each in named]
            await self.stage.retry(context, ids, self.followers)
        else:
            await self.stage.run(context, self.followers)


def scope_of(job: Job) -> BankScope:
    """Return the scope of a job's bank; raises ``BankNotFoundError``."""
    if job.bank_id is None:
        raise BankNotFoundError
    return BankScope(tenant_id=job.tenant_id, bank_id=job.bank_id)


async def leave(context: JobContext, error: BaseException) -> NoReturn:
    """End the handler by what stands in the way; a lost attempt where its state is kept."""
    if isinstance(error, AttemptLostError):
        # Whoever keeps the job's state knows why it is no longer ours, and ends the attempt there.
        await context.report_progress(context.job.progress or Progress(done=0, total=0))
    raise error
