"""Hosted embeddings are on the account: budgeted, and done without where the budget is used up."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from memsvc_client import AsyncClient

from memsvc.bootstrap import Application
from memsvc.domain.jobs import JobState
from memsvc.domain.model_calls import Budget, Budgets, Usage
from memsvc.domain.paging import PageRequest
from memsvc.errors import EmbedderUnavailableError
from memsvc.llm.embedder import LiteLLMEmbedder, charging
from memsvc.services.commands import Caller
from memsvc.services.embedders import Embedders
from memsvc.services.model_calls import ModelCalls
from memsvc.settings import EmbeddingSettings, LanguageModelSettings
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock
from tests.fixtures.database import Database
from tests.fixtures.jobs import until
from tests.fixtures.openai_server import OpenAIServer, failure
from tests.fixtures.serving import ON_DEMAND, serving

CALLER = Caller(tenant_id=DEFAULT_TENANT, actor="test")
TEXT = "Ada climbs in Lisbon whenever the weather allows it."


@pytest.fixture
async def hosted(openai_server: OpenAIServer) -> AsyncIterator[LiteLLMEmbedder]:
    settings = EmbeddingSettings(
        provider="litellm",
        model="openai/scripted",
        dimension=openai_server.dimension,
        api_base=openai_server.url,
        api_key="test",
        usd_per_million_tokens=2.0,
    )
    opened = await LiteLLMEmbedder.open(settings)
    yield opened
    await opened.close()


@asynccontextmanager
async def serving_on_budget(
    database: Database, embedder: LiteLLMEmbedder, tokens_per_day: int
) -> AsyncIterator[tuple[AsyncClient, Application]]:
    """Yield a client of the service on a budget, with a worker beside it."""
    llm = LanguageModelSettings(tokens_per_day=tokens_per_day)
    worker = {"provider_retry_s": 0.2}
    async with serving(database, embedder, ON_DEMAND, llm=llm, worker=worker) as both:
        yield both


async def used(application: Application) -> dict[str, Usage]:
    return {each.purpose: each for each in await application.model_calls.usage(CALLER, 1)}


async def test_writes_and_questions_are_recorded_with_what_they_cost(
    database: Database, hosted: LiteLLMEmbedder
) -> None:
    async with serving_on_budget(database, hosted, 100_000) as (client, application):
        bank = client.bank("ada")
        await bank.add_memory(TEXT, create=True)
        await bank.recall("Where does Ada climb?", arms=["dense"])

        usage = await used(application)
        assert set(usage) == {"embed", "embed_query"}
        for each in usage.values():
            assert (each.model, each.calls, each.tries, each.failures) == (
                "openai/scripted",
                1,
                1,
                0,
            )
        # The server says 1 token a request.
        assert usage["embed"].cost_usd == pytest.approx(2e-6)


async def test_over_budget_text_is_found_by_words_and_gets_its_vectors_later(
    database: Database, hosted: LiteLLMEmbedder, openai_server: OpenAIServer
) -> None:
    async with serving_on_budget(database, hosted, 5) as (client, _):
        bank = client.bank("ada")
        written = await bank.add_memory(TEXT, create=True)
        for city in ("Porto", "Faro"):
            await bank.add_memory(TEXT.replace("Ada climbs in Lisbon", f"Bo swims in {city}"))
        found = await bank.recall("Where does Ada climb?")

        assert [hit.memory.id for hit in found.hits] == [written.id]
        dense = found.arms["dense"]
        assert dense.status == "failed"
        assert "budget of 5 tokens" in (dense.reason or "")
        await until(lambda: _is_waiting(database))
        assert openai_server.requests == []

    # Enough for one text at a time, as the server says that each takes but one token.
    async with serving_on_budget(database, hosted, 35) as (client, _):
        await client.wait_for_jobs("ada", timeout_s=60)
        found = await client.bank("ada").recall("Where does Ada climb?", arms=["dense"])
        assert len(found.hits) == 3
        assert found.arms["dense"].status == "ok"
        assert [len(each["input"]) for each in openai_server.requests] == [1, 1, 1, 1]


async def _is_waiting(database: Database) -> bool:
    async with database.store.read(DEFAULT_TENANT) as tx:
        page = await tx.jobs.list(PageRequest(limit=5), state=JobState.WAITING_PROVIDER)
    return any("budget of 5 tokens" in (each.reason or "") for each in page.items)


async def test_tries_of_an_embedding_are_counted_and_only_a_charged_embedder_pays(
    store: Store, hosted: LiteLLMEmbedder, openai_server: OpenAIServer
) -> None:
    calls = ModelCalls(store, SystemClock(), Budgets(everybody=Budget(usd_per_day=1e-4)))
    embedders = Embedders(default=hosted, charged=charging(calls))
    charged = embedders.of_model(hosted.model.id, DEFAULT_TENANT)
    assert charged is not None
    assert charged.model == hosted.model

    openai_server.script.append(failure(503))
    [[vector], _] = await charged.embed_documents(["one", "two"])
    await hosted.embed_query("for a trial")
    with pytest.raises(EmbedderUnavailableError, match="does not cover"):
        await charged.embed_query("x" * 200)

    usage: Sequence[Usage] = await calls.usage(CALLER, 1)
    [[purpose, tries, tokens]] = [(e.purpose, e.tries, e.input_tokens) for e in usage]
    assert (purpose, tries, tokens) == ("embed", 2, 1)
    assert len(vector) == openai_server.dimension


async def test_a_refused_embedding_does_not_fail_the_write(
    database: Database, hosted: LiteLLMEmbedder, openai_server: OpenAIServer
) -> None:
    openai_server.script.extend([failure(400, "not this text")] * 3)
    async with serving_on_budget(database, hosted, 100_000) as (client, _):
        bank = client.bank("ada")
        written = await bank.add_memory(TEXT, create=True)
        found = await bank.recall("Where does Ada climb?", arms=["lexical"])

        assert [hit.memory.id for hit in found.hits] == [written.id]
        assert not found.hits[0].memory.embedded
