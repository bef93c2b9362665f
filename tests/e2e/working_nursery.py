"""Starts processes that do jobs as a worker does, to be killed at any point.

Arguments: database URL, folder for keys. Everything is imported once, then each line, the id of a
job, forks a process that makes one attempt at it. Prints its process id, and its end.
"""

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

from memsvc.background import Tools, handlers_of, stages_of
from memsvc.domain.attempts import RetryPolicy
from memsvc.domain.identifiers import JobId
from memsvc.domain.languages import recognise_language
from memsvc.embedding.token_counters import open_token_counter
from memsvc.memory_index.replicas import BankReplicas
from memsvc.services.courtesy import Courtesy
from memsvc.services.embedders import Embedders
from memsvc.services.erasing.erased_copies import AllCopies
from memsvc.services.erasing.erasure_receipts import ErasureReceipts
from memsvc.services.erasing.receipts import ReceiptSigner
from memsvc.services.run_job import RunJob
from memsvc.settings import DatabaseSettings, OrganiseSettings, Settings
from memsvc.store.engine import Engine, connected, normalise_url
from memsvc.store.feed import StoreFeed
from memsvc.store.pgvector_index import PgVectorIndex
from memsvc.store.queue import Delivery, JobCarrier
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock
from tests.fixtures.embedder import HashingEmbedder

SETTINGS = Settings(
    # Small windows: there is much to be killed between. The cheap encoder's cosines are low.
    # What follows windows is left to tests of organising: whoever is killed between the two is
    # followed later, and links that are made meanwhile lead to other memories.
    organise=OrganiseSettings(
        stages=("dedupe", "facts", "entities", "think"),
        window_items=2,
        working_share=1.0,
        least_cosine=0.3,
    )
)


async def attempt(url: str, folder: Path, job_id: JobId) -> None:
    """Make one attempt at a job, with every handler that a worker has."""
    async with connected(normalise_url(url), DatabaseSettings(pool_size=4)) as engine:
        store = Store(engine, SystemClock(), JobCarrier())
        async with store.read(DEFAULT_TENANT) as tx:
            job = await tx.jobs.get(job_id)
        delivery = Delivery(job_id=job_id, tenant_id=DEFAULT_TENANT, after_attempts=job.attempts)
        await _runner(store, engine, folder)(delivery)


def _runner(store: Store, engine: Engine, folder: Path) -> RunJob:
    embedder, clock, exact = HashingEmbedder(), SystemClock(), PgVectorIndex(engine)
    tools = Tools(
        settings=SETTINGS,
        store=store,
        clock=clock,
        embedders=Embedders(default=embedder),
        index=exact,
        exact=exact,
        tokens=open_token_counter(SETTINGS.tokens, embedder),
        model=None,
        courtesy=Courtesy(),
    )
    feed = StoreFeed(engine, reload_after_changes=1000)
    replicas = BankReplicas(feed, SETTINGS.index, model_id=None)
    receipts = ErasureReceipts(store, ReceiptSigner(folder), clock, backup_days=30)
    copies = AllCopies(store, replicas, None)
    handlers = handlers_of(tools, stages_of(tools), replicas, copies, receipts)
    return RunJob(store, handlers, RetryPolicy())


def _fork(job_id: str) -> int:
    if (child := os.fork()) == 0:
        os.dup2(2, 1)  # what it logs is no answer
        asyncio.run(attempt(sys.argv[1], Path(sys.argv[2]), JobId(UUID(job_id))))
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
