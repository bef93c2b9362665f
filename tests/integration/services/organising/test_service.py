"""Organising through the whole service: caused by writes, asked for, looked at, searched by."""

import json
from pathlib import Path

import pytest
from memsvc_client import Episode, Message

from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.serving import AT_ONCE, ON_DEMAND, serving

LOCOMO = Path(__file__).parents[5] / "shared" / "data" / "locomo" / "sessions.jsonl"
TURNS = 60


async def test_what_is_written_becomes_notes_by_itself(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, AT_ONCE) as (client, _):
        bank = client.bank("ada")
        written = await bank.add_memory("Ada climbs in Lisbon.", create=True)
        await client.wait_for_jobs("ada", timeout_s=30)

        shown = await bank.get(written.id)

    assert shown.annotations is not None
    assert "Lisbon" in shown.annotations.keywords


async def test_what_gets_its_vector_later_is_organised_then(
    database: Database, embedder: HashingEmbedder
) -> None:
    embedder.down = True
    settings = AT_ONCE.model_copy()
    async with serving(database, embedder, settings) as (client, application):
        bank = client.bank("ada")
        written = await bank.add_memory("Ada climbs in Lisbon.", create=True)
        assert (await bank.consolidation()).notes.unembedded == 1
        embedder.down = False
        for job in [each async for each in client.jobs(kind="memories.embed")]:
            if job.state == "waiting_provider":
                await client.retry_job(job.id)
        await client.wait_for_jobs("ada", timeout_s=40)

        assert (await bank.get(written.id)).annotations is not None
    assert application.settings.organise.automatic


async def test_nothing_is_organised_unasked_where_that_is_off(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, ON_DEMAND) as (client, _):
        bank = client.bank("ada")
        await bank.add_memory("Ada climbs in Lisbon.", create=True)
        assert [each async for each in client.jobs()] == []

        plan = await bank.consolidation()
        job = await bank.consolidate()
        same = await bank.consolidate()
        await client.wait_for_jobs("ada", timeout_s=30)
        done = await client.get_job(job.id)
        after = await bank.consolidation()

    todo = {each.name: each.todo for each in plan.stages}
    assert list(todo) == [
        *("organise", "dedupe", "facts", "entities", "think", "summarise", "portray")
    ]
    assert (todo["organise"], todo["dedupe"]) == (1, 1)
    assert same.id == job.id or done.state == "succeeded"
    assert (done.kind, done.state, done.counts["annotated"]) == ("bank.consolidate", "succeeded", 1)
    assert (after.notes.waiting, after.notes.annotated) == (0, 1)


async def test_neighbours_get_what_the_hits_leave_of_the_budget(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, ON_DEMAND) as (client, _):
        bank = client.bank("ada")
        texts = (
            "I plan a climbing trip near Lisbon.",
            "My budget for climbing in Lisbon: 40 euro.",
        )
        for text in texts:
            await bank.add_memory(text, create=True)
        await bank.consolidate()
        await client.wait_for_jobs("ada", timeout_s=30)

        roomy = await bank.recall("budget euro", k=1, neighbours=3, budget_tokens=100)
        tight = await bank.recall("budget euro", k=1, neighbours=3, budget_tokens=12)
        narrow = await bank.recall(
            "budget euro",
            k=1,
            neighbours=3,
            filter={"source": "elsewhere"},  # type: ignore[arg-type]
        )

    assert [len(each.hits) for each in (roomy, tight, narrow)] == [1, 1, 0]
    assert [len(each.neighbours) for each in (roomy, tight, narrow)] == [1, 0, 0]
    spent = roomy.hits[0].tokens + roomy.neighbours[0].tokens
    assert roomy.total_tokens == spent


@pytest.mark.skipif(not LOCOMO.exists(), reason="the LoCoMo conversations are not on this machine")
async def test_a_published_conversation_becomes_linked_notes(
    database: Database, embedder: HashingEmbedder
) -> None:
    sessions = [json.loads(line) for line in LOCOMO.read_text(encoding="utf-8").splitlines()]
    turns = [turn for session in sessions for turn in session["turns"]][:TURNS]
    messages = [Message(text=turn["text"], speaker=turn["speaker"]) for turn in turns]
    async with serving(database, embedder, ON_DEMAND) as (client, _):
        bank = client.bank("locomo")
        await bank.add_episodes([Episode(source="talk", messages=messages)], create=True)
        job = await bank.consolidate()
        await client.wait_for_jobs("locomo", timeout_s=60)
        done, plan = await client.get_job(job.id), await bank.consolidation()

    assert done.state == "succeeded"
    assert (done.counts["annotated"], done.counts["windows"]) == (TURNS, TURNS // 10)
    assert (plan.notes.waiting, plan.notes.set_aside, plan.notes.annotated) == (0, 0, TURNS)
    assert 0 < plan.notes.links <= 3 * TURNS
