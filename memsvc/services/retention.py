"""Forgetting: the policy of a bank, what a sweep would do, and when memories will fade."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from memsvc.domain.identifiers import BankId, JobId
from memsvc.domain.jobs import JobKind, NewJob
from memsvc.domain.operations import NewOperation, OperationId, OperationKind
from memsvc.domain.retention.forecast import Forecast, forecast
from memsvc.domain.retention.policy import RetentionPolicy, StoredPolicy
from memsvc.domain.retention.sweep import SweepItem, SweepPlan, plan_sweep
from memsvc.errors import ConflictError, NoRetentionPolicyError
from memsvc.ports import Clock
from memsvc.services.commands import BankReference, Caller, RequestKey
from memsvc.services.idempotency import Once, Outcome
from memsvc.store.transactions import ReadTransaction, Store, WriteTransaction

_POLICY = TypeAdapter(RetentionPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedSweep:
    """A sweep that was asked for: its job, and the operation that undoes it."""

    bank_id: BankId
    job_id: JobId
    operation_id: OperationId
    now: datetime
    policy_version: int | None
    """``None`` for a policy of this sweep alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """What a bank's policy is from now on."""

    bank_id: BankId
    stored: StoredPolicy


class Retention:
    """What callers and operators do about forgetting."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._set_once = Once(
            store=store, result=TypeAdapter(PolicyChange), bank_of=lambda change: change.bank_id
        )
        self._sweep_once = Once(
            store=store, result=TypeAdapter(StartedSweep), bank_of=lambda sweep: sweep.bank_id
        )

    async def policy(self, caller: Caller, bank: BankReference) -> StoredPolicy | None:
        """Return the bank's policy; ``None``, or one that is none, means that nothing fades."""
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.retention.policy(found.scope.bank_id)

    async def set_policy(
        self,
        caller: Caller,
        bank: BankReference,
        policy: RetentionPolicy | None,
        key: RequestKey | None = None,
    ) -> Outcome[PolicyChange]:
        """Have a policy hold from now on, or none; earlier ones are kept."""

        async def work(tx: WriteTransaction) -> PolicyChange:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            await tx.models.lock_bank(bank_id)
            stored = await tx.retention.set_policy(bank_id, caller.actor, policy)
            return PolicyChange(bank_id=bank_id, stored=stored)

        return await self._set_once.run(caller, key, work)

    async def preview(
        self,
        caller: Caller,
        bank: BankReference,
        policy: RetentionPolicy | None,
        now: datetime | None,
    ) -> SweepPlan:
        """Return what a sweep would do at ``now``, memory by memory; changes nothing.

        Raises ``NoRetentionPolicyError`` when there is neither a policy given nor set.
        """
        chosen, items = await self._look(caller, bank, policy)
        return plan_sweep(chosen, items, now or self._clock.now())

    async def foresee(
        self,
        caller: Caller,
        bank: BankReference,
        policies: Sequence[RetentionPolicy | None],
        *,
        days: int,
        listed: int,
    ) -> list[Forecast]:
        """Return what leaves within ``days`` under each policy, ``None`` being the bank's own."""
        now = self._clock.now()
        found = [await self._look(caller, bank, policy) for policy in policies]
        return [forecast(chosen, items, now, days=days, listed=listed) for chosen, items in found]

    async def sweep(
        self,
        caller: Caller,
        bank: BankReference,
        policy: RetentionPolicy | None,
        now: datetime | None,
        key: RequestKey | None = None,
    ) -> Outcome[StartedSweep]:
        """Start a sweep of the whole bank as of ``now``: one operation, carried out by a job.

        Raises ``NoRetentionPolicyError``, and ``ConflictError`` while another one is under way.
        """

        async def work(tx: WriteTransaction) -> StartedSweep:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            return await start_sweep(tx, caller.actor, bank_id, policy, now or self._clock.now())

        return await self._sweep_once.run(caller, key, work)

    async def _look(
        self, caller: Caller, bank: BankReference, policy: RetentionPolicy | None
    ) -> tuple[RetentionPolicy, list[SweepItem]]:
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            if policy is None:
                return await look(tx, bank_id)
            return policy, await items_of(tx, bank_id)


async def start_sweep(
    tx: WriteTransaction,
    actor: str,
    bank_id: BankId,
    policy: RetentionPolicy | None,
    now: datetime,
) -> StartedSweep:
    """Record a sweep that has not begun, and enqueue its job, in the caller's transaction."""
    await tx.models.lock_bank(bank_id)
    if (other := await tx.jobs.find_open(JobKind.SWEEP_BANK, bank_id)) is not None:
        raise ConflictError(f"A sweep of this bank is under way: job {other.id}.")
    version = None
    if policy is None:
        stored = await tx.retention.policy(bank_id)
        if stored is None or stored.policy is None:
            raise NoRetentionPolicyError
        policy, version = stored.policy, stored.version
    written = _POLICY.dump_python(policy, mode="json")
    details = {"now": now.isoformat(), "policy_version": version, "policy": written}
    operation_id = await tx.operations.record(
        bank_id, actor, NewOperation(kind=OperationKind.SWEEP, effects=(), details=details)
    )
    job = await tx.jobs.add(
        NewJob(
            kind=JobKind.SWEEP_BANK,
            bank_id=bank_id,
            payload={"operation_id": str(operation_id)},
        )
    )
    return StartedSweep(
        bank_id=bank_id,
        job_id=job.id,
        operation_id=operation_id,
        now=now,
        policy_version=version,
    )


async def look(
    tx: ReadTransaction | WriteTransaction, bank_id: BankId
) -> tuple[RetentionPolicy, list[SweepItem]]:
    """Return the bank's policy and its active memories; raises ``NoRetentionPolicyError``."""
    stored = await tx.retention.policy(bank_id)
    if stored is None or stored.policy is None:
        raise NoRetentionPolicyError
    return stored.policy, await items_of(tx, bank_id)


async def items_of(tx: ReadTransaction | WriteTransaction, bank_id: BankId) -> list[SweepItem]:
    """Return what a sweep looks at of every active memory."""
    items: list[SweepItem] = []
    async for page in tx.retention.active_items(bank_id):
        items += page
    return items
