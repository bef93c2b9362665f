"""In which memory a merged one lives on: at the end of its links, however often it was merged."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, Select, and_, func, or_, select

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType
from memsvc.domain.memory import MemoryState
from memsvc.store import tables as t

IN_FORCE = (MemoryState.ACTIVE, MemoryState.SUPERSEDED)
"""States in which what a memory says counts."""
READ_STATES = (MemoryState.ACTIVE, MemoryState.MERGED)
"""States in which facts and thoughts are read of a memory: of a merged one too, since what is said
again may hold longer than what was said first, or come after something else."""


def carrier(bank_id: BankId, memories: FromClause = t.memories) -> ScalarSelect[object]:
    """Return the memory in force that a row of ``memories`` was merged into in the end, or null."""
    first, next_ = t.links.alias("first_merged").c, t.links.alias("next_merged").c
    path = (
        select(first.to_id.label("memory_id"))
        .where(
            first.bank_id == bank_id,
            first.from_id == memories.c.memory_id,
            first.type == LinkType.MERGED_INTO,
        )
        .correlate(memories)
        .cte("merged_path", recursive=True, nesting=True)
    )
    # UNION drops what was met already, so that it ends whatever the links are.
    path = path.union(
        select(next_.to_id).where(
            next_.bank_id == bank_id,
            next_.from_id == path.c.memory_id,
            next_.type == LinkType.MERGED_INTO,
        )
    )
    end = t.memories.alias("carrying").c
    return (
        select(end.memory_id)
        .where(
            end.bank_id == bank_id,
            end.memory_id == path.c.memory_id,
            end.state.in_(IN_FORCE),
        )
        .order_by(end.memory_id)
        .limit(1)
        .correlate(memories)
        .scalar_subquery()
    )


def is_carried(bank_id: BankId, memories: FromClause = t.memories) -> ColumnElement[bool]:
    """Tell whether a memory is merged and lives on in one that is in force."""
    is_merged = memories.c.state == MemoryState.MERGED
    return and_(is_merged, carrier(bank_id, memories).is_not(None))


def is_read(bank_id: BankId, memories: FromClause = t.memories) -> ColumnElement[bool]:
    """Tell whether facts and thoughts are read of a memory, as itself or within another."""
    return or_(memories.c.state == MemoryState.ACTIVE, is_carried(bank_id, memories))


def is_in_force(bank_id: BankId, memories: FromClause = t.memories) -> ColumnElement[bool]:
    """Tell whether what a memory says counts: by itself, or within the one it was merged into."""
    return or_(memories.c.state.in_(IN_FORCE), is_carried(bank_id, memories))


def merged_into_any(bank_id: BankId, ids: Collection[MemoryId]) -> Select[tuple[UUID]]:
    """Return the statement of the memories that were merged into some, at once or in the end."""
    first, next_ = t.links.alias("first_merging").c, t.links.alias("next_merging").c
    within = (
        select(first.from_id.label("memory_id"))
        .where(
            first.bank_id == bank_id,
            first.to_id == func.any(list(ids)),
            first.type == LinkType.MERGED_INTO,
        )
        .cte("merged_within", recursive=True)
    )
    within = within.union(
        select(next_.from_id).where(
            next_.bank_id == bank_id,
            next_.to_id == within.c.memory_id,
            next_.type == LinkType.MERGED_INTO,
        )
    )
    return select(within.c.memory_id)
