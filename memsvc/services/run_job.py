"""One attempt at a job: begin, work, and record what became of it, each in its own transaction."""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from memsvc.domain.attempts import (
    INTERRUPTED,
    SUCCEEDED,
    Ending,
    RetryPolicy,
    cut_short_too_often,
    ending_of,
)
from memsvc.domain.jobs import Job, JobKind, JobState, Progress
from memsvc.errors import ConfigurationError, DatabaseUnavailableError
from memsvc.store.queue import Delivery
from memsvc.store.transactions import Store
from memsvc.telemetry import JOBS

_log = structlog.get_logger(__name__)

_FRAMES_LOGGED = 5
_LOOK_EVERY_S = 1.0
"""How soon a handler that is waiting for something learns that its job was cancelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobContext:
    """What a handler works with."""

    job: Job
    report_progress: Callable[[Progress], Awaitable[None]]
    """Shows users how far it is; stops the handler once the job is no longer this attempt's."""
    is_cancelled: Callable[[], Awaitable[bool]]
    """Whether the work has become pointless: the job was cancelled or begun anew elsewhere."""


class JobHandler(Protocol):
    """Does one kind of job. It may be interrupted and run again: its steps must bear repetition."""

    async def __call__(self, context: JobContext, /) -> None:
        """Return when the job is done; an error decides how it goes on (``domain.attempts``)."""
        ...


class RunJob:
    """Runs the job that a carrier names, if it is still to be run."""

    def __init__(
        self, store: Store, handlers: Mapping[JobKind, JobHandler], policy: RetryPolicy
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._policy = policy

    async def __call__(self, delivery: Delivery) -> None:
        """Make one attempt; returns once its end is recorded.

        Raises only when the database does, or when cancelled: the queue then delivers again.
        """
        job = await self._begin(delivery)
        if job is None:
            return
        ids = {"job_id": str(job.id), "tenant_id": str(job.tenant_id), "job_kind": job.kind.value}
        with structlog.contextvars.bound_contextvars(**ids, attempt=job.attempts):
            _note_entered(job.kind, JobState.RUNNING)
            _log.info("job.started", bank_id=job.bank_id and str(job.bank_id))
            if delivery.cut_short >= self._policy.most_deliveries:
                await self._end(job, cut_short_too_often(delivery.cut_short))
            else:
                await self._attempt(job)

    async def _begin(self, delivery: Delivery) -> Job | None:
        async with self._store.write(delivery.tenant_id) as tx:
            return await tx.jobs.start(delivery)

    async def _attempt(self, job: Job) -> None:
        started = time.perf_counter()
        try:
            await self._handle(job)
        except asyncio.CancelledError:
            await self._end(job, INTERRUPTED)
            raise
        except _AttemptSupersededError:
            _log.info("job.abandoned")
            return
        except Exception as error:  # noqa: BLE001 — the edge: every error becomes a state
            ending = ending_of(error, job.attempts, self._policy)
            details = {"error": type(error).__name__, "where": _frames(error)}
        else:
            ending, details = SUCCEEDED, {}
        took_ms = round((time.perf_counter() - started) * 1000)
        await self._end(job, ending, took_ms=took_ms, **details)

    async def _handle(self, job: Job) -> None:
        handler = self._handlers.get(job.kind)
        if handler is None:
            raise ConfigurationError(f"This version cannot run jobs of kind {job.kind}.")
        context = JobContext(
            job=job,
            report_progress=lambda progress: self._report_progress(job, progress),
            is_cancelled=lambda: self._is_cancelled(job),
        )
        await self._unless_cancelled(job, handler(context))

    async def _unless_cancelled(self, job: Job, work: Awaitable[None]) -> None:
        """Do the work; leave it, in the middle of a model's answer too, once somebody cancels it.

        Every step of a handler is one transaction, so that leaving it leaves nothing half done.
        """
        working = asyncio.ensure_future(work)
        watching = asyncio.create_task(self._until_cancelled(job))
        try:
            await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                await watching
                raise _AttemptSupersededError
            await working
        finally:
            working.cancel()
            watching.cancel()
            await asyncio.gather(working, watching, return_exceptions=True)

    async def _until_cancelled(self, job: Job) -> None:
        """Return once the job's state is ``cancelled``."""
        state = JobState.RUNNING
        while state is not JobState.CANCELLED:
            await asyncio.sleep(_LOOK_EVERY_S)
            with suppress(DatabaseUnavailableError):  # the handler finds that out by itself
                async with self._store.read(job.tenant_id) as tx:
                    state = (await tx.jobs.get(job.id)).state

    async def _report_progress(self, job: Job, progress: Progress) -> None:
        async with self._store.write(job.tenant_id) as tx:
            if not await tx.jobs.report_progress(job, progress):
                raise _AttemptSupersededError

    async def _is_cancelled(self, job: Job) -> bool:
        async with self._store.read(job.tenant_id) as tx:
            now = await tx.jobs.get(job.id)
        return now.state is not JobState.RUNNING or now.attempts != job.attempts

    async def _end(self, job: Job, ending: Ending, **details: object) -> None:
        async with self._store.write(job.tenant_id) as tx:
            is_ours = await tx.jobs.end_attempt(job, ending)
        if not is_ours:
            _log.info("job.abandoned")
            return
        _note_entered(job.kind, ending.state)
        log = _log.error if ending.state is JobState.FAILED else _log.info
        log(f"job.{_EVENTS[ending.state]}", **details)


class _AttemptSupersededError(Exception):
    """The job was cancelled, or another worker has begun it anew."""


_EVENTS: Mapping[JobState, str] = {
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.NEEDS_REVIEW: "set_aside",
    JobState.WAITING_PROVIDER: "postponed",
    JobState.QUEUED: "requeued",
}


def _note_entered(kind: JobKind, state: JobState) -> None:
    JOBS.labels(kind=kind.value, state=state.value).inc()


def _frames(error: Exception) -> list[str]:
    """Return where it was raised; its message is left out, since it may quote what was stored."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_LOGGED:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
