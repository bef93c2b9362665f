"""Facts that are fused: one memory says both with their times, as long as its sources stand."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from memsvc_client import AsyncBank, AsyncClient, Memory

from memsvc.domain.jobs import JobKind
from memsvc.services.organising.facts import FactStage
from memsvc.store.graph_facts import FactsWanted, GraphFacts
from memsvc.store.roles import DEFAULT_TENANT
from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.fixtures.serving import ON_DEMAND, serving
from tests.integration.promises.test_published_defects import context_of
from tests.integration.services.organising.test_think import say


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    await client.create_bank("ann", fact_policy="fuse")
    return client.bank("ann")


async def settle(database: Database) -> None:
    stage = FactStage(store=database.store)
    await stage.run(await context_of(database, "ann", JobKind.CONSOLIDATE))


async def fused(bank: AsyncBank) -> list[Memory]:
    return [each async for each in bank.memories(source="memsvc:facts", state="active")]


async def states(bank: AsyncBank, *ids: UUID) -> list[str]:
    return [(await bank.get(each)).state for each in ids]


BOTH = "2024-01-01 to 2024-06-01: Ann lives in Lisbon. Since 2024-06-01: Ann lives in Porto."


async def test_a_contradiction_becomes_one_memory_of_both_and_a_third_joins(
    bank: AsyncBank, database: Database
) -> None:
    lisbon, porto = await say(bank, "I live in Lisbon.", 1), await say(bank, "I moved to Porto.", 6)
    await settle(database)

    [both] = await fused(bank)
    assert (both.text, both.kind) == (BOTH, "fact")
    assert await states(bank, lisbon, porto) == ["merged", "merged"]
    links = (await bank.get(both.id)).links
    assert {each.type for each in links} == {"merged_into", "derived_from"}
    facts = [(each.object, each.valid_to) async for each in bank.facts(all=True)]
    assert [each for each, _ in facts] == ["porto", "lisbon"]
    await settle(database)
    assert await fused(bank) == [both]

    rome = await say(bank, "I live in Rome.", 8)
    await settle(database)
    [three] = await fused(bank)
    assert three.text.startswith("2024-01-01 to 2024-06-01: Ann lives in Lisbon. 2024-06-01 to")
    assert await states(bank, both.id, rome) == ["archived", "merged"]


async def test_facts_of_what_is_fused_are_walked_as_those_of_the_memory_it_became(
    bank: AsyncBank, database: Database
) -> None:
    lisbon, porto = await say(bank, "I live in Lisbon.", 1), await say(bank, "I moved to Porto.", 6)
    other = await say(bank, "It rains.", 7)
    await settle(database)
    [both] = await fused(bank)
    async with database.store.read(DEFAULT_TENANT) as tx:
        scope = (await tx.banks.resolve("ann")).scope

    async def objects(month: int, **wanted: Any) -> list[str]:
        at = datetime(2024, month, 2, tzinfo=UTC)
        asked = FactsWanted(**{"of": [], "about": [], "at": at, **wanted})
        return [found for _, _, found in await GraphFacts(database.engine).near(scope, asked)]

    assert await objects(9, of=[both.id]) == ["porto"]
    assert await objects(3, of=[both.id]) == ["lisbon"]
    assert await objects(9, about=["ann"]) == ["porto"]
    assert await objects(9, about=["ann"], allowed=[both.id]) == ["porto"]
    assert await objects(9, about=["ann"], allowed=[other, lisbon, porto]) == []
    await bank.archive(both.id)
    assert await objects(9, of=[both.id], about=["ann"]) == []


async def test_undoing_a_fusing_restores_both_and_it_is_not_repeated(
    bank: AsyncBank, database: Database
) -> None:
    ids = [await say(bank, "I live in Lisbon.", 1), await say(bank, "I moved to Porto.", 6)]
    before = [(await bank.get(each)).links for each in ids]
    await settle(database)
    [operation] = [each async for each in bank.operations(kind="merge")]

    await bank.undo(operation.id)
    await settle(database)

    assert await fused(bank) == []
    assert await states(bank, *ids) == ["active", "active"]
    after = [(await bank.get(each)).links for each in ids]
    assert [{e.type for e in some} for some in after] == [{"supersedes"}, {"supersedes"}]
    assert [len(each) for each in before] == [0, 0]


async def test_a_source_that_says_otherwise_frees_the_rest_and_policies_follow_one_another(
    client: AsyncClient, bank: AsyncBank, database: Database
) -> None:
    lisbon = await say(bank, "I live in Lisbon.", 1)
    porto = await say(bank, "I moved to Porto.", 6, external_id="note")
    more = await say(bank, "I live in Rome with my cat Tom.", 3)
    await settle(database)
    assert await states(bank, lisbon, porto, more) == ["merged", "merged", "active"]

    await client.update_bank("ann", fact_policy="supersede")
    await settle(database)
    assert await states(bank, lisbon, porto) == ["superseded", "active"]
    assert await fused(bank) == []
    await client.update_bank("ann", fact_policy="fuse")
    await settle(database)
    assert await states(bank, lisbon, porto) == ["merged", "merged"]

    await say(bank, "It rains in Porto.", 6, external_id="note")
    await settle(database)
    assert await fused(bank) == []
    assert await states(bank, lisbon, porto) == ["active", "active"]


async def test_erasing_a_source_leaves_no_trace_in_what_is_fused_of_the_others(
    database: Database, embedder: HashingEmbedder
) -> None:
    async with serving(database, embedder, ON_DEMAND) as (client, _):
        await client.create_bank("ann", fact_policy="fuse")
        bank = client.bank("ann")

        async def settled() -> None:
            await bank.consolidate(stages=["facts"])
            await client.wait_for_jobs("ann", timeout_s=30)

        lisbon = await say(bank, "I live in Lisbon.", 1)
        others = [await say(bank, "I moved to Porto.", 6), await say(bank, "I live in Rome.", 8)]
        await settled()
        assert "Lisbon" in (await fused(bank))[0].text

        erasure = await bank.erase(memory_ids=[lisbon])
        await client.wait_for_jobs("ann", timeout_s=30)
        assert (await bank.erasure(erasure.id)).state == "complete"
        # What is left of the slot is settled by a job that erasing has queued.
        assert await states(bank, *others) == ["merged", "merged"]

        [left] = await fused(bank)
        assert left.text.startswith("2024-06-01 to 2024-08-01: Ann lives in Porto. Since")
        assert "Lisbon" not in left.text
