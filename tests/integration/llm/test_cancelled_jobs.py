"""A job is given up in the middle of a model's answer, and its bank goes on."""

import pytest
from memsvc_client import AsyncClient, Job

from memsvc.settings import LanguageModelSettings
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.jobs import until
from tests.fixtures.openai_server import OpenAIServer, Reply
from tests.fixtures.scripted_model import window_answer
from tests.fixtures.serving import ON_DEMAND, serving

BREAD = "Ann bakes bread."
AN_HOUR_S = 3600.0
"""Longer than any test: only who is called off comes back before."""
NEVER = Reply(delay_s=AN_HOUR_S)


@pytest.mark.parametrize("stage", ["organise", "portray"])
async def test_a_job_is_cancelled_while_the_model_is_still_answering(
    database: Database, embedder: HashingEmbedder, openai_server: OpenAIServer, stage: str
) -> None:
    llm = LanguageModelSettings(
        model="openai/scripted",
        api_base=openai_server.url,
        api_key="sk-test",
        timeout_s=AN_HOUR_S,
    )
    async with serving(database, embedder, ON_DEMAND, llm=llm) as (client, _):
        bank = client.bank("ann")
        await bank.add_memory("I live in Lisbon.", speaker="Ann", user_id="ann", create=True)
        openai_server.script.append(NEVER)
        job = await bank.consolidate(stages=[stage])
        await until(lambda: _is_asked(openai_server))

        cancelled = await client.cancel_job(job.id)

        assert cancelled.state == "cancelled"
        # Its bank's next job waits for the worker to leave it, and does what it has not.
        openai_server.script.append(window_answer({"context": BREAD}))
        following = await _finished(client, await bank.consolidate(stages=["organise"]))
        assert (following.state, following.counts["annotated"]) == ("succeeded", 1)
        assert (await client.get_job(job.id)).state == "cancelled"
        [usage] = [each for each in (await client.model_usage()).days if each.failures]
        assert (usage.calls >= 1, usage.failures) == (True, 1)


async def _is_asked(server: OpenAIServer) -> bool:
    return bool(server.requests)


async def _finished(client: AsyncClient, job: Job) -> Job:
    await client.wait_for_jobs(timeout_s=60)
    return await client.get_job(job.id)
