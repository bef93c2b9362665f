"""Jobs as users see them, and the life of an attempt."""

import asyncio
from uuid import uuid4

import pytest

from memsvc.domain.attempts import INTERRUPTED, SUCCEEDED, Ending
from memsvc.domain.identifiers import JobId, TenantId
from memsvc.domain.jobs import RETRYABLE_STATES, Job, JobKind, JobState, NewJob, Progress
from memsvc.domain.paging import PageRequest
from memsvc.errors import IllegalTransitionError, InvalidRequestError, JobNotFoundError
from memsvc.store.queue import Delivery
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database
from tests.fixtures.jobs import add_job, carried_jobs, embed_job, get_job, new_bank


def delivery_of(job: Job, after_attempts: int = 0) -> Delivery:
    return Delivery(job_id=job.id, tenant_id=job.tenant_id, after_attempts=after_attempts)


async def start(database: Database, job: Job, after_attempts: int = 0) -> Job | None:
    async with database.store.write(DEFAULT_TENANT) as tx:
        return await tx.jobs.start(delivery_of(job, after_attempts))


async def begun(database: Database, job: Job) -> Job:
    started = await start(database, job)
    assert started is not None
    return started


async def end(database: Database, job: Job, ending: Ending) -> bool:
    async with database.store.write(DEFAULT_TENANT) as tx:
        return await tx.jobs.end_attempt(job, ending)


async def job_in(database: Database, state: JobState) -> Job:
    """Return a job brought into the state the way it gets there."""
    job = await add_job(database, embed_job(new_bank()))
    if state is JobState.CANCELLED:
        assert job.bank_id is not None
        async with database.store.write(DEFAULT_TENANT) as tx:
            await tx.jobs.cancel_for_bank(job.bank_id)
    elif state is not JobState.QUEUED:
        started = await begun(database, job)
        if state is not JobState.RUNNING:
            again_after_s = 600 if state is JobState.WAITING_PROVIDER else None
            await end(database, started, Ending(state=state, again_after_s=again_after_s))
    return await get_job(database, job.id)


async def test_a_new_job_is_queued(database: Database) -> None:
    bank_id = new_bank()
    new = NewJob(kind=JobKind.DELETE_BANK, bank_id=bank_id, payload={"batch": 7})

    job = await get_job(database, (await add_job(database, new)).id)

    assert (job.kind, job.bank_id, job.payload) == (JobKind.DELETE_BANK, bank_id, {"batch": 7})
    assert (job.state, job.attempts, job.progress) == (JobState.QUEUED, 0, None)
    assert (job.started_at, job.finished_at, job.reason) == (None, None, None)


async def test_an_attempt_leaves_its_times_and_progress(database: Database) -> None:
    running = await begun(database, await add_job(database))
    assert (running.state, running.attempts) == (JobState.RUNNING, 1)
    assert running.started_at is not None
    assert running.finished_at is None

    async with database.store.write(DEFAULT_TENANT) as tx:
        assert await tx.jobs.report_progress(running, Progress(done=2, total=5))
    assert await end(database, running, SUCCEEDED)

    done = await get_job(database, running.id)
    assert (done.state, done.progress) == (JobState.SUCCEEDED, Progress(done=2, total=5))
    assert done.finished_at is not None
    assert done.finished_at >= running.started_at


@pytest.mark.parametrize("state", list(JobState))
async def test_a_carrier_begins_only_what_is_still_to_be_done(
    database: Database, state: JobState
) -> None:
    job = await job_in(database, state)

    started = await start(database, job, after_attempts=job.attempts)

    may_begin = state in {JobState.QUEUED, JobState.RUNNING, JobState.WAITING_PROVIDER}
    assert (started is not None) == may_begin


async def test_a_waiting_job_is_not_begun_by_a_carrier_of_an_earlier_attempt(
    database: Database,
) -> None:
    job = await job_in(database, JobState.WAITING_PROVIDER)

    assert await start(database, job, after_attempts=job.attempts - 1) is None
    assert await start(database, job, after_attempts=job.attempts) is not None


async def test_a_superseded_attempt_changes_nothing(database: Database) -> None:
    job = await add_job(database)
    taken_for_dead = await begun(database, job)
    successor = await begun(database, job)

    async with database.store.write(DEFAULT_TENANT) as tx:
        assert not await tx.jobs.report_progress(taken_for_dead, Progress(done=9, total=9))
    assert not await end(database, taken_for_dead, Ending(state=JobState.FAILED, again_after_s=1))

    now = await get_job(database, job.id)
    assert (now.state, now.attempts, now.progress) == (JobState.RUNNING, 2, None)
    assert await carried_jobs(database) == [job.id]
    assert await end(database, successor, SUCCEEDED)


@pytest.mark.parametrize("state", list(JobState))
async def test_only_stopped_and_waiting_jobs_can_be_retried(
    database: Database, state: JobState
) -> None:
    job = await job_in(database, state)
    before = len(await carried_jobs(database))

    if state in RETRYABLE_STATES:
        async with database.store.write(DEFAULT_TENANT) as tx:
            retried = await tx.jobs.retry(job.id)
        assert (retried.state, retried.reason) == (JobState.QUEUED, None)
        assert retried.finished_at is None
        assert len(await carried_jobs(database)) == before + 1
    else:
        with pytest.raises(IllegalTransitionError, match=state):
            async with database.store.write(DEFAULT_TENANT) as tx:
                await tx.jobs.retry(job.id)
        assert (await get_job(database, job.id)).state is state
        assert len(await carried_jobs(database)) == before


async def test_there_is_no_retry_of_an_unknown_job(database: Database) -> None:
    with pytest.raises(JobNotFoundError):
        async with database.store.write(DEFAULT_TENANT) as tx:
            await tx.jobs.retry(JobId(uuid4()))


async def test_an_interrupted_job_is_queued_for_the_carrier_it_came_with(
    database: Database,
) -> None:
    running = await begun(database, await add_job(database))

    await end(database, running, INTERRUPTED)

    assert (await get_job(database, running.id)).state is JobState.QUEUED
    assert await carried_jobs(database) == [running.id]
    assert await start(database, running) is not None


async def test_deleting_a_bank_cancels_its_open_jobs_only(database: Database) -> None:
    bank_id = new_bank()
    waiting = await add_job(database, embed_job(bank_id))
    running = await begun(database, await add_job(database, embed_job(bank_id)))
    done = await begun(database, await add_job(database, embed_job(bank_id)))
    await end(database, done, SUCCEEDED)
    other = await add_job(database, embed_job(new_bank()))

    async with database.store.write(DEFAULT_TENANT) as tx:
        assert await tx.jobs.cancel_for_bank(bank_id) == 2

    states = [(await get_job(database, job.id)).state for job in (waiting, running, done, other)]
    assert states == [
        JobState.CANCELLED,
        JobState.CANCELLED,
        JobState.SUCCEEDED,
        JobState.QUEUED,
    ]
    assert not await end(database, running, SUCCEEDED)


class TestAddingOnce:
    """The same work is queued once, and no change is left out of it."""

    async def add_once(self, database: Database, new: NewJob) -> Job:
        async with database.store.write(DEFAULT_TENANT) as tx:
            return await tx.jobs.add_once(new)

    async def test_one_job_serves_all_when_many_ask_at_once(self, database: Database) -> None:
        new = embed_job(new_bank())

        jobs = await asyncio.gather(*(self.add_once(database, new) for _ in range(8)))

        assert len({job.id for job in jobs}) == 1
        assert await carried_jobs(database) == [jobs[0].id]

    async def test_other_work_is_another_job(self, database: Database) -> None:
        bank_id = new_bank()
        asked = [
            embed_job(bank_id),
            embed_job(new_bank()),
            embed_job(None),
            NewJob(kind=JobKind.EMBED_PENDING, bank_id=bank_id, payload={"batch": 1}),
            NewJob(kind=JobKind.DELETE_BANK, bank_id=bank_id),
        ]

        jobs = [await self.add_once(database, new) for new in asked]

        assert len({job.id for job in jobs}) == len(asked)

    @pytest.mark.parametrize("state", list(JobState))
    async def test_only_a_job_that_has_yet_to_begin_counts(
        self, database: Database, state: JobState
    ) -> None:
        job = await job_in(database, state)

        again = await self.add_once(database, embed_job(job.bank_id))

        reused = state in {JobState.QUEUED, JobState.WAITING_PROVIDER}
        assert (again.id == job.id) == reused

    async def test_the_job_begins_only_after_the_change_that_counts_on_it(
        self, database: Database
    ) -> None:
        job = await add_job(database, embed_job(new_bank()))
        may_start = asyncio.Event()

        async def start_when_told() -> Job | None:
            await may_start.wait()
            return await start(database, job)

        # Made outside the transaction: tasks made inside it would belong to it.
        starting = asyncio.create_task(start_when_told())
        async with database.store.write(DEFAULT_TENANT) as tx:
            assert (await tx.jobs.add_once(embed_job(job.bank_id))).id == job.id
            may_start.set()
            await asyncio.sleep(0.3)
            assert not starting.done()

        assert (await asyncio.wait_for(starting, 5)) is not None

    async def test_another_job_is_added_when_the_first_begins_meanwhile(
        self, database: Database
    ) -> None:
        job = await add_job(database, embed_job(new_bank()))
        may_ask = asyncio.Event()

        async def ask_when_told() -> Job:
            await may_ask.wait()
            return await self.add_once(database, embed_job(job.bank_id))

        asking = asyncio.create_task(ask_when_told())
        async with database.store.write(DEFAULT_TENANT) as tx:
            assert await tx.jobs.start(delivery_of(job)) is not None
            may_ask.set()
            await asyncio.sleep(0.3)
            assert not asking.done()

        assert (await asyncio.wait_for(asking, 5)).id != job.id

    async def test_a_waiting_caller_adds_the_job_when_the_first_rolls_back(
        self, database: Database
    ) -> None:
        new = embed_job(new_bank())
        may_ask = asyncio.Event()

        async def ask_when_told() -> Job:
            await may_ask.wait()
            return await self.add_once(database, new)

        async def add_and_roll_back() -> None:
            async with database.store.write(DEFAULT_TENANT) as tx:
                await tx.jobs.add_once(new)
                may_ask.set()
                await asyncio.sleep(0.3)
                assert not asking.done()
                raise ZeroDivisionError

        asking = asyncio.create_task(ask_when_told())
        with pytest.raises(ZeroDivisionError):
            await add_and_roll_back()

        job = await asyncio.wait_for(asking, 5)
        assert await carried_jobs(database) == [job.id]


class TestListing:
    """Newest first, in pages, inside the tenant."""

    async def test_pages_hold_every_job_once_newest_first(self, database: Database) -> None:
        added = []
        for _ in range(5):
            added.append(await add_job(database))
            await asyncio.sleep(0.002)  # ids of one millisecond have no order

        listed: list[Job] = []
        cursor: str | None = None
        async with database.store.read(DEFAULT_TENANT) as tx:
            while True:
                page = await tx.jobs.list(PageRequest(limit=2, cursor=cursor))
                listed.extend(page.items)
                cursor = page.next_cursor
                if not page.has_more:
                    break

        assert [job.id for job in listed] == [job.id for job in reversed(added)]

    async def test_filters_narrow_the_listing(self, database: Database) -> None:
        bank_id = new_bank()
        wanted = await add_job(database, embed_job(bank_id))
        await add_job(database, NewJob(kind=JobKind.DELETE_BANK, bank_id=bank_id))
        await add_job(database, embed_job(new_bank()))
        await begun(database, await add_job(database, embed_job(bank_id)))

        async with database.store.read(DEFAULT_TENANT) as tx:
            page = await tx.jobs.list(
                PageRequest(),
                state=JobState.QUEUED,
                kind=JobKind.EMBED_PENDING,
                bank_id=bank_id,
            )
            counts = await tx.jobs.counts()

        assert [job.id for job in page.items] == [wanted.id]
        assert counts == {JobState.QUEUED: 3, JobState.RUNNING: 1}

    async def test_a_foreign_cursor_is_refused(self, database: Database) -> None:
        with pytest.raises(InvalidRequestError, match="cursor"):
            async with database.store.read(DEFAULT_TENANT) as tx:
                await tx.jobs.list(PageRequest(cursor="yesterday"))

    async def test_another_tenant_sees_nothing(self, database: Database) -> None:
        job = await add_job(database)
        stranger = TenantId(uuid4())

        async with database.store.read(stranger) as tx:
            assert (await tx.jobs.list(PageRequest())).items == []
            assert await tx.jobs.counts() == {}
            with pytest.raises(JobNotFoundError):
                await tx.jobs.get(job.id)
