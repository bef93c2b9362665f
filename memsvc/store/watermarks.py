"""Up to where a document tells of its group, and whether that is still as it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date

from sqlalchemy import Text, cast, func, select

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.store import tables as t
from memsvc.store.session import Session
from memsvc.store.summaries import Group, Level, digest_of_sources, sources_of, within


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """When and by whom the memories of a group were said."""

    first: date
    last: date
    speakers: Sequence[str]
    """In the order of their coming."""
    count: int
    """How many memories there are."""


class WatermarkReader:
    """Looks at groups of memories without reading their texts."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def digest_until(
        self, bank_id: BankId, level: Level, group: Group, last: MemoryId
    ) -> str | None:
        """Return the digest of what is in a group up to a watermark, as it is now."""
        statement = select(digest_of_sources()).where(
            *sources_of(bank_id, level),
            *within(level, group),
            t.memories.c.memory_id <= last,
        )
        digest: str | None = await self._session.connection.scalar(statement)
        return digest

    async def spoken(
        self, bank_id: BankId, level: Level, group: Group, most_speakers: int
    ) -> Spoken | None:
        """Return when and by whom all of a group was said; ``None`` if nothing is there."""
        columns = t.memories.c
        wanted = (*sources_of(bank_id, level), *within(level, group))
        span = select(
            func.min(columns.occurred_at), func.max(columns.occurred_at), func.count()
        ).where(*wanted)
        first, last, count = (await self._session.connection.execute(span)).one()
        if first is None:
            return None
        came = func.min(cast(columns.memory_id, Text))
        statement = (
            select(columns.speaker)
            .where(*wanted, columns.speaker.is_not(None))
            .group_by(columns.speaker)
            .order_by(func.min(columns.occurred_at), came)
            .limit(most_speakers)
        )
        speakers = await self._session.connection.scalars(statement)
        return Spoken(
            first=first.astimezone(UTC).date(),
            last=last.astimezone(UTC).date(),
            speakers=[str(each) for each in speakers],
            count=count,
        )
