"""What entities have of the erased: the name as they wrote it, and what sort of thing they said."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from memsvc.domain.graph.entities import retyped
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.given import read_set
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.store import tables as t
from memsvc.store.entities import EntityWriter
from memsvc.store.session import Session

_UNNAME = """
    UPDATE entities SET name = form, named_by = NULL
    WHERE bank_id = :bank AND named_by = ANY(CAST(:ids AS uuid[]))"""
_NOBODY = """
    DELETE FROM entities WHERE bank_id = :bank
      AND form NOT IN (SELECT unnest(entities) FROM mentions WHERE bank_id = :bank)
      AND form NOT IN (SELECT told.named->>0 FROM given_sets,
          jsonb_array_elements(mentioned->'names') AS told(named)
          WHERE given_sets.bank_id = :bank)"""
_SET_FREE = """
    UPDATE entities SET merged_into = NULL, compared = 0
    WHERE bank_id = :bank AND merged_into IS NOT NULL AND merged_into NOT IN (
        SELECT kept.entity_id FROM entities AS kept WHERE kept.bank_id = :bank)
    RETURNING form"""
_DROP = """
    DELETE FROM entities WHERE bank_id = :bank AND entity_id = ANY(CAST(:dropped AS uuid[]))"""
_ENTITY_EFFECTS = """
    DELETE FROM operation_effects WHERE bank_id = :bank AND aspect = 'entity'
      AND (target_id NOT IN (SELECT entity_id FROM entities WHERE entities.bank_id = :bank)
           OR (after #>> '{}')::uuid NOT IN (
               SELECT entity_id FROM entities WHERE entities.bank_id = :bank))"""


class EntityEraser:
    """Leaves of a bank's entities what the memories that are left say of them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._entities = EntityWriter(session)

    async def remove(
        self, bank_id: BankId, ids: Sequence[UUID]
    ) -> tuple[dict[str, int], Sequence[MemoryId]]:
        """Remove entities that no memory speaks of any more, and what the erased said of others.

        Called when the memories are gone. Returns rows by table, and the memories whose entities
        are read by another name now.
        """
        unnamed = await self._run(_UNNAME, bank_id, ids=ids)
        if not unnamed.rowcount and not await self._has_entities(bank_id):
            return {}, []
        gone = await self._run(_NOBODY, bank_id)
        changed, untyped = await self._retype(bank_id)
        freed = (await self._run(_SET_FREE, bank_id)).scalars().all()
        effects = await self._run(_ENTITY_EFFECTS, bank_id)
        renamed = await self._entities.mentioning(
            bank_id, {EntityForm(each) for each in freed} | changed
        )
        counts = {
            "entities": gone.rowcount + untyped,
            "entities changed": unnamed.rowcount,
            "effects on entities": effects.rowcount,
        }
        return counts, renamed

    async def _retype(self, bank_id: BankId) -> tuple[set[EntityForm], int]:
        """Take back types that only the erased gave; return the names changed, and rows removed."""
        entities = await self._entities.of_typed_names(bank_id)
        if not entities:
            return set(), 0
        found = retyped(entities, await self._given_types(bank_id, {e.form for e in entities}))
        for entity_id, sort, type_ in found.typed:
            await self._entities.set_type(bank_id, entity_id, sort, type_)
        await self._run(_DROP, bank_id, dropped=list(found.gone))
        changed = {*found.gone, *(entity_id for entity_id, *_ in found.typed)}
        return {e.form for e in entities if e.id in changed}, len(found.gone)

    async def _given_types(
        self, bank_id: BankId, forms: AbstractSet[EntityForm]
    ) -> Mapping[EntityForm, AbstractSet[str]]:
        """Return the types that all given sets of the bank say of these names."""
        found: dict[EntityForm, set[str]] = {}
        async with self._session.connection.stream(
            select(t.given_sets.c.content).where(t.given_sets.c.bank_id == bank_id)
        ) as contents:
            async for content in contents.scalars():
                for form, type_ in _types_in(content):
                    if form in forms:
                        found.setdefault(form, set()).add(type_)
        return found

    async def _has_entities(self, bank_id: BankId) -> bool:
        found = await self._run("SELECT 1 FROM entities WHERE bank_id = :bank LIMIT 1", bank_id)
        return found.first() is not None

    async def _run(self, statement: str, bank_id: BankId, **values: object) -> Any:  # noqa: ANN401
        return await self._session.connection.execute(text(statement), {"bank": bank_id} | values)


def _types_in(content: Any) -> Iterable[tuple[EntityForm, str]]:  # noqa: ANN401 — JSON
    return ((each.form, each.type) for each in read_set(content).named() if each.type is not None)
