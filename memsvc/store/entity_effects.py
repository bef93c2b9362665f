"""What operations change about entities, so that it can be undone: which one another is."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, select

from memsvc.domain.graph.entities import EntityId
from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Json
from memsvc.domain.operations import Aspect, Effect
from memsvc.store import tables as t
from memsvc.store.entities import EntityWriter
from memsvc.store.session import Session


class EntityStore:
    """Which entity another one is: its id, or ``None``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def current(
        self, bank_id: BankId, effects: Sequence[Effect]
    ) -> Mapping[tuple[Aspect, UUID, str], Json]:
        """Return what the entities that exist are merged into, locked until the end."""
        columns = t.entities.c
        ids = sorted({effect.target_id for effect in effects})
        statement = (
            select(columns.entity_id, columns.merged_into)
            .where(columns.bank_id == bank_id, columns.entity_id == func.any(ids))
            .order_by(columns.entity_id)
            .with_for_update()
        )
        rows = await self._session.connection.execute(statement)
        values = {row[0]: None if row[1] is None else str(row[1]) for row in rows}
        return {e.key: values[e.target_id] for e in effects if e.target_id in values}

    async def assign(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Have entities be others, or themselves again."""
        writer = EntityWriter(self._session)
        for effect in effects:
            into = None if effect.after is None else EntityId(UUID(str(effect.after)))
            await writer.merge(bank_id, EntityId(effect.target_id), into)
