"""Deciding about two entities that may be one."""

from typing import TypeAlias

from memsvc.domain.graph.entities import EntityReview
from memsvc.domain.graph.resolution import staying
from memsvc.domain.identifiers import BankId
from memsvc.domain.reviews import ReviewId, ReviewState
from memsvc.domain.thoughts.merging import Review
from memsvc.errors import ReviewDecidedError, ReviewOutdatedError
from memsvc.services.entity_merging import merge_entities_within
from memsvc.services.settling_facts import settle_facts_naming
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import WriteTransaction

AnyReview: TypeAlias = Review | EntityReview


def refuse_decided(review: AnyReview) -> None:
    """Raise ``ReviewDecidedError`` for a pair that is decided about."""
    if review.state is not ReviewState.OPEN:
        raise ReviewDecidedError(
            state=review.state.value,
            operation=None if review.operation_id is None else str(review.operation_id),
        )


async def decided_entities(
    tx: WriteTransaction, bank_id: BankId, actor: str, review_id: ReviewId, *, merges: bool
) -> EntityReview | None:
    """Merge two entities or keep them apart; ``None`` where the pair is none of entities.

    Raises ``ReviewDecidedError``, and ``ReviewOutdatedError`` when either is another one's by now.
    """
    if await tx.entity_reviews.find(bank_id, review_id) is None:
        return None
    await tx.entities.lock(bank_id)
    review = await tx.entity_reviews.find(bank_id, review_id, locks=True)
    if review is None:
        raise ReviewOutdatedError
    refuse_decided(review)
    operation_id = None
    if merges:
        if review.one.merged_into is not None or review.other.merged_into is not None:
            raise ReviewOutdatedError
        form, _ = staying(review.one.form, review.other.form)
        is_one = review.one.form == form
        operation_id = await merge_entities_within(
            tx,
            bank_id,
            actor,
            kept=review.one if is_one else review.other,
            gone=review.other if is_one else review.one,
            score=review.score,
            evidence=review.evidence,
            details={"review": str(review_id)},
        )
    await tx.entity_reviews.decide(bank_id, review_id, actor, operation_id)
    decided = await tx.entity_reviews.find(bank_id, review_id)
    assert decided is not None  # noqa: S101 — it is locked
    event = AuditEvent(operation=f"review.{decided.state}", details={"review": str(review_id)})
    await tx.audit.record(bank_id, actor, [event])
    if merges:
        await settle_facts_naming(tx, bank_id, {review.one.id, review.other.id})
    return decided
