"""Keeping the change log short: what every live index has long applied goes."""

from datetime import timedelta

from memsvc.domain.identifiers import TenantId
from memsvc.domain.paging import PageRequest
from memsvc.ports import Clock
from memsvc.store.transactions import Store

KEPT_FOR = timedelta(hours=6)
"""An index that is asked nothing for longer is loaded afresh: cheaper than its backlog."""


class TrimChanges:
    """Removes old changes, bank by bank."""

    def __init__(self, store: Store, tenant_id: TenantId, clock: Clock) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._clock = clock

    async def __call__(self) -> None:
        """Trim every bank of the tenant, each in its own transaction."""
        before = self._clock.now() - KEPT_FOR
        page = PageRequest(limit=500)
        while True:
            async with self._store.read(self._tenant_id) as tx:
                banks = await tx.banks.list(page)
            for bank in banks.items:
                async with self._store.write(self._tenant_id) as tx:
                    await tx.changes.trim(bank.id, before)
            if banks.next_cursor is None:
                return
            page = PageRequest(limit=500, cursor=banks.next_cursor)
