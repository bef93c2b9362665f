"""Erasing whose data it is: asked for, carried out batch by batch, searched for, signed for."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from uuid import UUID

from memsvc.domain.erasure import Erasure, ErasureId, ErasureState, SearchReport, Subject
from memsvc.domain.jobs import Job, JobKind, NewJob, Progress
from memsvc.domain.memory import BankScope, Json
from memsvc.errors import BankNotFoundError, ErasureIncompleteError
from memsvc.ports import Clock, MemoryIndex
from memsvc.services.commands import BankReference, Caller
from memsvc.services.receipts import ReceiptSigner
from memsvc.services.run_job import JobContext
from memsvc.store.audit import AuditEvent
from memsvc.store.erasure_search import Wanted
from memsvc.store.transactions import Store

_BATCH = 2_000
"""Memories a transaction; writers of the bank wait for one."""
_MOST_PROBES = 20
"""Pieces of text to look for afterwards, a batch."""
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedErasure:
    """An erasure and the job that carries it out."""

    erasure_id: ErasureId
    job: Job


class Erase:
    """Starts erasures and tells of them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def preview(self, caller: Caller, bank: BankReference, subject: Subject) -> int:
        """Return how many memories the subject has, whatever their state; change nothing."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.eraser.count(found.scope.bank_id, subject)

    async def start(self, caller: Caller, bank: BankReference, subject: Subject) -> StartedErasure:
        """Note what is to be erased and enqueue the job that does it."""
        async with self._store.write(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            await tx.banks.lock(bank_id)
            erasure_id = await tx.erasures.begin(bank_id, caller.actor, subject)
            job = await tx.jobs.add(
                NewJob(kind=JobKind.ERASE, bank_id=bank_id, payload={"erasure_id": str(erasure_id)})
            )
            return StartedErasure(erasure_id=erasure_id, job=job)

    async def get(self, caller: Caller, bank: BankReference, erasure_id: ErasureId) -> Erasure:
        """Return an erasure with its receipt; raises ``ErasureNotFoundError``."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.erasures.get(found.scope.bank_id, erasure_id)


class EraseData:
    """The job. Each step bears repetition; an erasure that is found incomplete can be retried."""

    def __init__(
        self,
        store: Store,
        index: MemoryIndex,
        signer: ReceiptSigner,
        clock: Clock,
        *,
        backup_days: int,
    ) -> None:
        """Drop what ``index`` holds of the bank; copies in backups last ``backup_days``."""
        self._store = store
        self._index = index
        self._signer = signer
        self._clock = clock
        self._backup_days = backup_days

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
        await self._remove(context, scope, erasure_id, subject)
        # What is held in memory and on disk is read afresh from what is left.
        await self._index.forget_bank(scope)
        report = await self._search(scope, erasure_id, subject)
        state = ErasureState.INCOMPLETE if report.leftovers else ErasureState.COMPLETE
        async with self._store.read(scope.tenant_id) as tx:
            erasure = await tx.erasures.get(scope.bank_id, erasure_id)
        receipt = await self._signer.sign(self._document(erasure, subject, state, report))
        async with self._store.write(scope.tenant_id) as tx:
            await tx.erasures.close(scope.bank_id, erasure_id, state, receipt)
        if report.leftovers:
            raise ErasureIncompleteError(
                f"Something is left in {', '.join(sorted(report.leftovers))}; retry the job."
            )

    async def _remove(
        self, context: JobContext, scope: BankScope, erasure_id: ErasureId, subject: Subject
    ) -> None:
        removed = 0
        while count := await self._remove_batch(scope, erasure_id, subject):
            removed += count
            await context.report_progress(Progress(done=removed, total=removed))
        async with self._store.write(scope.tenant_id) as tx:
            await tx.eraser.hold(scope.bank_id)
            ids, _ = await tx.erasures.notes(scope.bank_id, erasure_id)
            counts, touched = await tx.eraser.remove_traces(scope.bank_id, ids, subject)
            await tx.changes.record(scope.bank_id, touched)
            await tx.erasures.note(scope.bank_id, erasure_id, [], [], counts)

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
            return await tx.erasure_search.search(scope.bank_id, wanted)

    def _document(
        self, erasure: Erasure, subject: Subject, state: ErasureState, report: SearchReport
    ) -> Mapping[str, Json]:
        salt = secrets.token_hex(_SALT_BYTES)
        return {
            "version": 1,
            "erasure_id": str(erasure.id),
            "bank_id": str(erasure.bank_id),
            "state": state.value,
            "subject": {
                "kind": subject.kind.value,
                "salt": salt,
                "sha256": subject.digest(salt),
            },
            "asked_at": erasure.recorded_at.astimezone(UTC).isoformat(),
            "verified_at": self._clock.now().astimezone(UTC).isoformat(),
            "memories": erasure.memory_count,
            "removed": dict(erasure.counts),
            "verification": {
                "searched": dict(report.searched),
                "leftovers": dict(report.leftovers),
                "pending": dict(report.pending),
                "unsearched": list(report.unsearched),
            },
            "backups": f"Backups made before may hold the data for {self._backup_days} days more.",
        }
