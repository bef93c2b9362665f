"""What has been done to a bank since one of its recalls, by the audit trail."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from memsvc.domain.identifiers import BankId
from memsvc.store import tables as t
from memsvc.store.session import Session

_ASIDE = (
    "bank.consolidate_requested",
    "bank.reembed_requested",
    # Strengths decide what fades, not what answers.
    "memory.reinforce",
)
_ANNOTATED = "memory.annotate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meanwhile:
    """Changes that answers may depend on."""

    counts: Mapping[str, int]
    """By operation, in order of their names; those that were not done are left out."""
    annotated: Collection[UUID]
    """Those of the memories asked about whose metadata or pin were changed."""


async def meanwhile(
    session: Session, bank_id: BankId, recall_id: UUID, memory_ids: Collection[UUID]
) -> Meanwhile:
    """Return what was done after the recall. Ids are UUIDv7 and so in the order of time."""
    events = t.audit_events.c
    later = (events.bank_id == bank_id, events.event_id > recall_id)
    counted = (
        select(events.operation, func.count().label("times"))
        .where(*later, events.operation.not_in(_ASIDE))
        .group_by(events.operation)
        .order_by(events.operation)
    )
    annotated = (
        select(events.memory_id)
        .where(
            *later,
            events.operation == _ANNOTATED,
            events.memory_id == func.any(list(memory_ids)),
        )
        .distinct()
    )
    rows = await session.connection.execute(counted)
    counts = {row.operation: row.times for row in rows}
    return Meanwhile(counts=counts, annotated=set(await session.connection.scalars(annotated)))
