"""Whatever is wrong with a model's answers, no message is lost and none counts as organised."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import stamina
from memsvc_client import AsyncBank, AsyncClient, Job, Message

from memsvc.domain.jobs import JobState
from memsvc.domain.paging import PageRequest
from memsvc.llm.client import ProviderClient, ProviderEndpoint
from memsvc.settings import LanguageModelSettings
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.jobs import until
from tests.fixtures.openai_server import (
    OpenAIServer,
    Reply,
    chat,
    failure,
    running_openai_server,
)
from tests.fixtures.serving import ON_DEMAND, serving

TALKS = {
    "monday": ("I live in Lisbon.", "My dog is called Rex.", "The ferry was late."),
    "friday": ("Maria bakes rye bread.", "We climb on Sundays.", "The tent is in the attic."),
}
AN_HOUR_S = 3600.0
"""Nothing goes on by itself while it is looked at."""
TEXTS = [text for talk in TALKS.values() for text in talk]
NO_CHOICE = Reply(body={"id": "x", "object": "chat.completion", "model": "x", "choices": []})
Fault = Callable[[str], Reply]
"""What comes in place of a good answer."""
MALFORMED: Mapping[str, Fault] = {
    "wrapped in prose": lambda good: chat(f"Here you are:\n{good}\nAnything else?"),
    "truncated": lambda good: chat(good[:-3]),
    "half of it": lambda good: chat(json.dumps({"items": json.loads(good)["items"][:1]})),
    "empty": lambda _: chat(""),
    "refused": lambda _: failure(400),
}
AWAY: Mapping[str, Fault] = {
    "no choice": lambda _: NO_CHOICE,
    "silence": lambda _: Reply(delay_s=60.0),
    "429": lambda _: failure(429),
    "500": lambda _: failure(500),
}


@dataclass
class Model(OpenAIServer):
    """Answers as ``fault`` says until it has recovered."""

    fault: Fault = chat

    def answer(self, body: dict[str, Any]) -> Reply:
        """Take a request down and answer it."""
        self.requests.append(body)
        items = json.loads(body["messages"][1]["content"])["items"]
        good = json.dumps({"items": [{"handle": each["handle"]} for each in items]})
        return self.fault(good)


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    """A model whose every answer is faulty, as a test says, until it is mended."""
    # The first client in a process takes seconds, which are no part of any answer's time.
    await ProviderClient.open(
        ProviderEndpoint(model="openai/scripted", api_base=None, api_key=None, timeout_s=1.0)
    )
    with running_openai_server(Model()) as server, stamina.set_testing(True, attempts=2, cap=True):
        assert isinstance(server, Model)
        yield server


@pytest.mark.parametrize("name", [*MALFORMED, *AWAY])
async def test_each_message_is_organised_or_listed_with_a_reason_and_found_all_the_while(
    database: Database, embedder: HashingEmbedder, model: Model, name: str
) -> None:
    model.fault = {**MALFORMED, **AWAY}[name]
    timeout_s = 5.0 if name == "silence" else 60.0
    llm = LanguageModelSettings(
        model="openai/scripted", api_base=model.url, api_key="sk-test", timeout_s=timeout_s
    )
    worker = {"provider_retry_s": AN_HOUR_S}
    async with serving(database, embedder, ON_DEMAND, llm=llm, worker=worker) as (client, _):
        bank = client.bank("ann")
        ids = await _written(bank)
        job = await bank.consolidate(stages=["organise"])
        await until(lambda: _has_stopped(client, job))

        for text in TEXTS:
            hits = (await bank.recall(text, k=len(TEXTS))).hits
            assert text in {hit.memory.text for hit in hits}
        notes = (await bank.consolidation()).notes
        reasons = await _reasons(database)
        if name in AWAY:
            assert (notes.waiting, notes.set_aside, notes.annotated) == (len(ids), 0, 0)
            assert (await client.get_job(job.id)).reason
        else:
            assert notes.waiting == 0
            assert notes.set_aside + notes.annotated == len(ids)
            assert len(reasons) == notes.set_aside
            assert all(reasons.values())

        model.fault = chat
        if name in AWAY:
            await client.retry_job(job.id)
        else:
            await bank.consolidate(stages=["organise"], retry_set_aside=True)
        await client.wait_for_jobs("ann", timeout_s=60)
        notes = (await bank.consolidation()).notes
        assert (notes.waiting, notes.set_aside, notes.annotated) == (0, 0, len(ids))


async def _written(bank: AsyncBank) -> Sequence[UUID]:
    ids: list[UUID] = []
    for source, texts in TALKS.items():
        talk = [Message(text=text, speaker="Ann") for text in texts]
        result = await bank.add_episode(talk, source=source, create=True)
        ids += [each.id for each in result.memories]
    return ids


async def _has_stopped(client: AsyncClient, job: Job) -> bool:
    """Tell whether an attempt is over, and the job waits or is done."""
    now = await client.get_job(job.id)
    return now.state == "waiting_provider" or not now.is_open


async def _reasons(database: Database) -> Mapping[str, str | None]:
    """Return why memories are set aside, by their ids."""
    async with database.store.read(DEFAULT_TENANT) as tx:
        page = await tx.jobs.list(PageRequest(limit=20), state=JobState.NEEDS_REVIEW)
    found: dict[str, str | None] = {}
    for each in page.items:
        named = each.payload.get("memory_ids")
        assert isinstance(named, Sequence)
        found |= {str(memory_id): each.reason for memory_id in named}
    return found
