"""Jobs as users see them: adding, listing, and the life of each attempt.

Every change of an attempt names the attempt it belongs to, so that a worker that was taken for
dead and comes back cannot overwrite what its successor has done.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, text, update
from sqlalchemy.sql.dml import ReturningUpdate

from memsvc.domain.attempts import Ending
from memsvc.domain.identifiers import BankId, JobId, TenantId, uuid7
from memsvc.domain.jobs import (
    CANCELLABLE_KINDS,
    OPEN_STATES,
    RETRYABLE_STATES,
    Job,
    JobKind,
    JobState,
    NewJob,
    Progress,
)
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.errors import IllegalTransitionError, InvalidRequestError, JobNotFoundError
from memsvc.store import tables as t
from memsvc.store.queue import Delivery, JobCarrier
from memsvc.store.session import Session

_NOT_BEGUN = (JobState.QUEUED, JobState.WAITING_PROVIDER)


class JobReader:
    """Looks jobs up, inside one tenant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, job_id: JobId) -> Job:
        """Return the job; raises ``JobNotFoundError``."""
        statement = select(t.jobs).where(*self._named(job_id))
        row = (await self._session.connection.execute(statement)).one_or_none()
        if row is None:
            raise JobNotFoundError(job=str(job_id))
        return _to_job(row)

    async def list(
        self,
        request: PageRequest,
        *,
        state: JobState | None = None,
        kind: JobKind | None = None,
        bank_id: BankId | None = None,
    ) -> Page[Job]:
        """Return jobs, newest first."""
        columns = t.jobs.c
        restrictions = {columns.state: state, columns.kind: kind, columns.bank_id: bank_id}
        statement = select(t.jobs).where(
            columns.tenant_id == self._session.tenant_id,
            *(column == value for column, value in restrictions.items() if value is not None),
        )
        if request.cursor is not None:
            statement = statement.where(columns.job_id < _parse_cursor(request.cursor))
        statement = statement.order_by(columns.job_id.desc()).limit(request.limit + 1)
        found = [_to_job(row) for row in await self._session.connection.execute(statement)]
        return cut_page(found, request, [str(job.id) for job in found])

    async def find_open(self, kind: JobKind, bank_id: BankId) -> Job | None:
        """Return a job of this kind and bank that is not over yet."""
        statement = (
            select(t.jobs)
            .where(
                t.jobs.c.tenant_id == self._session.tenant_id,
                t.jobs.c.bank_id == bank_id,
                t.jobs.c.kind == kind,
                t.jobs.c.state.in_(OPEN_STATES),
            )
            .limit(1)
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        return None if row is None else _to_job(row)

    async def counts(self) -> Mapping[JobState, int]:
        """Return how many jobs stand in each state; states without jobs are left out."""
        statement = (
            select(t.jobs.c.state, func.count())
            .where(t.jobs.c.tenant_id == self._session.tenant_id)
            .group_by(t.jobs.c.state)
        )
        rows = await self._session.connection.execute(statement)
        return {JobState(state): count for state, count in rows}

    async def live_workers(self, silent_for_s: float) -> int:
        """Return how many workers of any process were heard of in the last seconds."""
        statement = text(
            "SELECT count(*) FROM procrastinate_workers"
            " WHERE last_heartbeat > now() - make_interval(secs => :silent_for_s)"
        )
        result = await self._session.connection.execute(statement, {"silent_for_s": silent_for_s})
        return int(result.scalar_one())

    def _named(self, job_id: JobId) -> tuple[ColumnElement[bool], ...]:
        return (t.jobs.c.tenant_id == self._session.tenant_id, t.jobs.c.job_id == job_id)


class JobWriter(JobReader):
    """Adds jobs and records what becomes of them."""

    def __init__(self, session: Session, carrier: JobCarrier) -> None:
        super().__init__(session)
        self._carrier = carrier

    async def add(self, new: NewJob, *, after_s: float = 0.0) -> Job:
        """Add a job that runs once this transaction has committed, or ``after_s`` later."""
        job = await self._insert(new, JobState.QUEUED)
        at = self._session.clock.now() + timedelta(seconds=after_s) if after_s else None
        await self._carrier.carry(await self._session.driver(), job, at=at)
        return job

    async def set_aside(self, new: NewJob, reason: str) -> Job:
        """Add a job that waits for a person, who may have it tried again."""
        return await self._insert(new, JobState.NEEDS_REVIEW, reason)

    async def _insert(self, new: NewJob, state: JobState, reason: str | None = None) -> Job:
        now = self._session.clock.now()
        statement = (
            insert(t.jobs)
            .values(
                job_id=uuid7(now),
                tenant_id=self._session.tenant_id,
                bank_id=new.bank_id,
                kind=new.kind,
                state=state,
                reason=reason,
                attempts=0,
                payload=dict(new.payload or {}),
                created_at=now,
                finished_at=None if state in OPEN_STATES else now,
            )
            .returning(t.jobs)
        )
        return _to_job((await self._session.connection.execute(statement)).one())

    async def add_once(self, new: NewJob, *, after_s: float = 0.0) -> Job:
        """Add the job, or return an equal one that has yet to begin and so will do its work too.

        Call it last in the transaction: concurrent callers for the same work take turns.
        """
        return (
            await self._find_not_begun(new)
            or await self._find_not_begun_alone(new)
            or await self.add(new, after_s=after_s)
        )

    async def start(self, delivery: Delivery) -> Job | None:
        """Begin an attempt, or return ``None`` when the job is not for this carrier to run.

        A job that is still ``running`` lost its worker: carriers of one job, or one bank, are
        never delivered at the same time.
        """
        columns = t.jobs.c
        is_due = or_(
            columns.state.in_((JobState.QUEUED, JobState.RUNNING)),
            and_(
                columns.state == JobState.WAITING_PROVIDER,
                columns.attempts == delivery.after_attempts,
            ),
        )
        return await self._change(
            update(t.jobs)
            .where(*self._named(delivery.job_id), is_due)
            .values(
                state=JobState.RUNNING,
                reason=None,
                attempts=columns.attempts + 1,
                started_at=self._session.clock.now(),
                finished_at=None,
            )
            .returning(t.jobs)
        )

    async def report_progress(self, job: Job, progress: Progress) -> bool:
        """Record how far the attempt is; false when it is no longer the job's attempt."""
        return await self._change_attempt(job, done=progress.done, total=progress.total)

    async def hold(self, job: Job) -> bool:
        """Lock the job's row if the attempt is still the job's; false when it is not.

        What is written in the same transaction then counts once, whoever else takes itself for
        the job's worker.
        """
        statement = (
            select(t.jobs.c.job_id)
            .where(
                *self._named(job.id),
                t.jobs.c.state == JobState.RUNNING,
                t.jobs.c.attempts == job.attempts,
            )
            .with_for_update()
        )
        return await self._session.connection.scalar(statement) is not None

    async def count(self, job: Job, counts: Mapping[str, int]) -> Mapping[str, int]:
        """Add to what a held job has done; return the sums."""
        statement = select(t.jobs.c.counts).where(*self._named(job.id))
        sums = dict(await self._session.connection.scalar(statement) or {})
        for name, number in counts.items():
            sums[name] = sums.get(name, 0) + number
        await self._change_attempt(job, counts=sums)
        return sums

    async def end_attempt(self, job: Job, ending: Ending) -> bool:
        """Leave the attempt as ``ending`` says; false when it is no longer the job's attempt."""
        now = self._session.clock.now()
        finished_at = None if ending.state in OPEN_STATES else now
        changed = await self._change_attempt(
            job, state=ending.state, reason=ending.reason, finished_at=finished_at
        )
        if changed and ending.again_after_s is not None:
            at = now + timedelta(seconds=ending.again_after_s)
            await self._carrier.carry(await self._session.driver(), job, at=at)
        return changed

    async def retry(self, job_id: JobId) -> Job:
        """Queue a job that stopped or waits; raises ``IllegalTransitionError`` for any other."""
        queued = await self._change(
            update(t.jobs)
            .where(*self._named(job_id), t.jobs.c.state.in_(RETRYABLE_STATES))
            .values(state=JobState.QUEUED, reason=None, finished_at=None)
            .returning(t.jobs)
        )
        if queued is None:
            job = await self.get(job_id)
            raise IllegalTransitionError(
                f"A job that is {job.state} cannot be retried.", job=str(job_id), state=job.state
            )
        await self._carrier.carry(await self._session.driver(), queued)
        return queued

    async def cancel(self, job_id: JobId) -> Job:
        """End an open job that may be given up; a running one learns of it at its next step.

        Raises ``IllegalTransitionError`` for one that is over, or leaves things half done.
        """
        cancelled = await self._change(
            update(t.jobs)
            .where(
                *self._named(job_id),
                t.jobs.c.state.in_(OPEN_STATES),
                t.jobs.c.kind.in_(CANCELLABLE_KINDS),
            )
            .values(
                state=JobState.CANCELLED,
                reason="It was cancelled by a caller.",
                finished_at=self._session.clock.now(),
            )
            .returning(t.jobs)
        )
        if cancelled is None:
            job = await self.get(job_id)
            raise IllegalTransitionError(
                f"A job of kind {job.kind} that is {job.state} cannot be cancelled.",
                job=str(job_id),
                state=job.state,
            )
        return cancelled

    async def cancel_for_bank(self, bank_id: BankId) -> int:
        """Cancel the bank's open jobs and return how many; a running one learns of it."""
        result = await self._session.connection.execute(
            update(t.jobs)
            .where(
                t.jobs.c.tenant_id == self._session.tenant_id,
                t.jobs.c.bank_id == bank_id,
                t.jobs.c.state.in_(OPEN_STATES),
            )
            .values(
                state=JobState.CANCELLED,
                reason="Its bank was deleted.",
                finished_at=self._session.clock.now(),
            )
        )
        return result.rowcount

    async def cancel_set_aside(self, kind: JobKind, bank_id: BankId) -> int:
        """Cancel jobs that wait for a person, since another one does their work."""
        result = await self._session.connection.execute(
            update(t.jobs)
            .where(
                t.jobs.c.tenant_id == self._session.tenant_id,
                t.jobs.c.bank_id == bank_id,
                t.jobs.c.kind == kind,
                t.jobs.c.state.in_((JobState.NEEDS_REVIEW, JobState.FAILED)),
            )
            .values(state=JobState.CANCELLED, reason="Another job took its work up.")
        )
        return result.rowcount

    async def _find_not_begun(self, new: NewJob) -> Job | None:
        # The share lock keeps the job from beginning before this transaction has committed:
        # otherwise it could read its work, without what is written here, and then be done.
        statement = (
            select(t.jobs)
            .where(
                t.jobs.c.tenant_id == self._session.tenant_id,
                t.jobs.c.bank_id.is_not_distinct_from(new.bank_id),
                t.jobs.c.kind == new.kind,
                t.jobs.c.state.in_(_NOT_BEGUN),
                t.jobs.c.payload == dict(new.payload or {}),
            )
            .order_by(t.jobs.c.job_id)
            .limit(1)
            .with_for_update(read=True)
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        return None if row is None else _to_job(row)

    async def _find_not_begun_alone(self, new: NewJob) -> Job | None:
        """Look again once no concurrent transaction can be adding the same job."""
        payload = json.dumps(new.payload or {}, sort_keys=True)
        work = f"{self._session.tenant_id} {new.bank_id} {new.kind} {payload}"
        await self._session.connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(work, 0)))
        )
        return await self._find_not_begun(new)

    async def _change(self, statement: ReturningUpdate[Any]) -> Job | None:
        row = (await self._session.connection.execute(statement)).one_or_none()
        return None if row is None else _to_job(row)

    async def _change_attempt(self, job: Job, **values: object) -> bool:
        result = await self._session.connection.execute(
            update(t.jobs)
            .where(
                *self._named(job.id),
                t.jobs.c.state == JobState.RUNNING,
                t.jobs.c.attempts == job.attempts,
            )
            .values(**values)
        )
        return result.rowcount == 1


def _parse_cursor(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidRequestError("The cursor is not one this listing gave out.") from error


def _to_job(row: Row[Any]) -> Job:
    return Job(
        id=JobId(row.job_id),
        tenant_id=TenantId(row.tenant_id),
        bank_id=None if row.bank_id is None else BankId(row.bank_id),
        kind=JobKind(row.kind),
        state=JobState(row.state),
        reason=row.reason,
        attempts=row.attempts,
        progress=None if row.total is None else Progress(done=row.done, total=row.total),
        payload=row.payload,
        counts=row.counts or {},
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
