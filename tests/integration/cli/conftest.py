"""Commands on a database of their own, with the real encoder."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from memsvc.store.embedded.supervisor import EmbeddedPostgres
from memsvc.store.engine import normalise_url
from memsvc.store.provision import provision
from tests.fixtures.database import DatabaseUrls

EMPTY = "test_empty_for_commands"


@dataclass(frozen=True)
class Administrator:
    """Somebody who may do anything to the configured database."""

    url: str

    def does(self, statement: str) -> None:
        engine = create_engine(
            normalise_url(self.url), poolclass=NullPool, isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            connection.execute(text(statement))


def configure(monkeypatch: pytest.MonkeyPatch, urls: DatabaseUrls) -> Administrator:
    monkeypatch.setenv("MEMSVC_DATABASE_URL", urls.url)
    monkeypatch.setenv("MEMSVC_DATABASE_OWNER_URL", urls.owner_url)
    return Administrator(url=urls.superuser_url)


@pytest.fixture
def migrated(
    run: object, monkeypatch: pytest.MonkeyPatch, database_urls: DatabaseUrls
) -> Administrator:
    """The database that commands find: at this version, without memories."""
    return configure(monkeypatch, database_urls)


@pytest.fixture
def empty(
    run: object, monkeypatch: pytest.MonkeyPatch, postgres_cluster: EmbeddedPostgres
) -> Iterator[Administrator]:
    """The database that commands find: with roles and extension, without tables."""
    maintenance = Administrator(url=postgres_cluster.superuser_url())
    provision(normalise_url(maintenance.url), EMPTY)
    yield configure(monkeypatch, DatabaseUrls(cluster=postgres_cluster, name=EMPTY))
    maintenance.does(f"DROP DATABASE {EMPTY} WITH (FORCE)")


@pytest.fixture
def nothing(run: object, monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> Path:
    """The data folder that commands find: none yet, and no database configured."""
    monkeypatch.setenv("MEMSVC_DATA_DIR", str(data_dir))
    return data_dir
