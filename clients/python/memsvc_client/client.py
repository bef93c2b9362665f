"""The service as a whole: banks, jobs, and how it does."""

from collections.abc import AsyncIterator, Iterator
from typing import Self, Unpack

import httpx2

from memsvc_client import calls, erasures, usage
from memsvc_client.async_bank import AsyncBank
from memsvc_client.bank import Bank
from memsvc_client.bank_models import BankModels
from memsvc_client.call import Reference
from memsvc_client.environment import DEFAULT_URL, read_address
from memsvc_client.erasures import ErasureKey
from memsvc_client.index_copies import IndexState, IndexVerification, RebuiltIndex
from memsvc_client.jobs import Job
from memsvc_client.models import BankInfo
from memsvc_client.requests import BankChangeFields, BankFields
from memsvc_client.service_state import Health, Readiness, ServiceVersion
from memsvc_client.transport import AsyncSender, Sender, default_headers
from memsvc_client.usage import ModelUsage
from memsvc_client.waiting import JobWait


class Client:
    """A connection to memsvc, to be closed or used in a ``with`` statement; threads may share it.

    ``timeout_s`` bounds connecting and each wait for bytes, for each attempt. A call that finds no
    service, no answer in time, or a service that is overloaded or not available is tried again up
    to ``max_retries`` times with growing pauses, or after the pause that the service asks for;
    what writes carries one Idempotency-Key over all its attempts, so that it happens once.

    Proxies and certificates of the environment are not used; ``transport`` takes one that does,
    such as ``httpx2.HTTPTransport(proxy=…)``.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        max_retries: int = 3,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        http = httpx2.Client(
            base_url=url,
            headers=default_headers(api_key),
            timeout=timeout_s,
            transport=transport,
            trust_env=False,
        )
        self._sender = Sender(http, max_retries=max_retries)

    @classmethod
    def from_env(cls) -> Self:
        """Connect to ``MEMSVC_URL`` with ``MEMSVC_API_KEY``: the only use of the environment."""
        return cls(**read_address())

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections; the client is of no use afterwards."""
        self._sender.close()

    def bank(self, bank: Reference) -> Bank:
        """Return the bank of this name or id, without asking whether there is one."""
        return Bank(bank, self._sender)

    def create_bank(
        self,
        name: str,
        *,
        exist_ok: bool = False,
        **fields: Unpack[BankFields],
    ) -> BankInfo:
        """Create a bank; with ``exist_ok`` return the one of this name if there is one."""
        return self._sender.send(calls.create_bank(name, exist_ok=exist_ok, **fields))

    def get_bank(self, bank: Reference) -> BankInfo:
        """Return what the service knows of a bank."""
        return self._sender.send(calls.get_bank(bank))

    def list_banks(self) -> Iterator[BankInfo]:
        """Yield all banks; pages are fetched as they are needed."""
        return self._sender.items(calls.list_banks())

    def update_bank(
        self,
        bank: Reference,
        **fields: Unpack[BankChangeFields],
    ) -> BankInfo:
        """Change a bank; what is not given stays."""
        return self._sender.send(calls.update_bank(bank, **fields))

    def delete_bank(self, bank: Reference) -> Job:
        """Delete a bank, which is gone at once; return the job of its physical removal."""
        return self._sender.send(calls.delete_bank(bank))

    def reembed_bank(
        self,
        bank: Reference,
        *,
        model: str | None = None,
        rollback: bool = False,
        least_overlap: float | None = None,
    ) -> Job:
        """Move a bank to another embedding model, or back; return the job that does it."""
        call = calls.reembed_bank(bank, model=model, rollback=rollback, least_overlap=least_overlap)
        return self._sender.send(call)

    def bank_models(self, bank: Reference) -> BankModels:
        """Return the embedding models that a bank has vectors of."""
        return self._sender.send(calls.list_bank_models(bank))

    def index_state(self) -> IndexState:
        """Return what the process that answers holds in memory."""
        return self._sender.send(calls.index_state())

    def verify_index(self, bank: Reference) -> IndexVerification:
        """Compare a bank's copy in the process that answers with PostgreSQL."""
        return self._sender.send(calls.verify_index(bank))

    def rebuild_index(self, bank: Reference) -> RebuiltIndex:
        """Load that copy afresh; the old one answers until then."""
        return self._sender.send(calls.rebuild_index(bank))

    def jobs(
        self,
        *,
        state: str | None = None,
        kind: str | None = None,
        bank: Reference | None = None,
    ) -> Iterator[Job]:
        """Yield jobs; pages are fetched as they are needed."""
        return self._sender.items(calls.list_jobs(state=state, kind=kind, bank=bank))

    def get_job(self, job_id: Reference) -> Job:
        """Return one job."""
        return self._sender.send(calls.get_job(job_id))

    def retry_job(self, job_id: Reference) -> Job:
        """Start a job again that failed, was cancelled, or waits."""
        return self._sender.send(calls.retry_job(job_id))

    def cancel_job(self, job_id: Reference) -> Job:
        """Give up a job that leaves everything as it was, such as a re-embedding."""
        return self._sender.send(calls.cancel_job(job_id))

    def wait_for_jobs(
        self, bank: Reference | None = None, *, timeout_s: float = 300.0, poll_s: float = 0.2
    ) -> float:
        """Wait until no job is open, of ``bank`` or at all; return the seconds it took.

        Jobs that failed or need review are not open. Raises ``JobsTimeoutError``.
        """
        wait = JobWait(timeout_s)
        while (job := self._find_open_job(bank)) is not None:
            self._sender.sleep(wait.pause_s(job, poll_s))
        return wait.elapsed_s

    def model_usage(self, *, days: int = 30) -> ModelUsage:
        """Return what language models were used for, newest day first."""
        return self._sender.send(usage.model_usage(days=days))

    def erasure_key(self) -> ErasureKey:
        """Return the key that receipts of erasures are checked with."""
        return self._sender.send(erasures.erasure_key())

    def health(self) -> Health:
        """Ask whether the service's process lives."""
        return self._sender.send(calls.health())

    def ready(self) -> Readiness:
        """Ask whether the service can work, and what it lacks; "no" is no error."""
        return self._sender.send(calls.ready())

    def version(self) -> ServiceVersion:
        """Ask what the service runs."""
        return self._sender.send(calls.version())

    def _find_open_job(self, bank: Reference | None) -> Job | None:
        pages = (self._sender.send(call) for call in calls.find_open_jobs(bank))
        return next((job for page in pages for job in page.items), None)


class AsyncClient:
    """A connection to memsvc for asyncio: the methods of ``Client``, awaited; listings are async.

    ``AsyncClient(transport=httpx2.ASGITransport(app))`` calls an application in the same process.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        max_retries: int = 3,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        http = httpx2.AsyncClient(
            base_url=url,
            headers=default_headers(api_key),
            timeout=timeout_s,
            transport=transport,
            trust_env=False,
        )
        self._sender = AsyncSender(http, max_retries=max_retries)

    @classmethod
    def from_env(cls) -> Self:
        """See ``Client.from_env``."""
        return cls(**read_address())

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(self, *failure: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """See ``Client.close``."""
        await self._sender.close()

    def bank(self, bank: Reference) -> AsyncBank:
        """See ``Client.bank``."""
        return AsyncBank(bank, self._sender)

    async def create_bank(
        self,
        name: str,
        *,
        exist_ok: bool = False,
        **fields: Unpack[BankFields],
    ) -> BankInfo:
        """See ``Client.create_bank``."""
        return await self._sender.send(calls.create_bank(name, exist_ok=exist_ok, **fields))

    async def get_bank(self, bank: Reference) -> BankInfo:
        """See ``Client.get_bank``."""
        return await self._sender.send(calls.get_bank(bank))

    def list_banks(self) -> AsyncIterator[BankInfo]:
        """See ``Client.list_banks``."""
        return self._sender.items(calls.list_banks())

    async def update_bank(
        self,
        bank: Reference,
        **fields: Unpack[BankChangeFields],
    ) -> BankInfo:
        """See ``Client.update_bank``."""
        return await self._sender.send(calls.update_bank(bank, **fields))

    async def delete_bank(self, bank: Reference) -> Job:
        """See ``Client.delete_bank``."""
        return await self._sender.send(calls.delete_bank(bank))

    async def reembed_bank(
        self,
        bank: Reference,
        *,
        model: str | None = None,
        rollback: bool = False,
        least_overlap: float | None = None,
    ) -> Job:
        """See ``Client.reembed_bank``."""
        call = calls.reembed_bank(bank, model=model, rollback=rollback, least_overlap=least_overlap)
        return await self._sender.send(call)

    async def bank_models(self, bank: Reference) -> BankModels:
        """See ``Client.bank_models``."""
        return await self._sender.send(calls.list_bank_models(bank))

    async def index_state(self) -> IndexState:
        """See ``Client.index_state``."""
        return await self._sender.send(calls.index_state())

    async def verify_index(self, bank: Reference) -> IndexVerification:
        """See ``Client.verify_index``."""
        return await self._sender.send(calls.verify_index(bank))

    async def rebuild_index(self, bank: Reference) -> RebuiltIndex:
        """See ``Client.rebuild_index``."""
        return await self._sender.send(calls.rebuild_index(bank))

    def jobs(
        self,
        *,
        state: str | None = None,
        kind: str | None = None,
        bank: Reference | None = None,
    ) -> AsyncIterator[Job]:
        """See ``Client.jobs``."""
        return self._sender.items(calls.list_jobs(state=state, kind=kind, bank=bank))

    async def get_job(self, job_id: Reference) -> Job:
        """See ``Client.get_job``."""
        return await self._sender.send(calls.get_job(job_id))

    async def retry_job(self, job_id: Reference) -> Job:
        """See ``Client.retry_job``."""
        return await self._sender.send(calls.retry_job(job_id))

    async def cancel_job(self, job_id: Reference) -> Job:
        """See ``Client.cancel_job``."""
        return await self._sender.send(calls.cancel_job(job_id))

    async def wait_for_jobs(
        self, bank: Reference | None = None, *, timeout_s: float = 300.0, poll_s: float = 0.2
    ) -> float:
        """See ``Client.wait_for_jobs``."""
        wait = JobWait(timeout_s)
        while (job := await self._find_open_job(bank)) is not None:
            await self._sender.sleep(wait.pause_s(job, poll_s))
        return wait.elapsed_s

    async def model_usage(self, *, days: int = 30) -> ModelUsage:
        """See ``Client.model_usage``."""
        return await self._sender.send(usage.model_usage(days=days))

    async def erasure_key(self) -> ErasureKey:
        """See ``Client.erasure_key``."""
        return await self._sender.send(erasures.erasure_key())

    async def health(self) -> Health:
        """See ``Client.health``."""
        return await self._sender.send(calls.health())

    async def ready(self) -> Readiness:
        """See ``Client.ready``."""
        return await self._sender.send(calls.ready())

    async def version(self) -> ServiceVersion:
        """See ``Client.version``."""
        return await self._sender.send(calls.version())

    async def _find_open_job(self, bank: Reference | None) -> Job | None:
        for call in calls.find_open_jobs(bank):
            page = await self._sender.send(call)
            if page.items:
                return page.items[0]
        return None
