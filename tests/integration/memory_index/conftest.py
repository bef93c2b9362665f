"""A service whose dense arm asks an index server that tests fill, start and stop."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gpu_index import VectorIndex, open_index
from gpu_index.addresses import Address
from gpu_index.server import IndexServer, ServerOptions
from memsvc.bootstrap import Application, build_application
from memsvc.memory_index.marks import encode_mark
from memsvc.ports import FeedRequest
from memsvc.services.commands import BankReference
from memsvc.services.embedders import Embedders
from memsvc.settings import DatabaseSettings, IndexSettings, Settings
from memsvc.store.engine import connected, normalise_url
from memsvc.store.overlay import OverlayReads
from memsvc.store.roles import INDEX_ROLE
from tests.fixtures.database import DatabaseUrls
from tests.fixtures.services import Service

SECRET = "0123456789abcdef"
Start = Callable[[], IndexServer]


@pytest.fixture
async def index_engine(database_urls: DatabaseUrls) -> AsyncIterator[AsyncEngine]:
    """Connections of the index role."""
    url = normalise_url(database_urls.url_of(INDEX_ROLE))
    async with connected(url, DatabaseSettings(pool_size=2)) as engine:
        yield engine


@pytest.fixture
def held(service: Service) -> VectorIndex:
    """What the server holds, filled by hand."""
    return open_index("exact", service.embedder.model.dimension)


@pytest.fixture
def start(held: VectorIndex, service: Service, tmp_path: Path) -> Iterator[Start]:
    """Start the server at the one address that the service knows."""
    servers: list[IndexServer] = []

    def serve() -> IndexServer:
        address = Address(path=str(tmp_path / "index.sock"))
        options = ServerOptions(secret=SECRET.encode())
        server = IndexServer(address, {service.embedder.model.id: held}, options)
        servers.append(server)
        return server

    yield serve
    for server in servers:
        server.close(timeout_s=1)


@pytest.fixture
async def remote(service: Service, tmp_path: Path) -> AsyncIterator[Application]:
    """A service whose dense arm asks the server."""
    settings = Settings(
        index=IndexSettings(
            backend="server",
            server_url=f"unix://{tmp_path}/index.sock",
            server_secret=SECRET,
            server_connect_timeout_s=30,
            server_timeout_s=30,
            snapshots=False,
        )
    )
    database = service.database
    url = normalise_url(database.url)
    built = build_application(settings, url, database.engine, Embedders(default=service.embedder))
    yield built
    await built.close_indexes()


async def follow(service: Service, held: VectorIndex) -> None:
    """Bring the server up to date, as its follower does."""
    model_id = service.embedder.model.id
    scope = (await service.banks.get(service.caller, BankReference(value="ann"))).scope
    partition = await OverlayReads(service.database.engine).partition(scope, model_id)
    assert partition is not None
    held.drop(partition)
    request = FeedRequest(model_id=model_id, lexical=False)
    async for watermark, entries in service.feed.load(scope, request):
        for vector in (each for entry in entries for each in entry.vectors):
            held.add(partition, np.array([vector.vector_id]), vector.vector[np.newaxis])
        held.set_mark(partition, encode_mark(watermark))
