"""Erasing whose data it is: asked for, carried out batch by batch, searched for, signed for."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import TypeAdapter

from memsvc.domain.erasure import Erasure, ErasureId, SearchReport, Subject
from memsvc.domain.identifiers import BankId, JobId
from memsvc.domain.jobs import JobKind, NewJob, Progress
from memsvc.domain.memory import BankScope
from memsvc.domain.paging import Page, PageRequest
from memsvc.errors import BankNotFoundError
from memsvc.ports import BankCopies
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.erasing.erasure_receipts import ErasureReceipts
from memsvc.services.erasing.receipts import ReceiptSigner
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.run_job import JobContext
from memsvc.services.settling_facts import settle_orphaned_facts
from memsvc.store.audit import AuditEvent
from memsvc.store.erasure_search import Wanted
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction

_BATCH = 2_000
"""Memories a transaction; writers of the bank wait for one."""
_MOST_PROBES = 20
"""Pieces of text to look for afterwards, a batch."""
_ROUNDS = 3
"""Of removing and searching: who is erased may be writing meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedErasure:
    """An erasure and the job that carries it out: what is kept as the answer names nobody."""

    bank_id: BankId
    erasure_id: ErasureId
    job_id: JobId


class Erase:
    """Starts erasures and tells of them."""

    def __init__(self, store: Store, signer: ReceiptSigner) -> None:
        self._store = store
        self._signer = signer
        self._once = Once(
            store=store,
            result=TypeAdapter(StartedErasure),
            bank_of=lambda started: started.bank_id,
        )

    async def public_key(self) -> str:
        """Return what receipts are checked with: the Ed25519 key, base64."""
        return await self._signer.public_key()

    async def preview(self, caller: Caller, bank: BankReference, subject: Subject) -> int:
        """Return how many memories the subject has, whatever their state; change nothing."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.eraser.count(found.scope.bank_id, subject)

    async def start(
        self,
        caller: Caller,
        bank: BankReference,
        subject: Subject,
        key: RequestKey | None = None,
    ) -> Outcome[StartedErasure]:
        """Note what is to be erased and enqueue the job that does it."""

        async def work(tx: WriteTransaction) -> StartedErasure:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            await tx.banks.lock(bank_id)
            erasure_id = tx.erasures.new_id()
            payload = {"erasure_id": str(erasure_id)}
            job = await tx.jobs.add(NewJob(kind=JobKind.ERASE, bank_id=bank_id, payload=payload))
            await tx.erasures.begin(bank_id, erasure_id, job.id, caller.actor, subject)
            return StartedErasure(bank_id=bank_id, erasure_id=erasure_id, job_id=job.id)

        return await self._once.run(caller, key, work)

    async def list(self, caller: Caller, bank: BankReference, page: PageRequest) -> Page[Erasure]:
        """Return the bank's erasures, newest first."""
        async with self._store.read(caller.tenant_id) as tx:
            return await tx.erasures.list(await _bank_id(tx, bank), page)

    async def get(self, caller: Caller, bank: BankReference, erasure_id: ErasureId) -> Erasure:
        """Return an erasure with its receipt; raises ``ErasureNotFoundError``."""
        async with self._store.read(caller.tenant_id) as tx:
            return await tx.erasures.get(await _bank_id(tx, bank), erasure_id)


async def _bank_id(tx: ReadTransaction, bank: BankReference) -> BankId:
    """Return a bank's id; of a deleted bank, which has receipts alone, if it is named by id."""
    found = await tx.banks.find(bank.value)
    if found is not None:
        return found.scope.bank_id
    deleted = await tx.erasures.deleted_bank(bank.value)
    if deleted is None:
        raise BankNotFoundError(bank=bank.value)
    return deleted


class EraseData:
    """The job. Each step bears repetition; an erasure that is found incomplete can be retried."""

    def __init__(
        self,
        store: Store,
        copies: BankCopies,
        receipts: ErasureReceipts,
    ) -> None:
        """Have ``copies`` of the bank dropped, and then searched as the tables are."""
        self._store = store
        self._copies = copies
        self._receipts = receipts

    async def __call__(self, context: JobContext) -> None:
        """Return when nothing is left; raises ``ErasureIncompleteError`` when something is."""
        job = context.job
        if job.bank_id is None:
            raise BankNotFoundError
        scope = BankScope(tenant_id=job.tenant_id, bank_id=job.bank_id)
        erasure_id = ErasureId(UUID(str(job.payload["erasure_id"])))
        async with self._store.read(scope.tenant_id) as tx:
            erasure = await tx.erasures.get(scope.bank_id, erasure_id)
        subject = erasure.subject
        if subject is None:
            return
        report = await self._remove_and_search(context, scope, erasure, subject)
        await self._receipts.close(scope, erasure_id, subject, report)

    async def _remove_and_search(
        self, context: JobContext, scope: BankScope, erasure: Erasure, subject: Subject
    ) -> SearchReport:
        report = await self._round(context, scope, erasure, subject)
        rounds = 1
        while report.leftovers and rounds < _ROUNDS:
            report = await self._round(context, scope, erasure, subject)
            rounds += 1
        return report

    async def _round(
        self, context: JobContext, scope: BankScope, erasure: Erasure, subject: Subject
    ) -> SearchReport:
        await self._remove(context, scope, erasure, subject)
        # What is held in memory and on disk is read afresh from what is left.
        await self._copies.drop(scope)
        return await self._search(scope, erasure.id, subject)

    async def _remove(
        self, context: JobContext, scope: BankScope, erasure: Erasure, subject: Subject
    ) -> None:
        erasure_id = erasure.id
        async with self._store.read(scope.tenant_id) as tx:
            expected = await tx.eraser.count(scope.bank_id, subject)
        removed = 0
        while count := await self._remove_batch(scope, erasure_id, subject):
            removed += count
            # What was made from the subject's memories comes on top of what was expected.
            total = max(removed, expected)
            await context.report_progress(Progress(done=removed, total=total))
        async with self._store.write(scope.tenant_id) as tx:
            await tx.eraser.hold(scope.bank_id)
            ids, probes = await tx.erasures.notes(scope.bank_id, erasure_id)
            counts = await tx.eraser.remove_traces(scope.bank_id, ids, subject, probes)
            if ids:
                # In place of saying what has changed: whoever follows has to load afresh.
                await tx.changes.cut(scope.bank_id)
            await tx.erasures.note(scope.bank_id, erasure_id, [], [], counts)
            await settle_orphaned_facts(tx, scope.bank_id)

    async def _remove_batch(self, scope: BankScope, erasure_id: ErasureId, subject: Subject) -> int:
        bank_id = scope.bank_id
        async with self._store.write(scope.tenant_id) as tx:
            await tx.eraser.hold(bank_id)
            ids = await tx.eraser.doomed(bank_id, subject, _BATCH)
            if not ids:
                return 0
            probes = await tx.eraser.probes(bank_id, ids, _MOST_PROBES)
            back = await tx.eraser.reinstate(bank_id, ids)
            counts = await tx.eraser.remove(bank_id, ids)
            await tx.facts.unsettle(bank_id, back)
            await tx.changes.record(bank_id, [*ids, *back])
            events = [AuditEvent(operation="memory.restore", memory_id=each) for each in back]
            await tx.audit.record(bank_id, "erasure", events)
            await tx.erasures.note(bank_id, erasure_id, ids, probes, counts)
            return len(ids)

    async def _search(
        self, scope: BankScope, erasure_id: ErasureId, subject: Subject
    ) -> SearchReport:
        async with self._store.read(scope.tenant_id) as tx:
            ids, probes = await tx.erasures.notes(scope.bank_id, erasure_id)
            wanted = Wanted(memory_ids=ids, probes=probes, subject=subject)
            report = await tx.erasure_search.search(scope.bank_id, wanted)
        return report.joined(await self._copies.search(scope, ids))
