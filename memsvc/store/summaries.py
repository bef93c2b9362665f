"""Which documents made of memories no longer tell truly what these say, and what they are made of.

A document is a memory of kind ``summary`` with a source of the service's own. Of each group of
memories (a session, a user) there is at most one active document of a level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on
from sqlalchemy.sql.selectable import NamedFromClause

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import Memory, MemoryKind, MemoryState, ScopeKeys
from memsvc.domain.organising.notes import ORGANISED_KINDS
from memsvc.store import tables as t
from memsvc.store.rows import current_memories, to_memory
from memsvc.store.session import Session

DIGEST_KEY = "covers"
"""Where the metadata of a document keep which memories, at which versions, it was made of."""


WATERMARK_KEY = "watermark"
"""Where they keep up to which memory, in the order of ids, that was."""
STAND_IN_KEY = "stand_in"
"""Where they say that a document is by rules because what a model had written was no use."""


class Level(StrEnum):
    """What a document is made of; the value is its source, which no caller's own one shares."""

    SESSION = "memsvc:summaries"
    """What one user and agent have in a session."""
    DAY = "memsvc:summaries/day"
    """The summaries of sessions of one user and agent that ended on one day."""
    WHOLE = "memsvc:summaries/all"
    """Those of all days of one user and agent; of a day without one, its session's."""
    PORTRAIT = "memsvc:portraits"
    """What a user says, in whatever session and to whichever agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Which memories a document is made of, at its level."""

    keys: ScopeKeys
    day: date | None = None
    """In UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleGroup:
    """A group of memories whose document is missing or outdated."""

    group: Group
    digest: str | None
    """Of its active memories and their versions; ``None`` if too few are left."""
    last: MemoryId | None = None
    """The last of them in the order of ids, which is that of their coming."""


class SummaryReader:
    """Looks up what the stages need that make documents."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def stale(
        self,
        bank_id: BankId,
        level: Level,
        only: Group | None = None,
        *,
        stand_ins: bool = False,
    ) -> list[StaleGroup]:
        """Return the stale groups of a bank, or the one asked for if it is stale.

        With ``stand_ins`` also those whose document stands in for one that a model was to write.
        """
        statement = _stale(bank_id, level, only, stand_ins=stand_ins)
        rows = await self._session.connection.execute(statement)
        return [
            StaleGroup(
                group=Group(
                    keys=ScopeKeys(
                        **{name: getattr(row, name) for name in _GROUPED_BY[level] if name != _DAY}
                    ),
                    day=row.day if level is Level.DAY else None,
                ),
                digest=row.digest,
                last=None if row.last is None else MemoryId(UUID(row.last)),
            )
            for row in rows
        ]

    async def count_stale(self, bank_id: BankId, level: Level) -> int:
        """Return how many groups are stale."""
        statement = select(func.count()).select_from(_stale(bank_id, level, None).subquery())
        return await self._session.connection.scalar(statement) or 0

    async def sources(
        self,
        bank_id: BankId,
        level: Level,
        group: Group,
        most: int,
        *,
        after: MemoryId | None = None,
    ) -> list[Memory]:
        """Return the latest active memories of a group (``after`` a watermark), oldest first."""
        columns = t.memories.c
        since = () if after is None else (columns.memory_id > after,)
        statement = (
            current_memories(bank_id)
            .where(*sources_of(bank_id, level), *within(level, group), *since)
            .order_by(columns.occurred_at.desc(), columns.seq.desc(), columns.memory_id.desc())
            .limit(most)
        )
        rows = await self._session.connection.execute(statement)
        return [to_memory(row) for row in rows][::-1]

    async def active(self, bank_id: BankId, level: Level, group: Group) -> list[Memory]:
        """Return the active documents made of a group: one, as a rule."""
        columns = t.memories.c
        statement = current_memories(bank_id).where(
            *_made(bank_id, level), *within(level, group), columns.state == MemoryState.ACTIVE
        )
        rows = await self._session.connection.execute(statement.order_by(columns.memory_id))
        return [to_memory(row) for row in rows]

    async def editions(self, bank_id: BankId, level: Level, group: Group) -> list[MemoryId]:
        """Return every document ever made of a group that is still there, oldest first."""
        columns = t.memories.c
        statement = (
            select(columns.memory_id)
            .where(*_made(bank_id, level), *within(level, group))
            .order_by(columns.recorded_at, columns.memory_id)
        )
        return [MemoryId(each) for each in await self._session.connection.scalars(statement)]


def _stale(
    bank_id: BankId, level: Level, only: Group | None, *, stand_ins: bool = False
) -> Select[Any]:
    """Return the groups whose latest document was made of other memories than there are now.

    The latest one counts in whatever state: a document that somebody archived or undid is not made
    again until its group changes.
    """
    columns = t.memories.c
    names = _GROUPED_BY[level]
    keys = [_column(name).label(name) for name in names]
    grouping = [_column(name) for name in names]
    wanted = () if only is None else within(level, only)
    present = (
        select(
            *keys,
            case((func.count() >= _LEAST_SOURCES[level], digest_of_sources())).label("digest"),
            func.max(cast(columns.memory_id, Text)).label("last"),
            cast(null(), Text).label("covers"),
            cast(null(), Text).label("stand_in"),
            cast(null(), Text).label("state"),
        )
        .where(*sources_of(bank_id, level), *wanted)
        .group_by(*grouping)
    )
    latest = (
        select(
            *keys,
            cast(null(), Text).label("digest"),
            cast(null(), Text).label("last"),
            columns.metadata[DIGEST_KEY].astext.label("covers"),
            columns.metadata[STAND_IN_KEY].astext.label("stand_in"),
            columns.state,
        )
        .where(*_made(bank_id, level), *wanted)
        .ext(distinct_on(*grouping))
        .order_by(
            *grouping,
            columns.recorded_at.desc(),
            (columns.state == MemoryState.ACTIVE).desc(),
            columns.memory_id.desc(),
        )
    )
    both = present.union_all(select(latest.subquery())).subquery()
    now, covers = func.max(both.c.digest), func.max(both.c.covers)
    grouped = [both.c[name] for name in names]
    is_stand_in = and_(now.is_not(None), func.max(both.c.stand_in) == "true")
    return (
        select(*grouped, now.label("digest"), func.max(both.c.last).label("last"))
        .group_by(*grouped)
        .having(
            or_(
                and_(now.is_not(None), now.is_distinct_from(covers)),
                and_(now.is_(None), func.max(both.c.state) == MemoryState.ACTIVE),
                *([is_stand_in] if stand_ins else []),
            )
        )
        .order_by(*grouped)
    )


def digest_of_sources() -> ColumnElement[str]:
    """Return the digest of memories and their versions, as an aggregate."""
    columns = t.memories.c
    item = func.concat(cast(columns.memory_id, Text), ":", cast(columns.current_version, Text))
    digest: ColumnElement[str] = func.md5(
        func.string_agg(item, aggregate_order_by(literal(","), columns.memory_id))
    )
    return digest


_DAY = "day"
_GROUPED_BY: dict[Level, Sequence[str]] = {
    Level.SESSION: ("session_id", "user_id", "agent_id"),
    Level.DAY: (_DAY, "user_id", "agent_id"),
    Level.WHOLE: ("user_id", "agent_id"),
    Level.PORTRAIT: ("user_id",),
}
_NEVER_NULL = {
    Level.SESSION: "session_id",
    Level.DAY: _DAY,
    Level.WHOLE: None,
    Level.PORTRAIT: "user_id",
}
_LEAST_SOURCES = {Level.SESSION: 1, Level.DAY: 2, Level.WHOLE: 2, Level.PORTRAIT: 1}
"""A summary of one summary would repeat it."""


def _column(name: str, table: NamedFromClause[Any] = t.memories) -> ColumnElement[Any]:
    if name != _DAY:
        column: ColumnElement[Any] = table.c[name]
        return column
    # Written out: an expression with parameters is not the same in SELECT and GROUP BY.
    return literal_column(f"({table.name}.occurred_at AT TIME ZONE 'UTC')::date", Date)


def sources_of(bank_id: BankId, level: Level) -> tuple[ColumnElement[bool], ...]:
    """Bind memories to what documents of a level are made of."""
    columns = t.memories.c
    found = [columns.bank_id == bank_id, columns.state == MemoryState.ACTIVE]
    match level:
        case Level.SESSION:
            found.append(columns.kind.in_(sorted(ORGANISED_KINDS)))
        case Level.PORTRAIT:
            found.append(columns.kind.in_(sorted(ORGANISED_KINDS - {MemoryKind.PASSAGE})))
        case Level.DAY:
            found += [columns.kind == MemoryKind.SUMMARY, columns.source == Level.SESSION]
        case Level.WHOLE:
            of_session = and_(columns.source == Level.SESSION, ~_has_a_day(bank_id))
            found += [
                columns.kind == MemoryKind.SUMMARY,
                or_(columns.source == Level.DAY, of_session),
            ]
    return (*found, *_not_null(level))


def _has_a_day(bank_id: BankId) -> ColumnElement[bool]:
    """Tell whether a document of its day tells of a session already."""
    days = t.memories.alias("days")
    return (
        select(literal(1))
        .where(
            days.c.bank_id == bank_id,
            days.c.kind == MemoryKind.SUMMARY,
            days.c.source == Level.DAY,
            days.c.state == MemoryState.ACTIVE,
            days.c.user_id.is_not_distinct_from(t.memories.c.user_id),
            days.c.agent_id.is_not_distinct_from(t.memories.c.agent_id),
            _column(_DAY, days) == _column(_DAY),
        )
        .correlate(t.memories)
        .exists()
    )


def _made(bank_id: BankId, level: Level) -> tuple[ColumnElement[bool], ...]:
    columns = t.memories.c
    return (
        columns.bank_id == bank_id,
        columns.kind == MemoryKind.SUMMARY,
        columns.source == level,
        *_not_null(level),
    )


def _not_null(level: Level) -> tuple[ColumnElement[bool], ...]:
    name = _NEVER_NULL[level]
    return () if name is None else (_column(name).is_not(None),)


def within(level: Level, group: Group) -> tuple[ColumnElement[bool], ...]:
    """Bind memories to a group."""
    given = {_DAY: group.day} | {
        name: getattr(group.keys, name) for name in ("session_id", "user_id", "agent_id")
    }
    return tuple(
        _column(name) == given[name]
        if name == _NEVER_NULL[level]
        else _column(name).is_not_distinct_from(given[name])
        for name in _GROUPED_BY[level]
    )
