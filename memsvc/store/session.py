"""What every repository works with: one connection in one tenant's transaction."""

from dataclasses import dataclass
from typing import Any, cast

import psycopg
from sqlalchemy.ext.asyncio import AsyncConnection

from memsvc.domain.identifiers import TenantId
from memsvc.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A transaction in progress; repositories share it and never commit."""

    connection: AsyncConnection
    tenant_id: TenantId
    clock: Clock

    async def driver(self) -> psycopg.AsyncConnection[Any]:
        """Return psycopg's own connection, for the job queue."""
        return await driver_of(self.connection)


async def driver_of(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    """Return psycopg's own connection: for binary results, and for who knows no SQLAlchemy."""
    raw = await connection.get_raw_connection()
    return cast("psycopg.AsyncConnection[Any]", raw.driver_connection)
