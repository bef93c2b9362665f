"""What was held against the other memories, and pairs that a person decides about."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.identifiers import BankId, MemoryId, uuid7
from memsvc.domain.links import LinkType
from memsvc.domain.memory import MemoryState
from memsvc.domain.operations import Aspect, OperationId, OperationKind
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.domain.reviews import ReviewId, ReviewState
from memsvc.domain.thoughts.merging import MADE_KINDS, NewReview, Review
from memsvc.errors import InvalidRequestError, ReviewNotFoundError
from memsvc.store import tables as t
from memsvc.store.readings import mark_read
from memsvc.store.session import Session
from memsvc.store.undone import undone_effects

Pair = frozenset[MemoryId]


class DuplicateReader:
    """Looks up what is to be compared, and what has been decided."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def uncompared(
        self, bank_id: BankId, *, after: MemoryId | None, limit: int
    ) -> Sequence[MemoryId]:
        """Return active memories with vectors whose present text was not compared yet, by id."""
        columns = t.memories.c
        statement = select(columns.memory_id).where(*_uncompared(bank_id))
        if after is not None:
            statement = statement.where(columns.memory_id > after)
        statement = statement.order_by(columns.memory_id).limit(limit)
        return [MemoryId(each) for each in await self._session.connection.scalars(statement)]

    async def count_uncompared(self, bank_id: BankId) -> int:
        """Return how many memories are to be compared."""
        statement = select(func.count()).where(*_uncompared(bank_id))
        return await self._session.connection.scalar(statement) or 0

    async def settled(self, bank_id: BankId, memory_ids: Collection[MemoryId]) -> set[Pair]:
        """Return the pairs of these memories that are not to be proposed again.

        A person is asked about them, or has decided, at their present texts; or their merge was
        undone.
        """
        ids = list(memory_ids)
        reviews, one, other = t.reviews.c, t.memories.alias("one"), t.memories.alias("other")
        asked = (
            select(reviews.one_id, reviews.other_id)
            .join(
                one,
                (one.c.bank_id == reviews.bank_id)
                & (one.c.memory_id == reviews.one_id)
                & (one.c.current_version == reviews.one_version),
            )
            .join(
                other,
                (other.c.bank_id == reviews.bank_id)
                & (other.c.memory_id == reviews.other_id)
                & (other.c.current_version == reviews.other_version),
            )
            .where(
                reviews.bank_id == bank_id,
                reviews.one_id == func.any(ids),
                reviews.other_id == func.any(ids),
            )
        )
        undone = undone_effects(bank_id, OperationKind.MERGE, Aspect.LINK, ids)
        after = t.operation_effects.c.after
        undone = undone.where(after["type"].astext == LinkType.MERGED_INTO)
        undone = undone.with_only_columns(t.operation_effects.c.target_id, after["to_id"].astext)
        found: set[Pair] = set()
        for statement in (asked, undone):
            for row in await self._session.connection.execute(statement):
                found.add(frozenset(MemoryId(UUID(str(end))) for end in row))
        return found

    async def reviews(
        self, bank_id: BankId, state: ReviewState | None, request: PageRequest
    ) -> Page[Review]:
        """Return pairs, newest first; of the open ones those whose memories are as they were."""
        statement = _reviews(bank_id)
        if state is not None:
            statement = statement.where(t.reviews.c.state == state)
        if state is ReviewState.OPEN:
            statement = statement.where(_is_current("one"), _is_current("other"))
        if request.cursor is not None:
            statement = statement.where(t.reviews.c.review_id < _parsed(request.cursor))
        statement = statement.order_by(t.reviews.c.review_id.desc()).limit(request.limit + 1)
        found = [_to_review(row) for row in await self._session.connection.execute(statement)]
        return cut_page(found, request, [str(each.id) for each in found])

    async def review(self, bank_id: BankId, review_id: ReviewId) -> Review:
        """Return the pair; raises ``ReviewNotFoundError``."""
        return await self._one(_reviews(bank_id), review_id)

    async def _one(self, statement: Select[Any], review_id: ReviewId) -> Review:
        found = await self._session.connection.execute(
            statement.where(t.reviews.c.review_id == review_id)
        )
        row = found.one_or_none()
        if row is None:
            raise ReviewNotFoundError(review=str(review_id))
        return _to_review(row)


class DuplicateWriter(DuplicateReader):
    """Marks what was compared, asks, and notes decisions."""

    async def mark_compared(
        self, bank_id: BankId, versions: Sequence[tuple[MemoryId, int]]
    ) -> None:
        """Note that these versions were held against their nearest ones."""
        await mark_read(self._session, t.compared_memories, bank_id, dict(versions))

    async def propose(self, bank_id: BankId, pairs: Sequence[NewReview]) -> int:
        """Ask about pairs, anew where a text has changed since; return how many were asked."""
        if not pairs:
            return 0
        now = self._session.clock.now()
        statement = insert(t.reviews).values(
            [
                {
                    "bank_id": bank_id,
                    "review_id": uuid7(now),
                    "tenant_id": self._session.tenant_id,
                    "one_id": pair.one_id,
                    "other_id": pair.other_id,
                    "one_version": pair.one_version,
                    "other_version": pair.other_version,
                    "state": ReviewState.OPEN,
                    "score": pair.score,
                    "evidence": dict(pair.evidence),
                    "operation_id": None,
                    "decided_by": None,
                    "decided_at": None,
                    "recorded_at": now,
                }
                for pair in sorted(pairs, key=lambda each: (each.one_id, each.other_id))
            ]
        )
        fresh = statement.excluded
        replaced = {
            each.name
            for each in t.reviews.c
            if each.name not in {"bank_id", "review_id", "tenant_id", "one_id", "other_id"}
        }
        result = await self._session.connection.execute(
            statement.on_conflict_do_update(
                index_elements=["bank_id", "one_id", "other_id"],
                set_={name: fresh[name] for name in replaced},
                where=or_(
                    t.reviews.c.one_version != fresh.one_version,
                    t.reviews.c.other_version != fresh.other_version,
                ),
            ).returning(t.reviews.c.review_id)
        )
        return len(result.all())

    async def lock_review(self, bank_id: BankId, review_id: ReviewId) -> Review:
        """Return the pair and keep others from deciding about it until the transaction ends."""
        return await self._one(_reviews(bank_id).with_for_update(), review_id)

    async def decide(
        self, bank_id: BankId, review_id: ReviewId, actor: str, operation_id: OperationId | None
    ) -> Review:
        """Note the decision about a locked pair: the merge's operation, or ``None`` for apart."""
        state = ReviewState.REJECTED if operation_id is None else ReviewState.ACCEPTED
        await self._session.connection.execute(
            update(t.reviews)
            .where(t.reviews.c.bank_id == bank_id, t.reviews.c.review_id == review_id)
            .values(
                state=state,
                operation_id=operation_id,
                decided_by=actor,
                decided_at=self._session.clock.now(),
            )
        )
        return await self.review(bank_id, review_id)


def _uncompared(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    memories, compared = t.memories.c, t.compared_memories.c
    return (
        memories.bank_id == bank_id,
        memories.state == MemoryState.ACTIVE,
        memories.embedded.is_(True),
        memories.kind.not_in(MADE_KINDS),
        ~exists().where(
            compared.bank_id == bank_id,
            compared.memory_id == memories.memory_id,
            compared.version == memories.current_version,
        ),
    )


def _is_current(end: str) -> ColumnElement[bool]:
    memories, reviews = t.memories.alias(end).c, t.reviews.c
    return exists().where(
        and_(
            memories.bank_id == reviews.bank_id,
            memories.memory_id == reviews[f"{end}_id"],
            memories.current_version == reviews[f"{end}_version"],
            memories.state == MemoryState.ACTIVE,
        )
    )


def _reviews(bank_id: BankId) -> Select[Any]:
    return select(t.reviews).where(t.reviews.c.bank_id == bank_id)


def _to_review(row: Row[Any]) -> Review:
    return Review(
        id=ReviewId(row.review_id),
        bank_id=BankId(row.bank_id),
        pair=NewReview(
            one_id=MemoryId(row.one_id),
            other_id=MemoryId(row.other_id),
            one_version=row.one_version,
            other_version=row.other_version,
            score=row.score,
            evidence=row.evidence,
        ),
        state=ReviewState(row.state),
        operation_id=None if row.operation_id is None else OperationId(row.operation_id),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        recorded_at=row.recorded_at,
    )


def _parsed(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidRequestError("The cursor is not one this listing gave out.") from error
