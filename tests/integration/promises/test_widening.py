"""A language model adds to a question, over HTTP with scripted answers, said through the client."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import pytest
from memsvc_client import AsyncBank, InvalidRequestError, NewMemory

from memsvc.settings import IterateSettings, RewriteSettings
from tests.fixtures.asking import Serving
from tests.fixtures.openai_server import OpenAIServer, Reply, chat, failure

QUESTION = "Where does Bo live now?"
LEASE = "The lease for Lisbon is signed, said the landlord."
KEYS = "A courier brought the keys from the landlord."

Asking: TypeAlias = Callable[..., AbstractAsyncContextManager[AsyncBank]]


@pytest.fixture
def asking(serving: Serving) -> Asking:
    """Banks of services by their settings."""

    @asynccontextmanager
    async def serve(*, model: bool = True, **given: Any) -> AsyncIterator[AsyncBank]:
        async with serving(model="openai/scripted" if model else None, **given) as asked:
            yield asked.bank

    return serve


async def _fill(bank: AsyncBank) -> None:
    texts = [f"Where Bo and crowd {no} live now is not known" for no in range(30)]
    await bank.add_memories([NewMemory(text=text) for text in (LEASE, KEYS, *texts)])


def _says(**answer: object) -> Reply:
    return chat(json.dumps(answer))


def _sent(server: OpenAIServer, number: int) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(server.requests[number]["messages"][1]["content"])
    return data


async def test_queries_and_clues_find_what_the_question_does_not(
    asking: Asking, openai_server: OpenAIServer
) -> None:
    rewriting = _says(
        queries=["Bo lease Lisbon signed", QUESTION],
        clues=["the lease is signed, the landlord said"],
    )
    async with asking() as bank:
        await _fill(bank)
        plain = await bank.recall(QUESTION, k=5)
        openai_server.script.append(rewriting)
        found = await bank.recall(QUESTION, k=5, rewrite=True)
        openai_server.script.append(rewriting)
        composed = await bank.context(QUESTION, mode="ranked", k=5, rewrite=True)
        openai_server.script.extend([failure(400)])
        alone = await bank.recall(QUESTION, k=5, rewrite=True)
    openai_server.script.append(Reply(delay_s=30.0))
    async with asking(rewrite=RewriteSettings(budget_s=1.0)) as bank:
        late = await bank.recall(QUESTION, k=5, rewrite=True)

    assert LEASE not in {hit.memory.text for hit in plain.hits}
    assert (plain.rewrite, plain.iterate) == (None, None)
    assert LEASE in {hit.memory.text for hit in found.hits}
    assert found.rewrite is not None
    assert (found.rewrite.status, found.rewrite.model) == ("ok", "openai/scripted")
    assert found.rewrite.queries == ("Bo lease Lisbon signed",)
    for hit in found.hits:
        assert hit.score == pytest.approx(sum(each.contribution for each in hit.asked), abs=1e-6)
    [lease] = [hit for hit in found.hits if hit.memory.text == LEASE]
    assert {"query", "clue"} <= {each.asked_as for each in lease.asked}
    assert composed.rewrite == found.rewrite.model_copy(
        update={"took_ms": composed.rewrite.took_ms if composed.rewrite else 0.0}
    )
    assert LEASE in composed.text
    assert _sent(openai_server, 0)["question"] == QUESTION

    assert alone.rewrite is not None
    assert (alone.rewrite.status, alone.rewrite.queries) == ("failed", ())
    assert late.rewrite is not None
    assert (late.rewrite.status, late.rewrite.reason) == ("skipped", "It was not done in 1 s.")
    for answer in (alone, late):
        assert [hit.memory.id for hit in answer.hits] == [hit.memory.id for hit in plain.hits]


async def test_rounds_go_on_from_a_note_within_the_bounds_of_the_service(
    asking: Asking, openai_server: OpenAIServer
) -> None:
    first = _says(note="Nobody knows.", helped=True, enough=False, next_query="the lease signed")
    second = _says(note="Bo has a lease.", helped=True, enough=False, next_query="courier keys")
    bounds = IterateSettings(most_rounds=3, hits=2)
    async with asking(iterate=bounds) as bank:
        await _fill(bank)
        openai_server.script.extend([first, second, _says(note="Bo.", helped=True, enough=True)])
        found = await bank.recall(QUESTION, k=8, iterate=True)
        openai_server.script.extend([first, failure(400)])
        broken = await bank.recall(QUESTION, k=8, iterate=True)
    async with asking(iterate=IterateSettings(most_rounds=1)) as bank:
        openai_server.script.append(first)
        one = await bank.recall(QUESTION, k=8, iterate=True)
    sent = len(openai_server.requests)
    async with asking(iterate=IterateSettings(most_tokens=1)) as bank:
        cheap = await bank.recall(QUESTION, k=8, iterate=True)
    assert len(openai_server.requests) == sent

    assert {LEASE, KEYS} <= {hit.memory.text for hit in found.hits}
    report = found.iterate
    assert report is not None
    assert (report.status, report.stop, report.note) == ("ok", "enough", "Bo.")
    assert [each.query for each in report.rounds] == [QUESTION, "the lease signed", "courier keys"]
    read = [memory_id for each in report.rounds for memory_id in each.read]
    assert len(read) == len(set(read)) <= 6
    assert report.tokens > 0
    assert _sent(openai_server, 1)["note"] == "Nobody knows."

    assert broken.iterate is not None
    assert (broken.iterate.status, broken.iterate.stop) == ("failed", "failed")
    assert len(broken.iterate.rounds) == 1
    assert LEASE in {hit.memory.text for hit in broken.hits}  # what it had found stays
    assert one.iterate is not None
    assert (one.iterate.stop, len(one.iterate.rounds)) == ("rounds", 1)
    assert cheap.iterate is not None
    assert (cheap.iterate.stop, cheap.iterate.rounds) == ("tokens", ())


async def test_without_a_model_it_is_refused_and_without_budget_not_done(
    asking: Asking, openai_server: OpenAIServer
) -> None:
    async with asking(model=False) as bank:
        await _fill(bank)
        plain = await bank.recall(QUESTION, k=5)
        for stage in ({"rewrite": True}, {"iterate": True}):
            with pytest.raises(InvalidRequestError, match="MEMSVC_LLM__MODEL"):
                await bank.recall(QUESTION, **stage)  # type: ignore[arg-type]
            with pytest.raises(InvalidRequestError, match="MEMSVC_LLM__MODEL"):
                await bank.context(QUESTION, budget_tokens=100_000, **stage)  # type: ignore[arg-type]

    async with asking(tokens_per_day=1) as bank:
        poor = await bank.recall(QUESTION, k=5, rewrite=True, iterate=True)

    assert poor.rewrite is not None
    assert poor.iterate is not None
    assert {poor.rewrite.status, poor.iterate.status} == {"failed"}
    assert "budget" in (poor.rewrite.reason or "")
    assert [hit.memory.id for hit in poor.hits] == [hit.memory.id for hit in plain.hits]
