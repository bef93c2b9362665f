"""Entities of a bank: their names, what they were merged into, and the memories read for them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Text,
    Uuid,
    and_,
    cast,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert

from memsvc.domain.facts.extraction import normal_form
from memsvc.domain.graph.entities import EntityId, Seen, StoredEntity, root_of
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.given import read_set
from memsvc.domain.graph.resolution import block_of
from memsvc.domain.graph.sorts import Sort
from memsvc.domain.identifiers import BankId, MemoryId, uuid7
from memsvc.domain.memory import MemoryState
from memsvc.domain.operations import Aspect, OperationKind
from memsvc.domain.thoughts.merging import MADE_KINDS
from memsvc.store import tables as t
from memsvc.store.readings import mark_read, read_again
from memsvc.store.rows import CURRENT_VERSION
from memsvc.store.session import Session
from memsvc.store.undone import undone_effects

_MENTIONING = text(
    "SELECT m.memory_id FROM memories m WHERE m.bank_id = :bank AND m.state = 'active' AND ("
    " EXISTS (SELECT 1 FROM mentions g WHERE g.bank_id = :bank AND g.memory_id = m.memory_id"
    "  AND g.version = m.current_version AND g.entities && CAST(:forms AS text[]))"
    " OR EXISTS (SELECT 1 FROM given_sets s,"
    "  jsonb_array_elements(s.mentioned->'names') AS told(named)"
    "  WHERE s.bank_id = :bank AND s.memory_id = m.memory_id AND s.version = m.current_version"
    "  AND s.holds AND told.named->>0 = ANY(CAST(:forms AS text[])))) ORDER BY m.memory_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingMemory:
    """A memory to read entities from."""

    memory_id: MemoryId
    version: int
    text: str
    title: str | None
    speaker: str | None


class EntityReader:
    """Looks entities up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count_unread(self, bank_id: BankId) -> int:
        """Return how many memories are to be read."""
        statement = select(func.count()).select_from(t.memories).where(*_unread(bank_id))
        return await self._session.connection.scalar(statement) or 0

    async def unread(self, bank_id: BankId, limit: int) -> Sequence[NamingMemory]:
        """Return active memories whose entities are not kept as they are now, by id."""
        memories, versions, episodes = t.memories.c, t.memory_versions.c, t.episodes.c
        statement = (
            select(
                memories.memory_id,
                memories.current_version,
                versions.text,
                episodes.title,
                memories.speaker,
            )
            .join(t.memory_versions, CURRENT_VERSION)
            .outerjoin(
                t.episodes,
                and_(
                    episodes.bank_id == memories.bank_id,
                    episodes.episode_id == memories.episode_id,
                ),
            )
            .where(*_unread(bank_id), versions.bank_id == bank_id)
            .order_by(memories.memory_id)
            .limit(limit)
        )
        return [
            NamingMemory(
                memory_id=MemoryId(row.memory_id),
                version=row.current_version,
                text=row.text,
                title=row.title,
                speaker=row.speaker,
            )
            for row in await self._session.connection.execute(statement)
        ]

    async def given(
        self, bank_id: BankId, versions: Mapping[MemoryId, int]
    ) -> Mapping[MemoryId, Mapping[EntityForm, tuple[str, frozenset[str]]]]:
        """Return the entities given of memories at these versions, as (a name, types)."""
        columns = t.given_sets.c
        statement = select(columns.memory_id, columns.version, columns.content).where(
            columns.bank_id == bank_id,
            columns.memory_id == func.any(list(versions)),
            columns.holds,
        )
        found: dict[MemoryId, dict[EntityForm, tuple[str, frozenset[str]]]] = {}
        for row in await self._session.connection.execute(statement):
            if versions[row.memory_id] != row.version:
                continue
            of_memory = found.setdefault(MemoryId(row.memory_id), {})
            for each in read_set(row.content).named():
                name, types = of_memory.get(each.form, (each.name, frozenset()))
                added = frozenset() if each.type is None else frozenset([each.type])
                of_memory[each.form] = min(name, each.name), types | added
        return found

    async def of_forms(
        self, bank_id: BankId, forms: Iterable[EntityForm]
    ) -> Sequence[StoredEntity]:
        """Return the entities of these names."""
        return await self._entities(bank_id, t.entities.c.form == func.any(sorted(set(forms))))

    async def of_typed_names(self, bank_id: BankId) -> Sequence[StoredEntity]:
        """Return the entities of all names of which one has a type."""
        columns = t.entities.c
        typed = select(columns.form).where(columns.bank_id == bank_id, columns.type.is_not(None))
        return await self._entities(bank_id, columns.form.in_(typed))

    async def of_blocks(self, bank_id: BankId, blocks: Iterable[str]) -> Sequence[StoredEntity]:
        """Return the entities that share their block with others; see ``block_of``."""
        return await self._entities(bank_id, t.entities.c.block == func.any(sorted(set(blocks))))

    async def count_uncompared(self, bank_id: BankId, rules: int) -> int:
        """Return how many entities were not held against others by these rules, as they are."""
        columns = t.entities.c
        statement = (
            select(func.count())
            .select_from(t.entities)
            .where(columns.bank_id == bank_id, columns.compared != rules)
        )
        return await self._session.connection.scalar(statement) or 0

    async def uncompared(self, bank_id: BankId, rules: int, limit: int) -> Sequence[StoredEntity]:
        """Return entities that were not held against others by these rules, as they are, by id."""
        return await self._entities(bank_id, t.entities.c.compared != rules, limit)

    async def of_ids(
        self, bank_id: BankId, ids: Collection[EntityId]
    ) -> Mapping[EntityId, StoredEntity]:
        """Return those of the entities that exist."""
        found = await self._entities(bank_id, t.entities.c.entity_id == func.any(sorted(ids)))
        return {each.id: each for each in found}

    async def resolved_names(self, bank_id: BankId) -> Mapping[str, str]:
        """Return the names of merged entities, as facts have them, and what each is in the end.

        A name that somebody or something else has too says nothing, and is left out.
        """
        merged = await self._entities(bank_id, t.entities.c.merged_into.is_not(None))
        if not merged:
            return {}
        into = {each.merged_into for each in merged if each.merged_into is not None}
        by_id = {**{each.id: each for each in merged}, **await self.of_ids(bank_id, into)}
        found: dict[str, set[str]] = {}
        for each in merged:
            last = normal_form(root_of(each, by_id).name)
            found.setdefault(normal_form(each.name), set()).add(last)
        columns = t.entities.c
        names = select(columns.fact_form).where(
            columns.bank_id == bank_id,
            columns.fact_form == func.any(sorted(found)),
            columns.merged_into.is_(None),
        )
        others = set(await self._session.connection.scalars(names))
        return {
            name: lasts.pop()
            for name, lasts in found.items()
            if len(lasts) == 1 and name not in {*lasts, *others}
        }

    async def names_of(self, bank_id: BankId, ids: Collection[EntityId]) -> set[str]:
        """Return the names of entities, as facts have them."""
        if not ids:
            return set()
        return {normal_form(each.name) for each in (await self.of_ids(bank_id, ids)).values()}

    async def undone(self, bank_id: BankId, ids: Collection[EntityId]) -> set[frozenset[EntityId]]:
        """Return pairs whose merge somebody took back."""
        statement = undone_effects(bank_id, OperationKind.MERGE, Aspect.ENTITY, ids)
        rows = await self._session.connection.execute(statement)
        return {
            frozenset((EntityId(row.target_id), EntityId(UUID(row.after))))
            for row in rows
            if row.after is not None
        }

    async def mentioning(
        self, bank_id: BankId, forms: Collection[EntityForm]
    ) -> Sequence[MemoryId]:
        """Return the active memories that have one of these names, by id."""
        if not forms:
            return []
        given = {"bank": bank_id, "forms": sorted(forms)}
        found = await self._session.connection.execute(_MENTIONING, given)
        return [MemoryId(each) for each in found.scalars()]

    async def _entities(
        self, bank_id: BankId, condition: ColumnElement[bool], limit: int | None = None
    ) -> Sequence[StoredEntity]:
        columns = t.entities.c
        statement = select(t.entities).where(columns.bank_id == bank_id, condition)
        statement = statement.order_by(columns.entity_id).limit(limit)
        rows = await self._session.connection.execute(statement)
        return [to_entity(row) for row in rows]


class EntityWriter(EntityReader):
    """Keeps entities."""

    async def lock(self, bank_id: BankId) -> None:
        """Keep others from adding and merging entities of the bank until the transaction ends."""
        lock = func.pg_advisory_xact_lock(func.hashtextextended(f"entities {bank_id}", 0))
        await self._session.connection.execute(select(lock))

    async def add(
        self, bank_id: BankId, new: Sequence[tuple[Sort | None, Seen]]
    ) -> Sequence[StoredEntity]:
        """Add entities; return them in their order."""
        now = self._session.clock.now()
        added = [
            StoredEntity(
                id=EntityId(uuid7(now)),
                form=seen.form,
                sort=sort,
                name=seen.name,
                type=seen.type,
                merged_into=None,
            )
            for sort, seen in new
        ]
        rows = [
            {
                "bank_id": bank_id,
                "entity_id": each.id,
                "tenant_id": self._session.tenant_id,
                "form": each.form,
                "sort": each.sort or "",
                "type": each.type,
                "name": each.name,
                "fact_form": normal_form(each.name),
                "block": block_of(each.form),
                "named_by": seen.memory_id,
                "merged_into": None,
                "recorded_at": now,
                "compared": 0,
            }
            for each, (_, seen) in zip(added, new, strict=True)
        ]
        if rows:
            await self._session.connection.execute(insert(t.entities), rows)
        return added

    async def set_type(
        self, bank_id: BankId, entity_id: EntityId, sort: Sort | None, type_: str | None
    ) -> None:
        """Say what sort of thing an entity is, or that none is known; it is compared again."""
        await self._set(bank_id, entity_id, {"sort": sort or "", "type": type_, "compared": 0})

    async def name_anew(self, bank_id: BankId, seen: Iterable[Seen]) -> None:
        """Give names to entities whose own went with the memory that wrote it."""
        columns = t.entities.c
        for each in seen:
            await self._session.connection.execute(
                update(t.entities)
                .where(
                    columns.bank_id == bank_id,
                    columns.form == each.form,
                    columns.named_by.is_(None),
                )
                .values(name=each.name, named_by=each.memory_id, fact_form=normal_form(each.name))
            )

    async def nameless(self, bank_id: BankId, forms: Collection[EntityForm]) -> set[EntityForm]:
        """Return those of the forms whose entity no memory has given its name."""
        columns = t.entities.c
        statement = select(columns.form).where(
            columns.bank_id == bank_id,
            columns.form == func.any(sorted(forms)),
            columns.named_by.is_(None),
        )
        return {EntityForm(each) for each in await self._session.connection.scalars(statement)}

    async def merge(self, bank_id: BankId, gone: EntityId, kept: EntityId | None) -> None:
        """Have an entity be another one from now on, or itself again."""
        await self._set(bank_id, gone, {"merged_into": kept})

    async def set_blocks(self, bank_id: BankId, entities: Iterable[StoredEntity]) -> None:
        """Keep the blocks of entities as the rules have them now."""
        columns, found = t.entities.c, [(each.id, block_of(each.form)) for each in entities]
        present = (
            func.unnest(
                cast([key for key, _ in found], ARRAY(Uuid)),
                cast([block for _, block in found], ARRAY(Text)),
            )
            .table_valued("entity_id", "block", name="present")
            .render_derived()
        )
        await self._session.connection.execute(
            update(t.entities)
            .where(
                columns.bank_id == bank_id,
                columns.entity_id == present.c.entity_id,
                columns.block != present.c.block,
            )
            .values(block=present.c.block)
        )

    async def mark_compared(self, bank_id: BankId, ids: Collection[EntityId], rules: int) -> None:
        """Note that entities were held against those of their blocks by these rules."""
        columns = t.entities.c
        await self._session.connection.execute(
            update(t.entities)
            .where(columns.bank_id == bank_id, columns.entity_id == func.any(sorted(ids)))
            .values(compared=rules)
        )

    async def mark_read(self, bank_id: BankId, versions: Mapping[MemoryId, int]) -> None:
        """Note of which versions the entities are kept."""
        await mark_read(self._session, t.entity_readings, bank_id, versions)

    async def _set(
        self, bank_id: BankId, entity_id: EntityId, values: Mapping[str, object]
    ) -> None:
        await self._session.connection.execute(
            update(t.entities)
            .where(t.entities.c.bank_id == bank_id, t.entities.c.entity_id == entity_id)
            .values(**values)
        )


async def forget_readings(session: Session, bank_id: BankId, ids: Collection[MemoryId]) -> None:
    """Have the entities of memories read again: something else is given of them now."""
    await read_again(session, t.entity_readings, bank_id, ids)


def to_entity(row: Row[Any], prefix: str = "") -> StoredEntity:
    """Return the entity of a row whose columns begin with ``prefix``."""
    columns = row._mapping  # noqa: SLF001 — SQLAlchemy's public name for it
    into = columns[f"{prefix}merged_into"]
    return StoredEntity(
        id=EntityId(columns[f"{prefix}entity_id"]),
        form=EntityForm(columns[f"{prefix}form"]),
        sort=Sort(columns[f"{prefix}sort"]) if columns[f"{prefix}sort"] else None,
        name=columns[f"{prefix}name"],
        type=columns[f"{prefix}type"],
        merged_into=None if into is None else EntityId(into),
    )


def _unread(bank_id: BankId) -> tuple[ColumnElement[bool], ...]:
    memories, readings = t.memories.c, t.entity_readings.c
    return (
        memories.bank_id == bank_id,
        memories.state == MemoryState.ACTIVE,
        # What was made from memories has the names of these.
        memories.kind.not_in(MADE_KINDS),
        ~exists().where(
            readings.bank_id == bank_id,
            readings.memory_id == memories.memory_id,
            readings.version == memories.current_version,
        ),
    )
