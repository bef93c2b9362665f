"""Promise 7: the tenant comes from the credential, and row-level security stands under it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from memsvc.bootstrap import Application
from memsvc.domain.fusion import Arm
from memsvc.domain.identifiers import BankId, TenantId
from memsvc.domain.memory import BankScope, ResolvedBank
from memsvc.errors import BankNotFoundError, ExternalCallInTransactionError
from memsvc.services.commands import NewMemory
from memsvc.services.recalling.arms import ArmQuery
from memsvc.store.engine import normalise_url
from memsvc.store.roles import DEFAULT_TENANT, INDEX_ROLE, OWNER_ROLE, RUNTIME_ROLE
from memsvc.store.tables import INDEX_ROLE_TABLES, metadata
from memsvc.store.transactions import Store, assert_no_transaction
from tests.fixtures.database import DatabaseUrls
from tests.fixtures.services import Service

ROW_TABLES = (
    "banks",
    "episodes",
    "memories",
    "memory_versions",
    "lexical_forms",
    "embeddings",
    "index_changes",
    "audit_events",
)


@contextmanager
def connected(urls: DatabaseUrls, role: str, tenant: object = None) -> Iterator[Connection]:
    engine = create_engine(normalise_url(urls.url_of(role)), poolclass=NullPool)
    with engine.connect() as connection:
        if tenant is not None:
            setting = text("SELECT set_config('memsvc.tenant', :tenant, false)")
            connection.execute(setting, {"tenant": str(tenant)})
        yield connection


def visible(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@pytest.fixture
async def filled(service: Service) -> DatabaseUrls:
    """A database with one bank of the default tenant, with an episode and a memory."""
    await service.remember_talk("secrets", "The code is 1234.")
    return service.database.urls


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_row_level_security_is_enabled_and_forced(database_urls: DatabaseUrls, table: str) -> None:
    statement = text(
        "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = :table"
    )
    with connected(database_urls, RUNTIME_ROLE) as connection:
        assert connection.execute(statement, {"table": table}).scalar_one()


@pytest.mark.parametrize("role", [RUNTIME_ROLE, INDEX_ROLE, OWNER_ROLE])
def test_no_role_of_the_service_can_go_round_it(database_urls: DatabaseUrls, role: str) -> None:
    statement = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :role")
    with connected(database_urls, RUNTIME_ROLE) as connection:
        assert not connection.execute(statement, {"role": role}).scalar_one()


@pytest.mark.parametrize("role", [RUNTIME_ROLE, OWNER_ROLE])
async def test_without_a_tenant_or_as_another_one_nothing_is_there(
    filled: DatabaseUrls, role: str
) -> None:
    for tenant in (None, uuid4()):
        with connected(filled, role, tenant) as connection:
            assert {table: visible(connection, table) for table in ROW_TABLES} == dict.fromkeys(
                ROW_TABLES, 0
            )
    with connected(filled, role, DEFAULT_TENANT) as connection:
        assert all(visible(connection, table) for table in ROW_TABLES)


async def test_rows_cannot_be_written_for_another_tenant(filled: DatabaseUrls) -> None:
    with (
        connected(filled, RUNTIME_ROLE, DEFAULT_TENANT) as connection,
        pytest.raises(ProgrammingError, match="row-level security"),
    ):
        connection.execute(text("UPDATE banks SET tenant_id = gen_random_uuid()"))


async def test_the_index_role_reads_what_indexes_hold_and_writes_nothing(
    filled: DatabaseUrls,
) -> None:
    with connected(filled, INDEX_ROLE) as connection:
        assert all(visible(connection, table.name) for table in INDEX_ROLE_TABLES)
        for statement in (
            "SELECT * FROM memory_versions",
            "SELECT * FROM audit_events",
            "DELETE FROM embeddings",
            "UPDATE memories SET state = 'archived'",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(statement))
            connection.rollback()


async def test_versions_and_audit_events_cannot_be_changed(filled: DatabaseUrls) -> None:
    with connected(filled, RUNTIME_ROLE, DEFAULT_TENANT) as connection:
        for table, column in (("memory_versions", "text"), ("audit_events", "actor")):
            with pytest.raises(ProgrammingError, match="permission denied"):
                connection.execute(text(f"UPDATE {table} SET {column} = 'x'"))
            connection.rollback()


async def test_a_bank_of_another_tenant_is_as_if_it_did_not_exist(
    filled: DatabaseUrls, store: Store
) -> None:
    async with store.read(TenantId(uuid4())) as tx:
        with pytest.raises(BankNotFoundError):
            await tx.banks.resolve("secrets")


async def test_a_read_transaction_cannot_write(service: Service) -> None:
    await service.remember_items("b", NewMemory(text="one"))
    async with service.database.store.read(DEFAULT_TENANT) as tx:
        connection = tx.banks._session.connection
        with pytest.raises(Exception, match="read-only transaction"):
            await connection.execute(text("UPDATE banks SET name = 'y' WHERE name = 'b'"))


async def test_neither_encoder_nor_index_is_asked_while_a_transaction_is_open(
    application: Application,
) -> None:
    prepare, arms = application.remember._prepare, application.recall._recall._find._arms
    bank = ResolvedBank(
        scope=BankScope(tenant_id=DEFAULT_TENANT, bank_id=BankId(uuid4())),
        name="b",
        language="auto",
        model_id=arms.embedders.default.model.id,
    )
    query = ArmQuery(text="x", bank=bank, k=1, allowed=None, active_only=True)
    async with application.banks._store.read(DEFAULT_TENANT):
        with pytest.raises(ExternalCallInTransactionError):
            await prepare([], tenant_id=DEFAULT_TENANT, language="auto", skip=set(), model_ids=[])
        with pytest.raises(ExternalCallInTransactionError):
            await arms.ask(query, frozenset(Arm))


async def test_a_model_call_or_a_second_transaction_inside_one_is_refused(store: Store) -> None:
    assert_no_transaction("A model call")
    async with store.read(DEFAULT_TENANT):
        with pytest.raises(ExternalCallInTransactionError):
            assert_no_transaction("A model call")
        with pytest.raises(ExternalCallInTransactionError):
            async with store.read(DEFAULT_TENANT):
                pass
    assert_no_transaction("A model call")
