"""One read-only statement of a tenant, sent and answered in a single round trip.

A transaction of three statements goes to the server and back five times, which on a busy machine
costs more than the statements. Here the role, the tenant and the statement travel together: outside
a transaction block PostgreSQL runs what comes before one Sync message as a single transaction, so
the settings hold for the statement and end with it, as everywhere else.
"""

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
from psycopg.rows import RowFactory, TupleRow, tuple_row
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.identifiers import TenantId
from memsvc.store.roles import RUNTIME_ROLE, TENANT_SETTING
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
    row_factory: RowFactory[Any] = tuple_row,
) -> list[Any]:
    """Return the rows of ``statement``, run as the runtime role and seeing one tenant.

    Results come in binary form. Raises what ``transaction`` raises.
    """
    assert_no_transaction("A read")
    async with translated_errors(), engine.connect() as connection:
        driver = await driver_of(connection)
        try:
            return await _piped(driver, tenant_id, statement, parameters, row_factory)
        except BaseException:
            # Half a conversation may still be on its way: nobody may take it for their own.
            await connection.invalidate()
            raise


async def _piped(
    driver: psycopg.AsyncConnection[TupleRow],
    tenant_id: TenantId,
    statement: LiteralString,
    parameters: Mapping[str, object],
    row_factory: RowFactory[Any],
) -> list[Any]:
    settings = {"role": RUNTIME_ROLE, "setting": TENANT_SETTING, "tenant": str(tenant_id)}
    await driver.set_autocommit(True)  # Of the driver alone: the server is not told.
    try:
        async with driver.pipeline():
            await driver.execute(_AS_TENANT, settings)
            cursor = driver.cursor(binary=True, row_factory=row_factory)
            await cursor.execute(statement, parameters)
        return await cursor.fetchall()
    finally:
        if not driver.closed:
            await driver.set_autocommit(False)
