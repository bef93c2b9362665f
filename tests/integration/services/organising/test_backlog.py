"""How long texts wait to be organised is told of each bank, and of all of them to Prometheus."""

import math
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from prometheus_client import REGISTRY
from sqlalchemy import Select, create_engine, func, insert, select, text
from sqlalchemy.pool import NullPool

from memsvc.domain.identifiers import MemoryId, TenantId
from memsvc.domain.jobs import JobState
from memsvc.domain.organising.extraction import Extraction, Window
from memsvc.errors import ProviderUnavailableError
from memsvc.services.commands import BankReference, Caller, NewMemory
from memsvc.services.organising.backlog import Backlog
from memsvc.settings import DatabaseSettings
from memsvc.store import tables as t
from memsvc.store.engine import normalise_url, open_engine
from memsvc.store.queue import JobCarrier
from memsvc.store.roles import DEFAULT_TENANT, TENANT_SETTING
from memsvc.store.transactions import Store
from memsvc.store.waiting import waiting_anywhere_since, waiting_since
from memsvc.system_clock import SystemClock
from tests.fixtures.database import Database
from tests.fixtures.organising import Organiser, ScriptedExtractor
from tests.integration.services.organising.reading import notes_of

OTTO, REX, MIA = "Otto is an octopus.", "Rex is a dog.", "Mia is a cat."
CALLER = Caller(tenant_id=DEFAULT_TENANT, actor="test")
HOUR = timedelta(hours=1)
MANY = 5_000


class AnHourLater:
    """A clock that is an hour ahead of what was written."""

    def now(self) -> datetime:
        return SystemClock().now() + HOUR


async def recorded_at(organiser: Organiser, memory_id: MemoryId) -> datetime:
    """Return when the present text of a memory came."""
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        found = await tx.organising.sources(organiser.scope.bank_id, [memory_id])
    return found[memory_id].recorded_at


def oldest_s() -> float:
    """Return what the gauge says."""
    told = REGISTRY.get_sample_value("memsvc_organising_oldest_waiting_seconds")
    assert told is not None
    return told


async def test_a_bank_tells_since_when_its_oldest_text_waits(organiser: Organiser) -> None:
    assert (await notes_of(organiser)).waiting_since is None
    otto, rex = await organiser.write(OTTO, REX)
    assert (await notes_of(organiser)).waiting_since == await recorded_at(organiser, otto)

    # Written anew it is organised first still, but what waits longest is another one.
    await organiser.write("Otto is an old octopus.")
    assert (await notes_of(organiser)).waiting_since == await recorded_at(organiser, rex)
    assert await recorded_at(organiser, otto) > await recorded_at(organiser, rex)

    await organiser.run()
    assert (await notes_of(organiser)).waiting_since is None


async def test_what_is_archived_does_not_wait(organiser: Organiser) -> None:
    otto, rex = await organiser.write(OTTO, REX)

    await organiser.service.memories.archive(CALLER, BankReference(value="notes"), otto)

    assert (await notes_of(organiser)).waiting_since == await recorded_at(organiser, rex)


async def test_the_gauge_is_of_the_oldest_text_in_any_bank(organiser: Organiser) -> None:
    backlog = Backlog(store=organiser.database.store, clock=AnHourLater())
    await backlog.measure(CALLER)
    assert oldest_s() == 0

    [otto] = await organiser.write(OTTO)
    written = await organiser.service.remember_items("other", NewMemory(text=MIA))
    [mia] = await organiser.service.stored("other", written)
    assert await oldest_since(organiser) == await recorded_at(organiser, otto)
    await backlog.measure(CALLER)
    assert HOUR.total_seconds() <= oldest_s() < 2 * HOUR.total_seconds()
    await organiser.run()

    assert await oldest_since(organiser) == mia.recorded_at


async def oldest_since(organiser: Organiser) -> datetime | None:
    """Return since when the oldest text of any bank waits."""
    async with organiser.database.store.read(DEFAULT_TENANT) as tx:
        return await tx.activity.waiting_since()


async def test_the_gauge_is_no_number_while_the_database_is_away(database: Database) -> None:
    nowhere = database.url.replace(database.urls.name, "nowhere")
    engine = open_engine(normalise_url(nowhere), DatabaseSettings(pool_size=1))
    store = Store(engine, SystemClock(), JobCarrier())

    await Backlog(store=store, clock=SystemClock()).measure(CALLER)

    assert math.isnan(oldest_s())
    await engine.dispose()


async def test_how_long_each_text_has_waited_is_measured_once(organiser: Organiser) -> None:
    name = "memsvc_organising_lag_seconds"
    before = {each: REGISTRY.get_sample_value(f"{name}_{each}") or 0.0 for each in ("count", "sum")}
    await organiser.write(OTTO, REX)
    database = organiser.database
    later = replace(database, store=Store(database.engine, AnHourLater(), JobCarrier()))
    service = replace(organiser.service, database=later)

    await replace(organiser, service=service).run()
    await organiser.run()

    after = {each: REGISTRY.get_sample_value(f"{name}_{each}") or 0.0 for each in ("count", "sum")}
    assert after["count"] - before["count"] == 2
    assert 2 * HOUR.total_seconds() <= after["sum"] - before["sum"] < 3 * HOUR.total_seconds()


class Stopping(ScriptedExtractor):
    """Notes what waits before each window; the provider is away once, in the middle."""

    def __init__(self, organiser: Organiser, *, stops_at: int) -> None:
        super().__init__()
        self.waiting: list[int] = []
        self._organiser, self._stops_at = organiser, stops_at

    async def extract(self, tenant_id: TenantId, window: Window) -> Extraction:
        self.waiting.append((await notes_of(self._organiser)).waiting)
        if len(self.waiting) == self._stops_at:
            raise ProviderUnavailableError
        return await super().extract(tenant_id, window)


async def test_a_backlog_shrinks_with_each_window_and_goes_on_where_it_was(
    organiser: Organiser,
) -> None:
    await organiser.write(*(f"Item {number} is kept in Lisbon." for number in range(20)))
    extractor = Stopping(organiser, stops_at=3)
    handler = organiser.handler(extractor, window_items=5)

    stopped = await organiser.run(handler)
    assert stopped.state is JobState.WAITING_PROVIDER
    done = await organiser.run(handler, stopped)

    assert done.state is JobState.SUCCEEDED
    assert extractor.waiting == [20, 15, 10, 10, 5]
    assert (await notes_of(organiser)).waiting == 0


async def test_however_many_wait_only_the_first_are_looked_at(organiser: Organiser) -> None:
    await organiser.write(OTTO)
    _multiply(organiser.database, MANY)

    for statement in (
        waiting_since(organiser.scope.bank_id),
        waiting_anywhere_since(DEFAULT_TENANT),
    ):
        plan = _explained(organiser.database, statement)
        assert "ix_memories_bank_id_waiting" in plan
        assert "Sort" not in plan
        read = [int(each) for each in re.findall(r"actual [^)]*rows=(\d+)", plan)]
        assert max(read) <= 100, plan


def _explained(database: Database, statement: Select[Any]) -> str:
    """Return the plan that the runtime role gets, row-level security and all."""
    engine = create_engine(normalise_url(database.url), poolclass=NullPool)
    written = statement.compile(engine, compile_kwargs={"literal_binds": True})
    with engine.begin() as connection:
        tenant = select(func.set_config(TENANT_SETTING, str(DEFAULT_TENANT), True))
        connection.execute(tenant)
        plan = "\n".join(connection.scalars(text(f"EXPLAIN ANALYZE {written}")))
    engine.dispose()
    return plan


def _multiply(database: Database, number: int) -> None:
    """Have many more memories wait, of the same text as the first."""
    engine = create_engine(normalise_url(database.urls.superuser_url), poolclass=NullPool)
    ids = [uuid4() for _ in range(number)]
    with engine.begin() as connection:
        for table, changed in ((t.memories, "external_id"), (t.memory_versions, "reason")):
            row = dict(connection.execute(select(table).limit(1)).mappings().one())
            rows = [row | {"memory_id": each, changed: str(each)} for each in ids]
            connection.execute(insert(table), rows)
        connection.execute(text("ANALYZE memories, memory_versions"))
    engine.dispose()
