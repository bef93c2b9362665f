"""Carriers and the transactions they belong to."""

import asyncio
from datetime import timedelta

import pytest

from memsvc.domain.attempts import Ending
from memsvc.domain.identifiers import BankId
from memsvc.domain.jobs import Job, JobState
from memsvc.domain.paging import PageRequest
from memsvc.services.run_job import JobContext
from memsvc.store.queue import Delivery
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database
from tests.fixtures.jobs import (
    add_job,
    carried_jobs,
    carriers,
    embed_job,
    get_job,
    in_state,
    new_bank,
    working,
)


class ChangeOfMindError(Exception):
    """Rolls a test's transaction back."""


async def all_jobs(database: Database) -> list[Job]:
    async with database.store.read(DEFAULT_TENANT) as tx:
        return list((await tx.jobs.list(PageRequest(limit=500))).items)


async def add_and_roll_back(database: Database, bank_id: BankId) -> None:
    async with database.store.write(DEFAULT_TENANT) as tx:
        await tx.jobs.add(embed_job(bank_id))
        raise ChangeOfMindError


async def test_nothing_is_left_when_the_transaction_rolls_back(database: Database) -> None:
    with pytest.raises(ChangeOfMindError):
        await add_and_roll_back(database, new_bank())

    assert await all_jobs(database) == []
    assert await carriers(database) == []


async def test_exactly_the_committed_jobs_are_carried_when_many_write_at_once(
    database: Database,
) -> None:
    bank_id = new_bank()
    results = await asyncio.gather(
        *(add_and_roll_back(database, bank_id) for _ in range(10)),
        *(add_job(database, embed_job(bank_id)) for _ in range(10)),
        return_exceptions=True,
    )

    added = sorted(result.id for result in results if isinstance(result, Job))
    assert len(added) == 10
    assert sorted(job.id for job in await all_jobs(database)) == added
    assert sorted(await carried_jobs(database)) == added


async def test_a_carrier_holds_ids_only(database: Database) -> None:
    job = await add_job(database, embed_job(new_bank()))

    (carrier,) = await carriers(database)
    assert carrier["args"] == {
        "job_id": str(job.id),
        "tenant_id": str(DEFAULT_TENANT),
        "after_attempts": 0,
    }


async def test_jobs_take_turns_by_bank_and_else_are_free(database: Database) -> None:
    bank_id = new_bank()
    await add_job(database, embed_job(bank_id))
    await add_job(database, embed_job(bank_id))
    free = await add_job(database, embed_job(None))

    locks = [carrier["lock"] for carrier in await carriers(database)]
    assert locks == [f"bank:{bank_id}", f"bank:{bank_id}", f"job:{free.id}"]


async def test_writers_commit_when_the_lock_of_their_bank_is_held(database: Database) -> None:
    bank_id = new_bank()
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def hold(_context: JobContext) -> None:
        begun.set()
        await may_end.wait()

    async with working(database, hold):
        await add_job(database, embed_job(bank_id))
        await asyncio.wait_for(begun.wait(), 10)
        added = await asyncio.gather(*(add_job(database, embed_job(bank_id)) for _ in range(8)))
        held = [(await get_job(database, job.id)).state for job in added]
        may_end.set()
        for job in added:
            await in_state(database, job.id, JobState.SUCCEEDED)

    assert set(held) == {JobState.QUEUED}


async def test_a_job_that_waits_leaves_the_lock_to_others(database: Database) -> None:
    job = await add_job(database, embed_job(new_bank()))
    delivery = Delivery(job_id=job.id, tenant_id=DEFAULT_TENANT, after_attempts=0)
    async with database.store.write(DEFAULT_TENANT) as tx:
        started = await tx.jobs.start(delivery)
        assert started is not None
        await tx.jobs.end_attempt(
            started, Ending(state=JobState.WAITING_PROVIDER, reason="Away.", again_after_s=600)
        )

    _, waiting = await carriers(database)
    assert waiting["lock"] is None
    assert started.started_at is not None
    assert waiting["scheduled_at"] - started.started_at == pytest.approx(
        timedelta(seconds=600), abs=timedelta(seconds=5)
    )
