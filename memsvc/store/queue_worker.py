"""Delivering carriers: procrastinate's worker, kept alive, with the jobs of dead workers given on.

Where procrastinate 3.10 needs help, and gets it here or in ``queue_app``:

* a worker that loses the database stops: it is started again;
* its heartbeat ends for good at the first failed connection: there is a second one;
* nothing looks for the carriers of dead workers: a patrol does;
* a carrier whose end could not be recorded keeps its lock as long as the worker lives: the patrol
  returns it;
* a lock that is freed wakes nobody, and jobs of one bank would start a poll apart: they are woken;
* two workers that take one lock at the same moment end the one that comes second: it looks on.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import structlog
from procrastinate import JobContext, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException
from procrastinate.worker import Worker
from sqlalchemy.engine.url import URL

from memsvc.settings import WorkerSettings
from memsvc.store.queue import QUEUE
from memsvc.store.queue_app import Carriers, Execute, Schedule, build_app
from memsvc.store.roles import RUNTIME_ROLE

_log = structlog.get_logger(__name__)

_CONNECT_TIMEOUT_S = 5.0
_RESTART_PAUSE_S = 2.0
_LOST = (ProcrastinateException, psycopg.Error, OSError)
"""What working without a database raises (a timeout is an ``OSError``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTiming:
    """How a worker paces itself; seconds."""

    concurrency: int = 2
    stalled_after_s: float = 30.0
    """A worker silent for this long is dead."""
    poll_s: float = 1.0
    """Covers what no notification announces: carriers that fall due, and lost notifications."""
    shutdown_grace_s: float = 10.0
    """What running jobs get at a stop, before they are interrupted and queued again."""

    @classmethod
    def of(cls, settings: WorkerSettings, shutdown_grace_s: float) -> "QueueTiming":
        """Return the timing that the settings ask for."""
        return cls(
            concurrency=settings.concurrency,
            stalled_after_s=settings.stalled_after_s,
            shutdown_grace_s=shutdown_grace_s,
        )

    @property
    def patrol_s(self) -> float:
        """How often a worker says that it lives, and looks for others that do not."""
        return self.stalled_after_s / 3

    @property
    def recovery_s(self) -> float:
        """The longest that a job of a killed worker waits before a free one runs it again."""
        return self.stalled_after_s + self.patrol_s + self.poll_s


class QueueWorker:
    """Hands carriers to ``execute`` until told to stop."""

    def __init__(
        self,
        url: URL,
        execute: Execute,
        *,
        timing: QueueTiming,
        schedules: Sequence[Schedule] = (),
    ) -> None:
        self._url = url
        self._execute = execute
        self._timing = timing
        self._schedules = schedules

    async def serve(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; a database that goes away is waited for."""
        while not stop.is_set():
            try:
                await self._work(stop)
            except* _LOST as errors:
                names = sorted({type(error).__name__ for error in errors.exceptions})
                _log.warning("worker.interrupted", errors=names)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _RESTART_PAUSE_S)

    async def _work(self, stop: asyncio.Event) -> None:
        connector = self._connector()
        carriers = Carriers(connector)
        app = build_app(connector, carriers, self._execute, self._schedules)
        deliveries = _Deliveries()
        worker = Worker(
            app,
            queues=[QUEUE],
            concurrency=self._timing.concurrency,
            fetch_job_polling_interval=self._timing.poll_s,
            shutdown_graceful_timeout=self._timing.shutdown_grace_s,
            delete_jobs="always",  # the jobs table keeps what is worth keeping
            install_signal_handlers=False,
            update_heartbeat_interval=self._timing.patrol_s,
            stalled_worker_timeout=self._timing.stalled_after_s,
            worker_middleware=[deliveries.track],
        )
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await app.open_async()
            async with asyncio.TaskGroup() as group:
                beside = [
                    group.create_task(_stop_when(stop, worker)),
                    group.create_task(self._patrol(carriers, worker, deliveries)),
                ]
                await worker.run()  # type: ignore[no-untyped-call]
                for task in beside:
                    task.cancel()
        finally:
            await app.close_async()

    def _connector(self) -> PsycopgConnector:
        return PsycopgConnector(
            conninfo=self._url.set(drivername="postgresql").render_as_string(hide_password=False),
            kwargs={
                "connect_timeout": round(_CONNECT_TIMEOUT_S),
                "application_name": "memsvc-worker",
                "prepare_threshold": None,
                "options": f"-c role={RUNTIME_ROLE} -c timezone=UTC",
            },
            min_size=1,
            max_size=self._timing.concurrency + 2,
            timeout=_CONNECT_TIMEOUT_S,
        )

    async def _patrol(self, carriers: Carriers, worker: Worker, deliveries: "_Deliveries") -> None:
        while True:
            try:
                if worker.worker_id is not None:
                    # First, lest a process that was suspended take itself for dead.
                    await carriers.update_heartbeat(worker.worker_id)
                    await _return_forgotten(carriers, worker.worker_id, deliveries)
                returned = await carriers.return_stalled(self._timing.stalled_after_s)
                if returned:
                    _log.warning("worker.stalled_jobs_returned", count=returned)
            except _LOST as error:
                _log.warning("worker.patrol_failed", error=type(error).__name__)
            await asyncio.sleep(self._timing.patrol_s)


@dataclass(slots=True)
class _Deliveries:
    """What this process is executing, to be held against what the queue believes it is."""

    active: set[int] = field(default_factory=set)
    missing: set[int] = field(default_factory=set)

    async def track(
        self, execute: Callable[[], Awaitable[Any]], context: JobContext, _worker: Worker
    ) -> object:
        """Stand around every delivery (procrastinate calls this a middleware)."""
        number = context.job.id or 0
        self.active.add(number)
        try:
            return await execute()
        finally:
            self.active.discard(number)

    def forgotten(self, believed: Iterable[int]) -> set[int]:
        """Return what is missing for the second time; once, it may have just begun or ended."""
        missing_now = set(believed) - self.active
        forgotten = missing_now & self.missing
        self.missing = missing_now - forgotten
        return forgotten


async def _return_forgotten(carriers: Carriers, worker_id: int, deliveries: _Deliveries) -> None:
    held = {carrier.id: carrier for carrier in await carriers.held_by(worker_id) if carrier.id}
    for number in deliveries.forgotten(held):
        await carriers.retry_job(held[number])
        _log.warning("worker.forgotten_job_returned")


async def _stop_when(stop: asyncio.Event, worker: Worker) -> None:
    await stop.wait()
    worker.stop()  # type: ignore[no-untyped-call]
