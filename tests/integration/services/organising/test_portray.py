"""Portraits of users through the whole service: made, renewed, retired, undone, used."""

from datetime import UTC, datetime

import pytest
from memsvc_client import AsyncBank, AsyncClient, Filter, Job, Memory, PortraitNotFoundError

LISBON = "I live in Lisbon."
PORTO = "I just moved to Porto."
FIRST, LATER = (datetime(2023, 5, day, 12, tzinfo=UTC) for day in (8, 9))


@pytest.fixture
async def bank(serving_client: AsyncClient) -> AsyncBank:
    await serving_client.create_bank("ada")
    return serving_client.bank("ada")


async def portray(client: AsyncClient) -> Job:
    job = await client.bank("ada").consolidate(stages=["portray"])
    await client.wait_for_jobs("ada", timeout_s=30)
    return await client.get_job(job.id)


async def documents(bank: AsyncBank, state: str = "active") -> list[Memory]:
    found = bank.memories(kind="summary", source="memsvc:portraits", state=state)
    return [each async for each in found]


async def statements(bank: AsyncBank, user_id: str = "ann") -> list[str]:
    return [each.text for each in (await bank.portrait(user_id)).lines]


async def test_each_user_gets_a_portrait_of_their_own_words_with_its_evidence(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    lives = await bank.add_memory(LISBON, user_id="ann", session_id="one")
    likes = await bank.add_memory("I love tea.", user_id="ann", session_id="two", agent_id="x")
    await bank.add_memory("I live in a data centre.", speaker="assistant", user_id="ann")
    await bank.add_memory("I love coffee.", user_id="org/bob")
    await bank.add_memory("I love milk.")

    job = await portray(serving_client)

    assert job.counts == {"portraits_made": 2}
    portrait = await bank.portrait("ann")
    assert [(each.text, each.evidence) for each in portrait.lines] == [
        ("lives in Lisbon", (lives.id,)),
        ("likes tea", (likes.id,)),
    ]
    assert (portrait.editions, portrait.former_id) == (1, None)
    kept = await bank.get(portrait.memory_id)
    links = {each.memory_id for each in kept.links if each.type == "summarises"}
    assert links == {lives.id, likes.id}
    assert await statements(bank, "org/bob") == ["likes coffee"]


async def test_it_is_renewed_when_its_user_says_more_and_only_then(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory(LISBON, user_id="ann", occurred_at=FIRST)
    await bank.add_memory("I love coffee.", user_id="bob")
    await portray(serving_client)
    former = await bank.portrait("ann")
    assert (await portray(serving_client)).counts == {}

    await bank.add_memory(PORTO, user_id="ann", occurred_at=LATER)
    job = await portray(serving_client)

    assert job.counts == {"portraits_renewed": 1}
    portrait = await bank.portrait("ann")
    assert [each.text for each in portrait.lines] == ["lives in Porto"]
    assert (portrait.editions, portrait.former_id) == (2, former.memory_id)
    assert [each.id for each in await documents(bank, "superseded")] == [former.memory_id]


async def test_what_is_archived_leaves_it_and_its_last_source_takes_it_along(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    lives = await bank.add_memory(LISBON, user_id="ann")
    likes = await bank.add_memory("I love tea.", user_id="ann")
    await portray(serving_client)

    await bank.archive(lives.id)
    await portray(serving_client)
    assert await statements(bank) == ["likes tea"]

    await bank.archive(likes.id)
    assert (await portray(serving_client)).counts == {"portraits_retired": 1}
    with pytest.raises(PortraitNotFoundError):
        await bank.portrait("ann")

    await bank.restore(likes.id)
    await portray(serving_client)
    assert await statements(bank) == ["likes tea"]


async def test_who_says_nothing_of_themselves_has_none_and_is_read_once(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory("The weather is fine.", user_id="ann")

    first = await portray(serving_client)
    [stage] = [each for each in (await bank.consolidation()).stages if each.name == "portray"]

    assert (first.counts, stage.todo) == ({}, 0)
    assert await documents(bank) == []
    with pytest.raises(PortraitNotFoundError, match="consolidate"):
        await bank.portrait("ann")


async def test_what_a_user_takes_back_retires_it_and_undoing_that_brings_it_back(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory(LISBON, user_id="ann", occurred_at=FIRST)
    await portray(serving_client)
    former = await bank.portrait("ann")
    await bank.add_memory("I no longer live in Lisbon.", user_id="ann", occurred_at=LATER)
    assert (await portray(serving_client)).counts == {"portraits_retired": 1}
    with pytest.raises(PortraitNotFoundError):
        await bank.portrait("ann")

    [retired] = [each async for each in bank.operations(kind="archive")]
    await bank.undo(retired.id)

    assert (await bank.portrait("ann")).text == former.text
    assert (await portray(serving_client)).counts == {}


async def test_undoing_a_renewal_brings_the_former_one_back_and_it_stays(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory(LISBON, user_id="ann")
    await portray(serving_client)
    former = await bank.portrait("ann")
    await bank.add_memory("I love tea.", user_id="ann")
    await portray(serving_client)

    renewal, _ = [each async for each in bank.operations(kind="insert")]  # newest first
    await bank.undo(renewal.id)

    assert (await bank.portrait("ann")).memory_id == former.memory_id
    assert (await portray(serving_client)).counts == {}


async def test_a_context_begins_with_the_portrait_of_its_one_user_within_the_budget(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    for no in range(40):
        await bank.add_memory(f"I like tea of sort number {no}.", user_id="ann")
    await bank.add_memory("I love coffee.", user_id="bob")
    await portray(serving_client)
    of_ann = Filter(user_id="ann")

    told = await bank.context("Which tea?", mode="ranked", budget_tokens=1500, filter=of_ann)
    of_nobody = await bank.context("Which tea?", mode="ranked", budget_tokens=1500)
    without = await bank.context("Which tea?", mode="ranked", summaries=0, k=1, filter=of_ann)
    scarce = await bank.context("Which tea?", mode="ranked", budget_tokens=120, filter=of_ann)

    assert told.sections[0].name == "summaries"
    assert [each.memory.source for each in told.sections[0].pieces] == ["memsvc:portraits"]
    assert "What ann says of themselves:" in told.text
    assert told.total_tokens <= 1500
    assert [each.name for each in of_nobody.sections] == ["memories"]
    assert [each.name for each in without.sections] == ["memories"]
    assert scarce.total_tokens <= 120
