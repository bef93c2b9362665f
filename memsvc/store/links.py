"""Links between memories of a bank: kept in one direction, read in both."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.links import LinkType, NewLink, StoredLink
from memsvc.store import tables as t
from memsvc.store.session import Session


class LinkReader:
    """Looks links up, whichever end is asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def touching(
        self,
        bank_id: BankId,
        memory_ids: Collection[MemoryId],
        *,
        types: Collection[LinkType] = tuple(LinkType),
        limit: int,
    ) -> list[StoredLink]:
        """Return up to ``limit`` links that begin or end at the memories, strongest first."""
        if not memory_ids:
            return []
        columns = t.links.c
        ids = list(memory_ids)
        statement = (
            select(t.links)
            .where(
                columns.bank_id == bank_id,
                columns.type.in_(list(types)),
                or_(columns.from_id == func.any(ids), columns.to_id == func.any(ids)),
            )
            .order_by(columns.weight.desc(), columns.from_id, columns.to_id, columns.type)
            .limit(limit)
        )
        return [_to_link(row) for row in await self._session.connection.execute(statement)]

    async def degrees(
        self, bank_id: BankId, memory_ids: Collection[MemoryId], link_type: LinkType
    ) -> Mapping[MemoryId, int]:
        """Return how many links of a type each of the memories has, at either end."""
        columns = t.links.c
        ids = list(memory_ids)
        of_type = (columns.bank_id == bank_id, columns.type == link_type)
        counts: dict[MemoryId, int] = {}
        for end in (columns.from_id, columns.to_id):
            statement = (
                select(end.label("memory_id"), func.count().label("links"))
                .where(*of_type, end == func.any(ids))
                .group_by(end)
            )
            for row in await self._session.connection.execute(statement):
                memory_id = MemoryId(row.memory_id)
                counts[memory_id] = counts.get(memory_id, 0) + row.links
        return counts


class LinkWriter(LinkReader):
    """Adds and removes links."""

    async def add(self, bank_id: BankId, links: Sequence[NewLink]) -> list[NewLink]:
        """Add those of the links that are not there yet; return them."""
        if not links:
            return []
        now = self._session.clock.now()
        rows = [
            {
                "bank_id": bank_id,
                "from_id": link.from_id,
                "type": LinkType(link.type),
                "to_id": link.to_id,
                "tenant_id": self._session.tenant_id,
                "weight": link.weight,
                "reason": link.reason,
                "recorded_at": now,
            }
            # In order, as everybody inserts them: concurrent writers wait and never deadlock.
            for link in sorted(links, key=lambda each: (each.from_id, each.type, each.to_id))
        ]
        columns = t.links.c
        inserted = await self._session.connection.execute(
            insert(t.links)
            .values(rows)
            .on_conflict_do_nothing()
            .returning(columns.from_id, columns.type, columns.to_id)
        )
        new = {(row.from_id, row.type, row.to_id) for row in inserted}
        return [link for link in links if (link.from_id, link.type.value, link.to_id) in new]

    async def remove_begun(
        self, bank_id: BankId, from_ids: Collection[MemoryId], link_type: LinkType
    ) -> list[NewLink]:
        """Remove the links of a type that begin at any of the memories; return them."""
        columns = t.links.c
        rows = await self._session.connection.execute(
            delete(t.links)
            .where(
                columns.bank_id == bank_id,
                columns.type == link_type,
                columns.from_id == func.any(list(from_ids)),
            )
            .returning(t.links)
        )
        return [_to_link(row).link for row in rows]


def _to_link(row: Row[Any]) -> StoredLink:
    link = NewLink(
        from_id=MemoryId(row.from_id),
        to_id=MemoryId(row.to_id),
        type=LinkType(row.type),
        weight=row.weight,
        reason=row.reason,
    )
    return StoredLink(link=link, recorded_at=row.recorded_at)
