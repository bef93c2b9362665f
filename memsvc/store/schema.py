"""Bringing a database to this version's schema, and telling whether it is there."""

import io
from collections.abc import Callable
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine.url import URL
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

import migrations
from memsvc.errors import DatabaseUnavailableError, SchemaOutdatedError
from memsvc.store.requirements import (
    check_runtime_role,
    check_server,
    ensure_pgvector,
    ensure_roles,
    explain_refusal,
)
from memsvc.store.roles import RUNTIME_ROLE

_UPGRADE_LOCK = 0x6D656D737663  # "memsvc": any number nobody else uses


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, bound to a connection if one is given."""
    config = Config(stdout=io.StringIO())  # standard output belongs to the commands
    config.set_main_option("script_location", str(Path(migrations.__path__[0])))
    config.attributes["connection"] = connection
    return config


def upgrade(owner_url: URL, *, revision: str = "head") -> None:
    """Check the server, create extension and roles, and migrate to ``revision``.

    One process at a time; others wait. Raises ``DatabaseUnavailableError`` or
    ``DatabaseUnsuitableError``, each saying what to do.
    """

    def run(connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
        check_server(connection)
        ensure_pgvector(connection)
        ensure_roles(connection)
        command.upgrade(alembic_config(connection), revision)
        check_runtime_role(connection)

    _within(owner_url, run)


def downgrade(owner_url: URL, *, revision: str) -> None:
    """Undo migrations down to ``revision``; what only newer ones can hold is lost."""
    _within(owner_url, lambda connection: command.downgrade(alembic_config(connection), revision))


def check(owner_url: URL) -> list[str]:
    """Return the differences between the migrated database and the tables in code."""
    found: list[str] = []

    def run(connection: Connection) -> None:
        try:
            command.check(alembic_config(connection))
        except CommandError as error:
            found.append(str(error))

    _within(owner_url, run)
    return found


def require_current(url: URL) -> None:
    """Raise ``SchemaOutdatedError`` unless the database is at this version's revision."""

    def run(connection: Connection) -> None:
        check_server(connection)
        check_runtime_role(connection)
        connection.execute(text("SELECT set_config('role', :role, true)"), {"role": RUNTIME_ROLE})
        present = MigrationContext.configure(connection).get_current_revision()
        if present != head_revision():
            raise SchemaOutdatedError(
                f"The database is at revision {present or 'none'}, this version needs"
                f" {head_revision()}; run `memsvc db upgrade`."
            )

    _within(url, run)


def begin_epoch(owner_url: URL) -> int:
    """Have every index that was filled from this database load afresh; return the new epoch."""
    reached: list[int] = []

    def run(connection: Connection) -> None:
        statement = text("UPDATE installation SET epoch = epoch + 1 RETURNING epoch")
        reached.append(connection.execute(statement).scalar_one())

    _within(owner_url, run)
    return reached[0]


def head_revision() -> str | None:
    """Return the newest revision of this version."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()


def _within(url: URL, run: Callable[[Connection], None]) -> None:
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 10})
    try:
        with engine.begin() as connection:
            run(connection)
    except OperationalError as error:
        cause = error.orig
        if isinstance(cause, psycopg.OperationalError):
            raise explain_refusal(cause) from error
        raise DatabaseUnavailableError from error
    finally:
        engine.dispose()
