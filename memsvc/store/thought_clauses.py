"""Clauses of statements about thoughts: what is unread, what stands, what is unsettled."""

from sqlalchemy import ColumnElement, and_, case, exists, or_, true

from memsvc.domain.identifiers import BankId
from memsvc.domain.links import LinkType
from memsvc.domain.memory import MemoryState
from memsvc.domain.organising.notes import ORGANISED_KINDS
from memsvc.domain.thoughts.records import MERGED_BY_RULES
from memsvc.store import tables as t
from memsvc.store.carrying import is_in_force, is_read
from memsvc.store.rows import CURRENT_VERSION

_STANDING = (MemoryState.ACTIVE, MemoryState.SUPERSEDED, MemoryState.MERGED)
"""States of a thought that stands: by itself, ended, or within another."""

WITH_MEMORIES = t.thoughts.join(
    t.memories,
    (t.memories.c.bank_id == t.thoughts.c.bank_id)
    & (t.memories.c.memory_id == t.thoughts.c.memory_id),
)
WITH_TEXTS = WITH_MEMORIES.join(t.memory_versions, CURRENT_VERSION)


def of_bank(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    """Bind thoughts and their memories to the bank."""
    return t.thoughts.c.bank_id == bank_id, t.memories.c.bank_id == bank_id


def unread(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    """Tell whether a memory's present text was not read for thoughts yet."""
    memories, readings = t.memories.c, t.thought_readings.c
    return (
        memories.bank_id == bank_id,
        is_read(bank_id),
        memories.kind.in_(sorted(ORGANISED_KINDS)),
        ~exists().where(
            readings.bank_id == bank_id,
            readings.memory_id == memories.memory_id,
            readings.version == memories.current_version,
        ),
    )


def unsettled(bank_id: BankId) -> ColumnElement[bool]:
    """Tell whether a thought came or went, or was forgotten for one that is gone."""
    columns, by = t.thoughts.c, t.thoughts.alias("by").c
    is_orphan = columns.superseded_by.is_not(None) & ~exists().where(
        by.bank_id == bank_id, by.memory_id == columns.superseded_by, by.stood.is_(True)
    )
    return or_(columns.settled.is_(False), is_orphan)


def changed(bank_id: BankId) -> ColumnElement[bool]:
    """Tell whether a thought stands now and did not, or the other way round."""
    in_force = t.memories.c.state.in_(_STANDING)
    return t.thoughts.c.stood != and_(
        case(
            (t.thoughts.c.made_by == MERGED_BY_RULES, _has_all_parts(bank_id)),
            else_=_has_sources(bank_id),
        ),
        or_(in_force, t.thoughts.c.retired),
    )


def _has_sources(bank_id: BankId) -> ColumnElement[bool]:
    links, source = t.links.alias("resting").c, t.memories.alias("source")
    rests = (
        links.bank_id == bank_id,
        source.c.bank_id == bank_id,
        links.from_id == t.thoughts.c.memory_id,
        links.type == LinkType.DERIVED_FROM,
        source.c.memory_id == links.to_id,
    )
    counts = is_in_force(bank_id, source)
    any_left = exists().where(*rests, counts)
    any_gone = exists().where(*rests, ~counts)
    return and_(any_left, case((t.thoughts.c.needs_all, ~any_gone), else_=true()))


def _has_all_parts(bank_id: BankId) -> ColumnElement[bool]:
    links, part = t.links.alias("joining").c, t.thoughts.alias("part").c
    joins = (
        links.bank_id == bank_id,
        part.bank_id == bank_id,
        links.to_id == t.thoughts.c.memory_id,
        links.type == LinkType.MERGED_INTO,
        part.memory_id == links.from_id,
    )
    is_out = or_(part.stood.is_(False), part.superseded_by.is_not(None))
    return and_(exists().where(*joins), ~exists().where(*joins, is_out))
