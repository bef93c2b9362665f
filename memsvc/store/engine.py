"""The connection pool: how connections are opened, prepared and told apart from dead ones."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from pgvector.psycopg import register_vector_async
from psycopg import AsyncConnection
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.url import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from memsvc.errors import ConfigurationError
from memsvc.settings import DatabaseSettings

Engine: TypeAlias = AsyncEngine
DatabaseUrl: TypeAlias = URL


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
        pool_pre_ping=True,
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


async def _register_vector(connection: AsyncConnection[Any]) -> None:
    await register_vector_async(connection)
