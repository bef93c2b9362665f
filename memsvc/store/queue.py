"""Carrying jobs: how a row of ``jobs`` reaches a worker, in the transaction that writes it.

The ``jobs`` table is what users see. procrastinate's own table holds carriers, each of them a
message "run this job" that is gone once it has been delivered. A carrier holds ids only.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.types import JSONDict

from memsvc.domain.identifiers import JobId, TenantId
from memsvc.domain.jobs import Job, JobKind

QUEUE = "memsvc"
# Not to be renamed: carriers that older versions have left are waiting under these names.
RUN_JOB = "memsvc.run_job"
WAKE_JOB = "memsvc.wake_job"


_ORGANISING = frozenset({JobKind.ORGANISE, JobKind.CONSOLIDATE, JobKind.THINK, JobKind.STAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A carrier that has reached a worker."""

    job_id: JobId
    tenant_id: TenantId
    after_attempts: int
    """How many attempts the job had seen when it was carried; tells late carriers from due ones."""
    cut_short: int = 0
    """How often this carrier was delivered before without its attempt coming to an end."""


class JobCarrier:
    """Puts carriers into the queue, on the connection of the transaction that causes them.

    No carrier has a queueing lock, so none can collide with another while it is inserted and
    abort the caller's transaction. What a lock serialises is running: jobs of one bank take turns.
    """

    def __init__(self) -> None:
        # Never opened: it builds statements, and the caller's connection executes them.
        self._app = App(connector=PsycopgConnector())

    async def carry(
        self, connection: psycopg.AsyncConnection[Any], job: Job, *, at: datetime | None = None
    ) -> None:
        """Have the job run once the caller's transaction commits, not before ``at``."""
        arguments: JSONDict = {
            "job_id": str(job.id),
            "tenant_id": str(job.tenant_id),
            "after_attempts": job.attempts,
        }
        lock = lock_of(job)
        if at is None:
            message = self._app.configure_task(
                RUN_JOB, queue=QUEUE, lock=lock, connection=connection
            )
            await message.defer_async(**arguments)
        else:
            # It waits without its lock, which would hold up every later job of the bank.
            message = self._app.configure_task(
                WAKE_JOB, queue=QUEUE, schedule_at=at, connection=connection
            )
            await message.defer_async(**arguments, lock=lock)


def lock_of(job: Job) -> str:
    """Return the key whose holders never run at the same time."""
    if job.kind is JobKind.REEMBED_BANK:
        # It takes hours for a large bank, and new memories must not wait for it to get vectors.
        return f"reembed:{job.bank_id}"
    if job.kind in _ORGANISING:
        # They ask a language model for hours, and take turns with each other only.
        return f"organise:{job.bank_id}"
    return f"job:{job.id}" if job.bank_id is None else f"bank:{job.bank_id}"
