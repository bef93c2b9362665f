"""Facts about one person under several names contradict each other as facts of one name do."""

from datetime import UTC, datetime
from typing import Unpack

import pytest
from memsvc_client import AsyncBank, AsyncClient
from memsvc_client.facts import FactListing

DOCTOR = "Professor Ana Silva lives in Lisbon."
PLAIN = "Ana Silva moved to Porto."
MARCH = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
async def bank(serving_client: AsyncClient) -> AsyncBank:
    """Both were read for facts, and nobody knows yet that they are about one person."""
    await serving_client.create_bank("ada")
    bank = serving_client.bank("ada")
    for month, text in ((1, DOCTOR), (6, PLAIN)):
        said_at = datetime(2024, month, 1, tzinfo=UTC)
        await bank.add_memory(text, occurred_at=said_at, external_id=str(month))
    await consolidate(serving_client, "facts")
    return bank


async def consolidate(serving_client: AsyncClient, *stages: str) -> None:
    job = await serving_client.bank("ada").consolidate(stages=stages)
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)
    assert (await serving_client.get_job(job.id)).state == "succeeded"


async def states(bank: AsyncBank) -> dict[str, str]:
    return {each.text: each.state async for each in bank.memories()}


async def said(bank: AsyncBank, **narrowing: Unpack[FactListing]) -> list[tuple[str, str | None]]:
    return [(each.subject, each.object) async for each in bank.facts(**narrowing)]


async def test_what_two_names_say_contradicts_once_they_are_one_persons(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    assert set((await states(bank)).values()) == {"active"}

    await consolidate(serving_client, "entities")

    assert await states(bank) == {DOCTOR: "superseded", PLAIN: "active"}
    assert await said(bank) == [("ana silva", "porto")]


async def test_parting_the_names_lets_both_hold_again(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await consolidate(serving_client, "entities")
    [merge] = [each async for each in bank.operations(kind="merge")]

    await bank.undo(merge.id)
    await serving_client.wait_for_jobs("ada", timeout_s=30, poll_s=0.05)

    assert set((await states(bank)).values()) == {"active"}
    assert len(await said(bank)) == 2


async def test_what_is_said_after_the_merge_ends_what_the_other_name_said(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await consolidate(serving_client, "entities")

    later = "Professor Ana Silva moved to Rome."
    said_at = datetime(2024, 9, 1, tzinfo=UTC)
    await bank.add_memory(later, occurred_at=said_at, external_id="9")
    await consolidate(serving_client, "facts")

    assert await states(bank) == {DOCTOR: "superseded", PLAIN: "superseded", later: "active"}


async def test_every_name_lists_what_is_said_of_all(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await consolidate(serving_client, "entities")

    assert await said(bank, subject="Professor Ana Silva") == [("ana silva", "porto")]
    assert await said(bank, entity="professor ana silva") == [("ana silva", "porto")]
    assert await said(bank, subject="Ana Silva") == [("ana silva", "porto")]


async def test_the_past_shows_what_held_then_under_either_name(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    await consolidate(serving_client, "entities")

    then = await bank.recall("Where does Ana Silva live?", as_of=MARCH)
    now = await bank.recall("Where does Ana Silva live?")

    assert DOCTOR in [hit.memory.text for hit in then.hits]
    assert [hit.memory.text for hit in now.hits] == [PLAIN]
