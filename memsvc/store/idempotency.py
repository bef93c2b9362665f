"""Idempotency keys: claimed in the transaction of the write they protect.

A concurrent twin blocks on the key's row until the first request commits or rolls back, so that
exactly one of them does the work and the other finds its answer.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.memory import Json
from memsvc.store import tables as t
from memsvc.store.session import Session

KEPT_FOR = timedelta(hours=24)
_EXPIRED_PER_CLAIM = 100


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
        await self._drop_expired(route, key)
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

    async def complete(self, route: str, key: str, response: Json) -> None:
        """Keep the answer for whoever sends the key again."""
        await self._session.connection.execute(
            update(t.idempotency_keys).where(*self._named(route, key)).values(response=response)
        )

    async def _drop_expired(self, route: str, key: str) -> None:
        """Remove this key if it is past its time, and some others with it: no sweep is needed."""
        keys = t.idempotency_keys
        now = self._session.clock.now()
        await self._session.connection.execute(
            delete(keys).where(*self._named(route, key), keys.c.expires_at <= now)
        )
        expired = (
            select(keys.c.route, keys.c.key)
            .where(keys.c.tenant_id == self._session.tenant_id, keys.c.expires_at <= now)
            .limit(_EXPIRED_PER_CLAIM)
            .with_for_update(skip_locked=True)
            .cte("expired")
        )
        await self._session.connection.execute(
            delete(keys).where(
                keys.c.tenant_id == self._session.tenant_id,
                keys.c.route == expired.c.route,
                keys.c.key == expired.c.key,
            )
        )

    def _named(self, route: str, key: str) -> tuple[ColumnElement[bool], ...]:
        keys = t.idempotency_keys.c
        return (keys.tenant_id == self._session.tenant_id, keys.route == route, keys.key == key)
