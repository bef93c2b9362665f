"""Followers of one bank that ask at once share a reading, and each gets what it lacks."""

import asyncio
from collections.abc import Sequence

import pytest

from memsvc.domain.identifiers import BankId, MemoryId, uuid7
from memsvc.domain.memory import BankScope
from memsvc.ports import Watermark
from memsvc.store.change_reads import ChangeReads, LogReading
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.single_reads import read_once
from memsvc.store.source import SourceIdentity
from memsvc.system_clock import SystemClock
from tests.fixtures.services import Service

ANEW = Watermark(horizon=0)


@pytest.fixture
async def scope(service: Service) -> BankScope:
    """An empty bank."""
    return await service.create_bank("ann")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What PostgreSQL was asked, in order."""
    statements: list[object] = []

    async def noted(*arguments: object) -> object:
        statements.append(arguments[-1])
        return await read_once(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("memsvc.store.change_reads.read_once", noted)
    return statements


def reads_of(service: Service, limit: int = 100) -> ChangeReads:
    return ChangeReads(service.database.engine, SourceIdentity(), limit=limit)


async def change(service: Service, scope: BankScope, count: int = 1) -> list[MemoryId]:
    """Store memories, whose changes are logged."""
    stored = await service.remember_talk(
        "ann", *(f"text {uuid7(SystemClock().now())}" for _ in range(count))
    )
    return [MemoryId(each.id) for each in stored.memories]


def ids_of(reading: LogReading | None) -> list[MemoryId]:
    assert reading is not None
    return [each.memory_id for each in reading.changes]


def after(reading: LogReading | None) -> Watermark:
    """Return where an index is that has applied all of a reading."""
    assert reading is not None
    return Watermark(
        horizon=reading.horizon,
        applied=frozenset((each.xid, each.seq) for each in reading.changes),
    )


async def test_each_gets_what_it_lacks_from_one_reading(
    service: Service, scope: BankScope, asked: Sequence[object]
) -> None:
    reads = reads_of(service)
    first = await change(service, scope)
    ahead = after(await reads.since(scope, ANEW))
    second = await change(service, scope)
    before = len(asked)

    behind, up_to_date = await asyncio.gather(reads.since(scope, ANEW), reads.since(scope, ahead))

    assert len(asked) == before + 1
    assert ids_of(behind) == [*first, *second]
    assert ids_of(up_to_date) == second


async def test_what_was_committed_before_the_call_is_in_its_reading(
    service: Service, scope: BankScope
) -> None:
    reads = reads_of(service)
    early = asyncio.create_task(reads.since(scope, ANEW))
    written = await change(service, scope)
    assert ids_of(await reads.since(scope, ANEW)) == written
    await early


async def test_a_long_way_behind_costs_the_other_nothing(
    service: Service, scope: BankScope
) -> None:
    reads = reads_of(service, limit=2)
    await change(service, scope, 5)
    ahead = after(await reads_of(service).since(scope, ANEW))
    [last] = await change(service, scope)

    behind, near = await asyncio.gather(reads.since(scope, ANEW), reads.since(scope, ahead))

    assert behind is not None
    assert behind.is_cut
    assert near is not None
    assert not near.is_cut
    assert ids_of(near) == [last]


async def test_a_caller_that_gives_up_leaves_the_reading_to_the_other(
    service: Service, scope: BankScope
) -> None:
    reads = reads_of(service)
    written = await change(service, scope)
    given_up, waiting = (asyncio.create_task(reads.since(scope, ANEW)) for _ in range(2))
    await asyncio.sleep(0)
    given_up.cancel()
    assert ids_of(await waiting) == written
    await asyncio.gather(given_up, return_exceptions=True)
    assert given_up.cancelled()


async def test_of_a_bank_that_is_gone_there_is_nothing_to_read(service: Service) -> None:
    gone = BankScope(tenant_id=DEFAULT_TENANT, bank_id=BankId(uuid7(SystemClock().now())))
    assert await reads_of(service).since(gone, ANEW) is None
