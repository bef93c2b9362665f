"""Hourly tidying: what has had its time goes, bank by bank."""

from datetime import timedelta

from memsvc.domain.identifiers import BankId, TenantId
from memsvc.ports import Clock
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store

CHANGES_KEPT_FOR = timedelta(hours=6)
"""An index that is asked nothing for longer is loaded afresh: cheaper than its backlog."""

_BATCH = 1_000
_ACTOR = "tidy"


class Tidy:
    """Expires memories whose time is over, trims the change log, forgets old answers."""

    def __init__(self, store: Store, tenant_id: TenantId, clock: Clock) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._clock = clock

    async def __call__(self) -> None:
        """Tidy every bank of the tenant, each step in a transaction of its own."""
        async with self._store.write(self._tenant_id) as tx:
            await tx.idempotency.drop_expired()
        async with self._store.read(self._tenant_id) as tx:
            bank_ids = await tx.banks.ids()
        for bank_id in bank_ids:
            await self._expire(bank_id)
            async with self._store.write(self._tenant_id) as tx:
                await tx.changes.trim(bank_id, self._clock.now() - CHANGES_KEPT_FOR)

    async def _expire(self, bank_id: BankId) -> None:
        """Move due memories to ``expired``, so that indexes need not hold them any longer.

        They are hidden from the instant itself; this only saves their cost.
        """
        while True:
            async with self._store.write(self._tenant_id) as tx:
                due = await tx.memories.expire_due(bank_id, self._clock.now(), _BATCH)
                await tx.changes.record(bank_id, due)
                events = [AuditEvent(operation="memory.expire", memory_id=each) for each in due]
                await tx.audit.record(bank_id, _ACTOR, events)
            if len(due) < _BATCH:
                return
