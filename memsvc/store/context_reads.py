"""What a context is gathered from beside hits: whole scopes, neighbours, the latest memories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as UUID_TYPE

from memsvc.domain.filters import RecallFilter
from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Memory, MemoryKind
from memsvc.store import tables as t
from memsvc.store.filters import conditions
from memsvc.store.rows import shown_memories, shown_version, to_memory
from memsvc.store.session import Session
from memsvc.store.summaries import Level

# Written out: with a parameter in its place the index of summaries is not used.
_IS_SUMMARY = t.memories.c.kind == literal_column("'summary'")


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeLimit:
    """How large a scope may be to be read as a whole."""

    memories: int
    text_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How many places beside a memory are looked at, on either side."""

    before: int
    after: int


class ContextReader:
    """Reads memories by where they stand; every statement names its bank.

    The filter holds for whatever is returned.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    async def whole(
        self, bank_id: BankId, wanted: RecallFilter, now: datetime, limit: WholeLimit
    ) -> Sequence[Memory] | None:
        """Return every memory that the filter lets through, in the order in which they happened.

        ``None`` when they are more than ``limit``; to know that takes as long as the limit is
        large, not the bank.
        """
        scope = select(t.memories.c.memory_id, t.memories.c.current_version).where(
            t.memories.c.bank_id == bank_id, *conditions(wanted, now)
        )
        some = scope.limit(limit.memories + 1).subquery()
        count = await self._session.connection.scalar(select(func.count()).select_from(some))
        if count is None or count > limit.memories:
            return None
        size = (
            select(func.coalesce(func.sum(func.octet_length(t.memory_versions.c.text)), 0))
            .select_from(t.memories)
            .join(t.memory_versions, shown_version(wanted))
            .where(
                t.memories.c.bank_id == bank_id,
                t.memory_versions.c.bank_id == bank_id,
                *conditions(wanted, now),
            )
        )
        if (await self._session.connection.scalar(size) or 0) > limit.text_bytes:
            return None
        statement = shown_memories(bank_id, wanted).where(*conditions(wanted, now))
        return await self._memories(
            statement.order_by(t.memories.c.occurred_at, t.memories.c.memory_id)
        )

    async def beside(
        self,
        bank_id: BankId,
        hits: Sequence[Memory],
        reach: Reach,
        wanted: RecallFilter,
        now: datetime,
    ) -> Sequence[Memory]:
        """Return what stands within ``reach`` of a hit in its episode, whoever's it is.

        In the order of episodes and places; the hits themselves are among them.
        """
        places = [(each.episode_id, each.seq) for each in hits if each.episode_id is not None]
        if not places or not (reach.before or reach.after):
            return []
        episodes: Sequence[UUID] = [episode for episode, _ in places]
        seqs = [seq for _, seq in places]
        place = func.unnest(
            literal(episodes, ARRAY(UUID_TYPE(as_uuid=True))), literal(seqs, ARRAY(Integer))
        ).table_valued("episode_id", "seq", name="place")
        place = place.render_derived()
        memories = t.memories.c
        near = (
            select(memories.memory_id)
            .join(
                place,
                (place.c.episode_id == memories.episode_id)
                & memories.seq.between(place.c.seq - reach.before, place.c.seq + reach.after),
            )
            .where(memories.bank_id == bank_id)
        )
        statement = shown_memories(bank_id, wanted).where(
            memories.memory_id.in_(near), *conditions(wanted, now)
        )
        return await self._memories(statement.order_by(memories.episode_id, memories.seq))

    async def summaries(
        self, bank_id: BankId, wanted: RecallFilter, now: datetime, most: int
    ) -> Sequence[Memory]:
        """Return the latest summaries, latest first; the service's own as far as of sessions."""
        others = sorted(set(Level) - {Level.SESSION})
        return await self._latest(
            bank_id, wanted, now, most, _IS_SUMMARY & t.memories.c.source.not_in(others)
        )

    async def document(
        self, bank_id: BankId, level: Level, wanted: RecallFilter, now: datetime
    ) -> Memory | None:
        """Return the one document of a level that the filter lets through; of several none.

        So nothing about a user is shown unless they are named, or the only one.
        """
        is_wanted = _IS_SUMMARY & (t.memories.c.source == level)
        found = await self._latest(bank_id, wanted, now, 2, is_wanted)
        return found[0] if len(found) == 1 else None

    async def session_turns(
        self, bank_id: BankId, session_id: str, wanted: RecallFilter, now: datetime, most: int
    ) -> Sequence[Memory]:
        """Return the latest turns of a session, latest first."""
        memories = t.memories.c
        return await self._latest(
            bank_id,
            wanted,
            now,
            most,
            (memories.session_id == session_id) & (memories.kind == MemoryKind.TURN),
        )

    async def _latest(
        self,
        bank_id: BankId,
        wanted: RecallFilter,
        now: datetime,
        most: int,
        restriction: ColumnElement[bool],
    ) -> Sequence[Memory]:
        if not most:
            return []
        memories = t.memories.c
        statement = shown_memories(bank_id, wanted).where(restriction, *conditions(wanted, now))
        return await self._memories(
            statement.order_by(
                memories.occurred_at.desc(), memories.seq.desc(), memories.memory_id.desc()
            ).limit(most)
        )

    async def _memories(self, statement: Select[tuple[object, ...]]) -> list[Memory]:
        return [to_memory(row) for row in await self._session.connection.execute(statement)]
