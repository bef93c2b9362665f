"""What the model calls of an answer came to is in it and in its headers; none make zeros."""

import asyncio
import json

import httpx2
import pytest
from memsvc_client import ModelCalls

from tests.fixtures.application import LOCAL
from tests.fixtures.asking import Asked, Serving
from tests.fixtures.openai_server import OpenAIServer, Reply, chat, failure

QUESTION = "two three four"
PRICED = "openai/gpt-4o-mini"
"""A model that litellm's list has a price for."""


def _says(tokens: tuple[int, int], *, model: str = "gpt-4o-mini", **answer: object) -> Reply:
    return chat(json.dumps(answer), tokens=tokens, model=model)


async def _headers(asked: Asked, path: str, **body: object) -> httpx2.Headers:
    async with httpx2.AsyncClient(transport=asked.transport, base_url=LOCAL) as http:
        answer = await http.post(f"/v1/banks/ann/{path}", json={"query": QUESTION, **body})
    assert answer.status_code == 200, answer.text
    return answer.headers


async def _fill(asked: Asked) -> None:
    for text in ("two three four", "two three five"):
        await asked.bank.add_memory(text)


async def test_calls_are_told_by_purpose_with_tokens_and_cost(
    serving: Serving, openai_server: OpenAIServer
) -> None:
    async with serving(model=PRICED) as asked:
        await _fill(asked)
        for _ in range(2):
            openai_server.script.append(_says((100, 20), queries=[], clues=[]))
            openai_server.script.append(_says((50, 5), keep=[1]))
        found = await asked.bank.recall(QUESTION, k=2, rewrite=True, sift=True)
        composed = await asked.bank.context(QUESTION, mode="ranked", rewrite=True, sift=True)
        usage = await asked.client.model_usage()

    made = found.model_calls
    assert (made.calls, made.input_tokens, made.output_tokens) == (2, 150, 25)
    assert {name: each.input_tokens for name, each in made.by_purpose.items()} == {
        "rewrite": 100,
        "sift": 50,
    }
    assert made.cost_usd is not None
    assert made.cost_usd > 0
    assert made.cost_usd == pytest.approx(
        sum(each.cost_usd or 0 for each in made.by_purpose.values()), abs=1e-6
    )
    assert composed.model_calls == made
    # The account says the same.
    assert sum(each.input_tokens for each in usage.days) == 2 * made.input_tokens
    assert sum(each.calls for each in usage.days) == 2 * made.calls


async def test_a_call_that_failed_counts_and_what_it_cost_is_not_known(
    serving: Serving, openai_server: OpenAIServer
) -> None:
    async with serving(model=PRICED) as asked:
        await _fill(asked)
        openai_server.script.append(chat("nothing", tokens=(10, 1)))
        openai_server.script.append(chat("again", tokens=(20, 2)))
        invalid = await asked.bank.recall(QUESTION, sift=True)
        openai_server.script.append(failure(400))
        refused = await asked.bank.recall(QUESTION, sift=True)
    async with serving(model="openai/scripted") as asked:
        openai_server.script.append(_says((50, 5), model="scripted", keep=[1]))
        unpriced = await asked.bank.recall(QUESTION, sift=True)

    made = invalid.model_calls
    assert (made.calls, made.input_tokens, made.output_tokens) == (2, 30, 3)
    assert (refused.model_calls.calls, refused.model_calls.cost_usd) == (1, 0.0)
    assert (unpriced.model_calls.calls, unpriced.model_calls.cost_usd) == (1, None)


async def test_headers_say_it_too_and_without_calls_they_are_zero(
    serving: Serving, openai_server: OpenAIServer
) -> None:
    async with serving(model=PRICED) as asked:
        await _fill(asked)
        for path in ("recall", "context"):
            none = await _headers(asked, path)
            assert none["x-context-model-calls"] == "0"
            assert none["x-context-model-tokens"] == "0"
            assert float(none["x-context-model-cost-usd"]) == 0.0
            assert "total;dur=" in none["server-timing"]
            openai_server.script.append(_says((50, 5), keep=[1]))
            some = await _headers(asked, path, sift=True, mode="ranked")
            assert (some["x-context-model-calls"], some["x-context-model-tokens"]) == ("1", "55")
            assert float(some["x-context-model-cost-usd"]) > 0
            assert "sift;dur=" in some["server-timing"]
    async with serving(model="openai/scripted") as asked:
        openai_server.script.append(_says((50, 5), model="scripted", keep=[1]))
        unknown = await _headers(asked, "context", sift=True, mode="ranked")
    assert unknown["x-context-model-calls"] == "1"
    assert "x-context-model-cost-usd" not in unknown


async def test_answers_at_the_same_time_are_told_apart(
    serving: Serving, openai_server: OpenAIServer
) -> None:
    async with serving() as asked:
        await _fill(asked)
        openai_server.script.extend(_says((50, 5), keep=[1]) for _ in range(3))
        answers = await asyncio.gather(
            *(asked.bank.recall(QUESTION, sift=number % 2 == 0) for number in range(6))
        )

    assert [each.model_calls.calls for each in answers] == [1, 0, 1, 0, 1, 0]
    assert [each.model_calls.input_tokens for each in answers] == [50, 0, 50, 0, 50, 0]
    assert answers[1].model_calls == ModelCalls()
