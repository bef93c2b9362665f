"""Summaries of sessions through the whole service: made, renewed, retired, undone, used."""

import asyncio
from datetime import UTC, datetime

import pytest
from memsvc_client import AsyncBank, AsyncClient, Job, Memory, Operation

from memsvc.domain.filters import MemoryListing
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import JobKind, NewJob, Progress
from memsvc.domain.links import LinkType
from memsvc.domain.memory import MemoryKind, ScopeKeys
from memsvc.domain.paging import PageRequest
from memsvc.services.commands import NewMemory
from memsvc.services.organising.summarise import session_summaries
from memsvc.services.run_job import JobContext
from memsvc.store.queue import Delivery
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.system_clock import SystemClock
from tests.fixtures.database import Database
from tests.fixtures.services import Service

MOVED = "I moved to Lisbon for a job at the aquarium."
DOG = "I adopted a dog named Rex."


@pytest.fixture
async def bank(serving_client: AsyncClient) -> AsyncBank:
    await serving_client.create_bank("ada")
    return serving_client.bank("ada")


async def summarise(client: AsyncClient) -> Job:
    job = await client.bank("ada").consolidate(stages=["summarise"])
    await client.wait_for_jobs("ada", timeout_s=30)
    return await client.get_job(job.id)


async def summaries(bank: AsyncBank, state: str = "active") -> list[Memory]:
    return await documents(bank, "memsvc:summaries", state)


async def documents(bank: AsyncBank, source: str, state: str = "active") -> list[Memory]:
    return [each async for each in bank.memories(kind="summary", source=source, state=state)]


async def inserts(bank: AsyncBank) -> list[Operation]:
    return [each async for each in bank.operations(kind="insert")]


async def test_each_session_gets_one_summary_that_links_what_it_rests_on(
    serving_client: AsyncClient, database: Database, bank: AsyncBank
) -> None:
    moved = await bank.add_memory(MOVED, speaker="Bob", session_id="one")
    await bank.add_memory(DOG, speaker="Ann", session_id="two")
    await bank.add_memory("Nobody's session.")

    job = await summarise(serving_client)

    assert job.counts["summaries_made"] == 2
    one, two = sorted(await summaries(bank), key=lambda each: each.session_id or "")
    assert f"Bob: {MOVED}" in one.text
    assert (one.session_id, two.session_id) == ("one", "two")
    async with database.store.read(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve("ada")).scope.bank_id
        links = await tx.links.touching(
            bank_id, [MemoryId(one.id)], types=[LinkType.SUMMARISES], limit=9
        )
    assert [each.link.to_id for each in links if each.link.from_id == one.id] == [moved.id]


async def test_only_what_changed_is_summarised_again(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory(MOVED, speaker="Bob", session_id="one")
    await bank.add_memory(DOG, speaker="Ann", session_id="two")
    await summarise(serving_client)
    before = {each.session_id: each.id for each in await summaries(bank)}
    assert (await summarise(serving_client)).counts == {}

    await bank.add_memory("The octopus is called Otto.", speaker="Bob", session_id="one")
    job = await summarise(serving_client)

    after = {each.session_id: each.id for each in await summaries(bank)}
    assert job.counts == {"summaries_renewed": 1, "day_summaries_renewed": 1}
    assert after["two"] == before["two"]
    assert [each.id for each in await summaries(bank, "superseded")] == [before["one"]]


async def test_what_is_archived_leaves_the_summary_and_its_last_source_takes_it_along(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    moved = await bank.add_memory(MOVED, session_id="one")
    dog = await bank.add_memory(DOG, session_id="one")
    await summarise(serving_client)

    await bank.archive(moved.id)
    await summarise(serving_client)
    [renewed] = await summaries(bank)
    assert "Lisbon" not in renewed.text
    assert "Rex" in renewed.text

    await bank.archive(dog.id)
    assert (await summarise(serving_client)).counts == {"summaries_retired": 1}
    assert await summaries(bank) == []

    await bank.restore(dog.id)
    await summarise(serving_client)
    assert [each.text for each in await summaries(bank)] == [renewed.text]


async def test_nobodys_words_stand_in_the_summary_of_another_user(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory(MOVED, session_id="one", user_id="bob")
    await bank.add_memory(DOG, session_id="one", user_id="ann")
    await summarise(serving_client)

    texts = {each.user_id: each.text for each in await summaries(bank)}

    assert set(texts) == {"ann", "bob"}
    assert "Rex" in texts["ann"]
    assert "Rex" not in texts["bob"]


async def test_undoing_a_renewal_brings_the_former_summary_back_and_it_stays(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory(MOVED, session_id="one")
    await summarise(serving_client)
    former = await summaries(bank)
    await bank.add_memory(DOG, session_id="one")
    await summarise(serving_client)

    await bank.undo((await inserts(bank))[0].id)  # newest first
    assert [(each.id, each.text) for each in await summaries(bank)] == [
        (each.id, each.text) for each in former
    ]

    assert (await summarise(serving_client)).counts == {}


async def test_a_context_has_the_summaries_within_its_budget(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    for no in range(40):
        text = f"Remark {no}: the weather station reports wind from the north."
        await bank.add_memory(text, session_id="one")
    await summarise(serving_client)

    composed = await bank.context("What about the wind?", budget_tokens=400)

    assert composed.total_tokens <= 400
    assert "# Summaries" in composed.text


FIRST, SECOND = (datetime(2023, 5, day, 12, tzinfo=UTC) for day in (8, 9))
DAY, WHOLE = "memsvc:summaries/day", "memsvc:summaries/all"


async def test_days_and_all_of_them_are_summed_up_where_there_are_several(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await bank.add_memory(MOVED, speaker="Bob", session_id="one", occurred_at=FIRST)
    await bank.add_memory(DOG, speaker="Ann", session_id="two", occurred_at=FIRST)
    await bank.add_memory("I love tea.", session_id="one", user_id="eve", occurred_at=FIRST)
    await summarise(serving_client)
    [day] = await documents(bank, DAY)
    heading, *lines = day.text.split("\n")
    assert heading == "2023-05-08, out of 2 summaries"
    assert sorted(lines) == [f"Ann: {DOG}", f"Bob: {MOVED}"]
    assert await documents(bank, WHOLE) == []

    later = await bank.add_memory("Otto is an octopus.", session_id="three", occurred_at=SECOND)
    job = await summarise(serving_client)

    assert job.counts == {"summaries_made": 1, "all_summaries_made": 1}
    assert [each.id for each in await documents(bank, DAY)] == [day.id]
    [whole] = await documents(bank, WHOLE)
    assert whole.text.startswith("2023-05-08 to 2023-05-09, out of 2 summaries\n")
    assert MOVED in whole.text
    assert "Otto is an octopus." in whole.text
    links = {each.memory_id for each in (await bank.get(whole.id)).links}
    [three] = [each.id for each in await summaries(bank) if each.session_id == "three"]
    assert links == {day.id, three}

    await bank.archive(later.id)
    job = await summarise(serving_client)
    assert job.counts == {"summaries_retired": 1, "all_summaries_retired": 1}


async def test_a_context_has_the_summary_of_all_sessions_but_of_no_single_day(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    told = [(MOVED, FIRST), (DOG, FIRST), ("The octopus is called Otto.", SECOND)]
    for no, (text, day) in enumerate(told):
        await bank.add_memory(text, session_id=f"s{no}", occurred_at=day)
    await summarise(serving_client)

    composed = await bank.context(
        "Otto?", mode="ranked", k=1, arms=["lexical"], summaries=1, budget_tokens=1500
    )

    [section] = [each for each in composed.sections if each.name == "summaries"]
    assert [each.memory.source for each in section.pieces][-1] == WHOLE
    assert DAY not in {each.memory.source for each in section.pieces}
    assert composed.total_tokens <= 1500


class StoppedError(Exception):
    """The worker is gone."""


async def test_stopped_and_concurrent_jobs_make_each_summary_once(
    service: Service,
) -> None:
    scope = await service.create_bank("ada")
    items = [
        NewMemory(text=f"Dive {no} was at the reef.", keys=ScopeKeys(session_id=f"s{no}"))
        for no in range(5)
    ]
    await service.remember_items("ada", *items)
    store = service.database.store
    stage = session_summaries(store, SystemClock())

    async def made() -> int:
        listing = MemoryListing(kind=MemoryKind.SUMMARY)
        async with store.read(DEFAULT_TENANT) as tx:
            page = await tx.memories.list(scope.bank_id, listing, PageRequest(limit=100))
        return len(page.items)

    async def attempt(*, stops: bool) -> int:
        seen = 0

        async def report(progress: Progress) -> None:
            nonlocal seen
            seen = progress.total
            if stops and progress.done == 2:
                raise StoppedError

        async def never() -> bool:
            return False

        async with store.write(DEFAULT_TENANT) as tx:
            job = await tx.jobs.add(NewJob(kind=JobKind.CONSOLIDATE, bank_id=scope.bank_id))
            delivery = Delivery(job_id=job.id, tenant_id=DEFAULT_TENANT, after_attempts=0)
            started = await tx.jobs.start(delivery)
        assert started is not None
        await stage.run(JobContext(job=started, report_progress=report, is_cancelled=never))
        return seen

    with pytest.raises(StoppedError):
        await attempt(stops=True)
    assert await made() == 2
    totals = await asyncio.gather(*(attempt(stops=False) for _ in range(3)))

    assert max(totals) == 3
    assert await made() == 5
