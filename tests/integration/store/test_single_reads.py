"""One statement in one round trip: what it sees, and what becomes of its connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from memsvc.domain.identifiers import TenantId
from memsvc.errors import DatabaseUnavailableError, InvalidRequestError
from memsvc.settings import DatabaseSettings
from memsvc.store.engine import connected, normalise_url
from memsvc.store.roles import DEFAULT_TENANT, RUNTIME_ROLE, TENANT_SETTING
from memsvc.store.single_reads import read_named, read_once
from memsvc.store.wire_types import UuidArray
from tests.fixtures.database import DatabaseUrls

WHO: LiteralString = (
    "SELECT current_user::text, current_setting(%(setting)s, true),"
    " current_setting('transaction_read_only'), pg_backend_pid()"
)


@pytest.fixture
async def engine(database_urls: DatabaseUrls) -> AsyncIterator[AsyncEngine]:
    """An engine with a single connection: whatever a read leaves behind is the next one's."""
    settings = DatabaseSettings(pool_size=1, pool_overflow=0, statement_timeout_s=2)
    async with connected(normalise_url(database_urls.url), settings) as opened:
        yield opened


async def who(engine: AsyncEngine, tenant: TenantId = DEFAULT_TENANT) -> tuple[Any, ...]:
    [row] = await read_once(engine, tenant, WHO, {"setting": TENANT_SETTING})
    return row


async def test_a_statement_runs_as_the_tenant_and_writes_nothing(engine: AsyncEngine) -> None:
    tenant = TenantId(uuid4())
    user, seen, read_only, _ = await who(engine, tenant)
    assert (user, seen, read_only) == (RUNTIME_ROLE, str(tenant), "on")


async def test_what_was_set_for_one_read_ends_with_it(engine: AsyncEngine) -> None:
    await who(engine, TenantId(uuid4()))
    async with engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None
        cursor = await driver.execute(f"SELECT current_setting('{TENANT_SETTING}', true)")
        assert (await cursor.fetchone())[0] in {None, ""}


async def test_values_come_as_cursors_give_them(engine: AsyncEngine) -> None:
    some_id = uuid4()
    statement: LiteralString = (
        "SELECT %(id)s::uuid, %(ids)s::uuid[], %(id)s::uuid = ANY(%(ids)s), 7 %% 4,"
        " NULL::text, now() > %(text)s::timestamptz, ARRAY[1.5::float8]"
    )
    given = {"id": some_id, "ids": [some_id, uuid4()], "text": "2020-01-01"}
    [row] = await read_once(engine, DEFAULT_TENANT, statement, given)
    assert row == (some_id, given["ids"], True, 3, None, True, [1.5])


@pytest.mark.parametrize("count", [0, 1, 300])
async def test_an_array_of_ids_comes_as_it_went(engine: AsyncEngine, count: int) -> None:
    ids = [uuid4() for _ in range(count)]
    statement: LiteralString = "SELECT %(ids)s, %(some)s = ANY(%(ids)s)"
    given = {"ids": UuidArray(ids), "some": ids[-1] if ids else uuid4()}
    [row] = await read_once(engine, DEFAULT_TENANT, statement, given)
    assert row == (ids, bool(ids))


async def test_json_comes_as_it_was_written(engine: AsyncEngine) -> None:
    statement: LiteralString = (
        """SELECT '{"a": [1, 2.5, null, "\u00e9\u4e0a"]}'::jsonb, '"x"'::json"""
    )
    [row] = await read_once(engine, DEFAULT_TENANT, statement, {})
    assert row == ({"a": [1, 2.5, None, "é上"]}, "x")


async def test_named_rows_have_the_names_of_their_columns(engine: AsyncEngine) -> None:
    statement: LiteralString = "SELECT n AS number, 'x' AS letter FROM generate_series(1, 2) n"
    rows = await read_named(engine, DEFAULT_TENANT, statement, {})
    assert [(row.number, row.letter) for row in rows] == [(1, "x"), (2, "x")]


async def test_more_than_a_socket_takes_at_once_goes_both_ways(engine: AsyncEngine) -> None:
    large = "abc" * 5_000_000
    [(back,)] = await read_once(engine, DEFAULT_TENANT, "SELECT %(text)s::text", {"text": large})
    assert back == large


async def test_a_failed_statement_is_told_and_the_next_one_answered(engine: AsyncEngine) -> None:
    with pytest.raises(InvalidRequestError):
        await read_once(engine, DEFAULT_TENANT, "SELECT %(n)s::int", {"n": "none"})
    assert (await who(engine))[0] == RUNTIME_ROLE


async def test_a_statement_that_writes_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await read_once(engine, DEFAULT_TENANT, "UPDATE banks SET name = name", {})


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(engine: AsyncEngine) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await read_once(engine, DEFAULT_TENANT, "SELECT pg_sleep(30)", {})


async def test_a_cancelled_read_leaves_its_answer_to_nobody(engine: AsyncEngine) -> None:
    _, _, _, backend = await who(engine)
    asking = asyncio.create_task(read_once(engine, DEFAULT_TENANT, "SELECT pg_sleep(1), 'x'", {}))
    await asyncio.sleep(0.1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert asking.cancelled()
    user, *_, after = await who(engine)
    assert user == RUNTIME_ROLE
    assert after != backend


async def test_a_connection_that_the_server_ends_is_told_and_replaced(
    engine: AsyncEngine, database_urls: DatabaseUrls
) -> None:
    _, _, _, backend = await who(engine)
    asking = asyncio.create_task(read_once(engine, DEFAULT_TENANT, "SELECT pg_sleep(30)", {}))
    await asyncio.sleep(0.1)
    outside = create_engine(normalise_url(database_urls.superuser_url), poolclass=NullPool)
    with outside.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
    with pytest.raises(DatabaseUnavailableError):
        await asking
    assert (await who(engine))[3] != backend
