"""What calls cost by litellm's list on this machine, and by a price of the settings."""

import pytest

from memsvc.llm.client import ProviderClient, ProviderEndpoint
from memsvc.llm.pricing import Pricing, TokenPrice, stated_price


async def pricing_of(model: str, price: TokenPrice | None = None) -> Pricing:
    endpoint = ProviderEndpoint(
        model=model, api_base=None, api_key=None, timeout_s=1.0, price=price
    )
    return (await ProviderClient.open(endpoint)).pricing


async def test_listed_models_have_their_price_with_or_without_their_provider() -> None:
    chat, embed = 0.15 + 0.6, 0.02
    for model in ("openai/gpt-4o-mini", "gpt-4o-mini"):
        pricing = await pricing_of(model)
        assert pricing.of_chat(1_000_000, 1_000_000) == pytest.approx(chat)
    pricing = await pricing_of("openai/text-embedding-3-small")
    assert pricing.of_embedding(1_000_000) == pytest.approx(embed)


async def test_reranking_costs_by_the_search_or_by_the_token() -> None:
    by_search = await pricing_of("cohere/rerank-v3.5")
    assert by_search.of_reranking(5_000, 100) == pytest.approx(0.002)
    assert by_search.of_reranking(5_000, 101) == pytest.approx(0.004)
    by_token = await pricing_of("voyage/rerank-2")
    assert by_token.of_reranking(1_000_000, 30) == pytest.approx(0.05)


async def test_what_nobody_lists_has_no_price_unless_it_is_stated() -> None:
    unknown = await pricing_of("ollama/nobody-knows")
    assert unknown.of_chat(1, 1) is unknown.of_embedding(1) is unknown.of_reranking(1, 1) is None

    stated = await pricing_of("openai/gpt-4o-mini", stated_price(2.0, 10.0))
    assert stated.of_chat(1_000, 100) == pytest.approx(0.003)
    assert stated.of_reranking(1_000, 30) == pytest.approx(0.002)
    assert stated.of_response(object(), lambda: 7.0) == 7.0, "the list is not asked"
    assert stated_price(None) is None
