"""Which documents made of memories no longer tell truly what these say, and what they are made of.

A document is a memory of kind ``summary`` with a source of the service's own. Of each group of
memories (a session, a user) there is at most one active document of a level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import Memory, MemoryKind, MemoryState, ScopeKeys
from memsvc.domain.organising.notes import ORGANISED_KINDS
from memsvc.store import tables as t
from memsvc.store.rows import current_memories, to_memory
from memsvc.store.session import Session

DIGEST_KEY = "covers"
"""Where the metadata of a document keep which memories, at which versions, it was made of."""


class Level(StrEnum):
    """What a document is made of; the value is its source, which no caller's own one shares."""

    SESSION = "memsvc:summaries"
    """What one user and agent have in a session."""
    PORTRAIT = "memsvc:portraits"
    """What a user says, in whatever session and to whichever agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleGroup:
    """A group of memories whose document is missing or outdated."""

    keys: ScopeKeys
    digest: str | None
    """Of its active memories and their versions; ``None`` if none is left."""


class SummaryReader:
    """Looks up what the stages need that make documents."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def stale(
        self, bank_id: BankId, level: Level, only: ScopeKeys | None = None
    ) -> list[StaleGroup]:
        """Return the stale groups of a bank, or the one asked for if it is stale."""
        rows = await self._session.connection.execute(_stale(bank_id, level, only))
        return [
            StaleGroup(
                keys=ScopeKeys(**{name: getattr(row, name) for name in _GROUPED_BY[level]}),
                digest=row.digest,
            )
            for row in rows
        ]

    async def count_stale(self, bank_id: BankId, level: Level) -> int:
        """Return how many groups are stale."""
        statement = select(func.count()).select_from(_stale(bank_id, level, None).subquery())
        return await self._session.connection.scalar(statement) or 0

    async def sources(
        self, bank_id: BankId, level: Level, keys: ScopeKeys, most: int
    ) -> list[Memory]:
        """Return the latest active memories of a group, oldest first."""
        columns = t.memories.c
        statement = (
            current_memories(bank_id)
            .where(*_sources(bank_id, level), *_of(level, keys))
            .order_by(columns.occurred_at.desc(), columns.seq.desc(), columns.memory_id.desc())
            .limit(most)
        )
        rows = await self._session.connection.execute(statement)
        return [to_memory(row) for row in rows][::-1]

    async def active(self, bank_id: BankId, level: Level, keys: ScopeKeys) -> list[Memory]:
        """Return the active documents made of a group: one, as a rule."""
        columns = t.memories.c
        statement = current_memories(bank_id).where(
            *_made(bank_id, level), *_of(level, keys), columns.state == MemoryState.ACTIVE
        )
        rows = await self._session.connection.execute(statement.order_by(columns.memory_id))
        return [to_memory(row) for row in rows]

    async def editions(self, bank_id: BankId, level: Level, keys: ScopeKeys) -> list[MemoryId]:
        """Return every document ever made of a group that is still there, oldest first."""
        columns = t.memories.c
        statement = (
            select(columns.memory_id)
            .where(*_made(bank_id, level), *_of(level, keys))
            .order_by(columns.recorded_at, columns.memory_id)
        )
        return [MemoryId(each) for each in await self._session.connection.scalars(statement)]


def _stale(bank_id: BankId, level: Level, only: ScopeKeys | None) -> Select[Any]:
    """Return the groups whose latest document was made of other memories than there are now.

    The latest one counts in whatever state: a document that somebody archived or undid is not made
    again until its group changes.
    """
    columns = t.memories.c
    names = _GROUPED_BY[level]
    keys = [columns[name] for name in names]
    wanted = () if only is None else _of(level, only)
    item = func.concat(cast(columns.memory_id, Text), ":", cast(columns.current_version, Text))
    digest = func.md5(func.string_agg(item, aggregate_order_by(literal(","), columns.memory_id)))
    present = (
        select(
            *keys,
            digest.label("digest"),
            cast(null(), Text).label("covers"),
            cast(null(), Text).label("state"),
        )
        .where(*_sources(bank_id, level), *wanted)
        .group_by(*keys)
    )
    latest = (
        select(
            *keys,
            cast(null(), Text).label("digest"),
            columns.metadata[DIGEST_KEY].astext.label("covers"),
            columns.state,
        )
        .where(*_made(bank_id, level), *wanted)
        .ext(distinct_on(*keys))
        .order_by(
            *keys,
            columns.recorded_at.desc(),
            (columns.state == MemoryState.ACTIVE).desc(),
            columns.memory_id.desc(),
        )
    )
    both = present.union_all(select(latest.subquery())).subquery()
    now, covers = func.max(both.c.digest), func.max(both.c.covers)
    grouped = [both.c[name] for name in names]
    return (
        select(*grouped, now.label("digest"))
        .group_by(*grouped)
        .having(
            or_(
                and_(now.is_not(None), now.is_distinct_from(covers)),
                and_(now.is_(None), func.max(both.c.state) == MemoryState.ACTIVE),
            )
        )
        .order_by(*grouped)
    )


_GROUPED_BY: dict[Level, Sequence[str]] = {
    Level.SESSION: ("session_id", "user_id", "agent_id"),
    Level.PORTRAIT: ("user_id",),
}
"""The first of each is never null."""
_SOURCE_KINDS = {
    Level.SESSION: ORGANISED_KINDS,
    Level.PORTRAIT: ORGANISED_KINDS - {MemoryKind.PASSAGE},
}


def _sources(bank_id: BankId, level: Level) -> tuple[ColumnElement[bool], ...]:
    columns = t.memories.c
    return (
        columns.bank_id == bank_id,
        columns.state == MemoryState.ACTIVE,
        columns.kind.in_(sorted(_SOURCE_KINDS[level])),
        columns[_GROUPED_BY[level][0]].is_not(None),
    )


def _made(bank_id: BankId, level: Level) -> tuple[ColumnElement[bool], ...]:
    columns = t.memories.c
    return (
        columns.bank_id == bank_id,
        columns.kind == MemoryKind.SUMMARY,
        columns.source == level,
        columns[_GROUPED_BY[level][0]].is_not(None),
    )


def _of(level: Level, keys: ScopeKeys) -> tuple[ColumnElement[bool], ...]:
    first, *others = _GROUPED_BY[level]
    columns = t.memories.c
    return (
        columns[first] == getattr(keys, first),
        *(columns[name].is_not_distinct_from(getattr(keys, name)) for name in others),
    )
