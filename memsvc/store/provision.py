"""Setting up the embedded server: roles, the database and its extension."""

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine.url import URL
from sqlalchemy.pool import NullPool

from memsvc.store.roles import INDEX_ROLE, OWNER_ROLE, RUNTIME_ROLE

DATABASE = "memsvc"
_LOCK = 0x70726F76  # "prov"


def provision(superuser_url: URL, database: str = DATABASE) -> None:
    """Create what is missing of roles, database and extension; safe to run again, and at once.

    ``superuser_url`` names a maintenance database of the server. The owner may create roles only
    as far as migrations need it: it administers the two roles made here.
    """
    engine = create_engine(superuser_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
        for role in (OWNER_ROLE, RUNTIME_ROLE, INDEX_ROLE):
            _create_role(connection, role)
        connection.execute(
            # Not inherited: the policies of the index role must not widen what the owner sees.
            text(
                f"GRANT {RUNTIME_ROLE}, {INDEX_ROLE} TO {OWNER_ROLE}"
                " WITH ADMIN TRUE, INHERIT FALSE, SET TRUE"
            )
        )
        exists = connection.execute(
            text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": database}
        ).first()
        if exists is None:
            connection.execute(text(f'CREATE DATABASE "{database}" OWNER {OWNER_ROLE}'))
    inner = create_engine(superuser_url.set(database=database), poolclass=NullPool)
    with inner.begin() as connection:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))


def _create_role(connection: Connection, role: str) -> None:
    exists = connection.execute(
        text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}
    ).first()
    if exists is None:
        connection.execute(text(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS"))
