"""Thoughts about one entity, whatever it is called: merged as the ledger of entities has it."""

from collections.abc import AsyncIterator

import pytest
from memsvc_client import AsyncBank, AsyncClient, InvalidRequestError

from tests.fixtures.database import Database
from tests.fixtures.embedder import HashingEmbedder
from tests.integration.services.organising.test_service import ON_DEMAND, serving

ANA, DOCTOR = "Ana Silva", "Dr. Ana Silva"


@pytest.fixture
async def client(database: Database, embedder: HashingEmbedder) -> AsyncIterator[AsyncClient]:
    async with serving(database, embedder, ON_DEMAND) as (client, _):
        yield client


@pytest.fixture
async def bank(client: AsyncClient) -> AsyncBank:
    await client.create_bank("ada")
    return client.bank("ada")


async def consolidate(client: AsyncClient, *stages: str) -> None:
    await client.bank("ada").consolidate(stages=stages)
    await client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)


async def thoughts(bank: AsyncBank) -> list[str]:
    found = [each async for each in bank.memories() if each.kind == "thought"]
    return sorted(each.text for each in found if each.state == "active")


async def undo_entity_merge(bank: AsyncBank) -> None:
    found = [each async for each in bank.operations(kind="merge")]
    [merge] = [each for each in found if (each.details or {}).get("of") == "entities"]
    await bank.undo(merge.id)


async def test_lists_are_made_of_one_entitys_thoughts_and_fall_apart_with_it(
    client: AsyncClient, bank: AsyncBank
) -> None:
    for speaker, text in ((DOCTOR, "I like tea."), (ANA, "I like chess."), ("Bo", "I like rum.")):
        await bank.add_memory(text, speaker=speaker)
    await consolidate(client, "think")
    apart = ["Ana Silva likes chess.", "Bo likes rum.", "Dr. Ana Silva likes tea."]
    assert await thoughts(bank) == apart

    await consolidate(client, "entities", "think")
    assert await thoughts(bank) == ["Ana Silva likes tea, chess.", "Bo likes rum."]

    await undo_entity_merge(bank)
    await consolidate(client, "entities", "think")
    assert await thoughts(bank) == apart


async def test_by_hand_too_only_thoughts_of_one_entity_are_merged(
    client: AsyncClient, bank: AsyncBank
) -> None:
    for speaker, text in ((DOCTOR, "I like tea."), (ANA, "I live in Lisbon.")):
        await bank.add_memory(text, speaker=speaker)
    await consolidate(client, "think")
    ids = [each.id async for each in bank.memories() if each.kind == "thought"]
    with pytest.raises(InvalidRequestError, match="different heads"):
        await bank.thoughts.merge(ids)

    await consolidate(client, "entities")
    await bank.thoughts.merge(ids)

    [text] = await thoughts(bank)
    assert "Lisbon" in text
    assert "tea" in text
    await undo_entity_merge(bank)
    await consolidate(client, "think")
    assert len(await thoughts(bank)) == 2
