"""Facts through the whole service: what supersedes what, what is undone, what is reinstated."""

import asyncio
from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID

import pytest
from memsvc_client import AsyncBank, AsyncClient, Job, MemoryState, Operation

from memsvc.domain.facts.settling import Fact
from memsvc.domain.identifiers import MemoryId
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database

LISBON, PORTO, ROME = "I live in Lisbon.", "I moved to Porto.", "I live in Rome."


@pytest.fixture
async def bank(serving_client: AsyncClient) -> AsyncBank:
    await serving_client.create_bank("ada")
    return serving_client.bank("ada")


async def say(bank: AsyncBank, text: str, month: int) -> UUID:
    at = datetime(2024, month, 1, tzinfo=UTC)
    return (await bank.add_memory(text, occurred_at=at)).id


async def settle(client: AsyncClient, bank: str = "ada") -> Job:
    job = await client.bank(bank).consolidate(stages=["facts"])
    await client.wait_for_jobs(bank, timeout_s=30, poll_s=0.05)
    return await client.get_job(job.id)


async def states(bank: AsyncBank, *ids: UUID) -> list[str]:
    return [(await bank.get(each)).state for each in ids]


async def operations(bank: AsyncBank) -> list[Operation]:
    return [each async for each in bank.operations(kind="supersede")]


async def facts(database: Database, *ids: UUID) -> list[Fact]:
    async with database.store.read(DEFAULT_TENANT) as tx:
        bank_id = (await tx.banks.resolve("ada")).scope.bank_id
        found = await tx.facts.of_memories(bank_id, [MemoryId(each) for each in ids])
    return sorted(found, key=lambda each: each.claim.order)


async def test_a_later_fact_supersedes_and_recall_shows_what_holds_now(
    serving_client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    old, new = await say(bank, LISBON, 1), await say(bank, PORTO, 6)

    job = await settle(serving_client)

    assert await states(bank, old, new) == [MemoryState.SUPERSEDED, MemoryState.ACTIVE]
    assert (job.counts["superseded"], job.counts["facts"]) == (1, 2)
    [lisbon, porto] = await facts(database, old, new)
    assert (lisbon.valid_to, lisbon.superseded_by) == (porto.claim.valid_from, porto.id)
    assert (porto.valid_to, porto.superseded_by) == (None, None)
    hits = (await bank.recall("where do I live", k=5)).hits
    assert [hit.memory.id for hit in hits] == [new]


async def test_every_supersede_names_its_rule_and_evidence_and_never_text(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await say(bank, LISBON, 1)
    new = await say(bank, PORTO, 6)
    await settle(serving_client)
    [operation] = await operations(bank)
    assert operation.details is not None
    assert operation.details["rule"] == "residence.move"
    assert operation.details["by_memory"] == str(new)
    assert "porto" not in str(operation.details).lower()


async def test_a_memory_that_says_more_stays_and_only_its_fact_ends(
    serving_client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    old = await say(bank, "I live in Lisbon with my cat Tom.", 1)
    await say(bank, PORTO, 6)
    await settle(serving_client)
    assert await states(bank, old) == [MemoryState.ACTIVE]
    assert (await facts(database, old))[0].valid_to == datetime(2024, 6, 1, tzinfo=UTC)


async def test_any_order_of_arrival_gives_the_same_current_state(
    serving_client: AsyncClient,
) -> None:
    """Late-arriving older facts supersede nothing newer."""
    said = [(LISBON, 1), (PORTO, 4), (ROME, 8)]

    async def arriving(name: str, order: tuple[int, ...]) -> list[str]:
        await serving_client.create_bank(name)
        bank, ids = serving_client.bank(name), {}
        for place in order:
            ids[place] = await say(bank, *said[place])
            await settle(serving_client, name)
        return await states(bank, *(ids[each] for each in range(3)))

    orders = list(permutations(range(3)))
    found = await asyncio.gather(*(arriving(f"b{no}", each) for no, each in enumerate(orders)))
    gone = MemoryState.SUPERSEDED
    assert found == [[gone, gone, MemoryState.ACTIVE]] * len(orders)


async def test_undoing_a_supersede_holds_when_facts_are_settled_again(
    serving_client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    old, new = await say(bank, LISBON, 1), await say(bank, PORTO, 6)
    await settle(serving_client)
    [operation] = await operations(bank)

    await bank.undo(operation.id)
    await settle(serving_client)
    assert await states(bank, old) == [MemoryState.ACTIVE]
    assert (await facts(database, old))[0].valid_to is None

    await say(bank, "I live in Porto.", 7)
    await settle(serving_client)

    [lisbon, *_] = await facts(database, old, new)
    assert lisbon.superseded_by != (await facts(database, new))[0].id


async def test_archiving_a_source_reinstates_what_it_had_superseded_and_restoring_ends_it_again(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    old, new = await say(bank, LISBON, 1), await say(bank, PORTO, 6)
    await settle(serving_client)

    archiving = await bank.archive(new)
    assert archiving.state == MemoryState.ARCHIVED
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    assert await states(bank, old) == [MemoryState.ACTIVE]

    await bank.restore(new)
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    assert await states(bank, old) == [MemoryState.SUPERSEDED]


async def test_erasing_or_undoing_reinstates_without_an_operator(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    old, new = await say(bank, LISBON, 1), await say(bank, PORTO, 6)
    await settle(serving_client)
    await bank.archive(new)
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    [archived] = [each async for each in bank.operations(kind="archive")]

    await bank.undo(archived.id)
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    assert await states(bank, old) == [MemoryState.SUPERSEDED]

    await bank.erase(memory_ids=[new])
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    assert await states(bank, old) == [MemoryState.ACTIVE]


async def test_archiving_what_claims_nothing_queues_nothing(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    said = await say(bank, "It rains.", 1)
    await settle(serving_client)
    await bank.archive(said)
    kinds = [each.kind async for each in serving_client.jobs(bank="ada")]
    assert "bank.settle_facts" not in kinds


async def test_a_source_that_says_another_thing_reinstates_what_it_had_superseded(
    serving_client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    old, june = await say(bank, LISBON, 1), datetime(2024, 6, 1, tzinfo=UTC)
    new = (await bank.add_memory(PORTO, external_id="note", occurred_at=june)).id
    await settle(serving_client)
    assert await states(bank, old) == [MemoryState.SUPERSEDED]

    await bank.add_memory("It rains in Porto.", external_id="note", occurred_at=june)
    await settle(serving_client)

    assert await states(bank, old, new) == [MemoryState.ACTIVE] * 2
    assert [each.valid_to for each in await facts(database, old, new)] == [None]


async def test_settling_again_changes_nothing(serving_client: AsyncClient, bank: AsyncBank) -> None:
    await say(bank, LISBON, 1)
    await say(bank, PORTO, 6)
    await settle(serving_client)
    job = await settle(serving_client)
    assert job.counts.get("superseded", 0) == 0
    assert len(await operations(bank)) == 1


async def test_two_jobs_at_once_read_and_supersede_exactly_once(
    serving_client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    ids = [await say(bank, text, no) for no, text in enumerate((LISBON, PORTO, ROME), start=1)]
    jobs = [await bank.consolidate(stages=some) for some in (["facts"], ["dedupe", "facts"])]
    await serving_client.wait_for_jobs("ada", timeout_s=30)
    done = [await serving_client.get_job(each.id) for each in jobs]
    assert sum(each.counts.get("superseded", 0) for each in done) == 2
    assert len(await operations(bank)) == 2
    assert len(await facts(database, *ids)) == 3


async def test_facts_of_one_bank_end_none_of_another(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await serving_client.create_bank("bob")
    old = await say(bank, LISBON, 1)
    await say(serving_client.bank("bob"), PORTO, 6)
    await asyncio.gather(settle(serving_client), settle(serving_client, "bob"))
    assert await states(bank, old) == [MemoryState.ACTIVE]


async def test_where_facts_are_only_appended_none_ends_until_the_policy_changes(
    serving_client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    await serving_client.update_bank("ada", fact_policy="append_only")
    old, new = await say(bank, LISBON, 1), await say(bank, PORTO, 6)
    job = await settle(serving_client)
    assert (job.counts["facts"], job.counts["superseded"]) == (2, 0)
    assert await states(bank, old, new) == [MemoryState.ACTIVE] * 2

    changed = await serving_client.update_bank("ada", fact_policy="supersede")
    assert changed.fact_policy == "supersede"
    await settle(serving_client)
    assert await states(bank, old, new) == [MemoryState.SUPERSEDED, MemoryState.ACTIVE]

    await serving_client.update_bank("ada", fact_policy="append_only")
    job = await settle(serving_client)
    assert job.counts["reinstated"] == 1
    assert await states(bank, old, new) == [MemoryState.ACTIVE] * 2
    assert [each.valid_to for each in await facts(database, old, new)] == [None, None]
