"""A cross-encoder reads the best candidates, within its time, said through the client."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
from httpx2 import ASGITransport
from memsvc_client import AsyncBank, AsyncClient, InvalidRequestError, NewMemory

from memsvc.api.app import create_app
from memsvc.bootstrap import build_application
from memsvc.embedding.cross_encoder import load_reranker
from memsvc.services.embedders import Embedders
from memsvc.settings import ApiSettings, OrganiseSettings, RerankSettings, Settings
from memsvc.store.engine import normalise_url
from tests.fixtures.application import LOCAL
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.tiny_cross_encoder import write_cross_encoder

QUESTION = "two three four"
TEXTS = ["two three four", "two three four one", "two three one one one", "seven"]

Asking: TypeAlias = Callable[[RerankSettings], AbstractAsyncContextManager[AsyncBank]]


@pytest.fixture
def asking(database: Database, tmp_path: Path) -> Asking:
    """Services over one database, each with a cross-encoder by its settings."""
    write_cross_encoder(tmp_path)

    @asynccontextmanager
    async def serve(rerank: RerankSettings) -> AsyncIterator[AsyncBank]:
        rerank = rerank.model_copy(update={"model": f"folder:{tmp_path}"})
        reranker = load_reranker(rerank, []) if rerank.provider == "onnx" else None
        application = build_application(
            Settings(organise=OrganiseSettings(automatic=False), rerank=rerank),
            normalise_url(database.url),
            database.engine,
            Embedders(default=HashingEmbedder()),
            reranker=reranker,
        )
        transport = ASGITransport(create_app(application, ApiSettings()))
        async with AsyncClient(LOCAL, transport=transport, max_retries=0) as client:
            await client.create_bank("ann", exist_ok=True)
            yield client.bank("ann")
        if reranker is not None:
            await reranker.close()

    return serve


async def test_the_order_is_weighed_anew_or_stays_and_the_answer_says_which(
    asking: Asking,
) -> None:
    async with asking(RerankSettings(provider="onnx", weight=0.9)) as bank:
        await bank.add_memories([NewMemory(text=text) for text in TEXTS])
        plain = await bank.recall(QUESTION, k=3)
        found = await bank.recall(QUESTION, k=3, rerank=True)
        composed = await bank.context(QUESTION, mode="ranked", k=2, rerank=True)

    assert plain.hits[0].memory.text == TEXTS[0]
    assert (plain.rerank, {hit.relevance for hit in plain.hits}) == (None, {None})
    assert [hit.memory.text for hit in found.hits] == [TEXTS[2], TEXTS[1], TEXTS[0]]
    assert found.rerank is not None
    assert (found.rerank.status, found.rerank.reason) == ("ok", None)
    for hit in found.hits:
        hop = 0.0 if hit.hop is None else hit.hop.linked + hit.hop.similar + hit.hop.open
        parts = sum(part.contribution for part in hit.parts.values()) + hop
        assert hit.relevance is not None
        assert hit.score == pytest.approx(0.1 * parts + 0.9 * hit.relevance, abs=1e-6)
    assert composed.rerank is not None
    assert composed.rerank.status == "ok"

    async with asking(RerankSettings(provider="onnx", budget_ms=0.001)) as bank:
        late = await bank.recall(QUESTION, k=3, rerank=True)
    assert [hit.memory.id for hit in late.hits] == [hit.memory.id for hit in plain.hits]
    assert late.rerank is not None
    assert (late.rerank.status, late.rerank.reason) == (
        "skipped",
        "It was not done in 0.001 ms; the order stays.",
    )

    async with asking(RerankSettings()) as bank:
        with pytest.raises(InvalidRequestError, match="MEMSVC_RERANK__PROVIDER"):
            await bank.recall(QUESTION, rerank=True)
