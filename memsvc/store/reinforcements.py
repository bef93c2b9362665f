"""What made memories stronger or weaker, once an occasion."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, insert, select

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.operations import Effect
from memsvc.domain.retention.reinforcement import Cause, Reinforcement, Strength
from memsvc.store import tables as t
from memsvc.store.effects import StrengthStore
from memsvc.store.session import Session


class ReinforcementWriter:
    """Changes strengths, and appends why; what was appended is never changed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._strengths = StrengthStore(session)

    async def lock(self, bank_id: BankId, ids: Iterable[MemoryId]) -> Mapping[MemoryId, Strength]:
        """Return those of the memories that exist, and keep others from them."""
        return await self._strengths.lock(bank_id, ids)

    async def counted(
        self, bank_id: BankId, ids: Iterable[MemoryId], occasion: str, causes: Sequence[Cause]
    ) -> set[UUID]:
        """Return those of the memories that one of the causes had its turn with on the occasion."""
        columns = t.reinforcements.c
        statement = select(columns.memory_id).where(
            columns.bank_id == bank_id,
            columns.memory_id == func.any(list(ids)),
            columns.occasion == occasion,
            columns.cause.in_([cause.value for cause in causes]),
        )
        return set(await self._session.connection.scalars(statement))

    async def set_strengths(
        self, bank_id: BankId, effects: Sequence[Effect], recalled: Collection[MemoryId]
    ) -> None:
        """Give locked memories other strengths, ``recalled`` ones because recalls were of use."""
        await self._strengths.reinforce(bank_id, effects, recalled)

    async def add(self, bank_id: BankId, actor: str, new: Sequence[Reinforcement]) -> None:
        """Append reinforcements of locked memories."""
        now = self._session.clock.now()
        rows = [
            {
                "bank_id": bank_id,
                "memory_id": each.memory_id,
                "occasion": each.occasion,
                "cause": each.cause,
                "tenant_id": self._session.tenant_id,
                "recall_id": each.recall_id,
                "operation_id": each.operation_id,
                "actor": actor,
                "recorded_at": now,
            }
            for each in new
        ]
        await self._session.connection.execute(insert(t.reinforcements), rows)
