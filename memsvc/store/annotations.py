"""Annotations of memories: versions that are only appended, and which of them holds."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.organising.extraction import Annotations
from memsvc.domain.organising.notes import AnnotationVersion, NewAnnotations
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.errors import InvalidRequestError
from memsvc.store import tables as t
from memsvc.store.session import Session

_GREATEST_NUMBER = 2**31 - 1


class AnnotationReader:
    """Looks annotations up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def holding(
        self, bank_id: BankId, memory_ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, AnnotationVersion]:
        """Return the annotations that hold, of those memories that have any."""
        if not memory_ids:
            return {}
        statement = (
            select(t.annotations)
            .join(
                t.memories,
                (t.memories.c.bank_id == t.annotations.c.bank_id)
                & (t.memories.c.memory_id == t.annotations.c.memory_id)
                & (t.memories.c.annotation == t.annotations.c.number),
            )
            .where(
                t.annotations.c.bank_id == bank_id,
                t.memories.c.bank_id == bank_id,
                t.memories.c.memory_id == func.any(list(memory_ids)),
            )
        )
        rows = await self._session.connection.execute(statement)
        return {MemoryId(row.memory_id): _to_version(row) for row in rows}

    async def versions(
        self, bank_id: BankId, memory_id: MemoryId, request: PageRequest
    ) -> Page[AnnotationVersion]:
        """Return every version of a memory's annotations, oldest first."""
        columns = t.annotations.c
        statement = (
            select(t.annotations)
            .where(
                columns.bank_id == bank_id,
                columns.memory_id == memory_id,
                columns.number > _parse_number(request.cursor),
            )
            .order_by(columns.number)
            .limit(request.limit + 1)
        )
        rows = [_to_version(row) for row in await self._session.connection.execute(statement)]
        return cut_page(rows, request, [str(row.number) for row in rows])


class AnnotationWriter(AnnotationReader):
    """Appends versions, and says which one holds."""

    async def add(self, bank_id: BankId, new: Sequence[NewAnnotations]) -> Mapping[MemoryId, int]:
        """Append one version for each memory and have it hold; return their numbers.

        The caller has locked the memories.
        """
        if not new:
            return {}
        columns = t.annotations.c
        ids = [each.memory_id for each in new]
        last = await self._session.connection.execute(
            select(columns.memory_id, func.max(columns.number).label("number"))
            .where(columns.bank_id == bank_id, columns.memory_id == func.any(ids))
            .group_by(columns.memory_id)
        )
        greatest = {MemoryId(row.memory_id): row.number for row in last}
        numbers = {each.memory_id: greatest.get(each.memory_id, 0) + 1 for each in new}
        now = self._session.clock.now()
        rows = [
            {
                "bank_id": bank_id,
                "memory_id": each.memory_id,
                "number": numbers[each.memory_id],
                "tenant_id": self._session.tenant_id,
                "version": each.version,
                "keywords": list(each.annotations.keywords),
                "tags": list(each.annotations.tags),
                "context": each.annotations.context,
                "made_by": each.made_by,
                "model_call": each.model_call,
                "because_of": each.because_of,
                "recorded_at": now,
            }
            for each in new
        ]
        await self._session.connection.execute(insert(t.annotations), rows)
        by_number: dict[int, list[MemoryId]] = {}
        for memory_id, number in numbers.items():
            by_number.setdefault(number, []).append(memory_id)
        for number, some in by_number.items():
            await self.hold(bank_id, some, number)
        return numbers

    async def hold(
        self, bank_id: BankId, memory_ids: Sequence[MemoryId], number: int | None
    ) -> None:
        """Have the annotations of this number hold, or none.

        Vectors of what held before are the caller's to remove (``EmbeddingWriter.remove_view``).
        """
        columns = t.memories.c
        await self._session.connection.execute(
            update(t.memories)
            .where(columns.bank_id == bank_id, columns.memory_id == func.any(list(memory_ids)))
            .values(annotation=number)
        )


def _to_version(row: Row[Any]) -> AnnotationVersion:
    return AnnotationVersion(
        number=row.number,
        version=row.version,
        annotations=Annotations(
            keywords=tuple(row.keywords), tags=tuple(row.tags), context=row.context
        ),
        made_by=row.made_by,
        model_call=row.model_call,
        because_of=None if row.because_of is None else MemoryId(row.because_of),
        recorded_at=row.recorded_at,
    )


def _parse_number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or int(cursor) > _GREATEST_NUMBER:
        raise InvalidRequestError("The cursor is not one this listing gave out.")
    return int(cursor)
