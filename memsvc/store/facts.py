"""What memories claim: which are to be read, the facts of a slot, and their ends."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, insert

from memsvc.domain.facts.claims import Claim
from memsvc.domain.facts.listing import FactListing
from memsvc.domain.facts.settling import Fact, FactId, Slot
from memsvc.domain.identifiers import BankId, MemoryId, uuid7
from memsvc.domain.memory import FactPolicy, MemoryState
from memsvc.domain.operations import Aspect, Effect, OperationKind
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.errors import InvalidRequestError
from memsvc.store import tables as t
from memsvc.store.carrying import IN_FORCE, carrier, merged_into_any
from memsvc.store.fact_conditions import (
    counts,
    is_given_of_present_text,
    is_known,
    is_listed,
    is_stale,
    is_unread,
)
from memsvc.store.readings import mark_read
from memsvc.store.session import Session
from memsvc.store.undone import undone_effects
from memsvc.store.validity import ValidityStore


class FactReader:
    """Looks up facts, and what is to be done about them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def unread(
        self, bank_id: BankId, limit: int, only: Collection[MemoryId] | None = None
    ) -> Sequence[MemoryId]:
        """Return active memories whose present text was not read for facts yet, by id."""
        statement = select(t.memories.c.memory_id).where(*is_unread(bank_id))
        if only is not None:
            statement = statement.where(t.memories.c.memory_id == func.any(list(only)))
        statement = statement.order_by(t.memories.c.memory_id).limit(limit)
        return [MemoryId(each) for each in await self._session.connection.scalars(statement)]

    async def count_todo(self, bank_id: BankId) -> int:
        """Return how many memories are to be read, and facts whose slots are to be settled."""
        unread = select(func.count()).where(*is_unread(bank_id)).select_from(t.memories)
        stale = select(func.count()).select_from(_WITH_SOURCES).where(*is_stale(bank_id))
        connection = self._session.connection
        return (await connection.scalar(unread) or 0) + (await connection.scalar(stale) or 0)

    async def stale_slots(self, bank_id: BankId, limit: int) -> Sequence[Slot]:
        """Return slots with a fact whose source came or went since they were settled."""
        columns = t.facts.c
        statement = (
            select(columns.subject, columns.predicate)
            .distinct()
            .select_from(_WITH_SOURCES)
            .where(*is_stale(bank_id))
            .order_by(columns.subject, columns.predicate)
            .limit(limit)
        )
        rows = await self._session.connection.execute(statement)
        return [(row.subject, row.predicate) for row in rows]

    async def are_stale(self, bank_id: BankId, ids: Collection[MemoryId]) -> bool:
        """Tell whether a fact of the memories is to be settled, as a state has changed.

        Or one of what was merged into them.
        """
        statement = (
            select(t.facts.c.fact_id)
            .select_from(_WITH_SOURCES)
            .where(
                *is_stale(bank_id),
                or_(
                    t.facts.c.memory_id == func.any(list(ids)),
                    t.facts.c.memory_id.in_(merged_into_any(bank_id, ids)),
                ),
            )
            .limit(1)
        )
        return await self._session.connection.scalar(statement) is not None

    async def of_slots(
        self, bank_id: BankId, slots: Collection[Slot], known_at: datetime | None = None
    ) -> Sequence[Fact]:
        """Return every fact of the slots, in force or not.

        With ``known_at`` only those of memories recorded by then in their present words.
        """
        if not slots:
            return []
        key = tuple_(t.facts.c.subject, t.facts.c.predicate)
        was_known = [] if known_at is None else [is_known(bank_id, known_at)]
        return await self._facts(bank_id, and_(key.in_(sorted(slots)), *was_known))

    async def contested(self, bank_id: BankId, slots: Collection[Slot]) -> set[Slot]:
        """Return those of the slots in which something may end another: a denial, one at a time."""
        if not slots:
            return set()
        columns = t.facts.c
        subjects, predicates = zip(*sorted(slots), strict=True)
        named = func.unnest(
            literal(list(subjects), ARRAY(TEXT)), literal(list(predicates), ARRAY(TEXT))
        ).table_valued("subject", "predicate", name="named")
        named = named.render_derived()
        statement = (
            select(columns.subject, columns.predicate)
            .distinct()
            .join(
                named,
                (named.c.subject == columns.subject) & (named.c.predicate == columns.predicate),
            )
            .where(columns.bank_id == bank_id, or_(columns.denies, columns.is_functional))
        )
        rows = await self._session.connection.execute(statement)
        return {(row.subject, row.predicate) for row in rows}

    async def policy(self, bank_id: BankId) -> FactPolicy:
        """Return what becomes of the bank's facts that another takes the place of."""
        statement = select(t.banks.c.fact_policy).where(t.banks.c.bank_id == bank_id)
        return FactPolicy((await self._session.connection.execute(statement)).scalar_one())

    async def list(self, bank_id: BankId, listing: FactListing, request: PageRequest) -> Page[Fact]:
        """Return facts whose source is in force, those that hold since latest first."""
        columns = t.facts.c
        statement = (
            _with_carriers(bank_id)
            .where(
                columns.bank_id == bank_id,
                t.memories.c.bank_id == bank_id,
                *counts(bank_id, listing.known),
                *is_listed(listing),
            )
            .order_by(columns.valid_from.desc(), columns.fact_id.desc())
            .limit(request.limit + 1)
        )
        if request.cursor is not None:
            key = tuple_(columns.valid_from, columns.fact_id)
            statement = statement.where(key < tuple_(*_parsed(request.cursor)))
        found = [_to_fact(row) for row in await self._session.connection.execute(statement)]
        return cut_page(found, request, [cursor_of(each) for each in found])

    async def of_memories(self, bank_id: BankId, ids: Collection[MemoryId]) -> Sequence[Fact]:
        """Return every fact of the memories."""
        return await self._facts(bank_id, t.facts.c.memory_id == func.any(list(ids)))

    async def slots_of(self, bank_id: BankId, ids: Collection[MemoryId]) -> set[Slot]:
        """Return the slots in which one of the memories has a fact."""
        columns = t.facts.c
        statement = (
            select(columns.subject, columns.predicate)
            .distinct()
            .where(columns.bank_id == bank_id, columns.memory_id == func.any(list(ids)))
        )
        rows = await self._session.connection.execute(statement)
        return {(row.subject, row.predicate) for row in rows}

    async def slots_naming(self, bank_id: BankId, names: Collection[str]) -> set[Slot]:
        """Return the slots with a fact about one of the names, or that says one."""
        if not names:
            return set()
        columns, wanted = t.facts.c, sorted(names)
        statement = (
            select(columns.subject, columns.predicate)
            .distinct()
            .where(
                columns.bank_id == bank_id,
                or_(columns.subject == func.any(wanted), columns.object == func.any(wanted)),
            )
        )
        rows = await self._session.connection.execute(statement)
        return {(row.subject, row.predicate) for row in rows}

    async def of_superseded(
        self, bank_id: BankId, known_at: datetime | None, names: Collection[str] = ()
    ) -> Sequence[Fact]:
        """Return the facts of every slot in which a superseded memory has one.

        Of ``names``, which are of things that have several, all facts of such predicates. With
        ``known_at`` only those of memories recorded by then in their present words.
        """
        gone, old = t.facts.alias("gone").c, t.memories.alias("old").c
        ended = select(gone.subject, gone.predicate).where(
            gone.bank_id == bank_id,
            old.bank_id == bank_id,
            old.memory_id == gone.memory_id,
            old.state == MemoryState.SUPERSEDED,
        )
        of_slot: ColumnElement[bool] = tuple_(t.facts.c.subject, t.facts.c.predicate).in_(ended)
        if names:
            of_name = t.facts.c.subject == func.any(sorted(names))
            predicates = select(ended.subquery().c.predicate)
            of_slot = or_(of_slot, and_(of_name, t.facts.c.predicate.in_(predicates)))
        conditions: list[ColumnElement[bool]] = [of_slot]
        if known_at is not None:
            conditions.append(is_known(bank_id, known_at))
        return await self._facts(bank_id, and_(*conditions))

    async def undone(self, bank_id: BankId, ids: Collection[FactId]) -> set[tuple[FactId, FactId]]:
        """Return pairs (ended, by) of which somebody took the ending back."""
        statement = undone_effects(bank_id, OperationKind.SUPERSEDE, Aspect.VALIDITY, ids)
        rows = await self._session.connection.execute(statement)
        ended = [(row.target_id, row.after["superseded_by"]) for row in rows]
        return {(FactId(target), FactId(UUID(by))) for target, by in ended if by is not None}

    async def apart(self, bank_id: BankId, ids: Collection[MemoryId]) -> set[MemoryId]:
        """Return memories whose fusing with others somebody took back."""
        statement = undone_effects(bank_id, OperationKind.MERGE, Aspect.LINK, ids)
        rows = await self._session.connection.execute(statement)
        return {MemoryId(row.target_id) for row in rows if row.after["reason"] == "fused"}

    async def _facts(self, bank_id: BankId, condition: ColumnElement[bool]) -> Sequence[Fact]:
        statement = (
            _with_carriers(bank_id)
            .where(t.facts.c.bank_id == bank_id, t.memories.c.bank_id == bank_id, condition)
            .order_by(t.facts.c.fact_id)
        )
        return [_to_fact(row) for row in await self._session.connection.execute(statement)]


class FactWriter(FactReader):
    """Keeps facts and their ends."""

    async def lock(self, bank_id: BankId) -> None:
        """Keep others from settling facts of the bank until the transaction ends."""
        lock = func.pg_advisory_xact_lock(func.hashtextextended(f"facts {bank_id}", 0))
        await self._session.connection.execute(select(lock))

    async def replace(
        self,
        bank_id: BankId,
        versions: Mapping[MemoryId, int],
        claims: Mapping[MemoryId, list[Claim]],
    ) -> set[Slot]:
        """Keep what the memories claim at these versions in place of what they claimed before.

        What was given of these versions stays. Returns the slots of both.
        """
        if not versions:
            return set()
        columns, now = t.facts.c, self._session.clock.now()
        gone = await self._session.connection.execute(
            delete(t.facts)
            .where(
                columns.bank_id == bank_id,
                columns.memory_id == func.any(list(versions)),
                or_(columns.origin.is_(None), ~is_given_of_present_text(bank_id)),
            )
            .returning(columns.subject, columns.predicate)
        )
        slots = {(row.subject, row.predicate) for row in gone}
        rows = [
            {
                "bank_id": bank_id,
                "fact_id": uuid7(now),
                "tenant_id": self._session.tenant_id,
                "memory_id": memory_id,
                **claim_columns(claim),
                "stood": True,
                "recorded_at": now,
            }
            for memory_id, some in sorted(claims.items())
            for claim in some
        ]
        if rows:
            await self._session.connection.execute(insert(t.facts), rows)
        await mark_read(self._session, t.fact_readings, bank_id, versions)
        return slots | {claim.slot for some in claims.values() for claim in some}

    async def end(self, bank_id: BankId, effects: Sequence[Effect]) -> None:
        """Set when facts end and by what, as the effects say."""
        await ValidityStore(self._session).assign(bank_id, effects)

    async def unsettle(self, bank_id: BankId, ids: Collection[MemoryId] | None = None) -> None:
        """Have slots settled again, of some memories or all: those with a source in force."""
        statement = update(t.facts).where(t.facts.c.bank_id == bank_id).values(stood=False)
        if ids is not None:
            statement = statement.where(t.facts.c.memory_id == func.any(list(ids)))
        await self._session.connection.execute(statement)

    async def mark_settled(self, bank_id: BankId, facts: Collection[Fact]) -> None:
        """Note of which facts the source was in force when their slots were settled."""
        columns = t.facts.c
        for stands in (True, False):
            ids = [each.id for each in facts if each.stands is stands]
            await self._session.connection.execute(
                update(t.facts)
                .where(columns.bank_id == bank_id, columns.fact_id == func.any(ids))
                .values(stood=stands)
            )


_WITH_SOURCES = t.facts.join(
    t.memories,
    (t.memories.c.bank_id == t.facts.c.bank_id) & (t.memories.c.memory_id == t.facts.c.memory_id),
)


def _with_carriers(bank_id: BankId) -> Select[Any]:
    """Return the statement of facts with the state of their source, and what carries a merged one.

    The caller binds both tables to the bank.
    """
    state = t.memories.c.state
    carried_by = case((state == MemoryState.MERGED, carrier(bank_id)))
    columns = (t.facts, state.label("source_state"), carried_by.label("carried_by"))
    return select(*columns).select_from(_WITH_SOURCES)


def claim_columns(claim: Claim) -> dict[str, object]:
    """Return the columns of ``facts`` that say what is claimed, before anything has ended it."""
    return {
        "subject": claim.subject,
        "predicate": claim.predicate,
        "object": claim.object,
        "rule": claim.rule,
        "denies": claim.denies,
        "is_functional": claim.is_functional,
        "is_change": claim.is_change,
        "valid_from": claim.valid_from,
        "valid_to": None,
        "until": claim.until,
        "said_at": claim.said_at,
        "superseded_by": None,
    }


def cursor_of(fact: Fact) -> str:
    """Return where a listing goes on after the fact."""
    return f"{fact.claim.valid_from.isoformat()}_{fact.id}"


def _parsed(cursor: str) -> tuple[datetime, UUID]:
    since, _, fact_id = cursor.partition("_")
    try:
        return datetime.fromisoformat(since).astimezone(UTC), UUID(fact_id)
    except (ValueError, OverflowError) as error:
        raise InvalidRequestError("The cursor is not one this listing gave out.") from error


def _to_fact(row: Row[Any]) -> Fact:
    return Fact(
        id=FactId(row.fact_id),
        memory_id=MemoryId(row.memory_id),
        claim=Claim(
            subject=row.subject,
            predicate=row.predicate,
            object=row.object,
            valid_from=row.valid_from,
            said_at=row.said_at,
            rule=row.rule,
            denies=row.denies,
            is_functional=row.is_functional,
            is_change=row.is_change,
            until=row.until,
        ),
        valid_to=row.valid_to,
        superseded_by=None if row.superseded_by is None else FactId(row.superseded_by),
        stands=MemoryState(row.source_state) in IN_FORCE or row.carried_by is not None,
        carried_by=None if row.carried_by is None else MemoryId(row.carried_by),
        origin=row.origin,
    )
