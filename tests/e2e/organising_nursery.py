"""Starts processes that organise a bank as a worker does, to be killed at any point.

Argument: database URL. Everything is imported once, then each line, the id of a
job, forks a process that makes one attempt at it. Prints its process id, and its end.
"""

import asyncio
import os
import sys
from uuid import UUID

from memsvc.domain.attempts import RetryPolicy
from memsvc.domain.identifiers import JobId
from memsvc.domain.jobs import JobKind
from memsvc.domain.languages import recognise_language
from memsvc.services.run_job import RunJob
from memsvc.settings import DatabaseSettings
from memsvc.store.engine import connected, normalise_url
from memsvc.store.queue import Delivery, JobCarrier
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.organising import organise_handler

WINDOW_ITEMS = 2


async def _attempt(job_id: str) -> None:
    url = normalise_url(sys.argv[1])
    async with connected(url, DatabaseSettings(pool_size=4)) as engine:
        store = Store(engine, SystemClock(), JobCarrier())
        handler = organise_handler(store, engine, HashingEmbedder(), window_items=WINDOW_ITEMS)
        run = RunJob(store, {JobKind.ORGANISE: handler}, RetryPolicy())
        delivery = Delivery(job_id=JobId(UUID(job_id)), tenant_id=DEFAULT_TENANT, after_attempts=0)
        await run(delivery)


def _fork(job_id: str) -> int:
    if (child := os.fork()) == 0:
        os.dup2(2, 1)  # what it logs is no answer
        asyncio.run(_attempt(job_id))
        os._exit(0)
    return child


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Fork a process for each line read, after the last one is gone."""
    recognise_language("The model behind this is loaded once for all forks, not in each of them.")
    for line in sys.stdin:
        child = _fork(line.strip())
        _answer(child)
        _, status = os.waitpid(child, 0)
        _answer(status)


if __name__ == "__main__":
    main()
