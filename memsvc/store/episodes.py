"""Episodes: the sources memories come from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, and_, func, insert, select, update

from memsvc.domain.filters import RecallFilter
from memsvc.domain.identifiers import BankId, EpisodeId, MemoryId
from memsvc.domain.memory import Episode, EpisodeKind, ScopeKeys
from memsvc.domain.threads import Member, ThreadKey
from memsvc.store import tables as t
from memsvc.store.embeddings import TEXT_VIEW
from memsvc.store.filters import conditions
from memsvc.store.rows import shown_version
from memsvc.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEpisode:
    """An episode that is being written to."""

    episode: Episode
    memory_count: int
    """How many memories it had before; the next one takes this as its ``seq``."""


class EpisodeReader:
    """Reads what episodes hold, without its text."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def of_source(self, bank_id: BankId, source: str) -> EpisodeId | None:
        """Return the episode of a source, if there is one."""
        statement = select(t.episodes.c.episode_id).where(
            t.episodes.c.bank_id == bank_id, t.episodes.c.source == source
        )
        found = await self._session.connection.scalar(statement)
        return None if found is None else EpisodeId(found)

    async def sizes(
        self, bank_id: BankId, episode_ids: Collection[EpisodeId]
    ) -> Mapping[EpisodeId, int]:
        """Return how many memories were ever added to each."""
        statement = select(t.episodes.c.episode_id, t.episodes.c.memory_count).where(
            t.episodes.c.bank_id == bank_id,
            t.episodes.c.episode_id == func.any(list(episode_ids)),
        )
        rows = await self._session.connection.execute(statement)
        return {EpisodeId(row.episode_id): row.memory_count for row in rows}

    async def members(
        self,
        bank_id: BankId,
        episode_ids: Collection[EpisodeId],
        wanted: RecallFilter,
        now: datetime,
        model_id: str,
    ) -> list[Member]:
        """Return what the filter lets through of these episodes, with the model's vectors.

        Of the text as it is shown; of a long one the vector of its beginning.
        """
        memories, versions, vectors = t.memories.c, t.memory_versions.c, t.embeddings.c
        of_version = and_(
            vectors.bank_id == memories.bank_id,
            vectors.memory_id == memories.memory_id,
            vectors.version == versions.version,
            vectors.model_id == model_id,
            vectors.view == TEXT_VIEW,
            vectors.window_no == 0,
        )
        statement = (
            select(
                memories.memory_id,
                memories.episode_id,
                memories.user_id,
                memories.session_id,
                memories.seq,
                # As text, which is how drivers read vectors, they take far longer.
                func.vector_send(vectors.vector, type_=LargeBinary()).label("packed"),
            )
            .join(t.memory_versions, shown_version(wanted))
            .outerjoin(t.embeddings, of_version)
            .where(
                memories.bank_id == bank_id,
                versions.bank_id == bank_id,
                memories.episode_id == func.any(list(episode_ids)),
                *conditions(wanted, now),
            )
        )
        return [
            Member(
                memory_id=MemoryId(row.memory_id),
                thread=ThreadKey(
                    EpisodeId(row.episode_id), row.user_id or "", row.session_id or ""
                ),
                seq=row.seq,
                vector=None if row.packed is None else _unpacked(row.packed),
            )
            for row in await self._session.connection.execute(statement)
        ]


class EpisodeWriter:
    """Creates and continues episodes; callers hold the lock of their source names."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def lock_sources(self, bank_id: BankId, sources: set[str]) -> None:
        """Let one transaction at a time write to each of these sources of the bank.

        Taken in one order by everyone, so that two batches cannot wait for each other.
        """
        keys = (f"{bank_id}/{source}" for source in sorted(sources))
        for key in keys:
            lock = func.pg_advisory_xact_lock(func.hashtextextended(key, 0))
            await self._session.connection.execute(select(lock))

    async def open(self, bank_id: BankId, new: Episode) -> OpenEpisode:
        """Return the bank's episode of this source, made from ``new`` if there is none."""
        statement = select(t.episodes).where(
            t.episodes.c.bank_id == bank_id, t.episodes.c.source == new.source
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        if row is None:
            await self._insert(bank_id, new)
            return OpenEpisode(episode=new, memory_count=0)
        found = Episode(
            id=EpisodeId(row.episode_id),
            source=row.source,
            kind=EpisodeKind(row.kind),
            title=row.title,
            keys=ScopeKeys(user_id=row.user_id, agent_id=row.agent_id, session_id=row.session_id),
            metadata=row.metadata,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
        )
        return OpenEpisode(episode=found, memory_count=row.memory_count)

    async def _insert(self, bank_id: BankId, new: Episode) -> None:
        await self._session.connection.execute(
            insert(t.episodes).values(
                bank_id=bank_id,
                episode_id=new.id,
                tenant_id=self._session.tenant_id,
                source=new.source,
                kind=new.kind,
                title=new.title,
                user_id=new.keys.user_id,
                agent_id=new.keys.agent_id,
                session_id=new.keys.session_id,
                metadata=dict(new.metadata),
                memory_count=0,
                occurred_at=new.occurred_at,
                recorded_at=new.recorded_at,
            )
        )

    async def grow(self, bank_id: BankId, episode_id: EpisodeId, added: int) -> None:
        """Count ``added`` more memories."""
        await self._session.connection.execute(
            update(t.episodes)
            .where(t.episodes.c.bank_id == bank_id, t.episodes.c.episode_id == episode_id)
            .values(memory_count=t.episodes.c.memory_count + added)
        )


def _unpacked(packed: bytes) -> NDArray[np.float32]:
    """Return the vector of pgvector's binary form: two numbers of 16 bits, then floats."""
    return np.frombuffer(packed, ">f4", offset=4).astype(np.float32)
