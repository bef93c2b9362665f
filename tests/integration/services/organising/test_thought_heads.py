"""Thoughts about one entity, whatever it is called: merged as the ledger of entities has it."""

import pytest
from memsvc_client import AsyncBank, AsyncClient, InvalidRequestError

ANA, DOCTOR = "Ana Silva", "Dr. Ana Silva"


@pytest.fixture
async def bank(serving_client: AsyncClient) -> AsyncBank:
    await serving_client.create_bank("ada")
    return serving_client.bank("ada")


async def consolidate(serving_client: AsyncClient, *stages: str) -> None:
    await serving_client.bank("ada").consolidate(stages=stages)
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)


async def thoughts(bank: AsyncBank) -> list[str]:
    found = [each async for each in bank.memories() if each.kind == "thought"]
    return sorted(each.text for each in found if each.state == "active")


async def undo_entity_merge(bank: AsyncBank) -> None:
    found = [each async for each in bank.operations(kind="merge")]
    [merge] = [each for each in found if (each.details or {}).get("of") == "entities"]
    await bank.undo(merge.id)


async def test_lists_are_made_of_one_entitys_thoughts_and_fall_apart_with_it(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    for speaker, text in ((DOCTOR, "I like tea."), (ANA, "I like chess."), ("Bo", "I like rum.")):
        await bank.add_memory(text, speaker=speaker)
    await consolidate(serving_client, "think")
    apart = ["Ana Silva likes chess.", "Bo likes rum.", "Dr. Ana Silva likes tea."]
    assert await thoughts(bank) == apart

    await consolidate(serving_client, "entities", "think")
    assert await thoughts(bank) == ["Ana Silva likes tea, chess.", "Bo likes rum."]

    await undo_entity_merge(bank)
    await consolidate(serving_client, "entities", "think")
    assert await thoughts(bank) == apart


async def test_by_hand_too_only_thoughts_of_one_entity_are_merged(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    for speaker, text in ((DOCTOR, "I like tea."), (ANA, "I live in Lisbon.")):
        await bank.add_memory(text, speaker=speaker)
    await consolidate(serving_client, "think")
    ids = [each.id async for each in bank.memories() if each.kind == "thought"]
    with pytest.raises(InvalidRequestError, match="different heads"):
        await bank.thoughts.merge(ids)

    await consolidate(serving_client, "entities")
    await bank.thoughts.merge(ids)

    [text] = await thoughts(bank)
    assert "Lisbon" in text
    assert "tea" in text
    await undo_entity_merge(bank)
    await consolidate(serving_client, "think")
    assert len(await thoughts(bank)) == 2
