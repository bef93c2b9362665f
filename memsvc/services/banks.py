"""Banks: create, read, list, change, delete."""

from pydantic import TypeAdapter

from memsvc.domain.erasure import Subject, SubjectKind
from memsvc.domain.jobs import Job, JobKind, NewJob
from memsvc.domain.memory import Bank, BankChange
from memsvc.domain.paging import Page, PageRequest
from memsvc.errors import BankExistsError
from memsvc.ports import Clock
from memsvc.services.commands import (
    BankCreated,
    BankReference,
    Caller,
    NewBank,
    RequestKey,
)
from memsvc.services.embedders import Embedders
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.new_banks import check_bank_name, new_bank
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction


class Banks:
    """What callers do with banks as a whole."""

    def __init__(self, store: Store, embedders: Embedders, clock: Clock) -> None:
        self._store = store
        self._embedders = embedders
        self._clock = clock
        self._created = Once(
            store=store, result=TypeAdapter(BankCreated), bank_of=lambda made: made.bank.id
        )
        self._changed = Once(store=store, result=TypeAdapter(Bank), bank_of=lambda bank: bank.id)
        self._deleted = Once(store=store, result=TypeAdapter(Job), bank_of=lambda _: None)

    async def create(
        self, caller: Caller, new: NewBank, key: RequestKey | None = None
    ) -> Outcome[BankCreated]:
        """Create a bank for the embedding model in use; raises ``BankExistsError``."""
        check_bank_name(new.name)
        bank = new_bank(new, caller.tenant_id, self._embedders.default.model, self._clock.now())

        async def work(tx: WriteTransaction) -> BankCreated:
            created = await tx.banks.create(bank)
            if created:
                await tx.audit.record(bank.id, caller.actor, [AuditEvent(operation="bank.create")])
                return BankCreated(bank=bank, created=True)
            if not new.exist_ok:
                raise BankExistsError(bank=new.name)
            found = await tx.banks.resolve(new.name)
            return BankCreated(bank=await tx.banks.get(found.scope.bank_id), created=False)

        return await self._created.run(caller, key, work)

    async def get(self, caller: Caller, reference: BankReference) -> Bank:
        """Return a bank with its count of active memories."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(reference.value)
            return await tx.banks.get(found.scope.bank_id)

    async def list(self, caller: Caller, page: PageRequest) -> Page[Bank]:
        """Return the tenant's banks by name."""
        async with self._store.read(caller.tenant_id) as tx:
            return await tx.banks.list(page)

    async def update(
        self,
        caller: Caller,
        reference: BankReference,
        change: BankChange,
        key: RequestKey | None = None,
    ) -> Outcome[Bank]:
        """Change a bank's description, language, metadata, arms or what becomes of its facts."""

        async def work(tx: WriteTransaction) -> Bank:
            found = await tx.banks.resolve(reference.value)
            bank_id = found.scope.bank_id
            await tx.banks.change(bank_id, change)
            if change.fact_policy is not None:
                await tx.facts.unsettle(bank_id)
                await tx.thoughts.unsettle(bank_id)
            await tx.audit.record(bank_id, caller.actor, [AuditEvent(operation="bank.update")])
            return await tx.banks.get(bank_id)

        return await self._changed.run(caller, key, work)

    async def delete(
        self, caller: Caller, reference: BankReference, key: RequestKey | None = None
    ) -> Outcome[Job]:
        """Hide a bank at once and remove its rows by a job."""

        async def work(tx: WriteTransaction) -> Job:
            found = await tx.banks.resolve(reference.value)
            bank_id = found.scope.bank_id
            # First: whoever waits for the bank's row to write to it finds it gone.
            await tx.banks.mark_deleting(bank_id)
            await tx.jobs.cancel_for_bank(bank_id)
            erasure_id = tx.erasures.new_id()
            payload = {"erasure_id": str(erasure_id)}
            new = NewJob(kind=JobKind.DELETE_BANK, bank_id=bank_id, payload=payload)
            job = await tx.jobs.add(new)
            whole = Subject(kind=SubjectKind.BANK, values=[str(bank_id)])
            await tx.erasures.begin(bank_id, erasure_id, job.id, caller.actor, whole)
            return job

        return await self._deleted.run(caller, key, work)
