"""A shared index over a real database."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from gpu_index import open_index
from memsvc.index_process.follower import Follower
from memsvc.index_process.partitions import Partitions
from memsvc.index_process.snapshots import Snapshots
from memsvc.settings import DatabaseSettings
from memsvc.store.engine import connected, normalise_url
from memsvc.store.roles import INDEX_ROLE
from memsvc.store.shared_feed import SharedFeed
from tests.fixtures.database import DatabaseUrls

CURRENT = """
SELECT p.partition_no, e.vector_id FROM bank_models p
JOIN banks b ON b.bank_id = p.bank_id AND b.state = 'active'
JOIN memories m ON m.bank_id = p.bank_id AND m.state = 'active'
JOIN embeddings e ON e.bank_id = p.bank_id AND e.memory_id = m.memory_id
 AND e.version = m.current_version AND e.model_id = p.model_id
"""


def current(urls: DatabaseUrls) -> set[tuple[int, int]]:
    """Return what PostgreSQL says there should be: partitions and vector ids."""
    engine = create_engine(normalise_url(urls.superuser_url), poolclass=NullPool)
    with engine.connect() as connection:
        return {(row[0], row[1]) for row in connection.execute(text(CURRENT))}


@dataclass(frozen=True)
class SharedIndex:
    """A follower and what it holds."""

    follower: Follower
    partitions: Partitions
    folder: Path
    backend: str

    def held(self) -> set[tuple[int, int]]:
        """Return what is in the index: partitions and vector ids."""
        return {
            (held.bank.partition, vector_id)
            for held in self.partitions
            for vector_id in held.index.ids(held.bank.partition).tolist()
        }


@pytest.fixture
async def index_engine(database_urls: DatabaseUrls) -> AsyncIterator[AsyncEngine]:
    """Connections of the index role."""
    url = normalise_url(database_urls.url_of(INDEX_ROLE))
    async with connected(url, DatabaseSettings(pool_size=2)) as engine:
        yield engine


def open_shared(engine: AsyncEngine, folder: Path, backend: str = "faiss_cpu") -> SharedIndex:
    """Return an index process's inside, holding nothing yet."""
    partitions = Partitions(partial(open_index, backend))
    follower = Follower(SharedFeed(engine), partitions, Snapshots(folder))
    return SharedIndex(follower=follower, partitions=partitions, folder=folder, backend=backend)


@pytest.fixture
def shared(index_engine: AsyncEngine, tmp_path: Path) -> SharedIndex:
    """A shared index without snapshots yet."""
    return open_shared(index_engine, tmp_path / "snapshots")
