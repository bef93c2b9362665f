"""Memories and their versions: reading, listing, writing, changing state."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TEXT

from memsvc.domain.filters import MemoryListing, RecallFilter
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.identifiers import BankId, EpisodeId, MemoryId
from memsvc.domain.lexical import ANALYZER_VERSION, LexicalForm
from memsvc.domain.links import LinkType, NewLink
from memsvc.domain.memory import Memory, MemoryKind, MemoryState, MemoryVersion, Metadata
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.errors import InvalidRequestError, MemoryNotFoundError
from memsvc.store import tables as t
from memsvc.store.filters import conditions
from memsvc.store.mentions import mention_columns
from memsvc.store.rows import current_memories, from_memory, shown_memories, to_memory
from memsvc.store.session import Session

_GREATEST_VERSION = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownItem:
    """An item that carries the caller's own id, as it is stored now."""

    memory_id: MemoryId
    version: int
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionToAdd:
    """A memory as it shall be from now on, and how its new version came about."""

    memory: Memory
    content_hash: str
    lexical: LexicalForm
    mentions: Extracted
    operation: str
    actor: str
    reason: str | None = None


class MemoryReader:
    """Looks memories up; every statement names its bank."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get(self, bank_id: BankId, memory_id: MemoryId) -> Memory:
        """Return the memory; raises ``MemoryNotFoundError``."""
        found = await self.fetch(bank_id, [memory_id])
        if memory_id not in found:
            raise MemoryNotFoundError(memory=str(memory_id))
        return found[memory_id]

    async def fetch(
        self, bank_id: BankId, memory_ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, Memory]:
        """Return those of the memories that exist, by id."""
        return await self._fetch(current_memories(bank_id), memory_ids)

    async def fetch_visible(
        self, bank_id: BankId, memory_ids: Sequence[MemoryId], wanted: RecallFilter, now: datetime
    ) -> Mapping[MemoryId, Memory]:
        """Return those of the memories that a recall may show now: re-checked row by row."""
        shown = shown_memories(bank_id, wanted).where(*conditions(wanted, now))
        return await self._fetch(shown, memory_ids)

    async def _fetch(
        self, memories: Select[Any], memory_ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, Memory]:
        if not memory_ids:
            return {}
        rows = await self._session.connection.execute(
            memories.where(t.memories.c.memory_id == func.any(list(memory_ids)))
        )
        return {MemoryId(row.memory_id): to_memory(row) for row in rows}

    async def allowed_ids(
        self, bank_id: BankId, wanted: RecallFilter, now: datetime
    ) -> list[MemoryId]:
        """Return the ids of every memory the filter lets through, in order of id."""
        statement = (
            select(t.memories.c.memory_id)
            .where(t.memories.c.bank_id == bank_id, *conditions(wanted, now))
            .order_by(t.memories.c.memory_id)
        )
        return [MemoryId(found) for found in await self._session.connection.scalars(statement)]

    async def list(
        self, bank_id: BankId, listing: MemoryListing, request: PageRequest
    ) -> Page[Memory]:
        """Return memories in the order they were recorded."""
        restrictions = {
            t.memories.c.kind: listing.kind,
            t.memories.c.state: listing.state,
            t.memories.c.speaker: listing.speaker,
            t.memories.c.session_id: listing.session_id,
            t.memories.c.source: listing.source,
        }
        statement = current_memories(bank_id).where(
            *(column == value for column, value in restrictions.items() if value is not None)
        )
        if request.cursor is not None:
            statement = statement.where(t.memories.c.memory_id > _parse_cursor(request.cursor))
        statement = statement.order_by(t.memories.c.memory_id).limit(request.limit + 1)
        rows = [to_memory(row) for row in await self._session.connection.execute(statement)]
        return cut_page(rows, request, [str(memory.id) for memory in rows])

    async def versions(
        self, bank_id: BankId, memory_id: MemoryId, request: PageRequest
    ) -> Page[MemoryVersion]:
        """Return every version of a memory, oldest first."""
        versions = t.memory_versions.c
        statement = (
            select(t.memory_versions)
            .where(
                versions.bank_id == bank_id,
                versions.memory_id == memory_id,
                versions.version > _parse_version(request.cursor),
            )
            .order_by(versions.version)
            .limit(request.limit + 1)
        )
        rows = [
            MemoryVersion(
                version=row.version,
                text=row.text,
                speaker=row.speaker,
                occurred_at=row.occurred_at,
                operation=row.operation,
                actor=row.actor,
                reason=row.reason,
                content_hash=row.content_hash,
                recorded_at=row.recorded_at,
            )
            for row in await self._session.connection.execute(statement)
        ]
        return cut_page(rows, request, [str(row.version) for row in rows])

    async def known_items(
        self, bank_id: BankId, items: Iterable[tuple[str, str]]
    ) -> Mapping[tuple[str, str], KnownItem]:
        """Return the stored items among these (source, external id) pairs."""
        wanted = list(items)
        if not wanted:
            return {}
        memories, versions = t.memories.c, t.memory_versions.c
        # Two arrays, not a list of pairs: a statement has room for 65,535 values only.
        sources, external_ids = zip(*wanted, strict=True)
        named = func.unnest(
            literal(list(sources), ARRAY(TEXT)), literal(list(external_ids), ARRAY(TEXT))
        ).table_valued("source", "external_id", name="named")
        named = named.render_derived()
        statement = (
            select(
                memories.source,
                memories.external_id,
                memories.memory_id,
                memories.current_version,
                versions.content_hash,
            )
            .join(
                t.memory_versions,
                (versions.bank_id == memories.bank_id)
                & (versions.memory_id == memories.memory_id)
                & (versions.version == memories.current_version),
            )
            .join(
                named,
                (named.c.source == memories.source) & (named.c.external_id == memories.external_id),
            )
            .where(
                memories.bank_id == bank_id,
                versions.bank_id == bank_id,
                memories.external_id.is_not(None),
            )
        )
        return {
            (row.source, row.external_id): KnownItem(
                memory_id=MemoryId(row.memory_id),
                version=row.current_version,
                content_hash=row.content_hash,
            )
            for row in await self._session.connection.execute(statement)
        }

    async def active_passages(
        self, bank_id: BankId, source: str, prefix: str
    ) -> Mapping[int, Memory]:
        """Return a document's active passages by position; their ids are ``prefix`` and it."""
        external_id = t.memories.c.external_id
        statement = current_memories(bank_id).where(
            t.memories.c.source == source,
            t.memories.c.state == MemoryState.ACTIVE,
            t.memories.c.kind == MemoryKind.PASSAGE,
            external_id.startswith(prefix, autoescape=True),
        )
        found = [to_memory(row) for row in await self._session.connection.execute(statement)]
        positions = {(each.external_id or "").removeprefix(prefix): each for each in found}
        return {int(no): each for no, each in positions.items() if no.isdecimal()}

    async def last_of_episode(self, bank_id: BankId, episode_id: EpisodeId) -> MemoryId | None:
        """Return the memory with the highest ``seq`` of an episode."""
        statement = (
            select(t.memories.c.memory_id)
            .where(t.memories.c.bank_id == bank_id, t.memories.c.episode_id == episode_id)
            .order_by(t.memories.c.seq.desc())
            .limit(1)
        )
        return await self._session.connection.scalar(statement)


class MemoryWriter(MemoryReader):
    """Adds memories and versions and moves memories between states."""

    async def add(self, bank_id: BankId, new: Sequence[VersionToAdd]) -> None:
        """Insert memories that do not exist yet, each with its first version."""
        if not new:
            return
        tenant = {"tenant_id": self._session.tenant_id}
        await self._session.connection.execute(
            insert(t.memories), [from_memory(item.memory) | tenant for item in new]
        )
        await self._add_versions(bank_id, new)

    async def replace(self, bank_id: BankId, changed: Sequence[VersionToAdd]) -> None:
        """Give existing memories a new version; what was derived from the old one goes."""
        if not changed:
            return
        # In order of id, as everybody locks memories, so that two batches cannot wait for each
        # other.
        for item in sorted(changed, key=lambda each: each.memory.id):
            await self._session.connection.execute(
                update(t.memories)
                .where(t.memories.c.bank_id == bank_id, t.memories.c.memory_id == item.memory.id)
                .values(_changing_columns(item.memory))
            )
        ids = [item.memory.id for item in changed]
        for table in (t.lexical_forms, t.mentions, t.embeddings):
            await self._session.connection.execute(
                delete(table).where(table.c.bank_id == bank_id, table.c.memory_id == func.any(ids))
            )
        await self._add_versions(bank_id, changed)

    async def _add_versions(self, bank_id: BankId, items: Sequence[VersionToAdd]) -> None:
        tenant_id = self._session.tenant_id
        keys: list[dict[str, object]] = [
            {
                "bank_id": bank_id,
                "memory_id": item.memory.id,
                "version": item.memory.version,
                "tenant_id": tenant_id,
            }
            for item in items
        ]
        versions: list[dict[str, object]] = [
            {
                "text": item.memory.text,
                "speaker": item.memory.speaker,
                "occurred_at": item.memory.occurred_at,
                "operation": item.operation,
                "actor": item.actor,
                "reason": item.reason,
                "content_hash": item.content_hash,
                "recorded_at": item.memory.updated_at,
            }
            for item in items
        ]
        forms: list[dict[str, object]] = [
            {
                "analyzer_version": ANALYZER_VERSION,
                "language": item.lexical.language,
                "length": item.lexical.length,
                "terms": list(item.lexical.terms),
                "counts": list(item.lexical.counts),
            }
            for item in items
        ]
        mentions = [mention_columns(item.mentions) for item in items]
        for table, rows in (
            (t.memory_versions, versions),
            (t.lexical_forms, forms),
            (t.mentions, mentions),
        ):
            merged = [key | row for key, row in zip(keys, rows, strict=True)]
            await self._session.connection.execute(insert(table), merged)

    async def link(self, bank_id: BankId, links: Sequence[NewLink]) -> None:
        """Add links between memories of the bank."""
        if not links:
            return
        now = self._session.clock.now()
        await self._session.connection.execute(
            insert(t.links),
            [
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
                for link in links
            ],
        )

    async def lock(self, bank_id: BankId, memory_id: MemoryId) -> Memory:
        """Return the memory and keep others from changing it until the transaction ends."""
        statement = (
            current_memories(bank_id)
            .where(t.memories.c.memory_id == memory_id)
            .with_for_update(of=t.memories)
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        if row is None:
            raise MemoryNotFoundError(memory=str(memory_id))
        return to_memory(row)

    async def set_state(self, bank_id: BankId, memory_id: MemoryId, state: MemoryState) -> None:
        """Move the memory; the caller has checked that the transition is legal."""
        await self._set(bank_id, memory_id, {"state": state})

    async def expire_due(self, bank_id: BankId, now: datetime, limit: int) -> list[MemoryId]:
        """Move up to ``limit`` active memories whose time is over to ``expired``; return them."""
        memories = t.memories.c
        due = (
            select(memories.memory_id)
            .where(
                memories.bank_id == bank_id,
                memories.state == MemoryState.ACTIVE,
                memories.expires_at <= now,
            )
            .order_by(memories.memory_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            update(t.memories)
            .where(memories.bank_id == bank_id, memories.memory_id.in_(due))
            .values(state=MemoryState.EXPIRED, updated_at=now)
            .returning(memories.memory_id)
        )
        found = await self._session.connection.scalars(statement)
        return [MemoryId(each) for each in found]

    async def set_annotations(
        self, bank_id: BankId, memory_id: MemoryId, metadata: Metadata, *, pinned: bool
    ) -> None:
        """Set the caller's metadata and the pin."""
        await self._set(bank_id, memory_id, {"metadata": dict(metadata), "pinned": pinned})

    async def _set(
        self, bank_id: BankId, memory_id: MemoryId, values: Mapping[str, object]
    ) -> None:
        await self._session.connection.execute(
            update(t.memories)
            .where(t.memories.c.bank_id == bank_id, t.memories.c.memory_id == memory_id)
            .values(**values, updated_at=self._session.clock.now())
        )


def _changing_columns(memory: Memory) -> dict[str, object]:
    """Return the columns that a new version may change."""
    fixed = {"bank_id", "memory_id", "episode_id", "seq", "source", "external_id", "recorded_at"}
    # A memory does not grow weak because its text was corrected.
    fixed |= {"strength", "last_reinforced_at", "recall_count"}
    return {name: value for name, value in from_memory(memory).items() if name not in fixed}


def _parse_cursor(cursor: str) -> UUID:
    try:
        return UUID(cursor)
    except ValueError as error:
        raise InvalidRequestError("The cursor is not one this listing gave out.") from error


def _parse_version(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or int(cursor) > _GREATEST_VERSION:
        raise InvalidRequestError("The cursor is not one this listing gave out.")
    return int(cursor)
