"""A shared index holds what PostgreSQL says, whatever happened in between."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from memsvc.domain.identifiers import MemoryId
from memsvc.index_process import follower as follower_module
from memsvc.memory_index.marks import decode_mark
from memsvc.services.commands import BankReference, NewMemory
from memsvc.store import schema
from memsvc.store.engine import normalise_url
from memsvc.store.followers import Follower as Registration
from memsvc.store.followers import Followers
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.system_clock import SystemClock
from tests.fixtures.services import Service
from tests.integration.index_process.conftest import SharedIndex, current, open_shared

ARCHIVE = text("UPDATE memories SET state = 'archived' WHERE bank_id = :b AND memory_id = :m")


@pytest.fixture(params=["exact", "faiss_cpu"])
def shared(
    request: pytest.FixtureRequest, index_engine: AsyncEngine, tmp_path: Path
) -> SharedIndex:
    """A shared index without snapshots yet, in each backend."""
    return open_shared(index_engine, tmp_path / "snapshots", request.param)


class RollBackError(Exception):
    """Ends a transaction without its changes."""


def roll_back_if(fails: bool) -> None:
    if fails:
        raise RollBackError


def snapshot_files(folder: Path) -> list[Path]:
    return list(folder.glob("*.vectors"))


def execute(service: Service, statement: str) -> int:
    engine = create_engine(normalise_url(service.database.urls.superuser_url), poolclass=NullPool)
    with engine.begin() as connection:
        return connection.execute(text(statement)).rowcount


async def test_writes_rewrites_and_new_banks_are_followed(
    service: Service, shared: SharedIndex
) -> None:
    await service.remember_items("a", NewMemory(text="one", external_id="1"))
    await shared.follower.advance()
    await service.remember_items("a", NewMemory(text="other", external_id="1"))
    await service.remember_items("b", NewMemory(text="two"))

    await shared.follower.advance()

    assert len(current(service.database.urls)) == 2
    assert shared.held() == current(service.database.urls)


async def test_nothing_is_skipped_under_many_writers_with_delays_and_rollbacks(
    service: Service, shared: SharedIndex
) -> None:
    """Numbers are drawn early and commit late and in any order; some never do."""
    scope = await service.create_bank("a")
    await shared.follower.advance()
    store, chance = service.database.store, random.Random(7)
    await service.remember_items("a", *[NewMemory(text=f"m{no}") for no in range(30)])
    async with store.read(DEFAULT_TENANT) as tx:
        rows = await tx.banks._session.connection.execute(
            text("SELECT memory_id FROM memories WHERE bank_id = :b"), {"b": scope.bank_id}
        )
        memories = [row[0] for row in rows]

    async def write(memory_id: MemoryId) -> None:
        delay, fails = chance.random() * 0.2, chance.random() < 0.3
        with suppress(RollBackError):
            async with store.write(DEFAULT_TENANT) as tx:
                await tx.changes.record(scope.bank_id, [memory_id])
                await tx.banks._session.connection.execute(
                    ARCHIVE, {"b": scope.bank_id, "m": memory_id}
                )
                await asyncio.sleep(delay)
                roll_back_if(fails)

    writers = asyncio.gather(*(write(each) for each in memories))
    while not writers.done():
        await shared.follower.advance()
        await asyncio.sleep(0.005)
    await writers
    await shared.follower.advance()

    assert 0 < len(current(service.database.urls)) < 30
    assert shared.held() == current(service.database.urls)


async def test_a_long_foreign_transaction_holds_the_horizon_back_and_loses_nothing(
    service: Service, shared: SharedIndex
) -> None:
    await service.create_bank("a")
    engine = create_engine(normalise_url(service.database.urls.superuser_url), poolclass=NullPool)
    with engine.begin() as foreign:
        foreign.execute(text("SELECT pg_current_xact_id()"))
        before = await shared.follower.advance()
        for no in range(5):
            await service.remember_items("a", NewMemory(text=f"m{no}"))
            await shared.follower.advance()
        during = await shared.follower.advance()
        assert during.horizon == before.horizon
        assert during.held_back == 5
        assert shared.held() == current(service.database.urls)
        [held] = shared.partitions
        question = np.ones((1, held.index.dimension), np.float32)
        found = held.index.search(question, 1, np.array([held.bank.partition]))
        assert len(decode_mark(found.marks[0]).applied) == 5

    after = await shared.follower.advance()

    assert after.horizon > before.horizon
    assert after.held_back == 0


async def test_a_deleted_bank_leaves_the_index_and_the_disk(
    service: Service, shared: SharedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memsvc.index_process.follower._LISTED_EVERY_S", -1.0)
    await service.remember_items("a", NewMemory(text="one"))
    await shared.follower.advance()
    assert await shared.follower.save() == 1
    assert len([*shared.folder.iterdir()]) == 1

    execute(service, "UPDATE banks SET state = 'deleting'")
    await shared.follower.advance()

    assert shared.held() == set()
    assert [*shared.folder.iterdir()] == []


@pytest.mark.parametrize("harm", ["none", "torn", "missing"])
async def test_a_restart_holds_what_is_there_now_with_or_without_a_good_snapshot(
    service: Service, shared: SharedIndex, index_engine: AsyncEngine, harm: str
) -> None:
    await service.remember_items("a", NewMemory(text="one", external_id="1"))
    await service.remember_items("a", NewMemory(text="two"))
    await shared.follower.advance()
    await shared.follower.save()
    assert await shared.follower.save() == 0  # nothing has changed
    [path] = shared.folder.iterdir()
    if harm == "torn":
        path.write_bytes(path.read_bytes()[:100])
    if harm == "missing":
        path.unlink()
    await service.remember_items("a", NewMemory(text="other", external_id="1"))
    await service.remember_items("a", NewMemory(text="three"))

    again = open_shared(index_engine, shared.folder, shared.backend)
    await again.follower.advance()

    assert again.held() == current(service.database.urls)


async def test_a_new_epoch_rebuilds_everything(service: Service, shared: SharedIndex) -> None:
    await service.remember_items("a", NewMemory(text="one"))
    before = await shared.follower.advance()
    await shared.follower.save()
    [stale] = shared.partitions
    stale.index.remove(stale.bank.partition, stale.index.ids(stale.bank.partition))

    schema.begin_epoch(normalise_url(service.database.urls.owner_url))
    after = await shared.follower.advance()

    assert after.source != before.source
    assert shared.held() == current(service.database.urls)


async def test_trimming_keeps_what_a_living_follower_lacks_and_nothing_for_a_dead_one(
    service: Service, index_engine: AsyncEngine
) -> None:
    scope = await service.create_bank("a")
    await service.remember_items("a", NewMemory(text="one"))
    clock = SystemClock()
    followers, mine = Followers(index_engine, clock), Registration(id=uuid4(), kind="k", name="n")
    store = service.database.store
    await followers.beat(mine, source="s", horizon=3)

    async def trimmed() -> int:
        async with store.write(DEFAULT_TENANT) as tx:
            return await tx.changes.trim(scope.bank_id, clock.now() + timedelta(seconds=1))

    assert await trimmed() == 0
    execute(service, "UPDATE index_followers SET heartbeat_at = heartbeat_at - interval '1 hour'")
    assert await trimmed() == 1


async def test_no_follower_keeps_changes_for_more_than_a_day(
    service: Service, index_engine: AsyncEngine
) -> None:
    scope = await service.create_bank("a")
    await service.remember_items("a", NewMemory(text="one"))
    clock = SystemClock()
    mine = Registration(id=uuid4(), kind="k", name="n")
    await Followers(index_engine, clock).beat(mine, source="s", horizon=3)
    execute(service, "UPDATE index_changes SET recorded_at = recorded_at - interval '25 hours'")

    async with service.database.store.write(DEFAULT_TENANT) as tx:
        assert await tx.changes.trim(scope.bank_id, clock.now()) == 1


async def test_a_dead_follower_is_forgotten_and_one_that_ends_leaves(
    service: Service, index_engine: AsyncEngine
) -> None:
    followers = Followers(index_engine, SystemClock())
    dead, living = (Registration(id=uuid4(), kind="k", name=name) for name in ("dead", "living"))
    await followers.beat(dead, source="s", horizon=3)
    execute(service, "UPDATE index_followers SET heartbeat_at = heartbeat_at - interval '1 hour'")

    await followers.beat(living, source="s", horizon=3)
    assert execute(service, "SELECT 1 FROM index_followers") == 1
    await followers.leave(living)

    assert execute(service, "SELECT 1 FROM index_followers") == 0


@pytest.mark.parametrize("is_running", [True, False])
async def test_no_file_keeps_what_was_erased(
    service: Service,
    index_engine: AsyncEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_running: bool,
) -> None:
    monkeypatch.setattr(follower_module, "_LISTED_EVERY_S", 0.0)
    written = await service.remember_items("a", NewMemory(text="one"), NewMemory(text="two"))
    before = open_shared(index_engine, tmp_path, "exact")
    await before.follower.advance()
    await before.follower.save()
    assert len(snapshot_files(tmp_path)) == 1
    scope = (await service.banks.get(service.caller, BankReference(value="a"))).scope
    async with service.database.store.write(DEFAULT_TENANT) as tx:
        await tx.eraser.remove(scope.bank_id, [written.memories[0].id])
        await tx.changes.cut(scope.bank_id)

    shared = before if is_running else open_shared(index_engine, tmp_path, "exact")
    await shared.follower.advance()

    assert shared.held() == current(service.database.urls)
    assert len(shared.held()) == 1
    assert snapshot_files(tmp_path) == []


async def test_what_waits_beyond_one_batch_is_counted(
    service: Service, shared: SharedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.create_bank("a")
    await shared.follower.advance()
    await service.remember_items("a", *[NewMemory(text=f"m{no}") for no in range(7)])
    monkeypatch.setattr(follower_module, "_BATCH", 3)

    assert [(await shared.follower.advance()).behind for _ in range(4)] == [7, 4, 1, 0]


async def test_a_round_marks_the_banks_that_changed_and_all_of_them_now_and_then(
    service: Service, shared: SharedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    for bank in "abc":
        await service.remember_items(bank, NewMemory(text="one"))
    await shared.follower.advance()
    marked: list[int] = []
    [index] = shared.partitions.indexes.values()
    set_mark = index.set_mark

    def listen(partition: int, mark: bytes) -> None:
        marked.append(partition)
        set_mark(partition, mark)

    monkeypatch.setattr(index, "set_mark", listen)
    monkeypatch.setattr(follower_module, "_ALL_MARKED_EVERY_S", float("inf"))
    await service.remember_items("b", NewMemory(text="two"))
    await shared.follower.advance()

    assert len(marked) == 1
    monkeypatch.setattr(follower_module, "_ALL_MARKED_EVERY_S", -1.0)
    await shared.follower.advance()
    assert {held.bank.partition for held in shared.partitions} == set(marked)
