"""Which sessions a summary no longer tells truly, and what they hold."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, Text, and_, cast, func, literal, null, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on

from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Memory, MemoryKind, MemoryState, ScopeKeys
from memsvc.domain.organising.notes import ORGANISED_KINDS
from memsvc.store import tables as t
from memsvc.store.rows import current_memories, to_memory
from memsvc.store.session import Session

SUMMARY_SOURCE = "memsvc:summaries"
"""Source of the summaries made here; a caller's own ones are left alone."""
DIGEST_KEY = "covers"
"""Where the metadata of a summary keep which memories, at which versions, it was made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleSession:
    """A session of one user and agent whose summary is missing or outdated."""

    keys: ScopeKeys
    digest: str | None
    """Of its active memories and their versions; ``None`` if none is left."""


class SummaryReader:
    """Looks up what the stage that summarises needs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def stale(self, bank_id: BankId, only: ScopeKeys | None = None) -> list[StaleSession]:
        """Return the stale sessions of a bank, or the one asked for if it is stale."""
        rows = await self._session.connection.execute(_stale(bank_id, only))
        return [
            StaleSession(
                keys=ScopeKeys(
                    user_id=row.user_id, agent_id=row.agent_id, session_id=row.session_id
                ),
                digest=row.digest,
            )
            for row in rows
        ]

    async def count_stale(self, bank_id: BankId) -> int:
        """Return how many sessions are stale."""
        statement = select(func.count()).select_from(_stale(bank_id, None).subquery())
        return await self._session.connection.scalar(statement) or 0

    async def session_sources(self, bank_id: BankId, keys: ScopeKeys, most: int) -> list[Memory]:
        """Return the latest active memories of a session that callers wrote, oldest first."""
        columns = t.memories.c
        statement = (
            current_memories(bank_id)
            .where(*_written(bank_id), *_of(keys))
            .order_by(columns.occurred_at.desc(), columns.seq.desc(), columns.memory_id.desc())
            .limit(most)
        )
        rows = await self._session.connection.execute(statement)
        return [to_memory(row) for row in rows][::-1]

    async def active_summaries(self, bank_id: BankId, keys: ScopeKeys) -> list[Memory]:
        """Return the active summaries made of a session: one, as a rule."""
        columns = t.memories.c
        statement = current_memories(bank_id).where(
            *_made(bank_id), *_of(keys), columns.state == MemoryState.ACTIVE
        )
        rows = await self._session.connection.execute(statement.order_by(columns.memory_id))
        return [to_memory(row) for row in rows]


def _stale(bank_id: BankId, only: ScopeKeys | None) -> Select[tuple[str, str, str, str]]:
    """Return the sessions whose latest summary was made of other memories than there are now.

    The latest one counts in whatever state: a summary that somebody archived or undid is not made
    again until its session changes.
    """
    columns = t.memories.c
    keys = (columns.session_id, columns.user_id, columns.agent_id)
    wanted = () if only is None else _of(only)
    item = func.concat(cast(columns.memory_id, Text), ":", cast(columns.current_version, Text))
    digest = func.md5(func.string_agg(item, aggregate_order_by(literal(","), columns.memory_id)))
    present = (
        select(
            *keys,
            digest.label("digest"),
            cast(null(), Text).label("covers"),
            cast(null(), Text).label("state"),
        )
        .where(*_written(bank_id), *wanted)
        .group_by(*keys)
    )
    latest = (
        select(
            *keys,
            cast(null(), Text).label("digest"),
            columns.metadata[DIGEST_KEY].astext.label("covers"),
            columns.state,
        )
        .where(*_made(bank_id), *wanted)
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
    return (
        select(both.c.session_id, both.c.user_id, both.c.agent_id, now.label("digest"))
        .group_by(both.c.session_id, both.c.user_id, both.c.agent_id)
        .having(
            or_(
                and_(now.is_not(None), now.is_distinct_from(covers)),
                and_(now.is_(None), func.max(both.c.state) == MemoryState.ACTIVE),
            )
        )
        .order_by(both.c.session_id, both.c.user_id, both.c.agent_id)
    )


def _written(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    columns = t.memories.c
    return (
        columns.bank_id == bank_id,
        columns.state == MemoryState.ACTIVE,
        columns.kind.in_(sorted(ORGANISED_KINDS)),
        columns.session_id.is_not(None),
    )


def _made(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    columns = t.memories.c
    return (
        columns.bank_id == bank_id,
        columns.kind == MemoryKind.SUMMARY,
        columns.source == SUMMARY_SOURCE,
        columns.session_id.is_not(None),
    )


def _of(keys: ScopeKeys) -> tuple[ColumnElement[bool], ...]:
    columns = t.memories.c
    return (
        columns.session_id == keys.session_id,
        columns.user_id.is_not_distinct_from(keys.user_id),
        columns.agent_id.is_not_distinct_from(keys.agent_id),
    )
