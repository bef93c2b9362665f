"""The queue's statements where several workers meet."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from procrastinate import PsycopgConnector

from memsvc.store.engine import normalise_url
from memsvc.store.queue import QUEUE
from memsvc.store.queue_app import Carriers
from tests.fixtures.database import Database
from tests.fixtures.jobs import add_job, carriers, embed_job, new_bank, queue_connection

SILENT_FOR_S = 30.0


@pytest.fixture
async def queue(database: Database) -> AsyncIterator[Carriers]:
    url = normalise_url(database.url).set(drivername="postgresql")
    connector = PsycopgConnector(
        conninfo=url.render_as_string(hide_password=False), min_size=1, max_size=4
    )
    await connector.open_async()
    yield Carriers(connector)
    await connector.close_async()


async def statuses(database: Database) -> list[str]:
    return [carrier["status"] for carrier in await carriers(database)]


async def wait_for_a_lock(connection: psycopg.AsyncConnection[Any]) -> None:
    """Return once some other connection to this database waits for a lock."""
    while True:
        cursor = await connection.execute(
            "SELECT count(*) AS waiting FROM pg_locks WHERE NOT granted"
        )
        row = await cursor.fetchone()
        if row and row["waiting"]:
            return
        await asyncio.sleep(0.02)


async def test_a_worker_looks_on_when_another_takes_the_lock_first(
    database: Database, queue: Carriers
) -> None:
    bank_id = new_bank()
    await add_job(database, embed_job(bank_id))
    await add_job(database, embed_job(bank_id))
    worker_id = await queue.register_worker()
    async with queue_connection(database) as other, queue_connection(database) as observer:
        # The other worker saw the second carrier alone: the first had yet to be committed.
        async with other.transaction():
            await other.execute(
                "UPDATE procrastinate_jobs SET status = 'doing'"
                " WHERE id = (SELECT max(id) FROM procrastinate_jobs)"
            )
            fetching = asyncio.create_task(queue.fetch_job([QUEUE], worker_id))
            await asyncio.wait_for(wait_for_a_lock(observer), 10)
        fetched = await asyncio.wait_for(fetching, 10)

    assert fetched is None
    assert await statuses(database) == ["todo", "doing"]


async def test_what_a_dead_worker_held_is_returned_once_when_all_look_for_it(
    database: Database, queue: Carriers
) -> None:
    for _ in range(3):
        await add_job(database)
    dead, living = await queue.register_worker(), await queue.register_worker()
    for worker_id in (dead, dead, living):
        assert await queue.fetch_job([QUEUE], worker_id) is not None
    async with queue_connection(database) as connection:
        await connection.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 s'"
            " WHERE id = %s",
            [dead],
        )

    returned = await asyncio.gather(*(queue.return_stalled(SILENT_FOR_S) for _ in range(4)))

    assert sum(returned) == 2
    assert await statuses(database) == ["todo", "todo", "doing"]
    assert len(await queue.held_by(living)) == 1


async def test_what_an_unregistered_worker_held_is_returned(
    database: Database, queue: Carriers
) -> None:
    await add_job(database)
    worker_id = await queue.register_worker()
    await queue.fetch_job([QUEUE], worker_id)
    await queue.unregister_worker(worker_id)

    assert await queue.return_stalled(SILENT_FOR_S) == 1
    assert await statuses(database) == ["todo"]
