"""Which database the service runs on: the one configured, or the embedded server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy.engine.url import URL

from memsvc.errors import EmbeddedPostgresError
from memsvc.settings import Settings
from memsvc.store import schema
from memsvc.store.embedded.supervisor import EmbeddedPostgres
from memsvc.store.engine import normalise_url
from memsvc.store.provision import DATABASE, provision
from memsvc.store.roles import INDEX_ROLE, OWNER_ROLE, RUNTIME_ROLE

_WATCH_EVERY_S = 2.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseUrls:
    """Where to connect as whom."""

    runtime: URL
    owner: URL
    """For migrations only."""


@asynccontextmanager
async def open_database(settings: Settings, data_dir: Path) -> AsyncIterator[DatabaseUrls]:
    """Yield the URLs of a database at this version's schema.

    The embedded server is started, set up and migrated, and kept alive while this is open. A
    configured one is only checked: its migrations are the operator's decision
    (`memsvc db upgrade`).
    """
    if settings.database_url is not None:
        urls = configured_urls(settings)
        await asyncio.to_thread(schema.require_current, urls.runtime)
        yield urls
        return
    server = EmbeddedPostgres(data_dir)
    await asyncio.to_thread(server.start)
    try:
        urls = embedded_urls(server)
        await asyncio.to_thread(prepare_embedded, server)
        watch = asyncio.create_task(_keep_alive(server), name="memsvc embedded database")
        try:
            yield urls
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
    finally:
        await asyncio.to_thread(server.stop)


def configured_urls(settings: Settings) -> DatabaseUrls:
    """Return the URLs of the configured database; raises ``ConfigurationError`` if unreadable."""
    assert settings.database_url is not None  # noqa: S101 — the caller has looked
    runtime = normalise_url(settings.database_url.get_secret_value())
    owner = settings.database_owner_url
    return DatabaseUrls(
        runtime=runtime, owner=runtime if owner is None else normalise_url(owner.get_secret_value())
    )


def index_url(settings: Settings, urls: DatabaseUrls) -> URL:
    """Return where the index process connects: as a login that may act as the index role."""
    if settings.database_url is None:
        return urls.runtime.set(username=INDEX_ROLE)
    own = settings.index.serve_database_url
    return urls.runtime if own is None else normalise_url(own.get_secret_value())


def embedded_urls(server: EmbeddedPostgres) -> DatabaseUrls:
    """Return the URLs of the service's database on the embedded server."""
    return DatabaseUrls(
        runtime=normalise_url(server.url(RUNTIME_ROLE, DATABASE)),
        owner=normalise_url(server.url(OWNER_ROLE, DATABASE)),
    )


def prepare_embedded(server: EmbeddedPostgres) -> None:
    """Create roles and database on a running embedded server, and migrate."""
    provision(normalise_url(server.superuser_url()))
    schema.upgrade(embedded_urls(server).owner)


async def _keep_alive(server: EmbeddedPostgres) -> None:
    """Bring the server back whenever it has died; requests fail cleanly meanwhile."""
    while True:
        await asyncio.sleep(_WATCH_EVERY_S)
        try:
            if await asyncio.to_thread(server.ensure_running):
                _log.warning("database.restarted")
        except EmbeddedPostgresError as error:
            _log.error("database.restart_failed", code=error.code)
