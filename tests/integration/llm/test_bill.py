"""The account says what the provider's bill says: to the token, whatever went wrong on the way."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import stamina
from memsvc_client import Message, ModelUsage

from memsvc.llm.embedder import LiteLLMEmbedder
from memsvc.llm.pricing import TokenPrice
from memsvc.settings import EmbeddingSettings, LanguageModelSettings, RerankSettings
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database
from tests.fixtures.openai_server import (
    OpenAIServer,
    Reply,
    chat,
    embeddings,
    failure,
    running_openai_server,
)
from tests.fixtures.scripted_model import Build
from tests.fixtures.serving import ON_DEMAND, serving
from tests.integration.llm.test_organising_model import WINDOW

CHAT_USD, ANSWER_USD, EMBED_USD = 3.0, 15.0, 0.5
"""For a million tokens."""
SORTS = {
    "chat": ("malformed", "good", "429", "good", "500", "useless", "good"),
    "embed": ("good", "good", "useless", "good", "429", "good", "500"),
    "rerank": ("good", "useless", "500"),
}
"""What is answered in turn; never so often of no use that a call is given up."""
TALK = (
    "I live in Lisbon.",
    "My dog is called Rex.",
    "We went climbing with Maria.",
    "Maria lives in Porto.",
    "The ferry to Porto was late.",
    "I bake rye bread every Sunday.",
)


@dataclass
class Provider(OpenAIServer):
    """Bills every answer that it gives, useful or not; some are not, and some it does not give."""

    bill: Counter[str] = field(default_factory=Counter)
    """Tokens and USD by kind of model."""
    sent: Counter[str] = field(default_factory=Counter)
    """Which answers were given, by kind of model and sort of answer."""
    _turns: dict[str, Iterator[str]] = field(default_factory=dict)

    def answer(self, body: dict[str, Any]) -> Reply:
        """Take a request down and bill its answer."""
        self.requests.append(body)
        kind = "embed" if "input" in body else "rerank" if "documents" in body else "chat"
        sorts = itertools.cycle(SORTS[kind])
        sort = next(self._turns.setdefault(kind, sorts))
        self.sent[f"{kind} {sort}"] += 1
        reply = self._reply(kind, sort, body)
        self._bill(kind, reply)
        return reply

    def _reply(self, kind: str, sort: str, body: dict[str, Any]) -> Reply:
        if sort in {"429", "500"}:
            return failure(int(sort))
        tokens = 7 * len(self.requests)
        if kind == "embed":
            texts = body["input"]
            vectors = [self.usual_vector(text) for text in texts][sort == "useless" :]
            usage = {"prompt_tokens": tokens, "total_tokens": tokens}
            return Reply(body={**_body(embeddings(vectors)), "usage": usage})
        if kind == "rerank":
            scores = [{"index": no, "relevance_score": 0.5} for no in range(len(body["documents"]))]
            results = scores[sort == "useless" :]
            return Reply(body={"id": "x", "results": results, "usage": {"total_tokens": tokens}})
        text = "nothing of use" if sort == "malformed" else json.dumps(_said(body))
        reply = chat(text, tokens=(tokens, tokens % 40 + 1))
        return Reply(body={**_body(reply), "choices": []}) if sort == "useless" else reply

    def _bill(self, kind: str, reply: Reply) -> None:
        usage = _body(reply).get("usage", {})
        answered = usage.get("completion_tokens", 0)
        asked = usage.get("prompt_tokens", usage.get("total_tokens", 0))
        self.bill["input"] += asked
        self.bill["output"] += answered
        price = {"embed": EMBED_USD, "chat": CHAT_USD, "rerank": 0.0}[kind]
        self.bill["micro_usd"] += round(asked * price + answered * ANSWER_USD)


def _body(reply: Reply) -> dict[str, Any]:
    assert not isinstance(reply.body, str)
    return dict(reply.body)


def _said(body: dict[str, Any]) -> dict[str, Any]:
    """Return something that holds to the form of whatever was asked."""
    data = json.loads(body["messages"][1]["content"])
    items = [{"handle": each["handle"], "context": ""} for each in data.get("items", ())]
    return {"items": items, "keep": [1], "lines": [], "sentences": []}


@pytest.fixture
def provider() -> Iterator[Provider]:
    """One server for all three sorts of models."""
    with (
        running_openai_server(Provider()) as server,
        stamina.set_testing(True, attempts=3, cap=True),
    ):
        assert isinstance(server, Provider)
        yield server


async def test_the_account_is_the_bill(database: Database, provider: Provider) -> None:
    embedder = await LiteLLMEmbedder.open(
        EmbeddingSettings(
            provider="litellm",
            model="openai/scripted",
            dimension=provider.dimension,
            api_base=provider.url,
            api_key="test",
            usd_per_million_tokens=EMBED_USD,
        )
    )
    settings = {
        "llm": LanguageModelSettings(
            model="openai/scripted",
            api_base=provider.url,
            api_key="test",
            usd_per_million_input=CHAT_USD,
            usd_per_million_output=ANSWER_USD,
        ),
        "rerank": RerankSettings(
            provider="litellm",
            model="hosted_vllm/scripted",
            api_base=provider.url,
            budget_ms=60_000,
        ),
    }
    async with serving(database, embedder, ON_DEMAND, **settings) as (client, _):
        await client.create_bank("ann")
        bank = client.bank("ann")
        for number in range(4):
            talk = [Message(text=f"{text} ({number})", speaker="Ann") for text in TALK]
            await bank.add_episode(talk, source=f"s{number}", user_id="ann")
        await bank.consolidate()
        await client.wait_for_jobs("ann", timeout_s=60)
        for question in TALK:
            await bank.recall(question, rewrite=True, rerank=True, sift=True)
        account = await client.model_usage()
    await embedder.close()

    assert {each.purpose for each in account.days} >= {
        *("embed", "embed_query", "rerank", "organise", "portray", "rewrite", "sift"),
    }
    assert set(provider.sent) == {f"{kind} {sort}" for kind in SORTS for sort in SORTS[kind]}
    assert _tokens(account) == (provider.bill["input"], provider.bill["output"])
    assert sum(each.tries for each in account.days) == len(provider.requests)
    usd = sum(each.cost_usd for each in account.days)
    assert usd == pytest.approx(provider.bill["micro_usd"] / 1e6, rel=0.01)


def _tokens(account: ModelUsage) -> tuple[int, int]:
    days = account.days
    return sum(each.input_tokens for each in days), sum(each.output_tokens for each in days)


async def test_what_the_provider_does_not_say_counts_at_its_estimate(
    scripted_model: Build,
) -> None:
    scripted = scripted_model(price=TokenPrice(input=1.0, output=2.0))
    silent = _body(chat('{"items": []}'))
    del silent["usage"]
    scripted.server.script.append(Reply(body=silent))

    await scripted.extractor.extract(DEFAULT_TENANT, WINDOW)

    [usage] = await scripted.usage()
    assert usage.input_tokens > 500, "a question, and the longest answer"
    assert usage.cost_usd > 500 * 2e-6
