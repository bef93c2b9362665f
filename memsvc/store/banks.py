"""Banks: resolving a reference, listing, creating, changing and removing them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.bank_models import ModelState
from memsvc.domain.bank_names import is_bank_name
from memsvc.domain.erasure import ErasureState, SubjectKind
from memsvc.domain.fusion import Arm
from memsvc.domain.identifiers import BankId, TenantId
from memsvc.domain.memory import (
    Bank,
    BankChange,
    BankScope,
    BankState,
    FactPolicy,
    MemoryState,
    ResolvedBank,
)
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.errors import BankNotFoundError, InvalidRequestError
from memsvc.store import tables as t
from memsvc.store.session import Session


class BankReader:
    """Looks banks up, inside one tenant; a bank being removed is not there."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def resolve(self, reference: str) -> ResolvedBank:
        """Return the bank of this name or id; raises ``BankNotFoundError``."""
        found = await self.find(reference)
        if found is None:
            raise BankNotFoundError(bank=reference)
        return found

    async def find(self, reference: str) -> ResolvedBank | None:
        """Return the bank of this name or id, or ``None``."""
        building = t.bank_models.alias("building")
        building_model_id = (
            select(building.c.model_id)
            .where(building.c.bank_id == t.banks.c.bank_id, building.c.state == ModelState.BUILDING)
            .scalar_subquery()
            .label("building_model_id")
        )
        columns = (t.banks.c.bank_id, t.banks.c.name, t.banks.c.language, t.banks.c.model_id)
        statement = (
            select(*columns, t.banks.c.arms_off, t.bank_models.c.partition_no, building_model_id)
            .join_from(
                t.banks,
                t.bank_models,
                (t.bank_models.c.bank_id == t.banks.c.bank_id)
                & (t.bank_models.c.model_id == t.banks.c.model_id),
                isouter=True,
            )
            .where(
                t.banks.c.tenant_id == self._session.tenant_id,
                t.banks.c.state == BankState.ACTIVE,
                _named(reference),
            )
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return ResolvedBank(
            scope=BankScope(tenant_id=self._session.tenant_id, bank_id=BankId(row.bank_id)),
            name=row.name,
            language=row.language,
            model_id=row.model_id,
            building_model_id=row.building_model_id,
            partition_no=row.partition_no,
            arms_off=frozenset(map(Arm, row.arms_off or ())),
        )

    async def get(self, bank_id: BankId) -> Bank:
        """Return the bank with its count of active memories."""
        statement = _bank_rows().where(
            t.banks.c.tenant_id == self._session.tenant_id, t.banks.c.bank_id == bank_id
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        if row is None:
            raise BankNotFoundError(bank=str(bank_id))
        return _to_bank(row)

    async def list(self, request: PageRequest) -> Page[Bank]:
        """Return banks by name."""
        if request.cursor is not None and not is_bank_name(request.cursor):
            raise InvalidRequestError("The cursor is not one this listing gave out.")
        statement = (
            _bank_rows()
            .where(
                t.banks.c.tenant_id == self._session.tenant_id,
                t.banks.c.state == BankState.ACTIVE,
                t.banks.c.name > (request.cursor or ""),
            )
            .order_by(t.banks.c.name)
            .limit(request.limit + 1)
        )
        rows = (await self._session.connection.execute(statement)).all()
        found = [_to_bank(row) for row in rows]
        return cut_page(found, request, [bank.name for bank in found])

    async def ids(self) -> Sequence[BankId]:
        """Return every bank of the tenant; counts nothing, unlike a listing."""
        statement = (
            select(t.banks.c.bank_id)
            .where(
                t.banks.c.tenant_id == self._session.tenant_id,
                t.banks.c.state == BankState.ACTIVE,
            )
            .order_by(t.banks.c.bank_id)
        )
        return [BankId(each) for each in await self._session.connection.scalars(statement)]


class BankWriter(BankReader):
    """Changes banks."""

    async def create(self, new: Bank) -> bool:
        """Insert the bank unless one of its name exists; tell whether it was inserted."""
        statement = (
            insert(t.banks)
            .values(
                bank_id=new.id,
                tenant_id=new.tenant_id,
                name=new.name,
                description=new.description,
                language=new.language,
                metadata=dict(new.metadata),
                state=new.state,
                model_id=new.model_id,
                dimension=new.dimension,
                changes_trimmed_below=func.pg_snapshot_xmin(func.pg_current_snapshot()),
                created_at=new.created_at,
                updated_at=new.updated_at,
                fact_policy=new.fact_policy,
            )
            .on_conflict_do_nothing()
            .returning(t.banks.c.bank_id)
        )
        if (await self._session.connection.execute(statement)).first() is None:
            return False
        await self._session.connection.execute(
            insert(t.bank_models).values(
                bank_id=new.id,
                model_id=new.model_id,
                tenant_id=new.tenant_id,
                dimension=new.dimension,
                partition_no=t.partition_numbers.next_value(),
                state=ModelState.SERVING,
                created_at=new.created_at,
            )
        )
        return True

    async def change(self, bank_id: BankId, change: BankChange) -> None:
        """Set the given fields."""
        given = {
            "description": change.description,
            "language": change.language,
            "metadata": change.metadata,
            "fact_policy": change.fact_policy,
            "arms_off": None if change.arms_off is None else sorted(set(change.arms_off)),
        }
        values = {name: value for name, value in given.items() if value is not None}
        await self._update(bank_id, values)

    async def mark_deleting(self, bank_id: BankId) -> None:
        """Hide the bank from everyone; its rows go later. Raises ``BankNotFoundError``.

        Waits for writers that hold the bank; those that come later find it gone.
        """
        statement = (
            update(t.banks)
            .where(
                t.banks.c.tenant_id == self._session.tenant_id,
                t.banks.c.bank_id == bank_id,
                t.banks.c.state == BankState.ACTIVE,
            )
            .values(state=BankState.DELETING, updated_at=self._session.clock.now())
        )
        if not (await self._session.connection.execute(statement)).rowcount:
            raise BankNotFoundError(bank=str(bank_id))

    async def lock(self, bank_id: BankId) -> str:
        """Keep the bank, and its model, as they are until the transaction ends.

        Returns the id of the serving model, which may have changed since the bank was looked up.
        """
        statement = (
            select(t.banks.c.model_id)
            .where(
                t.banks.c.tenant_id == self._session.tenant_id,
                t.banks.c.bank_id == bank_id,
                t.banks.c.state == BankState.ACTIVE,
            )
            .with_for_update(read=True)
        )
        model_id = await self._session.connection.scalar(statement)
        if model_id is None:
            raise BankNotFoundError(bank=str(bank_id))
        return str(model_id)

    async def _update(self, bank_id: BankId, values: dict[str, Any]) -> None:
        await self._session.connection.execute(
            update(t.banks)
            .where(t.banks.c.tenant_id == self._session.tenant_id, t.banks.c.bank_id == bank_id)
            .values(**values, updated_at=self._session.clock.now())
        )

    async def purge_some(self, bank_id: BankId, limit: int) -> int:
        """Physically remove up to ``limit`` memories of a bank that is being deleted."""
        doomed = select(t.memories.c.memory_id).where(t.memories.c.bank_id == bank_id).limit(limit)
        result = await self._session.connection.execute(
            t.memories.delete().where(
                t.memories.c.bank_id == bank_id, t.memories.c.memory_id.in_(doomed)
            )
        )
        return result.rowcount

    async def purge_rest(self, bank_id: BankId) -> None:
        """Physically remove what a bank without memories still has, and the bank itself."""
        of_banks = [
            table
            for table in reversed(t.metadata.sorted_tables)
            # A receipt outlives what it is about.
            if table in t.BANK_TABLES and table is not t.erasures
        ]
        # One that was not finished has no such receipt, but notes of whose data it was to erase.
        await self._session.connection.execute(
            t.erasures.delete().where(
                t.erasures.c.bank_id == bank_id,
                t.erasures.c.state != ErasureState.COMPLETE,
                # The erasure of the bank itself is what is going on.
                t.erasures.c.subject["kind"].astext != SubjectKind.BANK,
            )
        )
        for table in (*of_banks, t.bank_models, t.banks):
            await self._session.connection.execute(table.delete().where(table.c.bank_id == bank_id))


def _named(reference: str) -> Any:  # noqa: ANN401 — a SQL expression
    try:
        return t.banks.c.bank_id == UUID(reference)
    except ValueError:
        return t.banks.c.name == reference


def _bank_rows() -> Any:  # noqa: ANN401 — a SELECT of many column types
    memory_count = (
        select(func.count())
        .where(t.memories.c.bank_id == t.banks.c.bank_id, t.memories.c.state == MemoryState.ACTIVE)
        .scalar_subquery()
    )
    return select(t.banks, memory_count.label("memory_count"))


def _to_bank(row: Row[Any]) -> Bank:
    return Bank(
        id=BankId(row.bank_id),
        tenant_id=TenantId(row.tenant_id),
        name=row.name,
        description=row.description,
        language=row.language,
        metadata=row.metadata,
        state=BankState(row.state),
        model_id=row.model_id,
        dimension=row.dimension,
        memory_count=row.memory_count,
        created_at=row.created_at,
        updated_at=row.updated_at,
        fact_policy=FactPolicy(row.fact_policy),
        arms_off=tuple(map(Arm, row.arms_off or ())),
    )
