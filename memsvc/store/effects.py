"""What operations change, read and set aspect by aspect: how they are undone.

One small class an aspect. ``current`` gives the value as an effect would hold it, for those targets
that still exist; ``assign`` makes it another.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import Json
from memsvc.domain.operations import Aspect, Effect, state_after_undo
from memsvc.domain.retention.reinforcement import Strength
from memsvc.store import tables as t
from memsvc.store.annotations import AnnotationWriter
from memsvc.store.embeddings import ANNOTATED_VIEW, EmbeddingWriter
from memsvc.store.entity_effects import EntityStore
from memsvc.store.given import GivenStore
from memsvc.store.session import Session
from memsvc.store.validity import ValidityStore

Key = tuple[Aspect, UUID, str]


class AspectStore(Protocol):
    """Reads and sets one aspect."""

    async def current(self, bank_id: BankId, effects: Sequence[Effect]) -> Mapping[Key, Json]:
        """Return the present values by the effects' keys; what is gone is left out."""
        ...

    async def assign(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Set every ``after``."""
        ...


def aspect_stores(session: Session) -> Mapping[Aspect, AspectStore]:
    """Return who keeps each aspect."""
    return {
        Aspect.STATE: StateStore(session),
        Aspect.ANNOTATIONS: AnnotationStore(session),
        Aspect.METADATA: ColumnStore(session, "metadata"),
        Aspect.PINNED: ColumnStore(session, "pinned"),
        Aspect.STRENGTH: StrengthStore(session),
        Aspect.LINK: LinkStore(session),
        Aspect.VALIDITY: ValidityStore(session),
        Aspect.GIVEN: GivenStore(session),
        Aspect.ENTITY: EntityStore(session),
    }


class ColumnStore:
    """A column of ``memories`` whose values stand in effects as they are."""

    def __init__(self, session: Session, column: str) -> None:
        self._session = session
        self._column = column

    async def current(self, bank_id: BankId, effects: Sequence[Effect]) -> Mapping[Key, Json]:
        """Return the column of the memories that exist, locked until the transaction ends."""
        columns = t.memories.c
        ids = sorted({effect.target_id for effect in effects})
        statement = (
            select(columns.memory_id, columns[self._column])
            .where(columns.bank_id == bank_id, columns.memory_id == func.any(ids))
            .order_by(columns.memory_id)
            .with_for_update()
        )
        rows = await self._session.connection.execute(statement)
        values = {row[0]: row[1] for row in rows}
        return {e.key: values[e.target_id] for e in effects if e.target_id in values}

    async def assign(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Set the column, one memory at a time."""
        for effect in effects:
            await self._set(bank_id, [effect.target_id], effect.after)

    async def _set(self, bank_id: BankId, ids: Sequence[UUID], value: object) -> None:
        columns = t.memories.c
        await self._session.connection.execute(
            update(t.memories)
            .where(columns.bank_id == bank_id, columns.memory_id == func.any(list(ids)))
            .values({self._column: value, "updated_at": self._session.clock.now()})
        )


class StateStore(ColumnStore):
    """States of memories; many at once, since a sweep may have archived a whole bank."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, "state")

    async def assign(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Set the states, those of one state together."""
        by_state: dict[object, list[UUID]] = {}
        for effect in effects:
            by_state.setdefault(effect.after, []).append(effect.target_id)
        for state, ids in by_state.items():
            await self._set(bank_id, ids, state)


class AnnotationStore(ColumnStore):
    """Which annotations of a memory hold, by their number."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, "annotation")
        self._annotations = AnnotationWriter(session)
        self._embeddings = EmbeddingWriter(session)

    async def assign(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Have other numbers hold, or none; vectors of what held go, and text vectors stay."""
        ids = [MemoryId(effect.target_id) for effect in effects]
        await self._embeddings.remove_view(bank_id, ids, ANNOTATED_VIEW)
        for effect in effects:
            number = None if effect.after is None else int(str(effect.after))
            await self._annotations.hold(bank_id, [MemoryId(effect.target_id)], number)


class StrengthStore:
    """Strengths of memories, and since when their clocks run."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def current(self, bank_id: BankId, effects: Sequence[Effect]) -> Mapping[Key, Json]:
        """Return the strengths of the memories that exist, locked until the transaction ends."""
        found = await self.lock(bank_id, {MemoryId(effect.target_id) for effect in effects})
        return {
            effect.key: found[MemoryId(effect.target_id)].written()
            for effect in effects
            if effect.target_id in found
        }

    async def lock(self, bank_id: BankId, ids: Iterable[MemoryId]) -> Mapping[MemoryId, Strength]:
        """Return those of the memories that exist, and keep others from them."""
        columns = t.memories.c
        statement = (
            select(columns.memory_id, columns.strength, columns.last_reinforced_at)
            .where(columns.bank_id == bank_id, columns.memory_id == func.any(sorted(ids)))
            .order_by(columns.memory_id)
            .with_for_update()
        )
        return {
            MemoryId(row.memory_id): Strength(
                strength=row.strength, last_reinforced_at=row.last_reinforced_at
            )
            for row in await self._session.connection.execute(statement)
        }

    async def assign(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Set the strengths, many with one statement."""
        await self.reinforce(bank_id, effects, ())

    async def reinforce(
        self, bank_id: BankId, effects: Sequence[Effect], recalled: Collection[UUID]
    ) -> None:
        """Set the strengths, and count one recall more for those that one has made stronger."""
        if not effects:
            return
        columns = t.memories.c
        statement = (
            update(t.memories)
            .where(columns.bank_id == bank_id, columns.memory_id == bindparam("target"))
            .values(
                strength=bindparam("new_strength"),
                last_reinforced_at=bindparam("new_clock"),
                recall_count=columns.recall_count + bindparam("recalls"),
                updated_at=self._session.clock.now(),
            )
        )
        wanted = [(effect.target_id, Strength.read(effect.after)) for effect in effects]
        rows = [
            {
                "target": target,
                "new_strength": value.strength,
                "new_clock": value.last_reinforced_at,
                "recalls": int(target in recalled),
            }
            for target, value in wanted
        ]
        await self._session.connection.execute(statement, rows)


class LinkStore:
    """Links: there or not. The reason and weight of one that is there are not compared."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def current(self, bank_id: BankId, effects: Sequence[Effect]) -> Mapping[Key, Json]:
        """Return for each link whether it is there, as the value of the effect, or ``None``."""
        ends = {effect.target_id for effect in effects} | {_to_id(effect) for effect in effects}
        present = await self._present(bank_id, ends)
        links = await self._links(bank_id, {effect.target_id for effect in effects})
        return {
            effect.key: _value(effect) if effect.key[1:] in links else None
            for effect in effects
            if effect.target_id in present and _to_id(effect) in present
        }

    async def assign(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Add the links that have a value and remove those that have none."""
        gone = [effect for effect in effects if effect.after is None]
        columns = t.links.c
        if gone:
            matches = [
                and_(
                    columns.from_id == effect.target_id,
                    columns.type == _value(effect)["type"],
                    columns.to_id == _to_id(effect),
                )
                for effect in gone
            ]
            await self._session.connection.execute(
                delete(t.links).where(columns.bank_id == bank_id, or_(*matches))
            )
        added = [effect for effect in effects if effect.after is not None]
        if added:
            now = self._session.clock.now()
            rows = [
                {
                    "bank_id": bank_id,
                    "from_id": effect.target_id,
                    "type": _value(effect)["type"],
                    "to_id": _to_id(effect),
                    "tenant_id": self._session.tenant_id,
                    "weight": _value(effect).get("weight", 1.0),
                    "reason": _value(effect).get("reason"),
                    "recorded_at": now,
                }
                for effect in added
            ]
            await self._session.connection.execute(insert(t.links).on_conflict_do_nothing(), rows)

    async def _present(self, bank_id: BankId, ids: set[UUID]) -> set[UUID]:
        columns = t.memories.c
        statement = select(columns.memory_id).where(
            columns.bank_id == bank_id, columns.memory_id == func.any(sorted(ids))
        )
        return set(await self._session.connection.scalars(statement))

    async def _links(self, bank_id: BankId, from_ids: set[UUID]) -> set[tuple[UUID, str]]:
        columns = t.links.c
        statement = select(columns.from_id, columns.type, columns.to_id).where(
            columns.bank_id == bank_id, columns.from_id == func.any(sorted(from_ids))
        )
        rows = await self._session.connection.execute(statement)
        return {(row.from_id, f"{row.type} {row.to_id}") for row in rows}


class EffectWriter:
    """Takes effects back, whatever aspects they are of."""

    def __init__(self, session: Session) -> None:
        self._stores = aspect_stores(session)

    async def current(self, bank_id: BankId, effects: Sequence[Effect]) -> Mapping[Key, Json]:
        """Return the present values by the effects' keys; what is gone is left out."""
        found: dict[Key, Json] = {}
        for aspect, some in _by_aspect(effects).items():
            found.update(await self._stores[aspect].current(bank_id, some))
        return found

    async def take_back(self, bank_id: BankId, effects: Sequence[Effect]) -> list[Effect]:
        """Set every ``before``; return what that changed. The caller has checked that it may."""
        done: list[Effect] = []
        for aspect, some in _by_aspect(effects).items():
            inverse = [_taken_back(effect) for effect in some]
            await self._stores[aspect].assign(bank_id, inverse)
            done += inverse
        return done


def _taken_back(effect: Effect) -> Effect:
    if effect.aspect is not Aspect.STATE:
        return effect.inverse
    return Effect(
        aspect=effect.aspect,
        target_id=effect.target_id,
        before=effect.after,
        after=state_after_undo(effect),
    )


def _by_aspect(effects: Sequence[Effect]) -> dict[Aspect, list[Effect]]:
    """Group effects; states come last, so that links to what they hide are gone before."""
    groups: dict[Aspect, list[Effect]] = {}
    for effect in effects:
        groups.setdefault(effect.aspect, []).append(effect)
    return dict(sorted(groups.items(), key=lambda item: item[0] is Aspect.STATE))


def _value(effect: Effect) -> Mapping[str, Json]:
    value = effect.after or effect.before
    assert isinstance(value, Mapping)  # noqa: S101 — made by ``link_effect``
    return value


def _to_id(effect: Effect) -> UUID:
    return UUID(str(_value(effect)["to_id"]))
