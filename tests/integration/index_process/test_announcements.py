"""What is written is announced and followed at once; what is not announced is polled for."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from uuid import uuid4

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import NullPool

from memsvc.domain.identifiers import MemoryId
from memsvc.index_process.running import IndexProcess, Timing
from memsvc.services.commands import NewMemory
from memsvc.services.embedders import Embedders
from memsvc.services.remember import Remember
from memsvc.store import announcements
from memsvc.store.announcements import Announcer, Listener
from memsvc.store.engine import normalise_url
from memsvc.store.followers import Follower as Registration
from memsvc.store.followers import Followers
from memsvc.store.queue import JobCarrier
from memsvc.store.roles import INDEX_ROLE
from memsvc.store.transactions import Store
from memsvc.system_clock import SystemClock
from tests.fixtures.services import Service
from tests.integration.index_process.conftest import SharedIndex, current

MINUTES_S = 600.0
PATIENCE_S = 30.0
TERMINATE = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE application_name = 'memsvc listener' AND datname = current_database()"
)


class RollBackError(Exception):
    """Ends a transaction without its changes."""


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.fixture
async def announcing(service: Service) -> AsyncIterator[Service]:
    """The write side of a service that announces what it writes."""
    engine, clock = service.database.engine, SystemClock()
    announcer = Announcer(engine)
    store = Store(engine, clock, JobCarrier(), announcer.announce)
    remember = Remember(store, Embedders(default=service.embedder), clock)
    yield replace(service, remember=remember)
    await announcer.close()


@pytest.fixture
def listener(service: Service, index_engine: AsyncEngine) -> Listener:
    """Of the index process under test."""
    return Listener(normalise_url(service.database.urls.url_of(INDEX_ROLE)), index_engine)


@asynccontextmanager
async def following(
    shared: SharedIndex, engine: AsyncEngine, listener: Listener, timing: Timing
) -> AsyncIterator[None]:
    """Run an index process; it is ready inside."""
    registration = Registration(id=uuid4(), kind="index server", name="test")
    registry = (Followers(engine, SystemClock()), registration)
    process = IndexProcess(shared.follower, registry, listener, timing)
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(process.run(stop, ready.set))
    try:
        await asyncio.wait_for(ready.wait(), PATIENCE_S)
        yield
    finally:
        stop.set()
        await running


def polling(*, deaf_s: float = MINUTES_S, hearing_s: float = MINUTES_S) -> Timing:
    return Timing(poll_s=deaf_s, poll_listening_s=hearing_s, save_every_s=MINUTES_S)


async def is_followed(service: Service, shared: SharedIndex, writes: int = 1) -> None:
    """Write, and wait until the index holds that as well."""
    before = len(current(service.database.urls))
    for _ in range(writes):
        await service.remember_items("a", NewMemory(text=uuid4().hex))
    expected = current(service.database.urls)
    assert len(expected) == before + writes
    await until(lambda: shared.held() == expected)


async def test_a_write_is_followed_without_waiting_for_a_poll(
    announcing: Service, shared: SharedIndex, index_engine: AsyncEngine, listener: Listener
) -> None:
    async with following(shared, index_engine, listener, polling()):
        await until(lambda: listener.is_hearing)
        await is_followed(announcing, shared)
        await is_followed(announcing, shared, writes=30)


async def test_a_write_whose_announcement_is_lost_is_found_by_the_poll(
    service: Service, shared: SharedIndex, index_engine: AsyncEngine, listener: Listener
) -> None:
    async with following(shared, index_engine, listener, polling(hearing_s=0.05)):
        await until(lambda: listener.is_hearing)
        await is_followed(service, shared)


async def test_a_listener_whose_connection_is_killed_comes_back(
    announcing: Service, shared: SharedIndex, index_engine: AsyncEngine, listener: Listener
) -> None:
    superuser = create_engine(
        normalise_url(announcing.database.urls.superuser_url), poolclass=NullPool
    )
    async with following(shared, index_engine, listener, polling()):
        await until(lambda: listener.is_hearing)
        with superuser.begin() as connection:
            assert connection.scalar(text(TERMINATE)) == 1
        await until(lambda: not listener.is_hearing)
        await announcing.remember_items("a", NewMemory(text="nobody hears of this"))

        await until(lambda: shared.held() == current(announcing.database.urls))
        assert listener.is_hearing
        await is_followed(announcing, shared)


async def test_where_announcements_do_not_arrive_it_polls_and_says_so_once(
    announcing: Service,
    shared: SharedIndex,
    index_engine: AsyncEngine,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempts = 0

    async def swallowed(*_: object) -> None:
        nonlocal attempts
        attempts += 1

    monkeypatch.setattr(announcements, "notify", swallowed)
    monkeypatch.setattr(announcements, "_ECHO_LIMIT_S", 0.01)
    monkeypatch.setattr(announcements, "_RETRY_WITHOUT_ECHO_S", 0.01)
    with structlog.testing.capture_logs() as logs:
        async with following(shared, index_engine, listener, polling(deaf_s=0.05)):
            await is_followed(announcing, shared)
            await until(lambda: attempts > 3)
            assert not listener.is_hearing
    assert [each["event"] for each in logs].count("announcements.not_heard") == 1


async def test_what_is_rolled_back_is_not_announced(service: Service) -> None:
    announced: list[int] = []
    store = Store(service.database.engine, SystemClock(), JobCarrier(), lambda: announced.append(1))
    scope = await service.create_bank("a")

    with suppress(RollBackError):
        async with store.write(scope.tenant_id) as transaction:
            await transaction.changes.record(scope.bank_id, [MemoryId(uuid4())])
            raise RollBackError
    assert not announced

    async with store.write(scope.tenant_id) as transaction:
        await transaction.changes.record(scope.bank_id, [MemoryId(uuid4())])
        assert not announced
    assert announced == [1]
