"""How jobs end and go on, run by a real worker."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from memsvc.domain.attempts import RetryPolicy
from memsvc.domain.identifiers import JobId
from memsvc.domain.jobs import JobKind, JobState, Progress
from memsvc.errors import BankNotFoundError, EmbedderUnavailableError, ModelMismatchError
from memsvc.services.run_job import JobContext, RunJob
from memsvc.store.queue import Delivery
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database
from tests.fixtures.jobs import (
    AT_ONCE,
    add_job,
    embed_job,
    get_job,
    in_state,
    new_bank,
    nothing_is_carried,
    until,
    working,
)

AN_HOUR = 3600.0


class Handler:
    """Fails as told, once for each error, then succeeds; notes every attempt."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.attempts: list[tuple[JobId, int]] = []

    async def __call__(self, context: JobContext) -> None:
        self.attempts.append((context.job.id, context.job.attempts))
        if self._errors:
            raise self._errors.pop(0)


async def test_a_job_succeeds_and_leaves_no_carrier(database: Database) -> None:
    async def handler(context: JobContext) -> None:
        await context.report_progress(Progress(done=1, total=1))

    async with working(database, handler):
        job = await in_state(database, (await add_job(database)).id, JobState.SUCCEEDED)
        await until(lambda: nothing_is_carried(database))

    assert (job.attempts, job.reason, job.progress) == (1, None, Progress(done=1, total=1))


async def test_a_job_runs_again_by_itself_when_its_provider_was_away(database: Database) -> None:
    """However long that takes: no attempt at it is one too many."""
    failures = 2 * AT_ONCE.most_attempts
    handler = Handler(*(EmbedderUnavailableError("No answer.") for _ in range(failures)))
    async with working(database, handler):
        job = await in_state(database, (await add_job(database)).id, JobState.SUCCEEDED)

    assert job.attempts == failures + 1


async def test_a_waiting_job_says_why_and_lets_its_bank_go_on(database: Database) -> None:
    policy = replace(AT_ONCE, provider_pause_s=AN_HOUR)
    bank_id = new_bank()
    handler = Handler(EmbedderUnavailableError("The model is away."))
    async with working(database, handler, policy=policy):
        waiting = await add_job(database, embed_job(bank_id))
        waiting = await in_state(database, waiting.id, JobState.WAITING_PROVIDER)
        await in_state(
            database, (await add_job(database, embed_job(bank_id))).id, JobState.SUCCEEDED
        )

    assert waiting.reason == "The model is away."
    assert waiting.finished_at is None
    assert (await get_job(database, waiting.id)).state is JobState.WAITING_PROVIDER


async def test_a_waiting_job_runs_at_once_when_somebody_retries_it(database: Database) -> None:
    policy = replace(AT_ONCE, provider_pause_s=AN_HOUR)
    async with working(database, Handler(EmbedderUnavailableError()), policy=policy):
        job = await add_job(database)
        await in_state(database, job.id, JobState.WAITING_PROVIDER)
        async with database.store.write(DEFAULT_TENANT) as tx:
            await tx.jobs.retry(job.id)
        job = await in_state(database, job.id, JobState.SUCCEEDED)

    assert job.attempts == 2


async def test_an_unforeseen_error_ends_the_job_after_some_attempts(database: Database) -> None:
    handler = Handler(*(ValueError("dear diary") for _ in range(9)))
    with capture_logs() as logs:
        async with working(database, handler):
            job = await in_state(database, (await add_job(database)).id, JobState.FAILED)

    assert job.attempts == AT_ONCE.most_attempts
    assert "ValueError" in (job.reason or "")
    (failure,) = (entry for entry in logs if entry["event"] == "job.failed")
    assert failure["error"] == "ValueError"
    assert any("__call__" in frame for frame in failure["where"])
    assert "diary" not in f"{logs}{job.reason}"


async def test_a_failed_job_can_be_retried_with_success(database: Database) -> None:
    async with working(database, Handler(BankNotFoundError())):
        job = await in_state(database, (await add_job(database)).id, JobState.FAILED)
        async with database.store.write(DEFAULT_TENANT) as tx:
            await tx.jobs.retry(job.id)
        job = await in_state(database, job.id, JobState.SUCCEEDED)

    assert job.reason is None


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (BankNotFoundError("It is gone."), JobState.FAILED),
        (ModelMismatchError("Another model."), JobState.NEEDS_REVIEW),
    ],
)
async def test_an_error_that_lasts_stops_the_job(
    database: Database, error: Exception, state: JobState
) -> None:
    async with working(database, Handler(error)):
        job = await in_state(database, (await add_job(database)).id, state)

    assert (job.attempts, job.reason) == (1, str(error))


async def test_a_job_nobody_can_run_is_set_aside(database: Database) -> None:
    job = await add_job(database)
    run_job = RunJob(database.store, {JobKind.DELETE_BANK: Handler()}, AT_ONCE)

    await run_job(Delivery(job_id=job.id, tenant_id=DEFAULT_TENANT, after_attempts=0))

    job = await get_job(database, job.id)
    assert job.state is JobState.NEEDS_REVIEW
    assert JobKind.EMBED_PENDING in (job.reason or "")


async def test_a_job_that_keeps_taking_its_worker_down_is_not_begun_again(
    database: Database,
) -> None:
    handler = Handler()
    job = await add_job(database)
    policy = RetryPolicy(most_deliveries=3)
    run_job = RunJob(database.store, dict.fromkeys(JobKind, handler), policy)

    await run_job(Delivery(job_id=job.id, tenant_id=DEFAULT_TENANT, after_attempts=0, cut_short=3))

    assert (await get_job(database, job.id)).state is JobState.NEEDS_REVIEW
    assert handler.attempts == []


async def test_a_worker_taken_for_dead_cannot_overwrite_its_successor(database: Database) -> None:
    job = await add_job(database)
    delivery = Delivery(job_id=job.id, tenant_id=DEFAULT_TENANT, after_attempts=0)
    begun, may_end = asyncio.Event(), asyncio.Event()
    pointless: list[bool] = []

    async def slow(context: JobContext) -> None:
        begun.set()
        await may_end.wait()
        pointless.append(await context.is_cancelled())
        raise ValueError

    slow_run = RunJob(database.store, dict.fromkeys(JobKind, slow), AT_ONCE)
    quick_run = RunJob(database.store, dict.fromkeys(JobKind, Handler()), AT_ONCE)
    first = asyncio.create_task(slow_run(delivery))
    await begun.wait()
    await quick_run(delivery)
    may_end.set()
    await first

    job = await get_job(database, job.id)
    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 2)
    assert pointless == [True]


async def test_a_running_job_stops_when_its_bank_is_deleted(database: Database) -> None:
    bank_id = new_bank()
    begun = asyncio.Event()
    reached: list[str] = []

    async def handler(context: JobContext) -> None:
        assert not await context.is_cancelled()
        begun.set()
        try:
            await asyncio.Event().wait()  # for a model that never answers
        except asyncio.CancelledError:
            reached.append("cancelled" if await context.is_cancelled() else "still wanted")
            raise

    async with working(database, handler):
        job = await add_job(database, embed_job(bank_id))
        await asyncio.wait_for(begun.wait(), 10)
        async with database.store.write(DEFAULT_TENANT) as tx:
            await tx.jobs.cancel_for_bank(bank_id)
        await until(lambda: nothing_is_carried(database))

    assert reached == ["cancelled"]
    assert (await get_job(database, job.id)).state is JobState.CANCELLED


async def test_logs_hold_ids_and_kinds(database: Database) -> None:
    with capture_logs() as logs:
        async with working(database, Handler()):
            job = await in_state(
                database, (await add_job(database, embed_job(new_bank()))).id, JobState.SUCCEEDED
            )

    events = {entry["event"]: entry for entry in logs}
    assert events["job.started"]["bank_id"] == str(job.bank_id)
    assert events["job.succeeded"]["took_ms"] >= 0
    assert {"worker.started", "worker.stopped"} <= set(events)
