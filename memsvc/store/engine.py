"""The connection pool: how connections are opened, prepared and told apart from dead ones."""

import select
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias

import psycopg
from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection
from sqlalchemy import Dialect, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from memsvc.errors import ConfigurationError
from memsvc.settings import DatabaseSettings
from memsvc.store import wire_types

Engine: TypeAlias = AsyncEngine
DatabaseUrl: TypeAlias = URL

_RETURNED_AT = "memsvc_returned_at"
_TRUSTED_IDLE_S = 5.0
"""A connection used so recently is taken for whole unless its socket has something to say."""


def normalise_url(url: str) -> URL:
    """Return a SQLAlchemy URL for psycopg from any common spelling of a PostgreSQL URL."""
    try:
        parsed = make_url(url)
    except Exception as error:
        raise ConfigurationError(
            "The database URL cannot be read; it looks like postgresql://user:password@host/db."
        ) from error
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise ConfigurationError(
            f"The database URL names {parsed.get_backend_name()!r}; only PostgreSQL is supported."
        )
    return parsed.set(drivername="postgresql+psycopg")


def open_engine(url: URL, settings: DatabaseSettings) -> AsyncEngine:
    """Return an engine whose connections speak pgvector's binary form; connects on first use."""
    engine = create_async_engine(
        url,
        pool_size=settings.pool_size,
        max_overflow=settings.pool_overflow,
        # Errors quote their parameters otherwise, and those are memory text.
        hide_parameters=True,
        connect_args={
            "connect_timeout": max(2, round(settings.connect_timeout_s)),
            "application_name": "memsvc",
            # Plans depend on the tenant and on SET LOCAL, which a cached generic plan ignores;
            # and transaction-pooling proxies lose prepared statements.
            "prepare_threshold": None,
            "options": _session_options(settings),
        },
    )
    event.listen(engine.sync_engine, "connect", _register_types)
    event.listen(engine.sync_engine, "checkin", _note_return)
    event.listen(engine.sync_engine, "checkout", partial(_refuse_dead, engine.dialect))
    return engine


@asynccontextmanager
async def connected(url: DatabaseUrl, settings: DatabaseSettings) -> AsyncIterator[Engine]:
    """Yield an engine and close its connections at the end."""
    engine = open_engine(url, settings)
    try:
        yield engine
    finally:
        await engine.dispose()


def _session_options(settings: DatabaseSettings) -> str:
    return (
        f"-c statement_timeout={round(settings.statement_timeout_s * 1000)}"
        f" -c lock_timeout={round(settings.lock_timeout_s * 1000)}"
        " -c timezone=UTC -c jit=off"
    )


def _register_types(dbapi_connection: Any, _record: object) -> None:  # noqa: ANN401 — an adapter
    dbapi_connection.run_async(_register_vector)


def _note_return(_dbapi_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_RETURNED_AT] = time.monotonic()


def _refuse_dead(
    dialect: Dialect,
    dbapi_connection: Any,  # noqa: ANN401 — an adapter
    record: ConnectionPoolEntry,
    _proxy: object,
) -> None:
    """Have the pool connect anew when the server has gone since the connection was last used.

    A server that ends closes its sockets, which is seen without asking it. Only a connection that
    lay idle for long, whose network may have vanished unnoticed, costs a round trip.
    """
    returned_at = record.info.get(_RETURNED_AT)
    if returned_at is None:
        return
    is_fresh = time.monotonic() - returned_at < _TRUSTED_IDLE_S
    if is_fresh and not _has_input(dbapi_connection.driver_connection):
        return
    try:
        dialect.do_ping(dbapi_connection)
    except psycopg.Error as error:
        raise InvalidatePoolError from error


def _has_input(driver: AsyncConnection[Any]) -> bool:
    if driver.closed:
        return True
    watched = select.poll()
    watched.register(driver.fileno(), select.POLLIN)
    return bool(watched.poll(0))


async def _register_vector(connection: AsyncConnection[Any]) -> None:
    await register_vector_async(connection)
    wire_types.register(connection)
