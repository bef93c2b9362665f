"""procrastinate's application: its tasks, and its statements made to get along with ours."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job as Carrier
from procrastinate.jobs import Status
from procrastinate.manager import JobManager
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from memsvc.domain.identifiers import JobId, TenantId
from memsvc.store.queue import QUEUE, RUN_JOB, WAKE_JOB, Delivery

_log = structlog.get_logger(__name__)

Execute = Callable[[Delivery], Awaitable[None]]

_FETCHES = 3
_LONGEST_REDELIVERY_PAUSE_S = 60

_WAKE_WORKERS = """
    SELECT pg_notify(
        'procrastinate_queue_v1#' || %(queue)s, '{"type": "job_inserted", "job_id": 0}'
    )
"""

_RETURN_STALLED = """
    WITH stalled AS (
        SELECT job.id
        FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker
          ON worker.id = job.worker_id
        WHERE job.status = 'doing' AND job.queue_name = %(queue)s
          AND (worker.id IS NULL
               OR worker.last_heartbeat < now() - make_interval(secs => %(silent_for_s)s))
        FOR UPDATE OF job SKIP LOCKED
    )
    SELECT id, procrastinate_retry_job_v2(id, NULL, NULL, NULL, NULL) FROM stalled
"""
"""Finding and returning are one statement: two patrols never return the same carrier twice, the
second time from under the worker that has just begun it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Something to be done at set times, by one of however many workers there are."""

    name: str
    cron: str
    """Five fields, or six with seconds last."""
    run: Callable[[], Awaitable[None]]


class Carriers(JobManager):
    """procrastinate's statements, made to get along with many jobs of one lock."""

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Carrier | None:
        """Take a carrier; that another worker has just taken its lock is no error.

        Ids are drawn before transactions commit, so two workers can see different carriers as the
        first of their lock; the unique index on running locks then stops one of them.
        """
        for _ in range(_FETCHES):
            with suppress(UniqueViolation):
                return await super().fetch_job(queues, worker_id)
        return None

    async def finish_job(self, job: Carrier, status: Status, delete_job: bool) -> None:
        """Finish a carrier, and have idle workers look for the next one of its lock."""
        await super().finish_job(job, status, delete_job)
        await self.connector.execute_query_async(_WAKE_WORKERS, queue=QUEUE)

    async def held_by(self, worker_id: int) -> list[Carrier]:
        """Return the carriers that the queue takes to be running at this worker."""
        doing = Status.DOING.value
        return list(await self.list_jobs_async(queue=QUEUE, status=doing, worker_id=worker_id))

    async def return_stalled(self, silent_for_s: float) -> int:
        """Queue again what workers hold that are gone or silent; return how many there were."""
        returned = await self.connector.execute_query_all_async(
            _RETURN_STALLED, queue=QUEUE, silent_for_s=silent_for_s
        )
        if returned:
            await self.connector.execute_query_async(_WAKE_WORKERS, queue=QUEUE)
        return len(returned)


def build_app(
    connector: PsycopgConnector, carriers: Carriers, execute: Execute, schedules: Sequence[Schedule]
) -> App:
    """Return an application that hands every carrier it is given to ``execute``."""
    app = App(connector=connector)
    app.job_manager = carriers

    @app.task(name=RUN_JOB, queue=QUEUE, pass_context=True, retry=_Redeliver())
    async def run_job(
        context: JobContext, *, job_id: str, tenant_id: str, after_attempts: int
    ) -> None:
        await execute(
            Delivery(
                job_id=JobId(UUID(job_id)),
                tenant_id=TenantId(UUID(tenant_id)),
                after_attempts=after_attempts,
                cut_short=context.job.attempts,
            )
        )

    @app.task(name=WAKE_JOB, queue=QUEUE, retry=_Redeliver())
    async def wake_job(*, lock: str, **arguments: str | int) -> None:
        await app.configure_task(RUN_JOB, queue=QUEUE, lock=lock).defer_async(**arguments)

    for schedule in schedules:
        _register(app, schedule)
    return app


def _register(app: App, schedule: Schedule) -> None:
    name = f"memsvc.schedule.{schedule.name}"

    async def take_turn(timestamp: int) -> None:
        _log.debug("schedule.begun", schedule=schedule.name, due=timestamp)
        try:
            await schedule.run()
        except Exception as error:  # noqa: BLE001 — the edge: the next turn tries again
            _log.error("schedule.failed", schedule=schedule.name, error=type(error).__name__)

    task = app.task(name=name, queue=QUEUE, lock=name)(take_turn)
    app.periodic(cron=schedule.cron, periodic_id=schedule.name)(task)


class _Redeliver(BaseRetryStrategy):
    """Delivers again what did not come to an end, its job's new state unrecorded."""

    def get_retry_decision(self, *, exception: BaseException, job: Carrier) -> RetryDecision:
        """At once after an interruption; else (the database failed) after a growing pause."""
        if isinstance(exception, asyncio.CancelledError):
            return RetryDecision()
        pause_s = min(2 ** min(job.attempts, 10), _LONGEST_REDELIVERY_PAUSE_S)
        return RetryDecision(retry_in={"seconds": pause_s})
