"""Retention policies of banks, and what sweeps look at."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Row, func, insert, select, update

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import BankState, MemoryKind, MemoryState
from memsvc.domain.retention.policy import RetentionPolicy, StoredPolicy
from memsvc.domain.retention.sweep import SweepItem
from memsvc.store import tables as t
from memsvc.store.session import Session

_PAGE = 5_000
_POLICY = TypeAdapter(RetentionPolicy)


class RetentionReader:
    """Looks policies and the standing of memories up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def policy(self, bank_id: BankId) -> StoredPolicy | None:
        """Return the newest policy, which may be none; ``None`` if there never was one."""
        columns = t.retention_policies.c
        statement = (
            select(t.retention_policies)
            .where(columns.bank_id == bank_id)
            .order_by(columns.version.desc())
            .limit(1)
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return StoredPolicy(
            version=row.version,
            policy=None if row.policy is None else _POLICY.validate_python(row.policy),
            actor=row.actor,
            recorded_at=row.recorded_at,
        )

    async def swept_banks(self) -> Sequence[BankId]:
        """Return the tenant's banks that have a policy now."""
        columns = t.retention_policies.c
        newest = (
            select(columns.bank_id, func.max(columns.version).label("version"))
            .where(columns.tenant_id == self._session.tenant_id)
            .group_by(columns.bank_id)
            .subquery()
        )
        statement = (
            select(columns.bank_id)
            .join(
                newest,
                (newest.c.bank_id == columns.bank_id) & (newest.c.version == columns.version),
            )
            .join(t.banks, t.banks.c.bank_id == columns.bank_id)
            .where(
                columns.tenant_id == self._session.tenant_id,
                t.banks.c.state == BankState.ACTIVE,
                func.jsonb_typeof(columns.policy) == "object",
            )
            .order_by(columns.bank_id)
        )
        return [BankId(each) for each in await self._session.connection.scalars(statement)]

    async def active_items(self, bank_id: BankId) -> AsyncIterator[Sequence[SweepItem]]:
        """Yield every active memory of the bank, in pages in order of id."""
        after: MemoryId | None = None
        while page := await self._page(bank_id, after):
            yield page
            after = page[-1].memory_id

    async def items(self, bank_id: BankId, ids: Sequence[MemoryId]) -> Sequence[SweepItem]:
        """Return those of the memories that exist, in whatever state."""
        memories = t.memories.c
        statement = select(*_columns()).where(
            memories.bank_id == bank_id, memories.memory_id == func.any(list(ids))
        )
        return [_to_item(row) for row in await self._session.connection.execute(statement)]

    async def _page(self, bank_id: BankId, after: MemoryId | None) -> list[SweepItem]:
        memories = t.memories.c
        statement = select(*_columns()).where(
            memories.bank_id == bank_id, memories.state == MemoryState.ACTIVE
        )
        if after is not None:
            statement = statement.where(memories.memory_id > after)
        statement = statement.order_by(memories.memory_id).limit(_PAGE)
        rows = await self._session.connection.execute(statement)
        return [_to_item(row) for row in rows]


class RetentionWriter(RetentionReader):
    """Sets policies and carries sweeps out."""

    async def set_policy(
        self, bank_id: BankId, actor: str, policy: RetentionPolicy | None
    ) -> StoredPolicy:
        """Have the policy hold from now on, ``None`` for none; the bank's row is locked."""
        now = self._session.clock.now()
        current = await self.policy(bank_id)
        stored = StoredPolicy(
            version=1 if current is None else current.version + 1,
            policy=policy,
            actor=actor,
            recorded_at=now,
        )
        await self._session.connection.execute(
            insert(t.retention_policies).values(
                bank_id=bank_id,
                version=stored.version,
                tenant_id=self._session.tenant_id,
                policy=None if policy is None else _POLICY.dump_python(policy, mode="json"),
                actor=actor,
                recorded_at=now,
            )
        )
        return stored

    async def lock_items(self, bank_id: BankId, ids: Sequence[MemoryId]) -> Sequence[SweepItem]:
        """Return those of the memories that are still active, and keep others from them."""
        memories = t.memories.c
        statement = (
            select(*_columns())
            .where(
                memories.bank_id == bank_id,
                memories.memory_id == func.any(sorted(ids)),
                memories.state == MemoryState.ACTIVE,
            )
            .order_by(memories.memory_id)
            .with_for_update()
        )
        rows = await self._session.connection.execute(statement)
        return [_to_item(row) for row in rows]

    async def move(self, bank_id: BankId, ids: Sequence[MemoryId], state: MemoryState) -> None:
        """Move locked memories to a state that is legal for active ones."""
        memories = t.memories.c
        await self._session.connection.execute(
            update(t.memories)
            .where(memories.bank_id == bank_id, memories.memory_id == func.any(list(ids)))
            .values(state=state, updated_at=self._session.clock.now())
        )


def _columns() -> tuple[ColumnElement[Any], ...]:
    memories = t.memories.c
    return (
        memories.memory_id,
        memories.kind,
        memories.recorded_at,
        memories.last_reinforced_at,
        memories.strength,
        memories.pinned,
    )


def _to_item(row: Row[Any]) -> SweepItem:
    return SweepItem(
        memory_id=MemoryId(row.memory_id),
        kind=MemoryKind(row.kind),
        recorded_at=row.recorded_at,
        last_reinforced_at=row.last_reinforced_at,
        strength=row.strength,
        pinned=row.pinned,
    )
