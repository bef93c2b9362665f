"""A hosted model reranks: over HTTP, with scripted answers, by way of litellm, on the account."""

import asyncio
import math

import pytest

from memsvc.domain.model_calls import Budget, Budgets
from memsvc.errors import BudgetExceededError, ConfigurationError, ProviderUnavailableError
from memsvc.llm.client import ProviderEndpoint
from memsvc.llm.reranker import LiteLLMReranker
from memsvc.services.commands import Caller
from memsvc.services.model_calls import ModelCalls
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock
from tests.fixtures.openai_server import OpenAIServer, Reply, failure

CALLER = Caller(tenant_id=DEFAULT_TENANT, actor="test")
TEXTS = ["Ada: The ferry was late.", "Bo: I live in Lisbon."]


def _scores(*scores: float, delay_s: float = 0.0) -> Reply:
    results = [{"index": index, "relevance_score": score} for index, score in enumerate(scores)]
    body = {"id": "scripted", "results": results[::-1], "usage": {"total_tokens": 40}}
    return Reply(body=body, delay_s=delay_s)


def _reranker(server: OpenAIServer, calls: ModelCalls) -> LiteLLMReranker:
    endpoint = ProviderEndpoint(
        model="hosted_vllm/scripted", api_base=server.url, api_key=None, timeout_s=5.0
    )
    return LiteLLMReranker(endpoint, calls)


async def test_scores_come_in_the_order_of_the_texts_and_every_call_is_on_the_account(
    store: Store, openai_server: OpenAIServer
) -> None:
    calls = ModelCalls(store, SystemClock(), Budgets(everybody=Budget()))
    reranker = _reranker(openai_server, calls)
    openai_server.script.append(_scores(0.25, 1.75))

    assert await reranker.relevance(DEFAULT_TENANT, "Where does Bo live?", TEXTS) == [0.25, 1.0]
    [sent] = openai_server.requests
    assert (sent["query"], sent["documents"]) == ("Where does Bo live?", TEXTS)

    openai_server.script.append(failure(500))
    with pytest.raises(ProviderUnavailableError):
        await reranker.relevance(DEFAULT_TENANT, "Where?", TEXTS)
    openai_server.script.append(failure(401))
    with pytest.raises(ConfigurationError, match="refuses"):
        await reranker.relevance(DEFAULT_TENANT, "Where?", TEXTS)
    openai_server.script.append(_scores(0.5))
    with pytest.raises(ProviderUnavailableError):  # a score is missing
        await reranker.relevance(DEFAULT_TENANT, "Where?", TEXTS)
    openai_server.script.append(_scores(0.5, 0.5, delay_s=5.0))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reranker.relevance(DEFAULT_TENANT, "Where?", TEXTS)
    await reranker.close()

    [usage] = await calls.usage(CALLER, days=1)
    assert (usage.purpose, usage.model) == ("rerank", "hosted_vllm/scripted")
    assert (usage.calls, usage.tries, usage.failures) == (5, 5, 4)
    # What was answered in part is billed, too; what was not waited for counts as estimated.
    estimate = math.ceil(sum(len(f"Where?{text}") for text in TEXTS) / 2)
    assert usage.input_tokens == 40 + 40 + estimate


async def test_nothing_is_sent_beyond_the_budget(store: Store, openai_server: OpenAIServer) -> None:
    calls = ModelCalls(store, SystemClock(), Budgets(everybody=Budget(tokens_per_day=10)))
    reranker = _reranker(openai_server, calls)

    with pytest.raises(BudgetExceededError):
        await reranker.relevance(DEFAULT_TENANT, "Where does Bo live?", TEXTS)
    assert await reranker.relevance(DEFAULT_TENANT, "Where?", []) == []
    await reranker.close()
    assert openai_server.requests == []
