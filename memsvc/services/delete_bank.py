"""The job that removes the rows of a deleted bank."""

from memsvc.domain.jobs import Progress
from memsvc.domain.memory import BankScope
from memsvc.errors import BankNotFoundError
from memsvc.ports import MemoryIndex
from memsvc.services.run_job import JobContext
from memsvc.store.transactions import Store

_BATCH = 500


class DeleteBank:
    """Removes a bank in small transactions, so that no lock is held for long."""

    def __init__(self, store: Store, index: MemoryIndex) -> None:
        self._store = store
        self._index = index

    async def __call__(self, context: JobContext) -> None:
        """Return when no row of the bank is left."""
        job = context.job
        if job.bank_id is None:
            raise BankNotFoundError
        await self._index.forget_bank(BankScope(tenant_id=job.tenant_id, bank_id=job.bank_id))
        removed = 0
        while True:
            async with self._store.write(job.tenant_id) as tx:
                count = await tx.banks.purge_some(job.bank_id, _BATCH)
            if not count:
                break
            removed += count
            await context.report_progress(Progress(done=removed, total=removed))
        async with self._store.write(job.tenant_id) as tx:
            await tx.idempotency.drop_of_bank(job.bank_id)
            await tx.banks.purge_rest(job.bank_id)
