"""Pairs that may be one, memories or entities, and what a person decides about them."""

from uuid import UUID

from pydantic import TypeAdapter

from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Memory
from memsvc.domain.operations import OperationId
from memsvc.domain.paging import Page, PageRequest
from memsvc.domain.reviews import ReviewId, ReviewState
from memsvc.domain.thoughts.merging import NewReview, Review, may_merge, staying
from memsvc.errors import ReviewOutdatedError
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.entity_reviews import AnyReview, decided_entities, refuse_decided
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.merging import Merge, merge_within
from memsvc.services.settling_facts import settle_facts_anew
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction


class Reviews:
    """The queue of uncertain pairs of a bank."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._once: Once[AnyReview] = Once(
            store=store,
            result=TypeAdapter(AnyReview),
            bank_of=lambda review: review.bank_id,
        )

    async def list(
        self, caller: Caller, bank: BankReference, state: ReviewState | None, page: PageRequest
    ) -> Page[AnyReview]:
        """Return pairs of memories and of entities, newest first.

        The open ones as far as both texts are as they were, and both entities still two.
        """
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            of_memories = await tx.duplicates.reviews(bank_id, state, page)
            before = None if page.cursor is None else ReviewId(UUID(page.cursor))
            of_entities = await tx.entity_reviews.list(bank_id, state, before, page.limit + 1)
        found: list[AnyReview] = [*of_memories.items, *of_entities]
        found.sort(key=lambda each: each.id, reverse=True)
        has_more = of_memories.next_cursor is not None or len(found) > page.limit
        items = found[: page.limit]
        return Page(items=items, next_cursor=str(items[-1].id) if has_more else None)

    async def accept(
        self,
        caller: Caller,
        bank: BankReference,
        review_id: ReviewId,
        key: RequestKey | None = None,
    ) -> Outcome[AnyReview]:
        """Merge the pair; the answer names the operation that undoes it.

        Raises ``ReviewNotFoundError``, ``ReviewDecidedError``, and ``ReviewOutdatedError`` when
        either memory is no longer what the pair was proposed for.
        """

        async def work(tx: WriteTransaction) -> AnyReview:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            of_entities = await decided_entities(tx, bank_id, caller.actor, review_id, merges=True)
            if of_entities is not None:
                return of_entities
            review = await _open_review(tx, bank_id, review_id)
            merge = await _merge_of(tx, bank_id, review.pair)
            details = {"review": str(review_id)}
            operation_id = await merge_within(tx, bank_id, caller.actor, merge, details)
            decided = await _decide(tx, bank_id, caller, review, operation_id)
            await settle_facts_anew(tx, bank_id, [merge.kept.id, merge.gone.id])
            return decided

        return await self._once.run(caller, key, work)

    async def reject(
        self,
        caller: Caller,
        bank: BankReference,
        review_id: ReviewId,
        key: RequestKey | None = None,
    ) -> Outcome[AnyReview]:
        """Keep the pair apart; it is not proposed again while both texts stay as they are.

        Raises ``ReviewNotFoundError`` and ``ReviewDecidedError``.
        """

        async def work(tx: WriteTransaction) -> AnyReview:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            of_entities = await decided_entities(tx, bank_id, caller.actor, review_id, merges=False)
            if of_entities is not None:
                return of_entities
            review = await _open_review(tx, bank_id, review_id)
            return await _decide(tx, bank_id, caller, review, None)

        return await self._once.run(caller, key, work)


async def _open_review(tx: WriteTransaction, bank_id: BankId, review_id: ReviewId) -> Review:
    review = await tx.duplicates.lock_review(bank_id, review_id)
    refuse_decided(review)
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
