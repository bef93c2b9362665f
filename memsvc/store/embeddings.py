"""Vectors of memories: storing them, and finding what still lacks one."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Text, delete, func, insert, select, update

from memsvc.domain.identifiers import BankId, MemoryId, VectorId
from memsvc.domain.memory import MemoryKind, MemoryState
from memsvc.ports import Matrix
from memsvc.store import tables as t
from memsvc.store.rows import CURRENT_VERSION
from memsvc.store.session import Session

TEXT_VIEW = "text"
"""The view every memory has: its text, with who said it."""
ANNOTATED_VIEW = "annotated"
"""Its text with keywords, tags and context (A-MEM, eq. 3); only where that is asked for."""

_IDS = 50_000
"""Asked about at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorsToAdd:
    """The vectors of one version, a row of the matrix per window of its text."""

    memory_id: MemoryId
    version: int
    vectors: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Unembedded:
    """A memory to be embedded at its current version, with all that makes its indexed text."""

    memory_id: MemoryId
    version: int
    text: str
    speaker: str | None
    title: str | None


class EmbeddingReader:
    """Finds what lacks vectors."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count_lacking(self, bank_id: BankId, model_id: str) -> int:
        """Return how many memories lack vectors of the model."""
        statement = select(func.count()).where(*_lacks(bank_id, model_id))
        return await self._session.connection.scalar(statement) or 0

    async def count_memories(self, bank_id: BankId) -> int:
        """Return how many memories can have vectors: all that are not deleted."""
        statement = select(func.count()).where(*_can_have(bank_id))
        return await self._session.connection.scalar(statement) or 0

    async def count_unknown(self, bank_id: BankId, model_id: str, vector_ids: Sequence[int]) -> int:
        """Return how many of the ids are of no vector of the model here, of whatever version."""
        columns = t.embeddings.c
        known = 0
        for start in range(0, len(vector_ids), _IDS):
            statement = select(func.count()).where(
                columns.bank_id == bank_id,
                columns.model_id == model_id,
                columns.vector_id == func.any(list(vector_ids[start : start + _IDS])),
            )
            known += await self._session.connection.scalar(statement) or 0
        return len(vector_ids) - known

    async def lacking(
        self, bank_id: BankId, model_id: str, *, after: MemoryId | None, limit: int
    ) -> list[Unembedded]:
        """Return the oldest memories, after the one given, that lack vectors of the model."""
        conditions = _lacks(bank_id, model_id)
        if after is not None:
            conditions = (*conditions, t.memories.c.memory_id > after)
        return await self._texts(bank_id, conditions, limit)

    async def sample(self, bank_id: BankId, limit: int) -> list[Unembedded]:
        """Return active memories, spread over the bank by a hash of their ids."""
        is_active = (t.memories.c.bank_id == bank_id, t.memories.c.state == MemoryState.ACTIVE)
        spread = func.hashtextextended(t.memories.c.memory_id.cast(Text), 0)
        chosen = select(t.memories.c.memory_id).where(*is_active).order_by(spread).limit(limit)
        return await self._texts(bank_id, (t.memories.c.memory_id.in_(chosen),), limit)

    async def count_unembedded(self, bank_id: BankId) -> int:
        """Return how many memories wait for a vector."""
        statement = select(func.count()).where(
            t.memories.c.bank_id == bank_id, t.memories.c.embedded.is_(False)
        )
        return await self._session.connection.scalar(statement) or 0

    async def unembedded(self, bank_id: BankId, limit: int) -> list[Unembedded]:
        """Return the oldest memories that wait for a vector."""
        return await self._texts(bank_id, (t.memories.c.embedded.is_(False),), limit)

    async def _texts(
        self, bank_id: BankId, conditions: Sequence[ColumnElement[bool]], limit: int
    ) -> list[Unembedded]:
        statement = (
            select(
                t.memories.c.memory_id,
                t.memories.c.current_version,
                t.memory_versions.c.text,
                t.memories.c.speaker,
                t.memories.c.kind,
                t.episodes.c.title,
            )
            .join(t.memory_versions, CURRENT_VERSION)
            .outerjoin(
                t.episodes,
                (t.episodes.c.bank_id == t.memories.c.bank_id)
                & (t.episodes.c.episode_id == t.memories.c.episode_id),
            )
            .where(
                t.memories.c.bank_id == bank_id,
                t.memory_versions.c.bank_id == bank_id,
                *conditions,
            )
            .order_by(t.memories.c.memory_id)
            .limit(limit)
        )
        return [
            Unembedded(
                memory_id=MemoryId(row.memory_id),
                version=row.current_version,
                text=row.text,
                speaker=row.speaker,
                # Turns stand for themselves; see services.drafts.
                title=row.title if row.kind == MemoryKind.PASSAGE else None,
            )
            for row in await self._session.connection.execute(statement)
        ]


class EmbeddingWriter(EmbeddingReader):
    """Stores vectors."""

    async def add(
        self,
        bank_id: BankId,
        model_id: str,
        items: Sequence[VectorsToAdd],
        *,
        view: str = TEXT_VIEW,
    ) -> None:
        """Store the vectors of these versions under ids never used before."""
        total = sum(len(item.vectors) for item in items)
        if not total:
            return
        ids = iter(await self._draw_ids(total))
        rows = [
            {
                "bank_id": bank_id,
                "vector_id": next(ids),
                "tenant_id": self._session.tenant_id,
                "memory_id": item.memory_id,
                "version": item.version,
                "view": view,
                "window_no": window_no,
                "model_id": model_id,
                "dimension": len(vector),
                "vector": vector,
            }
            for item in items
            for window_no, vector in enumerate(item.vectors)
        ]
        await self._session.connection.execute(insert(t.embeddings), rows)

    async def remove_view(
        self,
        bank_id: BankId,
        memory_ids: Sequence[MemoryId],
        view: str,
        *,
        model_id: str | None = None,
    ) -> list[MemoryId]:
        """Remove the vectors of a view, of every model or one; return the memories that had any."""
        vectors = t.embeddings.c
        statement = delete(t.embeddings).where(
            vectors.bank_id == bank_id,
            vectors.memory_id == func.any(list(memory_ids)),
            vectors.view == view,
        )
        if model_id is not None:
            statement = statement.where(vectors.model_id == model_id)
        removed = await self._session.connection.scalars(statement.returning(vectors.memory_id))
        return [MemoryId(each) for each in dict.fromkeys(removed)]

    async def mark_embedded(self, bank_id: BankId, items: Sequence[VectorsToAdd]) -> None:
        """Note that these versions have their vectors."""
        await self._session.connection.execute(
            update(t.memories)
            .where(
                t.memories.c.bank_id == bank_id,
                t.memories.c.memory_id == func.any([item.memory_id for item in items]),
            )
            .values(embedded=True)
        )

    async def still_current(
        self, bank_id: BankId, items: Sequence[VectorsToAdd]
    ) -> list[VectorsToAdd]:
        """Lock these memories and return those whose version is current and lacks vectors."""
        statement = (
            select(t.memories.c.memory_id, t.memories.c.current_version)
            .where(
                t.memories.c.bank_id == bank_id,
                t.memories.c.memory_id == func.any([item.memory_id for item in items]),
                t.memories.c.embedded.is_(False),
            )
            .order_by(t.memories.c.memory_id)
            .with_for_update()
        )
        rows = await self._session.connection.execute(statement)
        current = {row.memory_id: row.current_version for row in rows}
        return [item for item in items if current.get(item.memory_id) == item.version]

    async def still_lacking(
        self, bank_id: BankId, model_id: str, items: Sequence[VectorsToAdd]
    ) -> list[VectorsToAdd]:
        """Lock these memories and return those whose version is current and lacks the model's."""
        ids = [item.memory_id for item in items]
        is_asked = (t.memories.c.bank_id == bank_id, t.memories.c.memory_id == func.any(ids))
        locked = select(t.memories.c.memory_id).where(*is_asked).order_by(t.memories.c.memory_id)
        await self._session.connection.execute(locked.with_for_update())
        # A statement of its own: it sees what those who held the locks have committed.
        rows = await self._session.connection.execute(
            select(t.memories.c.memory_id, t.memories.c.current_version).where(
                *_lacks(bank_id, model_id), *is_asked
            )
        )
        current = {row.memory_id: row.current_version for row in rows}
        return [item for item in items if current.get(item.memory_id) == item.version]

    async def _draw_ids(self, count: int) -> list[VectorId]:
        numbers = func.generate_series(1, count).alias("numbers")
        statement = select(t.vector_ids.next_value()).select_from(numbers)
        return [VectorId(drawn) for drawn in await self._session.connection.scalars(statement)]


def _can_have(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    return (t.memories.c.bank_id == bank_id, t.memories.c.state != MemoryState.DELETED)


def _lacks(bank_id: BankId, model_id: str) -> tuple[ColumnElement[bool], ...]:
    has_vectors = (
        select(t.embeddings.c.vector_id)
        .where(
            t.embeddings.c.bank_id == bank_id,
            t.embeddings.c.memory_id == t.memories.c.memory_id,
            t.embeddings.c.version == t.memories.c.current_version,
            t.embeddings.c.model_id == model_id,
            t.embeddings.c.view == TEXT_VIEW,
        )
        .exists()
    )
    return (*_can_have(bank_id), ~has_vectors)
