"""Asking for a bank's move to another embedding model, back again, and how far it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from memsvc.domain.bank_models import BankModel, ModelState
from memsvc.domain.jobs import Job, JobKind, NewJob
from memsvc.domain.memory import Json
from memsvc.errors import InvalidRequestError, ReembeddingUnderWayError
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.embedders import Embedders
from memsvc.services.idempotency import Once, Outcome
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ReembedCommand:
    """Which model the bank shall move to: one that is configured, or the one it had before."""

    model: str | None = None
    """A name of the settings, or a model's own name or id."""
    rollback: bool = False
    """Back to the model retired last, whose vectors are still there, without a comparison."""
    least_overlap: float | None = None
    """Instead of the configured one."""


class Reembedding:
    """What callers do about the models of banks."""

    def __init__(self, store: Store, embedders: Embedders) -> None:
        self._store = store
        self._embedders = embedders
        self._once = Once(store=store, result=TypeAdapter(Job), bank_of=lambda job: job.bank_id)

    async def start(
        self,
        caller: Caller,
        reference: BankReference,
        command: ReembedCommand,
        key: RequestKey | None = None,
    ) -> Outcome[Job]:
        """Queue the move. Raises ``ReembeddingUnderWayError`` while another one is open."""
        if (command.model is None) is not command.rollback:
            raise InvalidRequestError("Name a model to move to, or ask for a rollback.")

        async def work(tx: WriteTransaction) -> Job:
            found = await tx.banks.resolve(reference.value)
            bank_id = found.scope.bank_id
            serving_id, _ = await tx.models.lock_bank(bank_id)
            open_job = await tx.jobs.find_open(JobKind.REEMBED_BANK, bank_id)
            if open_job is not None:
                raise ReembeddingUnderWayError(job=str(open_job.id))
            model_id = self._target(command, await tx.models.list(bank_id))
            if model_id == serving_id:
                raise InvalidRequestError("The bank is served by this model already.")
            payload: dict[str, Json] = {"model_id": model_id}
            least = 0.0 if command.rollback else command.least_overlap
            payload |= {} if least is None else {"least_overlap": least}
            payload |= {"rollback": True} if command.rollback else {}
            event = AuditEvent(operation="bank.reembed_requested", details=payload)
            await tx.audit.record(bank_id, caller.actor, [event])
            return await tx.jobs.add(
                NewJob(kind=JobKind.REEMBED_BANK, bank_id=bank_id, payload=payload)
            )

        return await self._once.run(caller, key, work)

    async def models(self, caller: Caller, reference: BankReference) -> Sequence[BankModel]:
        """Return the bank's models, the serving one first."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(reference.value)
            return await tx.models.list(found.scope.bank_id)

    def _target(self, command: ReembedCommand, models: Sequence[BankModel]) -> str:
        if command.model is not None:
            return self._embedders.by_name(command.model).model.id
        # Only a model that has served carries vectors of every memory; one given up has no claim.
        former = [each for each in models if each.state is ModelState.RETIRED]
        if not former:
            raise InvalidRequestError(
                "The bank has no retired model whose vectors are still kept; name a model instead."
            )
        return max(former, key=lambda each: each.retired_at or each.created_at).model_id
