"""Consolidating a bank: the stages that organise it, now and one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import TypeAdapter

from memsvc.domain.identifiers import BankId
from memsvc.domain.jobs import Job, JobKind, NewJob
from memsvc.domain.memory import Json
from memsvc.domain.organising.notes import BankNotes
from memsvc.errors import InvalidRequestError
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.services.organising.documents import REWRITE
from memsvc.services.run_job import JobContext
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction


class Stage(Protocol):
    """One part of consolidating. Its steps bear repetition: a job that was stopped goes on."""

    @property
    def name(self) -> str:
        """What callers call it."""
        ...

    async def todo(self, tx: ReadTransaction, bank_id: BankId) -> int:
        """Return how many things it would look at now."""
        ...

    async def run(self, context: JobContext) -> None:
        """Do it, reporting progress and counting what was done (``tx.jobs.count``)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolidateCommand:
    """What to do."""

    stages: Sequence[str] | None = None
    """Some of the stages by name; ``None``: all."""
    retry_set_aside: bool = False
    """Also try again what could not be organised before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """A stage, and how much there is for it to do."""

    name: str
    todo: int
    by_itself: bool
    """Whether it also runs without being asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolidationPlan:
    """What consolidating would do, and how far the bank is."""

    stages: Sequence[StagePlan]
    notes: BankNotes
    job: Job | None
    """The one that is under way."""


class Consolidate:
    """The job: runs those of the stages that it is for, or all, in their order.

    One that is no longer there, as it was turned off while the job waited, is left alone.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages

    async def __call__(self, context: JobContext) -> None:
        """Return when every stage is done."""
        wanted = context.job.payload.get("stages")
        for stage in self._stages:
            if not isinstance(wanted, Sequence) or stage.name in wanted:
                await stage.run(context)


class Consolidation:
    """What callers ask for."""

    def __init__(
        self, store: Store, stages: Sequence[Stage], by_themselves: Sequence[Stage] = ()
    ) -> None:
        """Offer all stages, of which some also run by themselves."""
        self._store = store
        self._stages = stages
        self._by_themselves = {each.name for each in by_themselves}
        self._once = Once(store=store, result=TypeAdapter(Job), bank_of=lambda job: job.bank_id)

    async def plan(self, caller: Caller, reference: BankReference) -> ConsolidationPlan:
        """Return what there is to do; changes nothing."""
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(reference.value)).scope.bank_id
            return ConsolidationPlan(
                stages=[
                    StagePlan(
                        name=stage.name,
                        todo=await stage.todo(tx, bank_id),
                        by_itself=stage.name in self._by_themselves,
                    )
                    for stage in self._stages
                ],
                notes=await tx.organising.notes(bank_id),
                job=await tx.jobs.find_open(JobKind.CONSOLIDATE, bank_id),
            )

    async def start(
        self,
        caller: Caller,
        reference: BankReference,
        command: ConsolidateCommand,
        key: RequestKey | None = None,
    ) -> Outcome[Job]:
        """Queue the job, or return the one that is under way already."""
        stages = self._named(command.stages)

        async def work(tx: WriteTransaction) -> Job:
            bank_id = (await tx.banks.resolve(reference.value)).scope.bank_id
            if command.retry_set_aside:
                await tx.organising.reopen(bank_id)
                await tx.jobs.cancel_set_aside(JobKind.ORGANISE, bank_id)
                await tx.jobs.cancel_set_aside(JobKind.CONSOLIDATE, bank_id)
            payload: dict[str, Json] = {"stages": stages}
            if command.retry_set_aside:
                payload[REWRITE] = True
            open_job = await tx.jobs.find_open(JobKind.CONSOLIDATE, bank_id)
            if open_job is not None and open_job.payload == payload:
                return open_job
            event = AuditEvent(operation="bank.consolidate_requested", details=payload)
            await tx.audit.record(bank_id, caller.actor, [event])
            return await tx.jobs.add(
                NewJob(kind=JobKind.CONSOLIDATE, bank_id=bank_id, payload=payload)
            )

        return await self._once.run(caller, key, work)

    def _named(self, wanted: Sequence[str] | None) -> list[str]:
        known = [stage.name for stage in self._stages]
        unknown = sorted(set(wanted or ()) - set(known))
        if unknown:
            raise InvalidRequestError(
                f"There is no stage {unknown[0]!r}; there are: {', '.join(known)}."
            )
        return [name for name in known if wanted is None or name in wanted]
