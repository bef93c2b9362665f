"""Whether a PostgreSQL server is one the service can run on, and what to do if not."""

from typing import Any

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from memsvc.errors import DatabaseUnavailableError, DatabaseUnsuitableError
from memsvc.store.roles import INDEX_ROLE, RUNTIME_ROLE

MINIMUM_SERVER = 16
MINIMUM_PGVECTOR = (0, 8)


def explain_refusal(error: psycopg.OperationalError) -> DatabaseUnavailableError:
    """Return an error that says what to do about a connection that could not be made."""
    # libpq puts what happened first and a question for the reader below it.
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no answer")
    return DatabaseUnavailableError(
        f"PostgreSQL could not be reached ({reason}). Check that the server runs and that"
        " MEMSVC_DATABASE_URL names its host, port, user, password and database; or unset it to"
        " use the embedded server."
    )


def check_server(connection: Connection) -> None:
    """Raise ``DatabaseUnsuitableError`` unless the server is new enough."""
    refuse_old_server(int(connection.execute(text("SHOW server_version_num")).scalar_one()))


def refuse_old_server(number: int) -> None:
    """Raise ``DatabaseUnsuitableError`` for a ``server_version_num`` below the minimum."""
    if number // 10_000 < MINIMUM_SERVER:
        raise DatabaseUnsuitableError(
            f"The server is PostgreSQL {number // 10_000}; PostgreSQL {MINIMUM_SERVER} or newer is"
            " needed. Upgrade it, or unset MEMSVC_DATABASE_URL to use the embedded server."
        )


def ensure_pgvector(connection: Connection) -> None:
    """Create the extension if it is missing, and check its version.

    Raises ``DatabaseUnsuitableError`` that says which command an administrator has to run.
    """
    installed = _one(connection, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    if installed is None:
        _create_pgvector(connection)
        installed = _one(connection, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    refuse_old_pgvector(str(installed))


def refuse_old_pgvector(installed: str) -> None:
    """Raise ``DatabaseUnsuitableError`` for a version of the extension below the minimum."""
    if tuple(int(part) for part in installed.split(".")[:2]) < MINIMUM_PGVECTOR:
        raise DatabaseUnsuitableError(
            f"The extension vector is {installed}; 0.8 or newer is needed. Install a newer"
            " pgvector on the server and run: ALTER EXTENSION vector UPDATE;"
        )


def _create_pgvector(connection: Connection) -> None:
    available = _one(
        connection, "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"
    )
    if available is None:
        raise DatabaseUnsuitableError(
            "The server does not have the extension vector. Install pgvector 0.8 or newer on it"
            " (https://github.com/pgvector/pgvector), then run `memsvc db upgrade` again."
        )
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION vector"))
    except ProgrammingError as error:
        raise DatabaseUnsuitableError(
            "The extension vector is not created in this database and this user may not create"
            " it. Ask an administrator to run: CREATE EXTENSION vector;"
        ) from error


def ensure_roles(connection: Connection) -> None:
    """Create the runtime and index roles if they are missing, and let this user act as them."""
    for role in (RUNTIME_ROLE, INDEX_ROLE):
        exists = connection.execute(
            text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
        ).first()
        try:
            with connection.begin_nested():
                if exists is None:
                    connection.execute(text(f"CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS"))
                if not _may_act_as(connection, role):
                    connection.execute(
                        text(f"GRANT {role} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE")
                    )
        except ProgrammingError as error:
            raise DatabaseUnsuitableError(
                f"The role {role} cannot be created or granted by this user. Ask an administrator"
                f" to run: CREATE ROLE {role} NOLOGIN; GRANT {role} TO <user>;"
            ) from error


def _may_act_as(connection: Connection, role: str) -> bool:
    statement = text("SELECT pg_has_role(current_user, :role, 'SET')")
    return bool(connection.execute(statement, {"role": role}).scalar_one())


def check_runtime_role(connection: Connection) -> None:
    """Raise ``DatabaseUnsuitableError`` unless the login may act as a harmless runtime role."""
    row = connection.execute(
        text(
            "SELECT r.rolsuper OR r.rolbypassrls AS too_powerful,"
            " pg_has_role(session_user, r.oid, 'SET') AS may_act"
            " FROM pg_roles r WHERE r.rolname = :role"
        ),
        {"role": RUNTIME_ROLE},
    ).one_or_none()
    if row is None:
        raise DatabaseUnsuitableError(
            f"The role {RUNTIME_ROLE} does not exist; run `memsvc db upgrade` as a user that may"
            " create roles."
        )
    if row.too_powerful:
        raise DatabaseUnsuitableError(
            f"The role {RUNTIME_ROLE} is a superuser or bypasses row-level security; run:"
            f" ALTER ROLE {RUNTIME_ROLE} NOSUPERUSER NOBYPASSRLS;"
        )
    if not row.may_act:
        raise DatabaseUnsuitableError(
            f"The database user may not act as {RUNTIME_ROLE}; run: GRANT {RUNTIME_ROLE} TO <user>;"
        )


def _one(connection: Connection, statement: str) -> Any:  # noqa: ANN401 — whatever the column is
    return connection.execute(text(statement)).scalar_one_or_none()
