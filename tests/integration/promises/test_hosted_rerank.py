"""A hosted cross-encoder, over HTTP with scripted scores, said through the client."""

import pytest
from memsvc_client import AsyncBank, NewMemory

from memsvc.settings import RerankSettings
from tests.fixtures.asking import Serving
from tests.fixtures.openai_server import OpenAIServer, Reply, failure

QUESTION = "two three four"
TEXTS = ["two three four", "two three four one", "two three six"]


def _scores(by_text: dict[str, float]) -> Reply:
    """Return the answer that gives each text of the plain order its score."""
    results = [
        {"index": place, "relevance_score": by_text[text]} for place, text in enumerate(by_text)
    ]
    body = {"id": "scripted", "results": results[::-1], "usage": {"total_tokens": 40}}
    return Reply(body=body)


def _hosted(server: OpenAIServer, **bounds: float) -> RerankSettings:
    return RerankSettings.model_validate(
        {
            "provider": "litellm",
            "model": "hosted_vllm/scripted",
            "api_base": server.url,
            "weight": 0.9,
            "budget_ms": 60_000,
            **bounds,
        }
    )


async def _plain(bank: AsyncBank) -> list[str]:
    return [hit.memory.text for hit in (await bank.recall(QUESTION, k=3)).hits]


async def test_its_scores_weigh_the_order_anew_and_its_calls_are_told(
    serving: Serving, openai_server: OpenAIServer
) -> None:
    async with serving(rerank=_hosted(openai_server)) as asked:
        await asked.bank.add_memories([NewMemory(text=text, speaker="Ada") for text in TEXTS])
        plain = await _plain(asked.bank)
        openai_server.script.append(_scores(dict(zip(plain, (0.0, 0.5, 1.0), strict=True))))
        found = await asked.bank.recall(QUESTION, k=3, rerank=True)

    assert [hit.memory.text for hit in found.hits] == plain[::-1]
    assert [hit.relevance for hit in found.hits] == [1.0, 0.5, 0.0]
    assert found.rerank is not None
    assert (found.rerank.status, found.rerank.model) == ("ok", "hosted_vllm/scripted")
    [sent] = openai_server.requests
    assert sent["query"] == QUESTION
    assert sent["documents"] == [f"Ada: {text}" for text in plain]
    made = found.model_calls
    assert (made.calls, made.input_tokens, list(made.by_purpose)) == (1, 40, ["rerank"])


@pytest.mark.parametrize(
    ("reply", "status", "reason"),
    [
        (failure(500), "failed", "did not answer"),
        (failure(401), "failed", "refuses"),
        (Reply(body={"id": "x", "results": []}), "failed", "scored 0 of 3 texts"),
        (Reply(delay_s=30.0), "skipped", "It was not done in 500 ms"),
    ],
    ids=["away", "refused", "no scores", "late"],
)
async def test_where_it_is_of_no_use_the_order_stays_and_the_answer_says_why(
    serving: Serving, openai_server: OpenAIServer, reply: Reply, status: str, reason: str
) -> None:
    bounds = _hosted(openai_server, budget_ms=500.0 if status == "skipped" else 60_000.0)
    async with serving(rerank=bounds) as asked:
        await asked.bank.add_memories([NewMemory(text=text) for text in TEXTS])
        plain = await _plain(asked.bank)
        openai_server.script.append(reply)
        kept = await asked.bank.recall(QUESTION, k=3, rerank=True)

    assert [hit.memory.text for hit in kept.hits] == plain
    assert kept.rerank is not None
    assert kept.rerank.status == status
    assert reason in (kept.rerank.reason or "")
    assert kept.model_calls.calls == 1


async def test_beyond_the_tenants_budget_nothing_is_sent(
    serving: Serving, openai_server: OpenAIServer
) -> None:
    async with serving(tokens_per_day=1, rerank=_hosted(openai_server)) as asked:
        await asked.bank.add_memories([NewMemory(text=text) for text in TEXTS])
        poor = await asked.bank.recall(QUESTION, k=3, rerank=True)

    assert poor.rerank is not None
    assert poor.rerank.status == "failed"
    assert "budget" in (poor.rerank.reason or "")
    assert openai_server.requests == []
    assert poor.model_calls.calls == 0
