"""What waits to be organised, what organising goes by, and the marks of what is done."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Row, Select, Text, func, select, update

from memsvc.domain.identifiers import BankId, EpisodeId, MemoryId
from memsvc.domain.languages import UNDETERMINED
from memsvc.domain.links import LinkType
from memsvc.domain.memory import MemoryState
from memsvc.domain.organising.notes import BankNotes, OrganisingState
from memsvc.domain.organising.statistics import TermStatistics
from memsvc.ports import Matrix, Vector
from memsvc.store import tables as t
from memsvc.store.embeddings import TEXT_VIEW
from memsvc.store.rows import CURRENT_VERSION
from memsvc.store.session import Session
from memsvc.store.waiting import waiting_since


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSource:
    """A memory as organising reads it, with the numbers that tell whether it has changed since."""

    memory_id: MemoryId
    episode_id: EpisodeId | None
    source: str
    version: int
    annotation: int | None
    text: str
    speaker: str | None
    title: str | None
    occurred_at: datetime
    recorded_at: datetime
    """When the present text came."""
    language: str
    user_id: str | None
    """Whose memory it is; ``None``: nobody's in particular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedNote:
    """What must still be so when an outcome is stored."""

    version: int
    annotation: int | None
    state: MemoryState
    organising: OrganisingState


class OrganisingReader:
    """Reads what organising needs."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def waiting(
        self, bank_id: BankId, *, after: MemoryId | None, limit: int
    ) -> list[NoteSource]:
        """Return the oldest active memories, after the one given, that wait and have vectors."""
        columns = t.memories.c
        conditions = [*_waits(bank_id), columns.embedded.is_(True)]
        if after is not None:
            conditions.append(columns.memory_id > after)
        statement = _sources(bank_id, *conditions).order_by(columns.memory_id).limit(limit)
        return [_to_source(row) for row in await self._session.connection.execute(statement)]

    async def sources(
        self,
        bank_id: BankId,
        memory_ids: Collection[MemoryId],
        states: Collection[MemoryState] = (MemoryState.ACTIVE,),
    ) -> Mapping[MemoryId, NoteSource]:
        """Return those of the memories that are active, or in one of ``states``."""
        if not memory_ids:
            return {}
        columns = t.memories.c
        statement = _sources(
            bank_id,
            columns.memory_id == func.any(list(memory_ids)),
            columns.state.in_(states),
        )
        rows = await self._session.connection.execute(statement)
        return {MemoryId(row.memory_id): _to_source(row) for row in rows}

    async def of_user(
        self, bank_id: BankId, memory_ids: Collection[MemoryId], user_id: str | None
    ) -> set[MemoryId]:
        """Return those of the memories that are of this user; with ``None``, of no user."""
        if not memory_ids:
            return set()
        columns = t.memories.c
        statement = select(columns.memory_id).where(
            columns.bank_id == bank_id,
            columns.memory_id == func.any(list(memory_ids)),
            _of_user(user_id),
        )
        return {MemoryId(each) for each in await self._session.connection.scalars(statement)}

    async def latest_of_user(
        self, bank_id: BankId, user_id: str | None, limit: int
    ) -> list[MemoryId]:
        """Return a user's active memories, the latest; with ``None``, those of no user."""
        columns = t.memories.c
        statement = (
            select(columns.memory_id)
            .where(
                columns.bank_id == bank_id,
                columns.state == MemoryState.ACTIVE,
                _of_user(user_id),
            )
            .order_by(columns.memory_id.desc())
            .limit(limit)
        )
        return [MemoryId(each) for each in await self._session.connection.scalars(statement)]

    async def vectors(
        self, bank_id: BankId, model_id: str, memory_ids: Collection[MemoryId]
    ) -> Mapping[MemoryId, Vector]:
        """Return the vectors of the memories' texts; of a long text that of its beginning."""
        statement = _vectors(bank_id, model_id).where(
            t.memories.c.memory_id == func.any(list(memory_ids))
        )
        rows = await self._session.connection.execute(statement)
        return {MemoryId(row.memory_id): np.asarray(row.vector, np.float32) for row in rows}

    async def sample_vectors(self, bank_id: BankId, model_id: str, limit: int) -> Matrix:
        """Return vectors of active memories, drawn by a hash of their ids; (0, 0) if none."""
        drawn = _drawn(bank_id, limit)
        statement = _vectors(bank_id, model_id).where(t.memories.c.memory_id.in_(drawn))
        rows = (await self._session.connection.execute(statement)).all()
        if not rows:
            return np.empty((0, 0), dtype=np.float32)
        return np.asarray([row.vector for row in rows], dtype=np.float32)

    async def sample_terms(self, bank_id: BankId, limit: int) -> TermStatistics:
        """Return how rare terms are among active memories drawn by a hash of their ids."""
        memories, forms = t.memories.c, t.lexical_forms.c
        statement = (
            select(forms.terms)
            .join(
                t.memories,
                (memories.bank_id == forms.bank_id)
                & (memories.memory_id == forms.memory_id)
                & (memories.current_version == forms.version),
            )
            .where(
                forms.bank_id == bank_id,
                memories.bank_id == bank_id,
                memories.memory_id.in_(_drawn(bank_id, limit)),
            )
        )
        return TermStatistics.of(await self._session.connection.scalars(statement))

    async def notes(self, bank_id: BankId) -> BankNotes:
        """Return how far the bank is organised."""
        columns = t.memories.c
        of_bank = columns.bank_id == bank_id
        counts = select(
            func.count().filter(*_waits(bank_id)),
            func.count().filter(*_waits(bank_id), columns.embedded.is_(False)),
            func.count().filter(columns.organising == OrganisingState.SET_ASIDE),
            func.count().filter(columns.annotation.is_not(None)),
        ).where(of_bank)
        row = (await self._session.connection.execute(counts)).one()
        versions = select(func.count()).where(t.annotations.c.bank_id == bank_id)
        links = select(func.count()).where(
            t.links.c.bank_id == bank_id, t.links.c.type == LinkType.RELATED
        )
        return BankNotes(
            waiting=row[0],
            unembedded=row[1],
            set_aside=row[2],
            annotated=row[3],
            annotation_versions=await self._session.connection.scalar(versions) or 0,
            links=await self._session.connection.scalar(links) or 0,
            waiting_since=await self._session.connection.scalar(waiting_since(bank_id)),
        )

    async def count_ready(self, bank_id: BankId) -> int:
        """Return how many memories can be organised now."""
        statement = select(func.count()).where(*_waits(bank_id), t.memories.c.embedded.is_(True))
        return await self._session.connection.scalar(statement) or 0


class OrganisingWriter(OrganisingReader):
    """Marks what is done."""

    async def lock(
        self, bank_id: BankId, memory_ids: Collection[MemoryId]
    ) -> Mapping[MemoryId, LockedNote]:
        """Lock the memories until the transaction ends, in order of id as everybody does."""
        columns = t.memories.c
        statement = (
            select(
                columns.memory_id,
                columns.current_version,
                columns.annotation,
                columns.state,
                columns.organising,
            )
            .where(columns.bank_id == bank_id, columns.memory_id == func.any(list(memory_ids)))
            .order_by(columns.memory_id)
            .with_for_update()
        )
        return {
            MemoryId(row.memory_id): LockedNote(
                version=row.current_version,
                annotation=row.annotation,
                state=MemoryState(row.state),
                organising=OrganisingState(row.organising),
            )
            for row in await self._session.connection.execute(statement)
        }

    async def reopen(self, bank_id: BankId) -> int:
        """Have everything wait again that was set aside; return how many there were."""
        columns = t.memories.c
        result = await self._session.connection.execute(
            update(t.memories)
            .where(columns.bank_id == bank_id, columns.organising == OrganisingState.SET_ASIDE)
            .values(organising=OrganisingState.WAITING)
        )
        return result.rowcount

    async def mark(
        self, bank_id: BankId, memory_ids: Collection[MemoryId], state: OrganisingState
    ) -> None:
        """Note how far the present texts of the memories are."""
        if not memory_ids:
            return
        columns = t.memories.c
        await self._session.connection.execute(
            update(t.memories)
            .where(columns.bank_id == bank_id, columns.memory_id == func.any(list(memory_ids)))
            .values(organising=state)
        )


def _of_user(user_id: str | None) -> ColumnElement[bool]:
    """Return the condition in a form that an index serves, unlike ``IS NOT DISTINCT FROM``."""
    column = t.memories.c.user_id
    return column.is_(None) if user_id is None else column == user_id


def _waits(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    columns = t.memories.c
    return (
        columns.bank_id == bank_id,
        columns.organising == OrganisingState.WAITING,
        columns.state == MemoryState.ACTIVE,
    )


def _drawn(bank_id: BankId, limit: int) -> Select[Any]:
    """Return active memories in an order that has nothing to do with their content, ids alone.

    Ordered before anything is joined: a large bank is read through once, its texts are not.
    """
    memories = t.memories.alias("drawn").c
    return (
        select(memories.memory_id)
        .where(memories.bank_id == bank_id, memories.state == MemoryState.ACTIVE)
        .order_by(func.hashtextextended(memories.memory_id.cast(Text), 0))
        .limit(limit)
    )


def _sources(bank_id: BankId, *conditions: ColumnElement[bool]) -> Select[Any]:
    memories, forms, episodes = t.memories.c, t.lexical_forms.c, t.episodes.c
    return (
        select(
            memories.memory_id,
            memories.episode_id,
            memories.source,
            memories.current_version,
            memories.annotation,
            memories.speaker,
            memories.user_id,
            memories.occurred_at,
            t.memory_versions.c.text,
            t.memory_versions.c.recorded_at,
            forms.language,
            episodes.title,
        )
        .join(t.memory_versions, CURRENT_VERSION)
        .outerjoin(
            t.lexical_forms,
            (forms.bank_id == memories.bank_id)
            & (forms.memory_id == memories.memory_id)
            & (forms.version == memories.current_version),
        )
        .outerjoin(
            t.episodes,
            (episodes.bank_id == memories.bank_id) & (episodes.episode_id == memories.episode_id),
        )
        .where(memories.bank_id == bank_id, t.memory_versions.c.bank_id == bank_id, *conditions)
    )


def _vectors(bank_id: BankId, model_id: str) -> Select[Any]:
    memories, vectors = t.memories.c, t.embeddings.c
    return (
        select(memories.memory_id, vectors.vector)
        .join(
            t.embeddings,
            (vectors.bank_id == memories.bank_id)
            & (vectors.memory_id == memories.memory_id)
            & (vectors.version == memories.current_version),
        )
        .where(
            memories.bank_id == bank_id,
            vectors.bank_id == bank_id,
            vectors.model_id == model_id,
            vectors.view == TEXT_VIEW,
            vectors.window_no == 0,
        )
    )


def _to_source(row: Row[Any]) -> NoteSource:
    return NoteSource(
        memory_id=MemoryId(row.memory_id),
        episode_id=None if row.episode_id is None else EpisodeId(row.episode_id),
        source=row.source,
        version=row.current_version,
        annotation=row.annotation,
        text=row.text,
        speaker=row.speaker,
        title=row.title,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        language=row.language or UNDETERMINED,
        user_id=row.user_id,
    )
