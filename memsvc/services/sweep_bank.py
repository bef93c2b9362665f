"""The job that carries a sweep out: batch by batch, one operation, resumable at any point."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from pydantic import TypeAdapter

from memsvc.domain.identifiers import BankId, MemoryId, TenantId
from memsvc.domain.jobs import Job, Progress
from memsvc.domain.memory import Json, MemoryState
from memsvc.domain.operations import Operation, OperationId, OperationState, state_effect
from memsvc.domain.retention.policy import RetentionPolicy
from memsvc.domain.retention.sweep import Fate, FateReason, SweepItem, SweepPlan, plan_sweep
from memsvc.errors import BankNotFoundError, ConflictError
from memsvc.ports import Clock
from memsvc.services.retention import items_of, look, start_sweep
from memsvc.services.run_job import JobContext
from memsvc.services.settling_facts import settle_facts_of
from memsvc.store.audit import AuditEvent
from memsvc.store.transactions import Store, WriteTransaction

_BATCH = 500
_ACTOR = "sweep"
_POLICY = TypeAdapter(RetentionPolicy)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sweep:
    tenant_id: TenantId
    bank_id: BankId
    operation_id: OperationId
    plan: SweepPlan
    items: Mapping[MemoryId, SweepItem]
    """As the plan saw them."""


class SweepBank:
    """Archives what has faded.

    The plan is made from the operation's own instant and policy, so that a job begun again goes
    on where the last one was stopped: what is archived already is not in the new plan. A memory
    that has changed since the plan was made stays for the next sweep.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, context: JobContext) -> None:
        """Return when everything in the plan is done, or the operation was undone meanwhile."""
        sweep = await self._plan(context.job)
        fates = sweep.plan.fates
        for start in range(0, len(fates), _BATCH):
            async with self._store.write(sweep.tenant_id) as tx:
                is_standing = await _carry_out(tx, sweep, fates[start : start + _BATCH])
            if not is_standing:
                _log.info("sweep.undone", operation_id=str(sweep.operation_id))
                return
            done = min(start + _BATCH, len(fates))
            await context.report_progress(Progress(done=done, total=len(fates)))
        _log.info(
            "sweep.ended", bank_id=str(sweep.bank_id), fates=len(fates), staying=sweep.plan.staying
        )

    async def _plan(self, job: Job) -> _Sweep:
        if job.bank_id is None:
            raise BankNotFoundError
        operation_id = OperationId(UUID(str(job.payload["operation_id"])))
        async with self._store.read(job.tenant_id) as tx:
            operation = await tx.operations.get(job.bank_id, operation_id)
            items = await items_of(tx, job.bank_id)
        details = operation.details or {}
        policy = _POLICY.validate_python(details["policy"])
        now = datetime.fromisoformat(str(details["now"]))
        return _Sweep(
            tenant_id=job.tenant_id,
            bank_id=job.bank_id,
            operation_id=operation_id,
            plan=plan_sweep(policy, items, now),
            items={item.memory_id: item for item in items},
        )


class ScheduledSweeps:
    """Starts a sweep of each bank whose policy has something to do."""

    def __init__(self, store: Store, tenant_id: TenantId, clock: Clock) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._clock = clock

    async def __call__(self) -> None:
        """Look at every bank with a policy, each in a transaction of its own."""
        async with self._store.read(self._tenant_id) as tx:
            bank_ids = await tx.retention.swept_banks()
        for bank_id in bank_ids:
            now = self._clock.now()
            async with self._store.read(self._tenant_id) as tx:
                plan = plan_sweep(*await look(tx, bank_id), now)
            if not plan.fates:
                continue
            try:
                async with self._store.write(self._tenant_id) as tx:
                    await start_sweep(tx, _ACTOR, bank_id, None, now)
            except (ConflictError, BankNotFoundError) as error:
                _log.info("sweep.skipped", bank_id=str(bank_id), reason=error.code)


async def _carry_out(tx: WriteTransaction, sweep: _Sweep, fates: Sequence[Fate]) -> bool:
    """Do a batch; tell whether the operation still stands."""
    operation = await tx.operations.lock(sweep.bank_id, sweep.operation_id)
    if operation.state is OperationState.UNDONE:
        return False
    locked = await tx.retention.lock_items(sweep.bank_id, [fate.memory_id for fate in fates])
    unchanged = {item.memory_id for item in locked if item == sweep.items[item.memory_id]}
    due = [fate for fate in fates if fate.memory_id in unchanged]
    archived = [fate.memory_id for fate in due if fate.reason is not FateReason.TOO_OLD]
    expired = [fate.memory_id for fate in due if fate.reason is FateReason.TOO_OLD]
    await tx.retention.move(sweep.bank_id, archived, MemoryState.ARCHIVED)
    await tx.retention.move(sweep.bank_id, expired, MemoryState.EXPIRED)
    await tx.changes.record(sweep.bank_id, sorted(unchanged))
    effects = [state_effect(each, MemoryState.ACTIVE, MemoryState.ARCHIVED) for each in archived]
    await tx.operations.append(sweep.bank_id, sweep.operation_id, effects)
    await tx.operations.set_details(sweep.bank_id, sweep.operation_id, _counted(operation, due))
    await tx.audit.record(sweep.bank_id, operation.actor, [_event(fate, sweep) for fate in due])
    await settle_facts_of(tx, sweep.bank_id, sorted(unchanged))
    return True


def _counted(operation: Operation, due: Sequence[Fate]) -> dict[str, Json]:
    details = dict(operation.details or {})
    for fate in due:
        so_far = details.get(fate.reason.value, 0)
        details[fate.reason.value] = 1 + (so_far if isinstance(so_far, int) else 0)
    return details


def _event(fate: Fate, sweep: _Sweep) -> AuditEvent:
    verb = "expire" if fate.reason is FateReason.TOO_OLD else "archive"
    return AuditEvent(
        operation=f"memory.{verb}",
        memory_id=fate.memory_id,
        details={
            "operation": str(sweep.operation_id),
            "reason": fate.reason.value,
            "retention": round(fate.retention, 6),
        },
    )
