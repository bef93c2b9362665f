"""Sweeps over PostgreSQL: what has faded leaves recall, and all of it can be had back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from memsvc_client import (
    AsyncBank,
    AsyncClient,
    ConflictError,
    MemoryState,
    NoRetentionPolicyError,
    RetentionPolicy,
)

from memsvc.bootstrap import Application
from memsvc.domain.jobs import JobKind
from memsvc.services import sweep_bank
from memsvc.services.run_job import JobContext
from memsvc.services.sweep_bank import ScheduledSweeps, SweepBank
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock

TEXTS = ("ships at sea", "a harbour at night", "the cook of the ship", "storm and calm")
LATER = datetime.now(UTC) + timedelta(days=30)


@dataclass(frozen=True)
class Written:
    bank: AsyncBank
    ids: Sequence[UUID]

    async def states(self) -> list[str]:
        return [(await self.bank.get(each)).state for each in self.ids]


@pytest.fixture
async def written(client: AsyncClient) -> Written:
    bank = client.bank("ada")
    added = [await bank.add_memory(text, create=True) for text in TEXTS]
    return Written(bank=bank, ids=[each.id for each in added])


@pytest.fixture
def batches_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_bank, "_BATCH", 1)


class StoppedError(Exception):
    """The worker is gone."""


async def run_sweep(application: Application, store: Store, *, stop_after: int = 1000) -> None:
    """Make an attempt at the open sweep, as a worker does; a stop is a death after a batch."""
    async with store.read(DEFAULT_TENANT) as tx:
        bank = await tx.banks.resolve("ada")
        job = await tx.jobs.find_open(JobKind.SWEEP_BANK, bank.scope.bank_id)
    assert job is not None
    reported = 0

    async def report(_: object) -> None:
        nonlocal reported
        reported += 1
        if reported >= stop_after:
            raise StoppedError

    async def is_cancelled() -> bool:
        return False

    await SweepBank(store)(JobContext(job=job, report_progress=report, is_cancelled=is_cancelled))


async def test_nothing_fades_before_a_policy_is_set(
    written: Written, application: Application, store: Store
) -> None:
    with pytest.raises(NoRetentionPolicyError):
        await written.bank.prune(now=LATER)
    await ScheduledSweeps(store, DEFAULT_TENANT, SystemClock())()
    assert set(await written.states()) == {"active"}


async def test_faded_memories_leave_recall_and_one_undo_has_them_back(
    written: Written, application: Application, store: Store
) -> None:
    bank = written.bank
    await bank.set_retention_policy(RetentionPolicy())
    await bank.update(written.ids[0], pinned=True)

    preview = await bank.preview_prune(now=LATER)
    sweep = await bank.prune(now=LATER)
    await run_sweep(application, store)

    assert (preview.leaving, preview.reasons) == (3, {"faded": 3})
    assert {each.memory_id for each in preview.items} == set(written.ids[1:])
    assert await written.states() == ["active", "archived", "archived", "archived"]
    assert [hit.memory.text for hit in (await bank.recall("ship", k=9)).hits] == [TEXTS[0]]
    done = await bank.operation(sweep.operation_id)
    assert (done.kind, done.effect_count) == ("sweep", 3)
    assert done.details is not None
    assert done.details["faded"] == 3

    await bank.undo(sweep.operation_id)

    assert set(await written.states()) == {"active"}
    assert len((await bank.recall("ship", k=9)).hits) == len(TEXTS)


async def test_dry_run_changes_nothing(written: Written) -> None:
    policy = RetentionPolicy(threshold=1.0)
    first = await written.bank.preview_prune(policy=policy, now=LATER)
    assert (await written.bank.preview_prune(policy=policy, now=LATER)).items == first.items
    assert set(await written.states()) == {"active"}
    assert (await written.bank.retention_policy()).policy is None


@pytest.mark.usefixtures("batches_of_one")
async def test_sweep_goes_on_where_a_dead_worker_left_it(
    written: Written, application: Application, store: Store
) -> None:
    bank = written.bank
    sweep = await bank.prune(policy=RetentionPolicy(), now=LATER)

    with pytest.raises(StoppedError):
        await run_sweep(application, store, stop_after=2)
    assert sorted(await written.states()) == ["active", "active", "archived", "archived"]
    await run_sweep(application, store)

    done = await bank.operation(sweep.operation_id)
    assert set(await written.states()) == {"archived"}
    assert (done.effect_count, (done.details or {})["faded"]) == (4, 4)
    await bank.undo(sweep.operation_id)
    assert set(await written.states()) == {"active"}


@pytest.mark.usefixtures("batches_of_one")
async def test_sweep_that_is_undone_halfway_stops(
    written: Written, application: Application, store: Store
) -> None:
    sweep = await written.bank.prune(policy=RetentionPolicy(), now=LATER)
    with pytest.raises(StoppedError):
        await run_sweep(application, store, stop_after=2)

    await written.bank.undo(sweep.operation_id)
    await run_sweep(application, store)

    assert set(await written.states()) == {"active"}


async def test_two_sweeps_of_a_bank_do_not_run_at_once(written: Written) -> None:
    await written.bank.prune(policy=RetentionPolicy(), now=LATER)
    with pytest.raises(ConflictError, match="under way"):
        await written.bank.prune(policy=RetentionPolicy(), now=LATER)


async def test_time_to_live_expires_for_good_and_the_rest_can_be_undone(
    written: Written, application: Application, store: Store
) -> None:
    bank = written.bank
    await bank.update(written.ids[0], pinned=True)
    sweep = await bank.prune(policy=RetentionPolicy(ttl_days=10), now=LATER)
    await run_sweep(application, store)
    assert set(await written.states()) == {"expired"}
    assert (await bank.undo(sweep.operation_id)).effect_count == 0


async def test_schedule_sweeps_banks_with_a_policy_and_no_others(
    written: Written, client: AsyncClient, application: Application, store: Store
) -> None:
    other = client.bank("bob")
    kept = await other.add_memory("keep me", create=True)

    class Later(SystemClock):
        def now(self) -> datetime:
            return LATER

    await written.bank.set_retention_policy(RetentionPolicy())
    await ScheduledSweeps(store, DEFAULT_TENANT, Later())()
    await run_sweep(application, store)
    await ScheduledSweeps(store, DEFAULT_TENANT, Later())()

    assert set(await written.states()) == {"archived"}
    assert (await other.get(kept.id)).state == MemoryState.ACTIVE
    sweeps = [each async for each in written.bank.operations(kind="sweep")]
    assert len(sweeps) == 1, "a sweep without anything to do leaves no trace"
    assert [each async for each in other.operations()] == []


async def test_forecast_compares_the_policy_with_another(written: Written) -> None:
    await written.bank.set_retention_policy(RetentionPolicy())
    longer = RetentionPolicy.model_validate({"curve": {"days": 50}})

    answer = await written.bank.forecast(days=30, policies=[longer], with_current=True)

    own, other = answer.forecasts
    assert (own.leaving[14], own.staying) == (4, 0)
    assert (sum(other.leaving), other.staying) == (0, 4)
    assert {each.memory_id for each in own.soonest} == set(written.ids)
