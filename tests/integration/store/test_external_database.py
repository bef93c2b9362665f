"""A PostgreSQL of the user's own: one URL is enough, and every refusal says what to do."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.bootstrap import build_application
from memsvc.errors import (
    ConfigurationError,
    DatabaseUnavailableError,
    DatabaseUnsuitableError,
    SchemaOutdatedError,
)
from memsvc.services.commands import BankReference, Caller, NewMemory
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.settings import DatabaseSettings, Settings
from memsvc.store import schema
from memsvc.store.database import open_database
from memsvc.store.embedded.supervisor import EmbeddedPostgres
from memsvc.store.engine import connected, normalise_url
from memsvc.store.requirements import refuse_old_pgvector, refuse_old_server
from memsvc.store.roles import INDEX_ROLE, RUNTIME_ROLE
from tests.fixtures.embedder import HashingEmbedder


@dataclass(frozen=True)
class Foreign:
    """A database that an administrator made for the user ``alice``."""

    url: str
    superuser_url: str

    @property
    def settings(self) -> Settings:
        return Settings(database_url=SecretStr(self.url))


def administer(database: Foreign, statement: str) -> None:
    engine = create_engine(
        normalise_url(database.superuser_url), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(statement))


@pytest.fixture
def foreign(postgres_cluster: EmbeddedPostgres, template_database: str) -> Iterator[Foreign]:
    """An empty database owned by an ordinary user who may act as the service's roles."""
    maintenance = create_engine(
        normalise_url(postgres_cluster.superuser_url()),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    roles = f"{RUNTIME_ROLE}, {INDEX_ROLE}"
    with maintenance.connect() as connection:
        connection.execute(text("CREATE ROLE alice LOGIN"))
        connection.execute(text(f"GRANT {roles} TO alice WITH INHERIT FALSE, SET TRUE"))
        connection.execute(text("CREATE DATABASE hers OWNER alice"))
    made = Foreign(
        url=postgres_cluster.url("alice", "hers"),
        superuser_url=postgres_cluster.superuser_url("hers"),
    )
    administer(made, "CREATE EXTENSION vector")
    yield made
    with maintenance.connect() as connection:
        connection.execute(text("DROP DATABASE hers WITH (FORCE)"))
        connection.execute(text("DROP ROLE alice"))


async def test_one_url_of_an_ordinary_user_is_enough(foreign: Foreign) -> None:
    url = normalise_url(foreign.url)
    await asyncio.to_thread(schema.upgrade, url)

    async with (
        open_database(foreign.settings, Path("/nonexistent")) as urls,
        connected(urls.runtime, DatabaseSettings()) as engine,
    ):
        application = build_application(
            foreign.settings, urls.runtime, engine, Embedders(default=HashingEmbedder())
        )
        caller = Caller(tenant_id=application.default_tenant, actor="test")
        bank = BankReference(value="b", create=True)
        await application.remember.items(caller, bank, [NewMemory(text="It works.")])
        answer = await application.recall(caller, bank, RecallQuery(text="works"))
        await application.close_indexes()
    assert [hit.memory.text for hit in answer.hits] == ["It works."]


async def test_transactions_run_as_the_runtime_role_whoever_logs_in(foreign: Foreign) -> None:
    await asyncio.to_thread(schema.upgrade, normalise_url(foreign.url))
    url = normalise_url(foreign.superuser_url)
    async with connected(url, DatabaseSettings()) as engine:
        application = build_application(
            Settings(), url, engine, Embedders(default=HashingEmbedder())
        )
        async with application.banks._store.read(application.default_tenant) as tx:
            role = await tx.banks._session.connection.scalar(text("SELECT current_user"))
    assert role == RUNTIME_ROLE


async def test_a_database_that_was_never_migrated_says_which_command_to_run(
    foreign: Foreign,
) -> None:
    with pytest.raises(SchemaOutdatedError, match="memsvc db upgrade"):
        async with open_database(foreign.settings, Path("/nonexistent")):
            pass


async def test_a_login_that_may_not_act_as_the_runtime_role_says_what_to_grant(
    foreign: Foreign,
) -> None:
    url = normalise_url(foreign.url)
    await asyncio.to_thread(schema.upgrade, url)
    administer(foreign, f"REVOKE {RUNTIME_ROLE} FROM alice")

    with pytest.raises(DatabaseUnsuitableError, match=f"GRANT {RUNTIME_ROLE} TO"):
        async with open_database(foreign.settings, Path("/nonexistent")):
            pass


async def test_a_missing_extension_says_what_an_administrator_has_to_run(
    foreign: Foreign,
) -> None:
    administer(foreign, "DROP EXTENSION vector")

    with pytest.raises(DatabaseUnsuitableError, match="CREATE EXTENSION vector"):
        await asyncio.to_thread(schema.upgrade, normalise_url(foreign.url))


async def test_a_server_that_is_not_there_says_what_to_check() -> None:
    settings = Settings(database_url=SecretStr("postgresql://u:hunter2@127.0.0.1:9/db"))
    with pytest.raises(DatabaseUnavailableError, match="MEMSVC_DATABASE_URL") as caught:
        async with open_database(settings, Path("/nonexistent")):
            pass
    assert "hunter2" not in str(caught.value)
    assert "Connection refused" in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://u@h/db", "no url at all"])
def test_a_url_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        normalise_url(url)


def test_an_old_server_or_extension_is_refused_with_the_version_needed() -> None:
    with pytest.raises(DatabaseUnsuitableError, match="PostgreSQL 15; PostgreSQL 16"):
        refuse_old_server(150_004)
    with pytest.raises(DatabaseUnsuitableError, match=r"0\.7\.4; 0\.8"):
        refuse_old_pgvector("0.7.4")
    refuse_old_server(160_000)
    refuse_old_pgvector("0.8.0")
    refuse_old_pgvector("1.0")
