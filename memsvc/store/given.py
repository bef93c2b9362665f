"""Given sets of facts and entities: which of them hold, and the facts that follow from those."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.facts.given_claims import claim_of, fact_id_of
from memsvc.domain.facts.settling import Slot
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.given import GivenMentions, GivenSet, read_set
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import Json, MemoryKind
from memsvc.domain.operations import Aspect, Effect
from memsvc.store import tables as t
from memsvc.store.entities import forget_readings
from memsvc.store.facts import claim_columns
from memsvc.store.session import Session

_SAID_THEN = (MemoryKind.TURN, MemoryKind.OBSERVATION)
"""Kinds of memories that happen when what they say is so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSet:
    """The set of an origin that holds of a memory."""

    number: int
    version: int
    """Of the text that it was given of; of another one it counts for nothing."""
    content: GivenSet


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSet:
    """A set that shall hold in place of what the origin gave before."""

    memory_id: MemoryId
    version: int
    content: GivenSet


def mentioned(content: GivenSet) -> dict[str, Json]:
    """Return the column that the graph reads: names as (form, type, count)."""
    found = content.mentions()
    names = sorted(found.counts.items(), key=lambda each: (each[0][0], each[0][1] or ""))
    return {
        "names": [[form, type_, count] for (form, type_), count in names],
    }


def read_mentions(written: Mapping[str, Any]) -> GivenMentions:
    """Return what the graph reads of a set."""
    return GivenMentions(
        counts={(EntityForm(form), type_): count for form, type_, count in written["names"]}
    )


class GivenReader:
    """Looks given sets up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def holding(
        self, bank_id: BankId, origin: str, memory_ids: Collection[MemoryId]
    ) -> Mapping[MemoryId, HeldSet]:
        """Return which set of the origin holds of each memory that has one."""
        columns = t.given_sets.c
        statement = select(columns.memory_id, columns.number, columns.version, columns.content)
        statement = statement.where(
            columns.bank_id == bank_id,
            columns.origin == origin,
            columns.holds,
            columns.memory_id == func.any(list(memory_ids)),
        )
        return {
            MemoryId(row.memory_id): HeldSet(
                number=row.number, version=row.version, content=read_set(row.content)
            )
            for row in await self._session.connection.execute(statement)
        }


class GivenWriter(GivenReader):
    """Keeps given sets; the caller has locked the memories and the bank's facts."""

    async def hold(
        self, bank_id: BankId, origin: str, new: Sequence[NewSet]
    ) -> tuple[list[Effect], set[Slot]]:
        """Have new sets hold; return the effects, and the slots of facts that came or went."""
        if not new:
            return [], set()
        columns, now = t.given_sets.c, self._session.clock.now()
        ids = [each.memory_id for each in new]
        statement = select(
            columns.memory_id,
            func.max(columns.number).label("last"),
            func.max(columns.number).filter(columns.holds).label("held"),
        ).where(
            columns.bank_id == bank_id,
            columns.origin == origin,
            columns.memory_id == func.any(ids),
        )
        rows = await self._session.connection.execute(statement.group_by(columns.memory_id))
        known = {row.memory_id: (row.last, row.held) for row in rows}
        await self._session.connection.execute(
            update(t.given_sets)
            .where(
                columns.bank_id == bank_id,
                columns.origin == origin,
                columns.memory_id == func.any(ids),
                columns.holds,
            )
            .values(holds=False)
        )
        effects, added = [], []
        for each in new:
            last, held = known.get(each.memory_id, (0, None))
            effects.append(_effect(each.memory_id, origin, held, last + 1))
            added.append(
                {
                    "bank_id": bank_id,
                    "memory_id": each.memory_id,
                    "origin": origin,
                    "number": last + 1,
                    "tenant_id": self._session.tenant_id,
                    "version": each.version,
                    "holds": True,
                    "content": each.content.written(),
                    "mentioned": mentioned(each.content),
                    "recorded_at": now,
                }
            )
        await self._session.connection.execute(insert(t.given_sets), added)
        slots = await _replace_facts(self._session, bank_id, origin, ids, stood=True)
        return effects, slots


class GivenStore:
    """Which given sets hold: ``{"origin", "number"}``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def current(
        self, bank_id: BankId, effects: Sequence[Effect]
    ) -> Mapping[tuple[Aspect, UUID, str], Json]:
        """Return what holds of the memories that exist, locked until the transaction ends."""
        memories, columns = t.memories.c, t.given_sets.c
        ids = sorted({effect.target_id for effect in effects})
        locked = (
            select(memories.memory_id)
            .where(memories.bank_id == bank_id, memories.memory_id == func.any(ids))
            .order_by(memories.memory_id)
            .with_for_update()
        )
        present = set(await self._session.connection.scalars(locked))
        statement = select(columns.memory_id, columns.origin, columns.number).where(
            columns.bank_id == bank_id, columns.memory_id == func.any(ids), columns.holds
        )
        rows = await self._session.connection.execute(statement)
        held = {(row.memory_id, row.origin): row.number for row in rows}
        return {
            each.key: _value(each.key[2], held.get((each.target_id, each.key[2])))
            for each in effects
            if each.target_id in present
        }

    async def assign(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Have other numbers hold, or none; facts that come back are settled with the next ones."""
        columns = t.given_sets.c
        by_origin: dict[str, list[MemoryId]] = {}
        wanted: list[dict[str, object]] = []
        for effect in effects:
            value, origin = effect.after, effect.key[2]
            assert isinstance(value, Mapping)  # noqa: S101 — made by ``_value``
            by_origin.setdefault(origin, []).append(MemoryId(effect.target_id))
            number = value["number"]
            wanted.append({"of": effect.target_id, "by": origin, "no": number or 0})
        chosen = and_(
            columns.bank_id == bank_id,
            columns.memory_id == bindparam("of"),
            columns.origin == bindparam("by"),
        )
        if wanted:
            statement = update(t.given_sets).where(chosen)
            statement = statement.values(holds=columns.number == bindparam("no"))
            await self._session.connection.execute(statement, wanted)
        for origin, ids in by_origin.items():
            await _replace_facts(self._session, bank_id, origin, ids, stood=False)


async def _replace_facts(
    session: Session, bank_id: BankId, origin: str, ids: Sequence[MemoryId], *, stood: bool
) -> set[Slot]:
    """Make the facts of an origin those of its sets that hold; return the slots that changed.

    What was there before and still is stays as it is, with its end.
    """
    facts, now = t.facts.c, session.clock.now()
    await forget_readings(session, bank_id, ids)
    wanted = await _wanted_rows(session, bank_id, origin, ids)
    of_origin = (
        facts.bank_id == bank_id,
        facts.origin == origin,
        facts.memory_id == func.any(list(ids)),
    )
    gone = await session.connection.execute(
        delete(t.facts)
        .where(*of_origin, facts.fact_id != func.all(list(wanted)))
        .returning(facts.subject, facts.predicate)
    )
    slots: set[Slot] = {(row.subject, row.predicate) for row in gone}
    kept = set(await session.connection.scalars(select(facts.fact_id).where(*of_origin)))
    new = [
        {**row, "bank_id": bank_id, "fact_id": fact_id, "stood": stood, "recorded_at": now}
        for fact_id, row in sorted(wanted.items())
        if fact_id not in kept
    ]
    if new:
        await session.connection.execute(insert(t.facts), new)
    return slots | {(str(row["subject"]), str(row["predicate"])) for row in new}


async def _wanted_rows(
    session: Session, bank_id: BankId, origin: str, ids: Sequence[MemoryId]
) -> dict[UUID, dict[str, object]]:
    sets, memories = t.given_sets.c, t.memories.c
    statement = (
        select(memories.memory_id, memories.occurred_at, memories.kind, sets.content)
        .join(
            t.given_sets,
            and_(
                sets.bank_id == memories.bank_id,
                sets.memory_id == memories.memory_id,
                sets.version == memories.current_version,
            ),
        )
        .where(
            memories.bank_id == bank_id,
            sets.bank_id == bank_id,
            sets.origin == origin,
            sets.holds,
            memories.memory_id == func.any(list(ids)),
        )
    )
    wanted: dict[UUID, dict[str, object]] = {}
    for row in await session.connection.execute(statement):
        memory_id = MemoryId(row.memory_id)
        is_spoken = row.kind in _SAID_THEN
        for fact in read_set(row.content).facts:
            claim = claim_of(fact, origin, row.occurred_at, is_spoken=is_spoken)
            wanted[fact_id_of(memory_id, origin, fact)] = {
                "tenant_id": session.tenant_id,
                "memory_id": memory_id,
                "origin": origin,
                **claim_columns(claim),
            }
    return wanted


def _effect(memory_id: MemoryId, origin: str, before: int | None, after: int) -> Effect:
    return Effect(
        aspect=Aspect.GIVEN,
        target_id=memory_id,
        before=_value(origin, before),
        after=_value(origin, after),
    )


def _value(origin: str, number: int | None) -> dict[str, Json]:
    return {"origin": origin, "number": number}
