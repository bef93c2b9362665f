"""One read-only statement of a tenant, sent and answered in a single round trip.

A transaction of three statements goes to the server and back five times, which on a busy machine
costs more than the statements. Here the role, the tenant and the statement travel together: outside
a transaction block PostgreSQL runs what comes before one Sync message as a single transaction, so
the settings hold for the statement and end with it, as everywhere else.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, LiteralString

import psycopg
from psycopg.pq.abc import PGresult
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.identifiers import TenantId
from memsvc.store.roles import RUNTIME_ROLE, TENANT_SETTING
from memsvc.store.round_trips import Statement, columns_of, round_trip, rows_of
from memsvc.store.session import driver_of
from memsvc.store.transactions import assert_no_transaction, translated_errors

_AS_TENANT: LiteralString = (
    "SELECT set_config('role', %(role)s, true), set_config(%(setting)s, %(tenant)s, true),"
    " set_config('transaction_read_only', 'on', true)"
)


async def read_once(
    engine: AsyncEngine,
    tenant_id: TenantId,
    statement: LiteralString,
    parameters: Mapping[str, object],
) -> list[tuple[Any, ...]]:
    """Return the rows of ``statement``, run as the runtime role and seeing one tenant.

    Raises what ``transaction`` raises.
    """
    async with _asked(engine, tenant_id, Statement(statement, parameters)) as (driver, result):
        return rows_of(driver, result)


async def read_named(
    engine: AsyncEngine,
    tenant_id: TenantId,
    statement: LiteralString,
    parameters: Mapping[str, object],
) -> list[Any]:
    """Return the same rows, whose values have the names of their columns."""
    async with _asked(engine, tenant_id, Statement(statement, parameters)) as (driver, result):
        columns = columns_of(result)
        rows = rows_of(driver, result)
    return [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in rows]


@asynccontextmanager
async def _asked(
    engine: AsyncEngine, tenant_id: TenantId, statement: Statement
) -> AsyncIterator[tuple[psycopg.AsyncConnection[Any], PGresult]]:
    assert_no_transaction("A read")
    as_tenant = Statement(
        _AS_TENANT, {"role": RUNTIME_ROLE, "setting": TENANT_SETTING, "tenant": str(tenant_id)}
    )
    async with translated_errors(), engine.connect() as connection:
        driver = await driver_of(connection)
        try:
            yield driver, await round_trip(driver, [as_tenant, statement])
        except BaseException:
            # Half a conversation may still be on its way: nobody may take it for their own.
            await connection.invalidate()
            raise
