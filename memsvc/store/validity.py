"""When facts end and by what, as operations change it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from memsvc.domain.facts.settling import validity
from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Json
from memsvc.domain.operations import Aspect, Effect
from memsvc.store import tables as t
from memsvc.store.session import Session


class ValidityStore:
    """When facts end: ``{"valid_to", "superseded_by"}``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def current(
        self, bank_id: BankId, effects: Sequence[Effect]
    ) -> Mapping[tuple[Aspect, UUID, str], Json]:
        """Return the ends of the facts that exist, locked until the transaction ends."""
        columns = t.facts.c
        ids = sorted({effect.target_id for effect in effects})
        statement = (
            select(columns.fact_id, columns.valid_to, columns.superseded_by)
            .where(columns.bank_id == bank_id, columns.fact_id == func.any(ids))
            .order_by(columns.fact_id)
            .with_for_update()
        )
        rows = await self._session.connection.execute(statement)
        values = {row.fact_id: validity(row.valid_to, row.superseded_by) for row in rows}
        return {e.key: values[e.target_id] for e in effects if e.target_id in values}

    async def assign(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Set the ends, one fact at a time."""
        columns = t.facts.c
        for effect in effects:
            value = effect.after
            assert isinstance(value, Mapping)  # noqa: S101 — made by ``validity``
            until, by = value["valid_to"], value["superseded_by"]
            await self._session.connection.execute(
                update(t.facts)
                .where(columns.bank_id == bank_id, columns.fact_id == effect.target_id)
                .values(
                    valid_to=None if until is None else datetime.fromisoformat(str(until)),
                    superseded_by=None if by is None else UUID(str(by)),
                )
            )
