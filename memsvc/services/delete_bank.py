"""The job that removes the rows of a deleted bank."""

from uuid import UUID

from memsvc.domain.erasure import ErasureId, ErasureState, Subject, SubjectKind
from memsvc.domain.jobs import Job, Progress
from memsvc.domain.memory import BankScope
from memsvc.errors import BankNotFoundError
from memsvc.ports import MemoryIndex
from memsvc.services.erasing.erasure_receipts import ErasureReceipts
from memsvc.services.run_job import JobContext
from memsvc.store.erasure_search import Wanted
from memsvc.store.transactions import Store

_BATCH = 500


class DeleteBank:
    """Removes a bank in small transactions, so that no lock is held for long."""

    def __init__(self, store: Store, index: MemoryIndex, receipts: ErasureReceipts) -> None:
        self._store = store
        self._index = index
        self._receipts = receipts

    async def __call__(self, context: JobContext) -> None:
        """Return when no row of the bank is left; raises ``ErasureIncompleteError`` if one is."""
        job = context.job
        if job.bank_id is None:
            raise BankNotFoundError
        scope = BankScope(tenant_id=job.tenant_id, bank_id=job.bank_id)
        erasure_id = _erasure_of(job)
        await self._index.forget_bank(scope)
        removed = 0
        while True:
            async with self._store.write(job.tenant_id) as tx:
                count = await tx.banks.purge_some(job.bank_id, _BATCH)
                if erasure_id is not None and count:
                    counts = {"memories": count}
                    await tx.erasures.note(job.bank_id, erasure_id, [], [], counts, unnamed=count)
            if not count:
                break
            removed += count
            await context.report_progress(Progress(done=removed, total=removed))
        async with self._store.write(job.tenant_id) as tx:
            await tx.idempotency.drop_of_bank(job.bank_id)
            await tx.banks.purge_rest(job.bank_id)
        if erasure_id is not None:
            await self._search(scope, erasure_id)

    async def _search(self, scope: BankScope, erasure_id: ErasureId) -> None:
        whole = Subject(kind=SubjectKind.BANK, values=[str(scope.bank_id)])
        async with self._store.read(scope.tenant_id) as tx:
            erasure = await tx.erasures.get(scope.bank_id, erasure_id)
            wanted = Wanted(memory_ids=[scope.bank_id], probes=[], subject=whole)
            report = await tx.erasure_search.search(scope.bank_id, wanted)
        if erasure.state is not ErasureState.COMPLETE:
            await self._receipts.close(scope, erasure_id, whole, report)


def _erasure_of(job: Job) -> ErasureId | None:
    """Return the erasure of the whole bank; deletions of earlier releases have none."""
    given = job.payload.get("erasure_id")
    return None if given is None else ErasureId(UUID(str(given)))
