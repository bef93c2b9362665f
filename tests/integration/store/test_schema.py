"""The schema: what the code says is what is migrated, and it could be distributed by bank."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.errors import DatabaseUnavailableError, SchemaOutdatedError
from memsvc.store import schema
from memsvc.store.engine import normalise_url
from memsvc.store.tables import BANK_TABLES, metadata
from tests.fixtures.database import DatabaseUrls
from tests.fixtures.statements import unscoped_tables

OURS = tuple(metadata.tables)


@pytest.fixture
def connection(database_urls: DatabaseUrls) -> Iterator[Connection]:
    """A superuser's look at a migrated database."""
    engine = create_engine(normalise_url(database_urls.superuser_url), poolclass=NullPool)
    with engine.connect() as opened:
        yield opened


def names(connection: Connection, statement: str) -> list[str]:
    return list(connection.execute(text(statement), {"ours": list(OURS)}).scalars())


def test_models_and_migrations_agree(database_urls: DatabaseUrls) -> None:
    assert schema.check(normalise_url(database_urls.owner_url)) == []


def test_a_difference_between_models_and_database_is_found(
    database_urls: DatabaseUrls, connection: Connection
) -> None:
    connection.execute(text("ALTER TABLE banks ADD COLUMN stray integer"))
    connection.commit()

    assert schema.check(normalise_url(database_urls.owner_url)) != []


def test_every_revision_can_be_undone_and_done_again(database_urls: DatabaseUrls) -> None:
    url = normalise_url(database_urls.owner_url)
    for revision in ("0001", "base"):
        schema.downgrade(url, revision=revision)
    schema.upgrade(url)

    assert schema.check(url) == []


def test_an_outdated_database_says_which_command_to_run(database_urls: DatabaseUrls) -> None:
    schema.downgrade(normalise_url(database_urls.owner_url), revision="0001")

    with pytest.raises(SchemaOutdatedError, match="memsvc db upgrade"):
        schema.require_current(normalise_url(database_urls.url))


def test_a_refused_connection_says_what_to_do() -> None:
    nobody = normalise_url("postgresql://user:secret@127.0.0.1:9/none")

    with pytest.raises(DatabaseUnavailableError, match="MEMSVC_DATABASE_URL") as caught:
        schema.upgrade(nobody)
    assert "secret" not in str(caught.value)


def test_primary_keys_of_bank_data_start_with_the_bank() -> None:
    for table in BANK_TABLES:
        assert next(iter(table.primary_key.columns)).name == "bank_id", table.name


def test_foreign_keys_stay_inside_the_bank() -> None:
    for table in BANK_TABLES:
        for constraint in table.foreign_key_constraints:
            assert constraint.column_keys[0] == "bank_id", (table.name, constraint.name)


def test_unique_indexes_of_bank_data_start_with_the_bank() -> None:
    for table in BANK_TABLES:
        for index in (each for each in table.indexes if each.unique):
            assert next(iter(index.columns)).name == "bank_id", index.name


def test_no_table_of_ours_has_triggers_of_its_own(connection: Connection) -> None:
    assert not names(
        connection,
        "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT tgisinternal AND c.relname = ANY(:ours)",
    )


def test_no_column_of_ours_has_a_default(connection: Connection) -> None:
    """Ids, times and counts come from the application."""
    assert not names(
        connection,
        "SELECT table_name || '.' || column_name FROM information_schema.columns"
        " WHERE table_name = ANY(:ours) AND column_default IS NOT NULL",
    )


def test_the_schema_needs_no_extension_but_vector(connection: Connection) -> None:
    found = names(connection, "SELECT extname FROM pg_extension")
    assert sorted(found) == ["plpgsql", "vector"]


@pytest.mark.parametrize(
    ("statement", "unscoped"),
    [
        ("SELECT * FROM memories WHERE bank_id = %(b)s", set()),
        ("SELECT * FROM memories WHERE memory_id = %(m)s", {"memories"}),
        ("DELETE FROM links WHERE from_id = %(m)s", {"links"}),
        ("INSERT INTO memories VALUES (1)", set()),
        ("SELECT * FROM banks", set()),
    ],
)
def test_the_statement_check_tells_scoped_from_unscoped(statement: str, unscoped: set[str]) -> None:
    assert unscoped_tables(statement) == unscoped
