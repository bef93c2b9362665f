"""The worker itself: turns, stops, lost connections, lost carriers, schedules."""

import asyncio
import time
from collections import Counter
from dataclasses import replace

import psycopg
from structlog.testing import capture_logs

from memsvc.domain.identifiers import BankId, JobId
from memsvc.domain.jobs import JobState
from memsvc.services.run_job import JobContext
from memsvc.settings import ApiSettings, WorkerSettings
from memsvc.store.queue_app import Schedule
from memsvc.store.queue_worker import QueueTiming
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database
from tests.fixtures.jobs import (
    FAST,
    add_job,
    carriers,
    embed_job,
    get_job,
    in_state,
    new_bank,
    nothing_is_carried,
    queue_connection,
    until,
    working,
)


class Recorder:
    """A handler that notes what runs beside what."""

    def __init__(self, takes_s: float = 0.02) -> None:
        self._takes_s = takes_s
        self._running: Counter[BankId | None] = Counter()
        self.most_at_once_in_a_bank = 0
        self.most_at_once = 0
        self.attempts: Counter[tuple[JobId, int]] = Counter()

    async def __call__(self, context: JobContext) -> None:
        bank_id = context.job.bank_id
        self.attempts[context.job.id, context.job.attempts] += 1
        self._running[bank_id] += 1
        self.most_at_once_in_a_bank = max(self.most_at_once_in_a_bank, self._running[bank_id])
        self.most_at_once = max(self.most_at_once, self._running.total())
        await asyncio.sleep(self._takes_s)
        self._running[bank_id] -= 1


async def do_nothing(_context: JobContext) -> None:
    return


async def test_jobs_of_one_bank_take_turns_across_workers(database: Database) -> None:
    recorder = Recorder()
    banks = [new_bank() for _ in range(3)]
    async with working(database, recorder), working(database, recorder):
        jobs = await asyncio.gather(
            *(add_job(database, embed_job(bank_id)) for _ in range(6) for bank_id in banks)
        )
        for job in jobs:
            await in_state(database, job.id, JobState.SUCCEEDED)

    assert recorder.most_at_once_in_a_bank == 1
    assert recorder.most_at_once > 1


async def test_no_attempt_is_made_twice_when_workers_compete(database: Database) -> None:
    recorder = Recorder(takes_s=0.0)
    async with working(database, recorder), working(database, recorder):
        jobs = await asyncio.gather(*(add_job(database) for _ in range(40)))
        for job in jobs:
            await in_state(database, job.id, JobState.SUCCEEDED)

    assert set(recorder.attempts.values()) == {1}
    assert {(job.id, 1) for job in jobs} == set(recorder.attempts)


async def test_the_next_job_of_a_bank_begins_when_the_last_ends(database: Database) -> None:
    bank_id = new_bank()
    jobs = [await add_job(database, embed_job(bank_id)) for _ in range(6)]
    # Who waited for the next look instead would not be done while it is waited for.
    async with working(database, Recorder(), timing=replace(FAST, poll_s=3600.0)):
        for job in jobs:
            await in_state(database, job.id, JobState.SUCCEEDED)


async def test_a_running_job_is_given_its_grace_at_a_stop(database: Database) -> None:
    begun = asyncio.Event()

    async def handler(_context: JobContext) -> None:
        begun.set()
        await asyncio.sleep(0.3)

    async with working(database, handler, timing=replace(FAST, shutdown_grace_s=10)) as runner:
        job = await add_job(database)
        await asyncio.wait_for(begun.wait(), 10)
        await runner.stop()

    assert (await get_job(database, job.id)).state is JobState.SUCCEEDED


async def test_a_job_that_outlasts_the_grace_is_queued_and_done_by_the_next_worker(
    database: Database,
) -> None:
    begun = asyncio.Event()

    async def endless(_context: JobContext) -> None:
        begun.set()
        await asyncio.sleep(600)

    bank_id = new_bank()
    async with working(database, endless) as runner:
        job = await add_job(database, embed_job(bank_id))
        await asyncio.wait_for(begun.wait(), 10)
        waiting = await add_job(database, embed_job(bank_id))
        await runner.stop()
        stopped = await get_job(database, job.id)

    assert (stopped.state, stopped.attempts) == (JobState.QUEUED, 1)
    assert "stopped" in (stopped.reason or "")
    assert (await get_job(database, waiting.id)).attempts == 0

    async with working(database, do_nothing):
        done = await in_state(database, job.id, JobState.SUCCEEDED)
        await in_state(database, waiting.id, JobState.SUCCEEDED)
    assert (done.attempts, done.reason) == (2, None)


async def test_work_goes_on_when_every_connection_was_cut(database: Database) -> None:
    async with working(database, do_nothing):
        first = await add_job(database)
        await in_state(database, first.id, JobState.SUCCEEDED)
        with psycopg.connect(
            database.urls.superuser_url.replace("+psycopg", ""), autocommit=True
        ) as connection:
            cut = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'memsvc-worker' AND datname = current_database()"
            ).fetchall()
        assert cut
        for _ in range(3):
            await in_state(database, (await add_job(database)).id, JobState.SUCCEEDED)


async def test_work_goes_on_when_the_database_failed_for_a_while(database: Database) -> None:
    with (
        capture_logs() as logs,
        psycopg.connect(
            database.urls.superuser_url.replace("+psycopg", ""), autocommit=True
        ) as superuser,
    ):
        async with working(database, do_nothing):
            await in_state(database, (await add_job(database)).id, JobState.SUCCEEDED)
            # In a thread: the lock is waited for, and the worker that holds it needs this loop.
            rename = superuser.execute
            await asyncio.to_thread(rename, "ALTER TABLE procrastinate_jobs RENAME TO gone")
            await asyncio.sleep(1.0)
            await asyncio.to_thread(rename, "ALTER TABLE gone RENAME TO procrastinate_jobs")
            await in_state(database, (await add_job(database)).id, JobState.SUCCEEDED)

    assert "worker.interrupted" in {entry["event"] for entry in logs}


async def test_a_stop_is_obeyed_when_the_database_is_away(database: Database) -> None:
    nowhere = replace(database, urls=replace(database.urls, name="no_such_database"))
    async with working(nowhere, do_nothing) as runner:
        await asyncio.sleep(0.3)
        assert runner.is_running
        await asyncio.wait_for(runner.stop(), 15)


async def test_a_carrier_its_worker_forgot_is_delivered_again(database: Database) -> None:
    async with working(database, do_nothing):
        await in_state(database, (await add_job(database)).id, JobState.SUCCEEDED)
        async with queue_connection(database) as connection:
            # As if the answer to the worker's fetch had been lost on its way.
            await connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, worker_id)"
                " SELECT 'memsvc', 'memsvc.run_job', jsonb_build_object("
                "  'job_id', gen_random_uuid(), 'tenant_id', gen_random_uuid(),"
                "  'after_attempts', 0), 'doing', id FROM procrastinate_workers"
            )
            await until(lambda: nothing_is_carried(database))


async def test_living_workers_are_counted(database: Database) -> None:
    async def count() -> int:
        async with database.store.read(DEFAULT_TENANT) as tx:
            return await tx.jobs.live_workers(FAST.stalled_after_s)

    before = await count()
    async with working(database, do_nothing), working(database, do_nothing):
        await in_state(database, (await add_job(database)).id, JobState.SUCCEEDED)
        during = await count()
    after = await count()

    assert (before, after) == (0, 0)
    assert during in {1, 2}


async def test_a_schedule_is_kept_once_by_many_workers(database: Database) -> None:
    turns: list[float] = []

    async def take_turn() -> None:
        turns.append(time.monotonic())
        if len(turns) == 1:
            raise ValueError("the first turn fails")

    schedule = Schedule(name="every-second", cron="* * * * * *", run=take_turn)
    started = time.monotonic()
    async with (
        working(database, do_nothing, schedules=[schedule]),
        working(database, do_nothing, schedules=[schedule]),
    ):
        while len(turns) < 4:
            await asyncio.sleep(0.05)
            assert time.monotonic() - started < 30

    assert len(turns) <= time.monotonic() - started + 2


def test_a_killed_workers_jobs_run_again_within_a_minute_by_default() -> None:
    timing = QueueTiming.of(WorkerSettings(), ApiSettings().shutdown_grace_s)

    # Half of the minute is left for a slow machine.
    assert timing.recovery_s < 45
    assert timing.patrol_s < timing.stalled_after_s / 2


async def test_unknown_work_of_a_newer_version_is_left_in_the_queue(database: Database) -> None:
    job = await add_job(database)
    async with queue_connection(database) as connection, connection.transaction():
        await connection.execute(f"SET LOCAL memsvc.tenant = '{DEFAULT_TENANT}'")
        await connection.execute("UPDATE jobs SET kind = 'graph.extract'")

    async with working(database, do_nothing):
        await in_state(database, (await add_job(database)).id, JobState.SUCCEEDED)

    (carrier,) = await carriers(database)
    assert carrier["args"]["job_id"] == str(job.id)
    assert carrier["status"] == "todo"
