"""What callers have said of answers: which memories helped, and which misled."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.operations import OperationState
from memsvc.domain.retention.reinforcement import Cause
from memsvc.store import tables as t
from memsvc.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgements:
    """What was said of one answer, in the order of the memories' ids."""

    helped: list[MemoryId] = field(default_factory=list)
    misled: list[MemoryId] = field(default_factory=list)


async def judgements_of(
    session: Session, bank_id: BankId, recall_ids: Collection[UUID]
) -> dict[UUID, Judgements]:
    """Return what was said of answers and not taken back; those nobody judged are left out."""
    said, operations = t.reinforcements.c, t.operations.c
    statement = (
        select(said.recall_id, said.memory_id, said.cause)
        .join_from(
            t.reinforcements,
            t.operations,
            (operations.bank_id == said.bank_id) & (operations.operation_id == said.operation_id),
            isouter=True,
        )
        .where(
            said.bank_id == bank_id,
            said.recall_id == func.any(list(recall_ids)),
            said.cause.in_([Cause.HELPED.value, Cause.MISLED.value]),
            operations.state.is_distinct_from(OperationState.UNDONE),
        )
        .order_by(said.recall_id, said.memory_id)
    )
    found: dict[UUID, Judgements] = {}
    for row in await session.connection.execute(statement):
        judged = found.setdefault(row.recall_id, Judgements())
        (judged.helped if row.cause == Cause.HELPED else judged.misled).append(row.memory_id)
    return found
