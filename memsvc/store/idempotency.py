"""Idempotency keys: claimed in the transaction of the write they protect.

A concurrent twin blocks on the key's row until the first request commits or rolls back, so that
exactly one of them does the work and the other finds its answer.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Json
from memsvc.store import tables as t
from memsvc.store.session import Session

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """What an earlier request with the same key answered."""

    body_hash: str
    response: Json


class IdempotencyKeys:
    """The tenant's keys of the last 24 hours."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, route: str, key: str) -> StoredResponse | None:
        """Return the committed answer under this key, if there is one."""
        statement = select(t.idempotency_keys.c.body_hash, t.idempotency_keys.c.response).where(
            *self._named(route, key), t.idempotency_keys.c.expires_at > self._session.clock.now()
        )
        row = (await self._session.connection.execute(statement)).one_or_none()
        return (
            None if row is None else StoredResponse(body_hash=row.body_hash, response=row.response)
        )

    async def claim(self, route: str, key: str, body_hash: str) -> StoredResponse | None:
        """Take the key, waiting for a concurrent holder; return its answer if it committed."""
        expired = t.idempotency_keys.c.expires_at <= self._session.clock.now()
        await self._session.connection.execute(
            delete(t.idempotency_keys).where(*self._named(route, key), expired)
        )
        statement = (
            insert(t.idempotency_keys)
            .values(
                tenant_id=self._session.tenant_id,
                route=route,
                key=key,
                body_hash=body_hash,
                response=None,
                expires_at=self._session.clock.now() + KEPT_FOR,
            )
            .on_conflict_do_nothing()
            .returning(t.idempotency_keys.c.key)
        )
        if (await self._session.connection.execute(statement)).first() is not None:
            return None
        return await self.find(route, key)

    async def complete(self, route: str, key: str, response: Json, bank_id: BankId | None) -> None:
        """Keep the answer for whoever sends the key again; it goes with its bank at the latest."""
        await self._session.connection.execute(
            update(t.idempotency_keys)
            .where(*self._named(route, key))
            .values(response=response, bank_id=bank_id)
        )

    async def drop_expired(self) -> None:
        """Remove every key of the tenant that is past its time."""
        keys = t.idempotency_keys.c
        await self._session.connection.execute(
            delete(t.idempotency_keys).where(
                keys.tenant_id == self._session.tenant_id,
                keys.expires_at <= self._session.clock.now(),
            )
        )

    async def drop_of_bank(self, bank_id: BankId) -> None:
        """Remove the answers about a bank: they may quote what is in it."""
        keys = t.idempotency_keys.c
        await self._session.connection.execute(
            delete(t.idempotency_keys).where(
                keys.tenant_id == self._session.tenant_id, keys.bank_id == bank_id
            )
        )

    def _named(self, route: str, key: str) -> tuple[ColumnElement[bool], ...]:
        keys = t.idempotency_keys.c
        return (keys.tenant_id == self._session.tenant_id, keys.route == route, keys.key == key)
