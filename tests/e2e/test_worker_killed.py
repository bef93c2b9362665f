"""A worker process that ends in the middle of a job, by force and in order."""

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from memsvc.domain.jobs import Job, JobState
from memsvc.services.run_job import JobContext
from tests.fixtures.database import Database
from tests.fixtures.jobs import (
    add_job,
    embed_job,
    get_job,
    in_state,
    new_bank,
    until,
    working,
)

SCRIPT = Path(__file__).with_name("worker_process.py")
ROOT = Path(__file__).parents[2]


async def do_nothing(_context: JobContext) -> None:
    return


@asynccontextmanager
async def busy_process(database: Database, folder: Path) -> AsyncIterator[tuple[Process, Job]]:
    """Yield a worker process and the job it is in the middle of."""
    begun = folder / "begun"
    job = await add_job(database, embed_job(new_bank()))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SCRIPT), database.url, str(begun)),
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}"},
    )
    try:
        await until(lambda: asyncio.to_thread(begun.exists), timeout_s=60)
        yield process, job
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_another_worker_does_the_jobs_when_one_is_killed(
    database: Database, tmp_path: Path
) -> None:
    async with busy_process(database, tmp_path) as (process, job), working(database, do_nothing):
        waiting = await add_job(database, embed_job(job.bank_id))
        process.kill()
        done = await in_state(database, job.id, JobState.SUCCEEDED)
        await in_state(database, waiting.id, JobState.SUCCEEDED)

    assert done.attempts == 2


async def test_the_jobs_are_queued_at_once_when_a_worker_is_told_to_end(
    database: Database, tmp_path: Path
) -> None:
    async with busy_process(database, tmp_path) as (process, job):
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0

    assert (await get_job(database, job.id)).state is JobState.QUEUED
    async with working(database, do_nothing):
        done = await in_state(database, job.id, JobState.SUCCEEDED)
    assert done.attempts == 2
