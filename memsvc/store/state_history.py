"""Which state memories were in at another time, by the operations and events since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, literal, select
from sqlalchemy.dialects.postgresql import distinct_on

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import MemoryState
from memsvc.domain.operations import Aspect
from memsvc.store import tables as t
from memsvc.store.joined_effects import joined_effects
from memsvc.store.session import Session

PASSAGE_SUPERSEDED = "memory.supersede"
"""The event of a passage beyond the new end of its document, which no operation covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A memory whose state is, or may be, another one than it was."""

    memory_id: MemoryId
    then: MemoryState
    now: MemoryState
    by_fact: bool
    """Whether a fact of it has ended: when that holds, the facts say."""


class StateHistory:
    """Looks states up by what has changed them since."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def changes_since(self, bank_id: BankId, instant: datetime) -> Sequence[StateChange]:
        """Return memories that were there at ``instant`` and whose state was changed since."""
        rows = [
            *await self._session.connection.execute(_by_operations(bank_id, instant)),
            *await self._session.connection.execute(_by_new_editions(bank_id, instant)),
        ]
        return [
            StateChange(
                memory_id=MemoryId(row.memory_id),
                then=MemoryState(row.before),
                now=MemoryState(row.state),
                by_fact=row.by_fact,
            )
            for row in rows
            # What an operation has made was not there before.
            if row.before is not None
        ]


def _by_operations(bank_id: BankId, instant: datetime) -> Select[tuple[object, ...]]:
    effects, operations, memories = t.operation_effects.c, t.operations.c, t.memories.c
    first = (
        joined_effects(bank_id)
        .ext(distinct_on(effects.target_id))
        .where(operations.recorded_at > instant, effects.aspect == Aspect.STATE)
        .order_by(effects.target_id, operations.recorded_at, effects.operation_id, effects.ordinal)
        .subquery("first_changes")
    )
    return (
        select(memories.memory_id, memories.state, first.c.before, _ended_by_fact(bank_id))
        .select_from(t.memories)
        .join(first, first.c.target_id == memories.memory_id)
        .where(memories.bank_id == bank_id)
    )


def _by_new_editions(bank_id: BankId, instant: datetime) -> Select[tuple[object, ...]]:
    events, memories = t.audit_events.c, t.memories.c
    superseded = (
        select(events.memory_id)
        .where(
            events.bank_id == bank_id,
            events.operation == PASSAGE_SUPERSEDED,
            events.recorded_at > instant,
        )
        .distinct()
    )
    active = literal(MemoryState.ACTIVE.value).label("before")
    return select(memories.memory_id, memories.state, active, _ended_by_fact(bank_id)).where(
        memories.bank_id == bank_id,
        memories.state == MemoryState.SUPERSEDED,
        memories.memory_id.in_(superseded),
    )


def _ended_by_fact(bank_id: BankId) -> ColumnElement[bool]:
    facts = t.facts.c
    ended = exists().where(
        facts.bank_id == bank_id,
        facts.memory_id == t.memories.c.memory_id,
        facts.superseded_by.is_not(None),
    )
    return ended.label("by_fact")
