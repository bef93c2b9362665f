"""Recall over a real index server: its answer, its going and its coming back."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import REGISTRY

from gpu_index import VectorIndex, open_index
from gpu_index.addresses import Address
from gpu_index.server import IndexServer, ServerOptions
from memsvc.bootstrap import Application, build_application
from memsvc.domain.fusion import Arm
from memsvc.memory_index.marks import encode_mark
from memsvc.ports import FeedRequest
from memsvc.services.commands import BankReference, NewMemory
from memsvc.services.embedders import Embedders
from memsvc.services.recall import Recalled, RecallQuery
from memsvc.settings import IndexSettings, Settings
from memsvc.store.engine import normalise_url
from memsvc.store.overlay import OverlayReads
from tests.fixtures.services import Service

SECRET = "0123456789abcdef"
Start = Callable[[], IndexServer]


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
async def application(service: Service, tmp_path: Path) -> AsyncIterator[Application]:
    """A service whose dense arm asks the server."""
    settings = Settings(
        index=IndexSettings(
            backend="server",
            server_url=f"unix://{tmp_path}/index.sock",
            server_secret=SECRET,
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


async def recall(application: Application, service: Service, text: str) -> Recalled:
    query = RecallQuery(text=text, arms=frozenset({Arm.DENSE}), k=5)
    return await application.recall(service.caller, BankReference(value="ann"), query)


def texts(answer: Recalled) -> list[str]:
    return [hit.memory.text for hit in answer.hits]


def fallbacks(reason: str) -> float:
    labels = {"index": "server", "reason": reason}
    return REGISTRY.get_sample_value("memsvc_index_fallbacks_total", labels) or 0.0


async def test_recall_goes_on_while_the_server_is_away_and_says_so(
    application: Application, service: Service, held: VectorIndex, start: Start
) -> None:
    await service.remember_items("ann", NewMemory(text="ships at sea"))
    await follow(service, held)
    await service.remember_items("ann", NewMemory(text="ships in the harbour"))
    both = ["ships at sea", "ships in the harbour"]
    before = fallbacks("index_unavailable")

    server = start()
    there = await recall(application, service, "ships at sea")
    server.close(timeout_s=1)
    away = await recall(application, service, "ships at sea")
    start()
    answers = [await recall(application, service, "ships at sea") for _ in range(50)]

    assert (texts(there), there.arms[Arm.DENSE].reason) == (both, None)
    assert texts(away) == both
    assert away.arms[Arm.DENSE].reason == "server is away; answered by pgvector"
    assert fallbacks("index_unavailable") > before
    assert all(texts(answer) == both for answer in answers)
    assert answers[-1].arms[Arm.DENSE].reason is None, "it returns by itself"


async def test_a_bank_that_the_server_has_not_loaded_is_answered_by_pgvector(
    application: Application, service: Service, start: Start
) -> None:
    await service.remember_items("ann", NewMemory(text="ships at sea"))
    start()

    answer = await recall(application, service, "ships")

    assert texts(answer) == ["ships at sea"]
    reason = "server has not loaded the bank yet; answered by pgvector"
    assert answer.arms[Arm.DENSE].reason == reason
