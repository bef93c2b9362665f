"""Summaries of sessions are carried on with what is new; anew where the past has changed."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from memsvc_client import AsyncBank, AsyncClient, Memory
from pydantic import JsonValue

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import JobKind
from memsvc.domain.links import LinkType
from memsvc.domain.model_calls import Budgets
from memsvc.domain.organising.summarising import SummaryBounds
from memsvc.domain.organising.written import PORTION_CHARACTERS
from memsvc.llm.client import ProviderEndpoint
from memsvc.llm.model_writer import ModelWriter
from memsvc.llm.structured import StructuredModel
from memsvc.services.model_calls import ModelCalls
from memsvc.services.organising import summarise as summarise_module
from memsvc.services.organising.documents import DocumentStage, Levels
from memsvc.services.organising.summarise import session_summaries, summarise_stage
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.system_clock import SystemClock
from tests.fixtures.database import Database
from tests.fixtures.openai_server import OpenAIServer, Reply, chat
from tests.integration.promises.test_published_defects import context_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MOVED = "I moved to Lisbon for a job at the aquarium."
DOG = "I adopted a brown dog named Rex."
SWIM = "Rex swims in the harbour of Porto every Sunday."


@pytest.fixture
async def writer(
    database: Database, openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ModelWriter]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    endpoint = ProviderEndpoint(
        model="openai/scripted", api_base=openai_server.url, api_key=None, timeout_s=5.0
    )
    calls = ModelCalls(database.store, SystemClock(), Budgets())
    model = StructuredModel(endpoint, calls, most_output_tokens=500)
    yield ModelWriter(model)
    await model.close()


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    await client.create_bank("ann")
    return client.bank("ann")


async def say(
    bank: AsyncBank, text: str, speaker: str = "Bob", day: int = 0, session: str = "one"
) -> Memory:
    at = NOON + timedelta(days=day)
    written = await bank.add_memory(text, speaker=speaker, session_id=session, occurred_at=at)
    return await bank.get(written.id)


async def summarise(database: Database, stage: DocumentStage | Levels) -> None:
    await stage.run(await context_of(database, "ann", JobKind.CONSOLIDATE))


async def summary_of(bank: AsyncBank) -> Memory:
    [found] = [each async for each in bank.memories(kind="summary", state="active")]
    return found


async def evidence_of(database: Database, summary: Memory) -> set[object]:
    async with database.store.read(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve("ann")).scope.bank_id
        links = await tx.links.touching(
            bank_id, [MemoryId(summary.id)], types=[LinkType.SUMMARISES], limit=9
        )
    return {each.link.to_id for each in links if each.link.from_id == summary.id}


def answering(*sentences: tuple[str, list[int]]) -> Reply:
    return chat(json.dumps({"sentences": [{"text": t, "sources": s} for t, s in sentences]}))


def asked(server: OpenAIServer) -> Sequence[dict[str, list[dict[str, object]]]]:
    return [json.loads(each["messages"][1]["content"]) for each in server.requests]


async def test_the_second_summary_is_asked_for_with_the_first_and_only_the_new_turns(
    bank: AsyncBank, database: Database, writer: ModelWriter, openai_server: OpenAIServer
) -> None:
    stage = session_summaries(database.store, SystemClock(), writer=writer)
    moved = await say(bank, MOVED)
    await say(bank, "Nice weather.", "Ann")
    openai_server.script.append(answering(("Bob moved to Lisbon.", [1])))
    await summarise(database, stage)

    dog = await say(bank, DOG, "Ann", day=2)
    openai_server.script.append(answering(("Bob moved to Lisbon.", [1]), ("Ann has Rex.", [2])))
    await summarise(database, stage)

    first, second = asked(openai_server)
    assert [each["text"] for each in first["pieces"]] == [MOVED, "Nice weather."]
    assert [(each["number"], each["text"]) for each in second["summary"]] == [
        (1, "Bob moved to Lisbon.")
    ]
    assert [(each["number"], each["text"]) for each in second["pieces"]] == [(2, DOG)]
    summary = await summary_of(bank)
    assert summary.text.split("\n") == [
        "2026-01-01 to 2026-01-03, Bob, Ann",
        "Bob moved to Lisbon.",
        "Ann has Rex.",
    ]
    assert await evidence_of(database, summary) == {moved.id, dog.id}


async def test_the_summary_of_all_days_is_carried_on_with_the_new_day_alone(
    bank: AsyncBank, database: Database, writer: ModelWriter, openai_server: OpenAIServer
) -> None:
    stage = summarise_stage(database.store, SystemClock(), writer)
    await say(bank, MOVED, session="one")
    await say(bank, DOG, "Ann", day=1, session="two")
    openai_server.script += [
        answering(("Bob moved to Lisbon.", [1])),
        answering(("Ann has Rex.", [1])),
        answering(("Bob moved to Lisbon.", [1]), ("Ann has Rex.", [2])),
    ]
    await summarise(database, stage)

    await say(bank, SWIM, "Ann", day=2, session="three")
    openai_server.script += [
        answering(("Rex swims in Porto.", [1])),
        answering(("Bob moved to Lisbon.", [1]), ("Rex swims in Porto.", [3])),
    ]
    await summarise(database, stage)

    last = asked(openai_server)[-1]
    assert [each["text"] for each in last["summary"]] == ["Bob moved to Lisbon.", "Ann has Rex."]
    assert [each["text"] for each in last["pieces"]] == ["Rex swims in Porto."]
    [whole] = [
        each
        async for each in bank.memories(kind="summary", state="active")
        if each.metadata["level"] == "all"
    ]
    assert whole.text.split("\n") == [
        "2026-01-01 to 2026-01-03, out of 3 summaries",
        "Bob moved to Lisbon.",
        "Rex swims in Porto.",
    ]


async def test_by_rules_the_summary_of_all_days_keeps_lines_of_days_that_are_not_read_again(
    bank: AsyncBank, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summarise_module, "_MOST_SUMMARIES", 2)
    stage = summarise_stage(database.store, SystemClock())
    texts = (MOVED, DOG, SWIM, "The aquarium opens its new wing in June.")
    for day, text in enumerate(texts):
        await say(bank, text, day=day, session=f"of day {day}")
        await summarise(database, stage)

    [whole] = [
        each
        async for each in bank.memories(kind="summary", state="active")
        if each.metadata["level"] == "all"
    ]
    assert whole.text.split("\n") == [
        "2026-01-01 to 2026-01-04, out of 4 summaries",
        *(f"Bob: {text}" for text in texts),
    ]


async def test_what_has_changed_behind_the_watermark_is_told_anew_from_what_is_there(
    bank: AsyncBank, database: Database, writer: ModelWriter, openai_server: OpenAIServer
) -> None:
    stage = session_summaries(database.store, SystemClock(), writer=writer)
    moved = await say(bank, MOVED)
    await say(bank, DOG, "Ann")
    openai_server.script.append(answering(("Bob moved to Lisbon.", [1])))
    await summarise(database, stage)

    await bank.archive(moved.id)
    await say(bank, SWIM, "Ann")
    openai_server.script.append(answering(("Rex swims.", [2])))
    await summarise(database, stage)

    again = asked(openai_server)[-1]
    assert "summary" not in again
    assert [each["text"] for each in again["pieces"]] == [DOG, SWIM]
    assert "Lisbon" not in (await summary_of(bank)).text


async def test_many_new_turns_are_folded_in_portion_by_portion_each_prompt_bounded(
    bank: AsyncBank, database: Database, writer: ModelWriter, openai_server: OpenAIServer
) -> None:
    stage = session_summaries(database.store, SystemClock(), writer=writer)
    await say(bank, MOVED)
    openai_server.script.append(answering(("Bob moved to Lisbon.", [1])))
    await summarise(database, stage)
    for no in range(9):
        await say(bank, f"Octopus {no} is blue. " + "Waves. " * 270)
    openai_server.script.append(answering(("Bob moved to Lisbon.", [1]), ("Octopus.", [2])))
    openai_server.script.append(answering(("Bob moved to Lisbon.", [1]), ("Blue octopus.", [2, 3])))
    await summarise(database, stage)

    _, one, two = asked(openai_server)
    assert [each["text"] for each in two["summary"]] == ["Bob moved to Lisbon.", "Octopus."]
    assert len(one["pieces"]) + len(two["pieces"]) == 9
    assert max(len(json.dumps(each)) for each in (one, two)) < PORTION_CHARACTERS * 1.3
    assert (await summary_of(bank)).text.endswith("Bob moved to Lisbon.\nBlue octopus.")


async def test_by_rules_what_was_left_out_once_is_not_read_again(
    bank: AsyncBank, database: Database
) -> None:
    bounds = SummaryBounds(sentences=2)
    stage = session_summaries(database.store, SystemClock(), bounds)
    moved = await say(bank, MOVED)
    await say(bank, "Well.")
    await say(bank, DOG, "Ann", day=1)
    await summarise(database, stage)
    former = await summary_of(bank)
    assert former.text.split("\n")[1:] == [f"Bob: {MOVED}", f"Ann: {DOG}"]

    swim = await say(bank, SWIM, "Eve", day=2)
    await summarise(database, stage)

    carried = await summary_of(bank)
    heading, *lines = carried.text.split("\n")
    assert heading == "2026-01-01 to 2026-01-03, Bob, Ann, Eve"
    assert set(lines) < {f"Bob: {MOVED}", f"Ann: {DOG}", f"Eve: {SWIM}"}
    assert f"Eve: {SWIM}" in lines
    assert (carried.metadata["watermark"], former.metadata["watermark"]) == (
        str(swim.id),
        former.metadata["watermark"],
    )
    assert swim.id in await evidence_of(database, carried)
    assert moved.id in await evidence_of(database, former)


async def test_a_renewal_that_was_undone_is_left_out_when_the_former_summary_is_carried_on(
    bank: AsyncBank, database: Database, writer: ModelWriter, openai_server: OpenAIServer
) -> None:
    stage = session_summaries(database.store, SystemClock(), writer=writer)
    await say(bank, MOVED)
    openai_server.script.append(answering(("Bob moved to Lisbon.", [1])))
    await summarise(database, stage)
    await say(bank, DOG, "Ann")
    openai_server.script.append(answering(("Rex is a thief.", [2])))
    await summarise(database, stage)
    [latest, _] = [each async for each in bank.operations(kind="insert")]
    await bank.undo(latest.id)

    await say(bank, SWIM, "Ann")
    openai_server.script.append(answering(("Bob moved to Lisbon.", [1]), ("Rex swims.", [3])))
    await summarise(database, stage)

    last = asked(openai_server)[-1]
    assert [each["text"] for each in last["summary"]] == ["Bob moved to Lisbon."]
    assert [each["text"] for each in last["pieces"]] == [DOG, SWIM]


@pytest.mark.parametrize("sentences", [None, [{"speaker": None, "day": "x"}], ["unlinked"]])
async def test_a_summary_whose_metadata_were_tampered_with_is_told_anew(
    bank: AsyncBank, database: Database, sentences: JsonValue
) -> None:
    stage = session_summaries(database.store, SystemClock())
    await say(bank, MOVED)
    await summarise(database, stage)
    summary = await summary_of(bank)
    if sentences == ["unlinked"]:
        stranger = str(summary.id)
        sentences = [{"speaker": "Bob", "day": "2026-01-01", "evidence": [stranger]}]
    await bank.update(summary.id, metadata={**summary.metadata, "sentences": sentences})

    await say(bank, DOG, "Ann")
    await summarise(database, stage)

    renewed = await summary_of(bank)
    assert renewed.text.split("\n")[1:] == [f"Bob: {MOVED}", f"Ann: {DOG}"]
    assert len(await evidence_of(database, renewed)) == 2
