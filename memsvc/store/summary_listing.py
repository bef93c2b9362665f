"""Documents made of memories, listed: which there are, and what time they cover."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType
from memsvc.domain.memory import Memory, MemoryKind
from memsvc.domain.organising.summary_listing import SummaryKind, SummaryListing
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.errors import InvalidRequestError
from memsvc.store import tables as t
from memsvc.store.rows import current_memories, to_memory
from memsvc.store.session import Session
from memsvc.store.summaries import Level

LEVELS: Mapping[SummaryKind, Level] = {
    SummaryKind.SESSION: Level.SESSION,
    SummaryKind.DAY: Level.DAY,
    SummaryKind.ALL: Level.WHOLE,
}


class SummaryLister:
    """Lists documents."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(
        self, bank_id: BankId, listing: SummaryListing, request: PageRequest
    ) -> Page[Memory]:
        """Return documents, newest first."""
        columns = t.memories.c
        kinds = tuple(SummaryKind) if listing.kind is None else (listing.kind,)
        narrowed = {
            columns.state: listing.state,
            columns.user_id: listing.user_id,
            columns.agent_id: listing.agent_id,
            columns.session_id: listing.session_id,
        }
        statement = current_memories(bank_id).where(
            columns.kind == MemoryKind.SUMMARY,
            columns.source.in_([LEVELS[each] for each in kinds]),
            *(column == value for column, value in narrowed.items() if value is not None),
        )
        if request.cursor is not None:
            statement = statement.where(columns.memory_id < _parsed(request.cursor))
        statement = statement.order_by(columns.memory_id.desc()).limit(request.limit + 1)
        rows = [to_memory(row) for row in await self._session.connection.execute(statement)]
        return cut_page(rows, request, [str(each.id) for each in rows])

    async def periods(
        self, bank_id: BankId, ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, tuple[datetime, datetime, int]]:
        """Return of documents when the first and last thing they repeat occurred, and how many."""
        links, memories = t.links.c, t.memories.c
        statement = (
            select(
                links.from_id,
                func.min(memories.occurred_at),
                func.max(memories.occurred_at),
                func.count(),
            )
            .join(t.memories, memories.memory_id == links.to_id)
            .where(
                links.bank_id == bank_id,
                memories.bank_id == bank_id,
                links.from_id == func.any(list(ids)),
                links.type == LinkType.SUMMARISES,
            )
            .group_by(links.from_id)
        )
        rows = await self._session.connection.execute(statement)
        return {MemoryId(row[0]): (row[1], row[2], row[3]) for row in rows}


def _parsed(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidRequestError("The cursor is not one this listing gave out.") from error
