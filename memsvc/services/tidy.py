"""Hourly tidying: what has had its time goes, bank by bank."""

from datetime import timedelta

from memsvc.domain.bank_models import ModelState
from memsvc.domain.identifiers import BankId, TenantId
from memsvc.domain.jobs import JobKind
from memsvc.ports import Clock
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store

CHANGES_KEPT_FOR = timedelta(hours=6)
"""An index that is asked nothing for longer is loaded afresh: cheaper than its backlog."""

_BATCH = 1_000
_ACTOR = "tidy"


class Tidy:
    """Expires memories whose time is over, trims the change log, forgets old answers.

    Vectors of models that a bank has left go after a while, and so do recorded recalls.
    """

    def __init__(
        self,
        store: Store,
        tenant_id: TenantId,
        clock: Clock,
        *,
        keep_retired: timedelta = timedelta(days=7),
        keep_recalls: timedelta = timedelta(days=30),
    ) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._clock = clock
        self._keep_retired = keep_retired
        self._keep_recalls = keep_recalls

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
            await self._drop_retired(bank_id)
            await self._trim_recalls(bank_id)

    async def _drop_retired(self, bank_id: BankId) -> None:
        """Remove vectors of retired models, and retire one whose building was given up."""
        async with self._store.read(self._tenant_id) as tx:
            states = {each.state for each in await tx.models.list(bank_id)}
        if ModelState.BUILDING in states:
            async with self._store.write(self._tenant_id) as tx:
                if await tx.banks.find(str(bank_id)) is None:
                    return  # deleted since the banks were listed
                serving_id, _ = await tx.models.lock_bank(bank_id)
                if await tx.jobs.find_open(JobKind.REEMBED_BANK, bank_id) is None:
                    await tx.models.retire_other_building(bank_id, serving_id)
        if ModelState.RETIRED not in states:
            return
        before = self._clock.now() - self._keep_retired
        gone = _BATCH
        while gone == _BATCH:
            async with self._store.write(self._tenant_id) as tx:
                gone = await tx.models.purge_some_retired(bank_id, before, _BATCH)

    async def _trim_recalls(self, bank_id: BankId) -> None:
        before = self._clock.now() - self._keep_recalls
        gone = _BATCH
        while gone == _BATCH:
            async with self._store.write(self._tenant_id) as tx:
                gone = await tx.recall_log.trim(bank_id, before, _BATCH)

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
