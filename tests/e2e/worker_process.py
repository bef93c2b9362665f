"""A worker as a process of its own, whose jobs never end: to be killed by a test.

Usage: python worker_process.py DATABASE_URL FILE; FILE appears once a job has begun.
"""

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

from memsvc.domain.attempts import RetryPolicy
from memsvc.domain.jobs import JobKind
from memsvc.services.run_job import JobContext, RunJob
from memsvc.settings import DatabaseSettings
from memsvc.store.engine import normalise_url, open_engine
from memsvc.store.queue import JobCarrier
from memsvc.store.queue_worker import QueueWorker
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock
from memsvc.worker.runner import WorkerRunner
from tests.fixtures.jobs import FAST


async def main(database_url: str, begun: Path) -> None:
    async def endless(context: JobContext) -> None:
        await asyncio.to_thread(begun.write_text, str(context.job.id))
        await asyncio.sleep(600)

    url = normalise_url(database_url)
    store = Store(open_engine(url, DatabaseSettings()), SystemClock(), JobCarrier())
    run_job = RunJob(store, dict.fromkeys(JobKind, endless), RetryPolicy())
    worker = QueueWorker(url, run_job, timing=replace(FAST, concurrency=1))
    await WorkerRunner(worker.serve).run_until_signalled()
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
