"""Pairs that may be duplicates: asked about, merged or kept apart, and not asked again."""

from uuid import UUID, uuid4

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    MemoryState,
    Review,
    ReviewDecidedError,
    ReviewNotFoundError,
    ReviewOutdatedError,
)

ONE, OTHER = "Ann gave Bob a book about chess.", "Bob gave Ann a book about chess."


@pytest.fixture
async def ids(serving_client: AsyncClient) -> list[UUID]:
    """Two memories of one bank that only a person can tell apart, compared already."""
    await serving_client.create_bank("ada")
    written = [
        (await serving_client.bank("ada").add_memory(text, external_id=text[:3])).id
        for text in (ONE, OTHER)
    ]
    await dedupe(serving_client)
    return written


@pytest.fixture
def bank(serving_client: AsyncClient, ids: list[UUID]) -> AsyncBank:
    return serving_client.bank("ada")


async def dedupe(client: AsyncClient) -> None:
    await client.bank("ada").consolidate(stages=["dedupe"])
    await client.wait_for_jobs("ada", timeout_s=30)


async def asked(bank: AsyncBank, state: str | None = None) -> list[Review]:
    return [each async for each in bank.reviews(state=state)]


async def test_an_uncertain_pair_is_asked_about_with_its_evidence(
    bank: AsyncBank, ids: list[UUID]
) -> None:
    [review] = await asked(bank)
    assert (review.state, review.memory_ids) == ("open", tuple(ids))
    assert review.evidence["is_reordered"] is True
    assert 0.8 <= review.score <= 1.0
    assert [(await bank.get(each)).state for each in ids] == [MemoryState.ACTIVE] * 2


async def test_accepting_merges_and_undoing_that_restores_both(
    bank: AsyncBank, ids: list[UUID]
) -> None:
    [review] = await asked(bank)

    accepted = await bank.accept_review(review.id)

    assert accepted.state == "accepted"
    assert accepted.operation_id is not None
    assert [(await bank.get(each)).state for each in ids] == ["active", "merged"]
    assert (await bank.operation(accepted.operation_id)).details is not None
    assert await asked(bank) == []
    assert await asked(bank, "accepted") == [accepted]
    await bank.undo(accepted.operation_id)
    assert [(await bank.get(each)).state for each in ids] == ["active", "active"]


async def test_what_was_rejected_is_not_proposed_again_until_a_text_changes(
    serving_client: AsyncClient, bank: AsyncBank, ids: list[UUID]
) -> None:
    [review] = await asked(bank)
    rejected = await bank.reject_review(review.id)
    assert (rejected.state, rejected.operation_id) == ("rejected", None)
    assert rejected.decided_by is not None

    await bank.add_memory("Bob gave Cleo a book about chess.")
    await dedupe(serving_client)
    assert tuple(ids) not in {each.memory_ids for each in await asked(bank)}

    changed = await bank.add_memory("Bob gave Ann the book about chess.", external_id="Bob")
    assert (changed.id, changed.status) == (ids[1], "updated")
    await serving_client.wait_for_jobs("ada", timeout_s=30)
    await dedupe(serving_client)
    assert tuple(ids) in {each.memory_ids for each in await asked(bank)}


async def test_a_pair_is_decided_once(bank: AsyncBank) -> None:
    [review] = await asked(bank)
    await bank.reject_review(review.id)
    with pytest.raises(ReviewDecidedError):
        await bank.accept_review(review.id)


async def test_a_pair_whose_memory_has_changed_is_void(bank: AsyncBank, ids: list[UUID]) -> None:
    [review] = await asked(bank)
    await bank.archive(ids[0])
    assert await asked(bank) == []
    with pytest.raises(ReviewOutdatedError):
        await bank.accept_review(review.id)


async def test_an_unknown_pair_is_told(bank: AsyncBank) -> None:
    with pytest.raises(ReviewNotFoundError):
        await bank.reject_review(uuid4())


async def test_removing_the_bank_removes_its_pairs(
    serving_client: AsyncClient, bank: AsyncBank
) -> None:
    assert await asked(bank) != []
    await serving_client.delete_bank("ada")
    await serving_client.wait_for_jobs(timeout_s=30)
    await serving_client.create_bank("ada")
    assert await asked(serving_client.bank("ada")) == []
