"""Pairs that may be duplicates, and what a person decides about them."""

from pydantic import TypeAdapter

from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Memory
from memsvc.domain.operations import OperationId
from memsvc.domain.paging import Page, PageRequest
from memsvc.domain.thoughts.merging import (
    NewReview,
    Review,
    ReviewId,
    ReviewState,
    may_merge,
    staying,
)
from memsvc.errors import ReviewDecidedError, ReviewOutdatedError
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.merging import Merge, merge_within
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction


class Reviews:
    """The queue of uncertain pairs of a bank."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._once = Once(
            store=store, result=TypeAdapter(Review), bank_of=lambda review: review.bank_id
        )

    async def list(
        self, caller: Caller, bank: BankReference, state: ReviewState | None, page: PageRequest
    ) -> Page[Review]:
        """Return pairs, newest first; the open ones as far as both texts are as they were."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.duplicates.reviews(found.scope.bank_id, state, page)

    async def accept(
        self,
        caller: Caller,
        bank: BankReference,
        review_id: ReviewId,
        key: RequestKey | None = None,
    ) -> Outcome[Review]:
        """Merge the pair; the answer names the operation that undoes it.

        Raises ``ReviewNotFoundError``, ``ReviewDecidedError``, and ``ReviewOutdatedError`` when
        either memory is no longer what the pair was proposed for.
        """

        async def work(tx: WriteTransaction) -> Review:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            review = await _open_review(tx, bank_id, review_id)
            merge = await _merge_of(tx, bank_id, review.pair)
            details = {"review": str(review_id)}
            operation_id = await merge_within(tx, bank_id, caller.actor, merge, details)
            return await _decide(tx, bank_id, caller, review, operation_id)

        return await self._once.run(caller, key, work)

    async def reject(
        self,
        caller: Caller,
        bank: BankReference,
        review_id: ReviewId,
        key: RequestKey | None = None,
    ) -> Outcome[Review]:
        """Keep the pair apart; it is not proposed again while both texts stay as they are.

        Raises ``ReviewNotFoundError`` and ``ReviewDecidedError``.
        """

        async def work(tx: WriteTransaction) -> Review:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            review = await _open_review(tx, bank_id, review_id)
            return await _decide(tx, bank_id, caller, review, None)

        return await self._once.run(caller, key, work)


async def _open_review(tx: WriteTransaction, bank_id: BankId, review_id: ReviewId) -> Review:
    review = await tx.duplicates.lock_review(bank_id, review_id)
    if review.state is not ReviewState.OPEN:
        raise ReviewDecidedError(
            state=review.state.value,
            operation=None if review.operation_id is None else str(review.operation_id),
        )
    return review


async def _merge_of(tx: WriteTransaction, bank_id: BankId, pair: NewReview) -> Merge:
    """Return the merge with both memories locked."""
    ids = (pair.one_id, pair.other_id)
    await tx.organising.lock(bank_id, ids)
    found = await tx.memories.fetch(bank_id, ids)
    one, other = found.get(pair.one_id), found.get(pair.other_id)
    if one is None or other is None or not _is_as_proposed(pair, one, other):
        raise ReviewOutdatedError
    kept, gone = staying(one, other, same_text=one.text == other.text)
    return Merge(kept=kept, gone=gone, score=pair.score, evidence=pair.evidence)


def _is_as_proposed(pair: NewReview, one: Memory, other: Memory) -> bool:
    versions = (one.version, other.version)
    return versions == (pair.one_version, pair.other_version) and may_merge(one, other)


async def _decide(
    tx: WriteTransaction,
    bank_id: BankId,
    caller: Caller,
    review: Review,
    operation_id: OperationId | None,
) -> Review:
    decided = await tx.duplicates.decide(bank_id, review.id, caller.actor, operation_id)
    event = AuditEvent(
        operation=f"review.{decided.state}",
        memory_id=review.pair.other_id,
        details={"review": str(review.id), "other": str(review.pair.one_id)},
    )
    await tx.audit.record(bank_id, caller.actor, [event])
    return decided
