"""Pairs of entities that a person decides about."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.graph.entities import EntityId, EntityReview
from memsvc.domain.identifiers import BankId, uuid7
from memsvc.domain.memory import Metadata
from memsvc.domain.operations import OperationId
from memsvc.domain.reviews import ReviewId, ReviewState
from memsvc.store import tables as t
from memsvc.store.entities import to_entity
from memsvc.store.session import Session

Pair = frozenset[EntityId]
_ONE, _OTHER = t.entities.alias("one"), t.entities.alias("other")
_SHOWN = ("entity_id", "form", "sort", "name", "type", "merged_into")


class EntityReviewReader:
    """Looks pairs up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def pairs(self, bank_id: BankId, ids: Collection[EntityId]) -> Mapping[Pair, bool]:
        """Return pairs of these entities that a person is asked about, and which are decided."""
        columns, listed = t.entity_reviews.c, sorted(ids)
        statement = select(columns.one_id, columns.other_id, columns.state).where(
            columns.bank_id == bank_id,
            columns.one_id == func.any(listed),
            columns.other_id == func.any(listed),
        )
        rows = await self._session.connection.execute(statement)
        return {
            frozenset((EntityId(row.one_id), EntityId(row.other_id))): row.state != ReviewState.OPEN
            for row in rows
        }

    async def list(
        self, bank_id: BankId, state: ReviewState | None, before: ReviewId | None, limit: int
    ) -> Sequence[EntityReview]:
        """Return up to ``limit`` pairs, newest first; the open ones while both are apart."""
        columns = t.entity_reviews.c
        statement = _reviews(bank_id)
        if state is not None:
            statement = statement.where(columns.state == state)
        if state is ReviewState.OPEN:
            statement = statement.where(
                _ONE.c.merged_into.is_(None), _OTHER.c.merged_into.is_(None)
            )
        if before is not None:
            statement = statement.where(columns.review_id < before)
        statement = statement.order_by(columns.review_id.desc()).limit(limit)
        return [_to_review(row) for row in await self._session.connection.execute(statement)]

    async def find(
        self, bank_id: BankId, review_id: ReviewId, *, locks: bool = False
    ) -> EntityReview | None:
        """Return the pair, if there is one; locked until the transaction ends if asked to."""
        statement = _reviews(bank_id).where(t.entity_reviews.c.review_id == review_id)
        if locks:
            statement = statement.with_for_update(of=t.entity_reviews)
        row = (await self._session.connection.execute(statement)).one_or_none()
        return None if row is None else _to_review(row)


class EntityReviewWriter(EntityReviewReader):
    """Asks, and notes decisions."""

    async def propose(
        self, bank_id: BankId, pairs: Mapping[tuple[EntityId, EntityId], tuple[float, Metadata]]
    ) -> None:
        """Ask about pairs with their scores and evidence, those that were not asked about."""
        now = self._session.clock.now()
        rows = [
            {
                "bank_id": bank_id,
                "review_id": uuid7(now),
                "tenant_id": self._session.tenant_id,
                "one_id": min(pair),
                "other_id": max(pair),
                "state": ReviewState.OPEN,
                "score": score,
                "evidence": dict(evidence),
                "recorded_at": now,
            }
            for pair, (score, evidence) in sorted(pairs.items())
        ]
        if rows:
            statement = insert(t.entity_reviews).on_conflict_do_nothing(
                index_elements=["bank_id", "one_id", "other_id"]
            )
            await self._session.connection.execute(statement, rows)

    async def decide(
        self, bank_id: BankId, review_id: ReviewId, actor: str, operation_id: OperationId | None
    ) -> None:
        """Note the decision about a locked pair: the merge's operation, or ``None`` for apart."""
        columns = t.entity_reviews.c
        state = ReviewState.REJECTED if operation_id is None else ReviewState.ACCEPTED
        await self._session.connection.execute(
            update(t.entity_reviews)
            .where(columns.bank_id == bank_id, columns.review_id == review_id)
            .values(
                state=state,
                operation_id=operation_id,
                decided_by=actor,
                decided_at=self._session.clock.now(),
            )
        )


def _reviews(bank_id: BankId) -> Select[Any]:
    columns = t.entity_reviews.c
    return (
        select(
            t.entity_reviews,
            *(_ONE.c[name].label(f"one_{name}") for name in _SHOWN),
            *(_OTHER.c[name].label(f"other_{name}") for name in _SHOWN),
        )
        .join(_ONE, (_ONE.c.bank_id == columns.bank_id) & (_ONE.c.entity_id == columns.one_id))
        .join(
            _OTHER,
            (_OTHER.c.bank_id == columns.bank_id) & (_OTHER.c.entity_id == columns.other_id),
        )
        .where(columns.bank_id == bank_id, _ONE.c.bank_id == bank_id, _OTHER.c.bank_id == bank_id)
    )


def _to_review(row: Row[Any]) -> EntityReview:
    return EntityReview(
        id=ReviewId(row.review_id),
        bank_id=BankId(row.bank_id),
        one=to_entity(row, "one_"),
        other=to_entity(row, "other_"),
        state=ReviewState(row.state),
        score=row.score,
        evidence=row.evidence,
        operation_id=None if row.operation_id is None else OperationId(row.operation_id),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        recorded_at=row.recorded_at,
    )
