"""Since when the text that has waited longest waits to be organised.

Ids are in order of time, so the first memory of a bank whose text is still the one it came with
has waited longer than all behind it; only one before it that was written anew can have waited
longer than that. Hence the first hundred are looked at, however many wait: exact, unless more than
so many at the front were all written anew.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, func, literal, select, true

from memsvc.domain.identifiers import BankId, TenantId
from memsvc.domain.memory import BankState, MemoryState
from memsvc.domain.organising.notes import OrganisingState
from memsvc.store import tables as t

_LOOKED_AT = 100


def waiting_since(bank_id: BankId) -> Select[Any]:
    """Return a SELECT of when the text of a bank that has waited longest was recorded."""
    first = _first_waiting(literal(bank_id)).subquery("first_waiting")
    return _recorded().join_from(first, t.memory_versions, _is_text_of(first))


def waiting_anywhere_since(tenant_id: TenantId) -> Select[Any]:
    """Return a SELECT of the same over all banks of a tenant."""
    first = _first_waiting(t.banks.c.bank_id).lateral("first_waiting")
    return (
        _recorded()
        .join_from(t.banks, first, true())
        .join(t.memory_versions, _is_text_of(first))
        .where(t.banks.c.tenant_id == tenant_id, t.banks.c.state == BankState.ACTIVE)
    )


def _recorded() -> Select[Any]:
    return select(func.min(t.memory_versions.c.recorded_at))


def _first_waiting(bank_id: ColumnElement[Any]) -> Select[Any]:
    columns = t.memories.c
    # Written out: a plan for any state could not use the index of those that wait.
    waiting = literal(OrganisingState.WAITING.value, literal_execute=True)
    return (
        select(columns.bank_id, columns.memory_id, columns.current_version)
        .where(
            columns.bank_id == bank_id,
            columns.organising == waiting,
            columns.state == MemoryState.ACTIVE,
        )
        .order_by(columns.memory_id)
        .limit(_LOOKED_AT)
    )


def _is_text_of(first: FromClause) -> ColumnElement[bool]:
    versions = t.memory_versions.c
    return (
        (versions.bank_id == first.c.bank_id)
        & (versions.memory_id == first.c.memory_id)
        & (versions.version == first.c.current_version)
    )
