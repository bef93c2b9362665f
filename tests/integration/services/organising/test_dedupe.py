"""Merging duplicates through the whole service: what goes, what stays, what is undone."""

import random
from uuid import UUID

import pytest
from memsvc_client import AsyncBank, AsyncClient, Job, MemoryState, Message, Operation

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.jobs import JobKind, NewJob, Progress
from memsvc.domain.links import LinkType, NewLink
from memsvc.services.commands import NewMemory
from memsvc.services.organising.dedupe import DedupeStage
from memsvc.services.run_job import JobContext
from memsvc.store.pgvector_index import PgVectorIndex
from memsvc.store.queue import Delivery
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database
from tests.fixtures.services import Service


@pytest.fixture
async def bank(serving_client: AsyncClient) -> AsyncBank:
    await serving_client.create_bank("ada")
    return serving_client.bank("ada")


async def write(bank: AsyncBank, *texts: str) -> list[UUID]:
    return [(await bank.add_memory(text)).id for text in texts]


async def dedupe(client: AsyncClient) -> Job:
    job = await client.bank("ada").consolidate(stages=["dedupe"])
    await client.wait_for_jobs("ada", timeout_s=30)
    return await client.get_job(job.id)


async def states(bank: AsyncBank, ids: list[UUID]) -> list[str]:
    return [(await bank.get(each)).state for each in ids]


async def merges(bank: AsyncBank) -> list[Operation]:
    return [each async for each in bank.operations(kind="merge")]


async def whole(database: Database, bank: AsyncBank) -> tuple[object, set[tuple[UUID, str, UUID]]]:
    """Everything that merging could change: states, texts and every link."""
    shown = {each.id: (each.state, each.text, each.version) async for each in bank.memories()}
    async with database.store.read(DEFAULT_TENANT) as tx:
        found = await tx.banks.resolve("ada")
        ids = [MemoryId(each) for each in shown]
        links = await tx.links.touching(found.scope.bank_id, ids, limit=10_000)
    return shown, {(each.link.from_id, each.link.type, each.link.to_id) for each in links}


async def test_what_is_said_twice_is_kept_once_and_the_older_stays(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    ids = await write(bank, "Ann likes green tea.", "ann likes GREEN tea", "Bob has a boat.")

    job = await dedupe(serving_client)

    assert await states(bank, ids) == [MemoryState.ACTIVE, MemoryState.MERGED, MemoryState.ACTIVE]
    assert (job.counts["merged"], job.counts["compared"]) == (1, 3)
    hits = (await bank.recall("who likes green tea", k=10)).hits
    assert [hit.memory.id for hit in hits if "tea" in hit.memory.text.lower()] == [ids[0]]


async def test_the_ledger_says_which_pair_why_and_how_surely(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    ids = await write(bank, "Ann likes green tea.", "Ann likes green tea!")
    await dedupe(serving_client)

    [merge] = await merges(bank)

    assert merge.details is not None
    assert (merge.details["kept"], merge.details["merged"]) == (str(ids[0]), str(ids[1]))
    assert merge.details["score"] == 1.0
    evidence = merge.details["evidence"]
    assert isinstance(evidence, dict)
    assert evidence["same_text"] is True
    assert "tea" not in str(merge.details)


async def test_many_copies_become_one(serving_client: AsyncClient, bank: AsyncBank) -> None:
    """More of them than nearest ones are looked at."""
    ids = await write(bank, *["The gate code is 4711."] * 14)
    await dedupe(serving_client)
    assert await states(bank, ids) == [MemoryState.ACTIVE] + [MemoryState.MERGED] * 13


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The meeting starts at 14:00.", "The meeting starts at 15:00."),
        ("Ann lived in Paris until 2019.", "Ann lived in Rome until 2019."),
        ("Ann likes the sea a lot.", "Ann does not like the sea a lot."),
    ],
)
async def test_what_differs_in_one_telling_word_stays_apart(
    serving_client: AsyncClient, bank: AsyncBank, one: str, other: str
) -> None:
    """Defect of the original: a contradiction was fused into one sentence."""
    ids = await write(bank, one, other)
    await dedupe(serving_client)
    assert await states(bank, ids) == [MemoryState.ACTIVE, MemoryState.ACTIVE]
    assert await merges(bank) == []


async def test_one_users_words_are_never_merged_into_anothers(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    ids = [(await bank.add_memory("I like tea.", user_id=who)).id for who in ("ann", "bob")]
    await dedupe(serving_client)
    assert await states(bank, ids) == [MemoryState.ACTIVE, MemoryState.ACTIVE]


async def test_turns_of_one_conversation_all_stay(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    written = await bank.add_episode(
        [Message(text="Thanks!", speaker="Ann"), Message(text="Thanks!", speaker="Ann")]
    )
    await dedupe(serving_client)
    assert await states(bank, [each.id for each in written.memories]) == [MemoryState.ACTIVE] * 2


async def test_nothing_is_compared_twice(serving_client: AsyncClient, bank: AsyncBank) -> None:
    await write(bank, "Ann likes tea.", "Bob has a boat.")
    await dedupe(serving_client)
    todo = {each.name: each.todo for each in (await bank.consolidation()).stages}
    assert todo["dedupe"] == 0
    await write(bank, "Cleo sings.")
    assert (await dedupe(serving_client)).counts["compared"] == 1


async def test_undoing_a_merge_restores_both_and_every_edge_and_it_is_not_made_again(
    serving_client: AsyncClient, database: Database, bank: AsyncBank
) -> None:
    """Defect of the original: what was merged or forgotten was gone for good."""
    ids = await write(bank, "Ann likes green tea.", "Ann likes green tea!", "Bob has a boat.")
    async with database.store.write(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve("ada")).scope.bank_id
        link = NewLink(
            from_id=MemoryId(ids[2]), to_id=MemoryId(ids[1]), type=LinkType.RELATED, weight=0.5
        )
        await tx.links.add(bank_id, [link])
    before = await whole(database, bank)
    await dedupe(serving_client)
    _, links = await whole(database, bank)
    assert (ids[2], LinkType.RELATED, ids[0]) in links
    assert (ids[1], LinkType.MERGED_INTO, ids[0]) in links

    await bank.undo((await merges(bank))[0].id)

    assert await whole(database, bank) == before
    await write(bank, "Ann likes green tea?")
    await dedupe(serving_client)
    assert (await states(bank, ids))[:2] == [MemoryState.ACTIVE, MemoryState.ACTIVE]


@pytest.mark.parametrize("seed", range(3))
async def test_undo_of_every_merge_returns_to_the_start(
    serving_client: AsyncClient, database: Database, bank: AsyncBank, seed: int
) -> None:
    """Property over random banks: states, texts and links, whatever was merged into what."""
    draw = random.Random(seed)
    facts = ("Ann likes tea", "Bob has a boat", "Cleo sings in Rome", "The code is 4711")
    shapes = ("{}.", "{}!", "{}", " {} .")
    texts = [draw.choice(shapes).format(draw.choice(facts)) for _ in range(14)]
    ids = [MemoryId(each) for each in await write(bank, *texts)]
    async with database.store.write(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve("ada")).scope.bank_id
        pairs = {tuple(draw.sample(ids, 2)) for _ in range(12)}
        new = [NewLink(from_id=a, to_id=b, type=LinkType.RELATED, weight=0.5) for a, b in pairs]
        await tx.links.add(bank_id, new)
    before = await whole(database, bank)
    await dedupe(serving_client)
    assert await whole(database, bank) != before
    done = await merges(bank)
    assert len(done) == 14 - len({each.strip(" .!") for each in texts})

    for each in done:  # newest first
        await bank.undo(each.id)

    assert await whole(database, bank) == before


class StoppedError(Exception):
    """The worker is gone."""


async def test_a_stopped_job_goes_on_where_it_was(service: Service) -> None:
    scope = await service.create_bank("ada")
    items = [NewMemory(text=each) for each in ("Ann likes tea.", "Bob has a boat.") * 3]
    written = await service.remember_items("ada", *items)
    store = service.database.store
    exact = PgVectorIndex(service.database.engine)
    stage = DedupeStage(store=store, index=exact, exact=exact, page=1)

    async def attempt(*, stops: bool) -> list[int]:
        seen: list[int] = []

        async def report(progress: Progress) -> None:
            seen.append(progress.total)
            if stops:
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
    # The first page merged two of six; neither they nor what was compared are looked at again.
    assert await attempt(stops=False) == [3]
    stored = await service.stored("ada", written)
    assert [each.state for each in stored] == ["active"] * 2 + ["merged"] * 4
