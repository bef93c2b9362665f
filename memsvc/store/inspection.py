"""Looking at a database as it is: what it lacks, and which migrations are still to come.

Nothing is created, changed or migrated here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from memsvc.errors import DatabaseUnavailableError, DatabaseUnsuitableError, MemsvcError
from memsvc.settings import Settings
from memsvc.store import tables
from memsvc.store.database import DatabaseUrls, configured_urls, embedded_urls
from memsvc.store.embedded.folders import Layout
from memsvc.store.embedded.supervisor import EmbeddedPostgres
from memsvc.store.requirements import (
    check_runtime_role,
    check_server,
    explain_refusal,
    refuse_old_pgvector,
)
from memsvc.store.roles import INDEX_ROLE, RUNTIME_ROLE
from memsvc.store.schema import alembic_config, require_current

_CONNECT_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFinding:
    """What one look at a database showed."""

    name: str
    ok: bool
    detail: str
    """What was found or, if it is not right, what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRevision:
    """A migration that this version brings and the database does not have."""

    revision: str
    title: str


@contextmanager
def existing_database(settings: Settings, data_dir: Path) -> Iterator[DatabaseUrls | None]:
    """Yield the URLs of the database as it is; ``None`` if the embedded one is not made yet.

    An embedded server is started for as long as this is open, unless it runs already.
    """
    if settings.database_url is not None:
        yield configured_urls(settings)
    elif not Layout.of(data_dir).cluster.exists():
        yield None
    else:
        with EmbeddedPostgres(data_dir) as server:
            yield embedded_urls(server)


def current_revision(url: URL) -> str | None:
    """Return the revision that a database is at. Raises ``DatabaseUnavailableError``."""
    with _connected(url) as connection:
        return _revision(connection)


def pending_revisions(present: str | None) -> list[PendingRevision]:
    """Return the migrations that follow ``present``, in the order in which they would run.

    Raises ``DatabaseUnsuitableError`` for a revision that this version does not know.
    """
    script = ScriptDirectory.from_config(alembic_config())
    try:
        newest_first = list(script.iterate_revisions("head", present or "base"))
    except RevisionError as error:
        raise DatabaseUnsuitableError(
            f"The database is at revision {present}, which this version does not know: a newer"
            " version has migrated it. Use that one."
        ) from error
    return [PendingRevision(revision=each.revision, title=each.doc) for each in newest_first][::-1]


def inspect_database(urls: DatabaseUrls) -> Iterator[DatabaseFinding]:
    """Yield what each look at the database shows; without a connection, only that."""
    try:
        with _connected(urls.runtime) as connection:
            for name, look in _LOOKS.items():
                yield _finding(name, partial(look, connection))
    except DatabaseUnavailableError as error:
        yield DatabaseFinding(name="server", ok=False, detail=error.message)
        return
    yield _finding("migrations", partial(_migrations, urls.runtime))
    if urls.owner != urls.runtime:
        yield _finding("owner", partial(_owner, urls.owner))


def _finding(name: str, look: Callable[[], str]) -> DatabaseFinding:
    try:
        return DatabaseFinding(name=name, ok=True, detail=look())
    except MemsvcError as error:
        return DatabaseFinding(name=name, ok=False, detail=error.message)
    except SQLAlchemyError as error:
        reason = str(error).partition("\n")[0]
        return DatabaseFinding(name=name, ok=False, detail=f"cannot be looked at: {reason}")


def _server(connection: Connection) -> str:
    check_server(connection)
    version = connection.execute(text("SHOW server_version")).scalar_one()
    user = connection.execute(text("SELECT session_user")).scalar_one()
    return f"PostgreSQL {version}, reached as {user}"


def _extension(connection: Connection) -> str:
    version = connection.execute(
        text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    ).scalar_one_or_none()
    if version is None:
        raise DatabaseUnsuitableError(
            "The extension vector is not created in this database; run `memsvc db upgrade`, which"
            " creates it or says who has to."
        )
    refuse_old_pgvector(str(version))
    return f"vector {version}"


def _roles(connection: Connection) -> str:
    check_runtime_role(connection)
    index_role = connection.execute(
        text("SELECT rolsuper OR rolbypassrls AS too_powerful FROM pg_roles WHERE rolname = :role"),
        {"role": INDEX_ROLE},
    ).one_or_none()
    if index_role is None:
        raise DatabaseUnsuitableError(
            f"The role {INDEX_ROLE} does not exist; run `memsvc db upgrade` as a user that may"
            " create roles."
        )
    if index_role.too_powerful:
        raise DatabaseUnsuitableError(
            f"The role {INDEX_ROLE} is a superuser or bypasses row-level security; run:"
            f" ALTER ROLE {INDEX_ROLE} NOSUPERUSER NOBYPASSRLS;"
        )
    return f"{RUNTIME_ROLE} and {INDEX_ROLE} may neither bypass row-level security nor administer"


def _row_level_security(connection: Connection) -> str:
    found = connection.execute(
        text(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = 'public'::regnamespace AND relrowsecurity AND relforcerowsecurity"
        )
    ).scalars()
    expected = set(tables.metadata.tables)
    if unprotected := sorted(expected - set(found)):
        raise DatabaseUnsuitableError(
            f"Row-level security is not enabled and forced on {', '.join(unprotected)}; run"
            " `memsvc db upgrade`, or for a table that it leaves so: ALTER TABLE … ENABLE ROW"
            " LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
        )
    return f"enabled and forced on all {len(expected)} tables"


_LOOKS: dict[str, Callable[[Connection], str]] = {
    "server": _server,
    "extension": _extension,
    "roles": _roles,
    "row-level security": _row_level_security,
}


def _migrations(url: URL) -> str:
    require_current(url)
    return f"at revision {current_revision(url)}, the newest"


def _owner(url: URL) -> str:
    with _connected(url) as connection:
        return f"reached as {connection.execute(text('SELECT session_user')).scalar_one()}"


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    """Yield a connection that reads only, each statement in a transaction of its own."""
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "connect_timeout": _CONNECT_TIMEOUT_S,
            "options": "-c default_transaction_read_only=on",
        },
    )
    try:
        connection = engine.connect()
    except OperationalError as error:
        if isinstance(error.orig, psycopg.OperationalError):
            raise explain_refusal(error.orig) from error
        raise DatabaseUnavailableError from error
    try:
        with connection:
            yield connection
    finally:
        engine.dispose()
