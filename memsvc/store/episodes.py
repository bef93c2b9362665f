"""Episodes: the sources memories come from."""

from dataclasses import dataclass

from sqlalchemy import func, insert, select, update

from memsvc.domain.identifiers import BankId, EpisodeId
from memsvc.domain.memory import Episode, EpisodeKind, ScopeKeys
from memsvc.store import tables as t
from memsvc.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEpisode:
    """An episode that is being written to."""

    episode: Episode
    memory_count: int
    """How many memories it had before; the next one takes this as its ``seq``."""


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
