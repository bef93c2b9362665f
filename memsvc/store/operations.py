"""Operations and their effects: recorded in the transaction that carries them out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, exists, func, insert, select, update

from memsvc.domain.identifiers import BankId, uuid7
from memsvc.domain.operations import (
    Aspect,
    Effect,
    NewOperation,
    Operation,
    OperationId,
    OperationKind,
    OperationListing,
    OperationState,
    compacted,
)
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.errors import InvalidRequestError, OperationNotFoundError
from memsvc.store import tables as t
from memsvc.store.session import Session


class OperationReader:
    """Looks operations up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, bank_id: BankId, operation_id: OperationId) -> Operation:
        """Return the operation; raises ``OperationNotFoundError``."""
        return await self._one(_of_bank(bank_id), operation_id)

    async def list(
        self, bank_id: BankId, listing: OperationListing, request: PageRequest
    ) -> Page[Operation]:
        """Return operations, newest first."""
        statement = _of_bank(bank_id)
        if listing.kind is not None:
            statement = statement.where(t.operations.c.kind == listing.kind)
        if listing.memory_id is not None:
            statement = statement.where(_touches(bank_id, listing.memory_id))
        if request.cursor is not None:
            statement = statement.where(t.operations.c.operation_id < _parsed(request.cursor))
        statement = statement.order_by(t.operations.c.operation_id.desc()).limit(request.limit + 1)
        rows = await self._session.connection.execute(statement)
        found = [_to_operation(row) for row in rows]
        return cut_page(found, request, [str(each.id) for each in found])

    async def effects(
        self, bank_id: BankId, operation_id: OperationId, request: PageRequest
    ) -> Page[Effect]:
        """Return what an operation changed, in its order."""
        columns = t.operation_effects.c
        after = -1 if request.cursor is None else _parsed_ordinal(request.cursor)
        statement = (
            select(t.operation_effects)
            .where(
                columns.bank_id == bank_id,
                columns.operation_id == operation_id,
                columns.ordinal > after,
            )
            .order_by(columns.ordinal)
            .limit(request.limit + 1)
        )
        rows = list(await self._session.connection.execute(statement))
        return cut_page(
            [_to_effect(row) for row in rows], request, [str(row.ordinal) for row in rows]
        )

    async def all_effects(self, bank_id: BankId, operation_id: OperationId) -> Sequence[Effect]:
        """Return everything that an operation changed, in its order."""
        columns = t.operation_effects.c
        statement = (
            select(t.operation_effects)
            .where(columns.bank_id == bank_id, columns.operation_id == operation_id)
            .order_by(columns.ordinal)
        )
        return [_to_effect(row) for row in await self._session.connection.execute(statement)]

    async def later_changes(
        self, bank_id: BankId, after: OperationId, targets: Iterable[UUID]
    ) -> Mapping[tuple[Aspect, UUID], OperationId]:
        """Return the newest later operation that stands, by what it changed of the targets."""
        effects, operations = t.operation_effects.c, t.operations.c
        statement = (
            select(effects.aspect, effects.target_id, effects.operation_id)
            .join(
                t.operations,
                (operations.bank_id == effects.bank_id)
                & (operations.operation_id == effects.operation_id),
            )
            .where(
                effects.bank_id == bank_id,
                operations.bank_id == bank_id,
                operations.state == OperationState.APPLIED,
                effects.operation_id > after,
                effects.target_id == func.any(list(targets)),
            )
            .order_by(effects.operation_id)
        )
        return {
            (Aspect(row.aspect), row.target_id): OperationId(row.operation_id)
            for row in await self._session.connection.execute(statement)
        }

    async def _one(self, statement: Select[Any], operation_id: OperationId) -> Operation:
        found = await self._session.connection.execute(
            statement.where(t.operations.c.operation_id == operation_id)
        )
        row = found.one_or_none()
        if row is None:
            raise OperationNotFoundError(operation=str(operation_id))
        return _to_operation(row)


class OperationWriter(OperationReader):
    """Appends operations; what was done is never changed, only marked as undone."""

    async def record(self, bank_id: BankId, actor: str, new: NewOperation) -> OperationId:
        """Record what the transaction has done; its effects keep their order."""
        now = self._session.clock.now()
        operation_id = OperationId(uuid7(now))
        await self._session.connection.execute(
            insert(t.operations).values(
                bank_id=bank_id,
                operation_id=operation_id,
                tenant_id=self._session.tenant_id,
                kind=new.kind,
                state=OperationState.APPLIED,
                actor=actor,
                reason=new.reason,
                effect_count=0,
                details=None if new.details is None else dict(new.details),
                undoes=new.undoes,
                recorded_at=now,
            )
        )
        await self._append(bank_id, operation_id, compacted(new.effects), 0)
        return operation_id

    async def append(
        self, bank_id: BankId, operation_id: OperationId, effects: Sequence[Effect]
    ) -> None:
        """Add what a long operation has done since; it must be locked, and stand."""
        operation = await self.lock(bank_id, operation_id)
        await self._append(bank_id, operation_id, effects, operation.effect_count)

    async def lock(self, bank_id: BankId, operation_id: OperationId) -> Operation:
        """Return the operation and keep others from undoing it until the transaction ends."""
        return await self._one(_of_bank(bank_id).with_for_update(), operation_id)

    async def mark_undone(
        self, bank_id: BankId, operation_id: OperationId, by: OperationId
    ) -> None:
        """Say that the operation stands no more."""
        await self._update(bank_id, operation_id, {"state": OperationState.UNDONE, "undone_by": by})

    async def mark_applied(self, bank_id: BankId, operation_id: OperationId) -> None:
        """Say that the operation stands again: its undoing was undone."""
        await self._update(
            bank_id, operation_id, {"state": OperationState.APPLIED, "undone_by": None}
        )

    async def set_details(
        self, bank_id: BankId, operation_id: OperationId, details: Mapping[str, object]
    ) -> None:
        """Replace the parameters and counts of a long operation."""
        await self._update(bank_id, operation_id, {"details": dict(details)})

    async def _append(
        self, bank_id: BankId, operation_id: OperationId, effects: Sequence[Effect], start: int
    ) -> None:
        if not effects:
            return
        keys: dict[str, object] = {
            "bank_id": bank_id,
            "operation_id": operation_id,
            "tenant_id": self._session.tenant_id,
        }
        rows = [
            keys
            | {
                "ordinal": ordinal,
                "aspect": effect.aspect,
                "target_id": effect.target_id,
                "before": effect.before,
                "after": effect.after,
            }
            for ordinal, effect in enumerate(effects, start=start)
        ]
        await self._session.connection.execute(insert(t.operation_effects), rows)
        await self._update(bank_id, operation_id, {"effect_count": start + len(effects)})

    async def _update(
        self, bank_id: BankId, operation_id: OperationId, values: Mapping[str, object]
    ) -> None:
        await self._session.connection.execute(
            update(t.operations)
            .where(t.operations.c.bank_id == bank_id, t.operations.c.operation_id == operation_id)
            .values(**values)
        )


def _of_bank(bank_id: BankId) -> Select[Any]:
    return select(t.operations).where(t.operations.c.bank_id == bank_id)


def _touches(bank_id: BankId, target_id: UUID) -> Any:  # noqa: ANN401 — a clause of SQLAlchemy
    effects = t.operation_effects.c
    return exists().where(
        effects.bank_id == bank_id,
        effects.operation_id == t.operations.c.operation_id,
        effects.target_id == target_id,
    )


def _to_operation(row: Row[Any]) -> Operation:
    return Operation(
        id=OperationId(row.operation_id),
        bank_id=BankId(row.bank_id),
        kind=OperationKind(row.kind),
        state=OperationState(row.state),
        actor=row.actor,
        reason=row.reason,
        effect_count=row.effect_count,
        details=row.details,
        undoes=None if row.undoes is None else OperationId(row.undoes),
        undone_by=None if row.undone_by is None else OperationId(row.undone_by),
        recorded_at=row.recorded_at,
    )


def _to_effect(row: Row[Any]) -> Effect:
    return Effect(
        aspect=Aspect(row.aspect), target_id=row.target_id, before=row.before, after=row.after
    )


def _parsed(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidRequestError("The cursor is not one this listing gave out.") from error


def _parsed_ordinal(cursor: str) -> int:
    if not cursor.isdecimal() or int(cursor) >= 1 << 31:
        raise InvalidRequestError("The cursor is not one this listing gave out.")
    return int(cursor)
