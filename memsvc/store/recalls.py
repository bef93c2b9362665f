"""Recorded recalls: written in batches, read newest first, trimmed when their time is over."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import MemoryState
from memsvc.domain.operations import Aspect
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.domain.recorded_recalls import RecallId, RecordedHit, RecordedRecall
from memsvc.domain.replays import MemoryNow
from memsvc.errors import InvalidRequestError, RecallNotFoundError
from memsvc.store import tables as t
from memsvc.store.joined_effects import joined_effects
from memsvc.store.judgements import Judgements, judgements_of
from memsvc.store.meanwhile import Meanwhile, meanwhile
from memsvc.store.rows import CURRENT_VERSION
from memsvc.store.session import Session


class RecallLogReader:
    """Looks recorded recalls up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, bank_id: BankId, recall_id: RecallId) -> RecordedRecall:
        """Return a recorded recall; raises ``RecallNotFoundError``."""
        columns = t.recalls.c
        statement = select(t.recalls).where(
            columns.bank_id == bank_id, columns.recall_id == recall_id
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        if row is None:
            raise RecallNotFoundError(recall=str(recall_id))
        hits = await _hits_of(self._session, bank_id, [recall_id])
        judged = await judgements_of(self._session, bank_id, [recall_id])
        return _to_recall(row, hits.get(row.recall_id, ()), judged.get(row.recall_id))

    async def list(self, bank_id: BankId, request: PageRequest) -> Page[RecordedRecall]:
        """Return recorded recalls, newest first."""
        columns = t.recalls.c
        statement = select(t.recalls).where(columns.bank_id == bank_id)
        if request.cursor is not None:
            statement = statement.where(columns.recall_id < _parsed(request.cursor))
        statement = statement.order_by(columns.recall_id.desc()).limit(request.limit + 1)
        rows = list(await self._session.connection.execute(statement))
        ids = [row.recall_id for row in rows]
        hits = await _hits_of(self._session, bank_id, ids)
        judged = await judgements_of(self._session, bank_id, ids)
        found = [
            _to_recall(row, hits.get(row.recall_id, ()), judged.get(row.recall_id)) for row in rows
        ]
        return cut_page(found, request, [str(each.id) for each in found])

    async def memories_now(
        self, bank_id: BankId, memory_ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, MemoryNow]:
        """Return what is known today of memories of an answer; what is gone is left out."""
        memories, versions = t.memories.c, t.memory_versions.c
        statement = (
            select(
                memories.memory_id,
                memories.state,
                memories.current_version,
                memories.recorded_at,
                versions.recorded_at.label("edited_at"),
            )
            .join(t.memory_versions, CURRENT_VERSION)
            .where(
                memories.bank_id == bank_id,
                versions.bank_id == bank_id,
                memories.memory_id == func.any(list(memory_ids)),
            )
        )
        return {
            MemoryId(row.memory_id): MemoryNow(
                state=MemoryState(row.state),
                version=row.current_version,
                recorded_at=row.recorded_at,
                edited_at=row.edited_at,
            )
            for row in await self._session.connection.execute(statement)
        }

    async def meanwhile(
        self, bank_id: BankId, recall_id: RecallId, memory_ids: Sequence[MemoryId]
    ) -> Meanwhile:
        """Return what was done to the bank after the recall, and to which of these memories."""
        return await meanwhile(self._session, bank_id, recall_id, memory_ids)

    async def restored_since(
        self, bank_id: BankId, memory_ids: Sequence[MemoryId], since: datetime
    ) -> set[UUID]:
        """Return those of the memories that an operation has made active since then."""
        effects, operations = t.operation_effects.c, t.operations.c
        statement = joined_effects(bank_id).where(
            operations.recorded_at > since,
            effects.aspect == Aspect.STATE,
            effects.target_id == func.any(list(memory_ids)),
        )
        rows = await self._session.connection.execute(statement)
        return {row.target_id for row in rows if row.after == MemoryState.ACTIVE}


class RecallLogWriter(RecallLogReader):
    """Adds recorded recalls and removes old ones; nothing here is ever changed."""

    async def unerased(
        self, bank_id: BankId, new: Sequence[RecordedRecall]
    ) -> Sequence[RecordedRecall]:
        """Return those that no erasure since they were asked can have been about.

        They have waited to be written, and the erasure did not see them. What goes: all that was
        asked before the end of the last erasure, what is asked for one whose erasure is going on,
        and whatever names a memory that is gone. The bank's row is locked.
        """
        columns = t.erasures.c
        erasures = await self._session.connection.execute(
            select(columns.finished_at, columns.subject).where(columns.bank_id == bank_id)
        )
        until, leaving = None, set[tuple[str, str]]()
        for finished_at, subject in erasures:
            if finished_at is not None:
                until = finished_at if until is None else max(until, finished_at)
            elif subject is not None:
                leaving |= {(f"{subject['kind']}_id", each) for each in subject["values"]}
        named = {hit.memory_id for each in new for hit in each.hits}
        found = await self._session.connection.scalars(
            select(t.memories.c.memory_id).where(
                t.memories.c.bank_id == bank_id, t.memories.c.memory_id == func.any(list(named))
            )
        )
        present = set(found)
        return [
            each
            for each in new
            if (until is None or each.recorded_at > until)
            and leaving.isdisjoint(_asked_for(each))
            and all(hit.memory_id in present for hit in each.hits)
        ]

    async def add(self, bank_id: BankId, new: Sequence[RecordedRecall]) -> None:
        """Insert recalls of one bank with their hits."""
        keys: dict[str, object] = {"bank_id": bank_id, "tenant_id": self._session.tenant_id}
        rows = [
            keys
            | {
                "recall_id": each.id,
                "question": each.question,
                "parameters": dict(each.parameters),
                "settings": dict(each.settings),
                "model_id": each.model_id,
                "backend": each.backend,
                "mode": each.mode,
                "arms": dict(each.arms),
                "took_ms": dict(each.took_ms),
                "actor": each.actor,
                "asked_for": each.asked_for,
                "recorded_at": each.recorded_at,
            }
            for each in new
        ]
        hits = [
            keys
            | {
                "recall_id": each.id,
                "rank": rank,
                "memory_id": hit.memory_id,
                "version": hit.version,
                "score": hit.score,
                "parts": dict(hit.parts),
                "dropped_for": hit.dropped_for,
                "strength": hit.strength,
                "last_reinforced_at": hit.last_reinforced_at,
            }
            for each in new
            for rank, hit in enumerate(each.hits, start=1)
        ]
        await self._session.connection.execute(insert(t.recalls), rows)
        if hits:
            await self._session.connection.execute(insert(t.recall_hits), hits)

    async def trim(self, bank_id: BankId, before: datetime, limit: int) -> int:
        """Remove up to ``limit`` recalls recorded before then, hits included; return how many."""
        columns = t.recalls.c
        old = (
            select(columns.recall_id)
            .where(columns.bank_id == bank_id, columns.recorded_at < before)
            .order_by(columns.recorded_at)
            .limit(limit)
        )
        result = await self._session.connection.execute(
            delete(t.recalls).where(columns.bank_id == bank_id, columns.recall_id.in_(old))
        )
        return result.rowcount


def _asked_for(recall: RecordedRecall) -> set[tuple[str, str]]:
    parts = (recall.parameters.get("filter"), recall.parameters.get("context"))
    return {
        (key, str(part.get(key)))
        for part in parts
        if isinstance(part, Mapping)
        for key in ("user_id", "session_id")
    }


async def _hits_of(
    session: Session, bank_id: BankId, recall_ids: Iterable[UUID]
) -> dict[UUID, list[RecordedHit]]:
    columns = t.recall_hits.c
    statement = (
        select(t.recall_hits)
        .where(columns.bank_id == bank_id, columns.recall_id == func.any(list(recall_ids)))
        .order_by(columns.recall_id, columns.rank)
    )
    found: dict[UUID, list[RecordedHit]] = {}
    for row in await session.connection.execute(statement):
        found.setdefault(row.recall_id, []).append(_to_hit(row))
    return found


def _to_recall(
    row: Row[Any], hits: Sequence[RecordedHit], judged: Judgements | None
) -> RecordedRecall:
    return RecordedRecall(
        id=RecallId(row.recall_id),
        bank_id=BankId(row.bank_id),
        question=row.question,
        parameters=row.parameters,
        settings=row.settings,
        model_id=row.model_id,
        backend=row.backend,
        mode=row.mode,
        arms=row.arms,
        took_ms=row.took_ms,
        actor=row.actor,
        asked_for=row.asked_for,
        recorded_at=row.recorded_at,
        hits=hits,
        helped=() if judged is None else judged.helped,
        misled=() if judged is None else judged.misled,
    )


def _to_hit(row: Row[Any]) -> RecordedHit:
    return RecordedHit(
        memory_id=MemoryId(row.memory_id),
        score=row.score,
        parts=row.parts,
        version=row.version,
        dropped_for=row.dropped_for,
        strength=row.strength,
        last_reinforced_at=row.last_reinforced_at,
    )


def _parsed(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidRequestError("The cursor is not one this listing gave out.") from error
