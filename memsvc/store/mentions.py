"""Entities of memories: written beside their text, and filled in where they are missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.graph.extraction import EXTRACTOR_VERSION, Extracted
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import MemoryState
from memsvc.store import tables as t
from memsvc.store.rows import CURRENT_VERSION
from memsvc.store.session import Session


def mention_columns(extracted: Extracted) -> dict[str, object]:
    """Return the columns of ``mentions`` that say what was found."""
    entities = sorted(extracted.mentions)
    return {
        "extractor_version": EXTRACTOR_VERSION,
        "entities": list(entities),
        "counts": [extracted.mentions[entity] for entity in entities],
        "subjects": [entity in extracted.subjects for entity in entities],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A memory whose entities are not known, or were found by older rules."""

    memory_id: MemoryId
    version: int
    text: str
    title: str | None
    speaker: str | None


class MentionReader:
    """Finds memories whose entities are not known."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def unread(self, bank_id: BankId, after: MemoryId | None, limit: int) -> Sequence[Unread]:
        """Return up to ``limit`` active memories to extract entities from, in order of id."""
        memories, versions, mentions = t.memories.c, t.memory_versions.c, t.mentions.c
        statement = (
            select(
                memories.memory_id,
                memories.current_version,
                versions.text,
                t.episodes.c.title,
                memories.speaker,
            )
            .join(t.memory_versions, CURRENT_VERSION)
            .outerjoin(
                t.episodes,
                and_(
                    t.episodes.c.bank_id == memories.bank_id,
                    t.episodes.c.episode_id == memories.episode_id,
                ),
            )
            .outerjoin(
                t.mentions,
                and_(
                    mentions.bank_id == memories.bank_id,
                    mentions.memory_id == memories.memory_id,
                    mentions.version == memories.current_version,
                ),
            )
            .where(
                memories.bank_id == bank_id,
                versions.bank_id == bank_id,
                memories.state == MemoryState.ACTIVE,
                func.coalesce(mentions.extractor_version, 0) != EXTRACTOR_VERSION,
            )
            .order_by(memories.memory_id)
            .limit(limit)
        )
        if after is not None:
            statement = statement.where(memories.memory_id > after)
        return [
            Unread(
                memory_id=MemoryId(row.memory_id),
                version=row.current_version,
                text=row.text,
                title=row.title,
                speaker=row.speaker,
            )
            for row in await self._session.connection.execute(statement)
        ]


class MentionWriter(MentionReader):
    """Fills entities in."""

    async def fill(
        self, bank_id: BankId, found: Sequence[tuple[Unread, Extracted]]
    ) -> Sequence[MemoryId]:
        """Store the entities of versions that are still current; return whose."""
        memories = t.memories.c
        ids = [each.memory_id for each, _ in found]
        statement = (
            select(memories.memory_id, memories.current_version)
            .where(memories.bank_id == bank_id, memories.memory_id == func.any(ids))
            .order_by(memories.memory_id)
            .with_for_update()
        )
        rows = await self._session.connection.execute(statement)
        current = {row.memory_id: row.current_version for row in rows}
        kept = [item for item in found if current.get(item[0].memory_id) == item[0].version]
        if kept:
            keys = [
                {
                    "bank_id": bank_id,
                    "memory_id": each.memory_id,
                    "version": each.version,
                    "tenant_id": self._session.tenant_id,
                    **mention_columns(extracted),
                }
                for each, extracted in kept
            ]
            statement_of_insert = insert(t.mentions)
            replaced = {
                name: statement_of_insert.excluded[name]
                for name in ("extractor_version", "entities", "counts", "subjects")
            }
            await self._session.connection.execute(
                statement_of_insert.on_conflict_do_update(
                    index_elements=["bank_id", "memory_id", "version"], set_=replaced
                ),
                keys,
            )
        return [each.memory_id for each, _ in kept]
