"""Background jobs, as users look at them and try them again."""

from pydantic import TypeAdapter

from memsvc.domain.identifiers import JobId
from memsvc.domain.jobs import Job, JobListing
from memsvc.domain.paging import Page, PageRequest
from memsvc.services.commands import Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.store.transactions import Store, WriteTransaction


class Jobs:
    """What callers do with jobs."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._once = Once(store=store, result=TypeAdapter(Job), bank_of=lambda job: job.bank_id)

    async def get(self, caller: Caller, job_id: JobId) -> Job:
        """Return a job; raises ``JobNotFoundError``."""
        async with self._store.read(caller.tenant_id) as tx:
            return await tx.jobs.get(job_id)

    async def list(self, caller: Caller, listing: JobListing, page: PageRequest) -> Page[Job]:
        """Return the tenant's jobs, newest first."""
        async with self._store.read(caller.tenant_id) as tx:
            bank = None if listing.bank is None else await tx.banks.resolve(listing.bank)
            bank_id = None if bank is None else bank.scope.bank_id
            return await tx.jobs.list(page, state=listing.state, kind=listing.kind, bank_id=bank_id)

    async def retry(
        self, caller: Caller, job_id: JobId, key: RequestKey | None = None
    ) -> Outcome[Job]:
        """Queue a job again that failed, waits or was cancelled."""

        async def work(tx: WriteTransaction) -> Job:
            return await tx.jobs.retry(job_id)

        return await self._once.run(caller, key, work)

    async def cancel(
        self, caller: Caller, job_id: JobId, key: RequestKey | None = None
    ) -> Outcome[Job]:
        """Give up a job that leaves everything as it was."""

        async def work(tx: WriteTransaction) -> Job:
            return await tx.jobs.cancel(job_id)

        return await self._once.run(caller, key, work)
