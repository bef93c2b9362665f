"""`index verify`, `rebuild` and `status` over PostgreSQL, the copies in memory and a server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gpu_index import VectorIndex
from memsvc.bootstrap import Application, build_application
from memsvc.domain.fusion import Arm
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_checks import Fault, Holder, Verification
from memsvc.errors import IndexUnavailableError
from memsvc.index_process.follower import Follower
from memsvc.index_process.partitions import Partitions
from memsvc.index_process.snapshots import Snapshots
from memsvc.services.commands import BankReference, NewMemory
from memsvc.services.embedders import Embedders
from memsvc.services.recalling.recalled import RecallQuery
from memsvc.settings import IndexSettings, Settings
from memsvc.store.engine import normalise_url
from memsvc.store.overlay import OverlayReads
from memsvc.store.shared_feed import SharedFeed
from tests.fixtures.services import Service
from tests.integration.memory_index.conftest import Start, follow

ANN = BankReference(value="ann")
TEXTS = ("ships at sea", "a harbour at night", "the cook of the ship", "storm and calm")


@pytest.fixture
async def memories(service: Service) -> list[MemoryId]:
    written = await service.remember_items("ann", *(NewMemory(text=each) for each in TEXTS))
    return [each.id for each in written.memories]


@pytest.fixture
async def follower(
    memories: list[MemoryId], held: VectorIndex, index_engine: AsyncEngine
) -> Follower:
    """What has brought the server up to date with the memories, and may again."""
    assert memories
    made = Follower(SharedFeed(index_engine), Partitions(lambda _: held), Snapshots(None))
    await made.advance()
    return made


@pytest.fixture
async def local(service: Service, tmp_path: Path) -> AsyncIterator[Application]:
    """A service with its own copies and snapshots of them."""
    settings = Settings(
        data_dir=tmp_path,
        index=IndexSettings(backend="faiss_cpu", snapshot_min_memories=1, snapshots=True),
    )
    url = normalise_url(service.database.url)
    embedders = Embedders(default=service.embedder)
    built = build_application(settings, url, service.database.engine, embedders)
    yield built
    await built.close_indexes()


async def verify(application: Application, service: Service) -> Verification:
    return (await application.index_upkeep.verify(service.caller, ANN)).outcome


async def test_copy_and_snapshot_are_as_postgresql_has_them(
    local: Application, service: Service, memories: list[MemoryId]
) -> None:
    await verify(local, service)  # loads the bank and has the snapshot written
    await service.memories.archive(service.caller, ANN, memories[0])
    await service.remember_items("ann", NewMemory(text="one more"))

    outcome = await verify(local, service)
    state = await local.index_upkeep.state(service.caller)

    assert outcome.compared == [Holder.MEMORY, Holder.SNAPSHOT]
    assert (outcome.memories, outcome.mismatches) == (len(TEXTS), [])
    held = state.banks[0]
    assert (held.memories, state.backend) == (len(TEXTS), "faiss_cpu")
    assert held.vectors is not None
    assert held.vectors.structure == "scan"
    assert held.snapshot is not None
    assert held.snapshot.nbytes > 0


@pytest.mark.usefixtures("memories")
async def test_server_is_compared_bit_by_bit(
    remote: Application, service: Service, held: VectorIndex, start: Start
) -> None:
    await follow(service, held)
    start()
    clean = await verify(remote, service)
    partition = await _partition(service)
    lost, altered = held.ids(partition)[:2]
    vector = held.vectors(partition, np.array([altered]))
    vector[0, 0] = np.nextafter(vector[0, 0], np.float32(2))
    held.remove(partition, np.array([lost, altered]))
    held.add(partition, np.array([altered, 10**9]), np.concatenate([vector, vector]))

    outcome = await verify(remote, service)

    assert clean.compared == [Holder.MEMORY, Holder.SERVER]
    assert (clean.vectors, clean.mismatches) == (len(TEXTS), [])
    assert {(each.vector_id, each.fault) for each in outcome.mismatches} == {
        (lost, Fault.MISSING),
        (altered, Fault.DIFFERING),
        (10**9, Fault.SURPLUS),
    }


@pytest.mark.usefixtures("memories")
async def test_what_a_server_says_it_lacks_is_no_mismatch(
    remote: Application, service: Service, held: VectorIndex, start: Start
) -> None:
    await follow(service, held)
    start()
    await service.remember_items("ann", NewMemory(text="later"))

    outcome = await verify(remote, service)

    assert (outcome.mismatches, outcome.in_motion) == ([], 1)


async def test_what_is_gone_and_not_yet_from_the_server_is_no_mismatch(
    remote: Application,
    service: Service,
    held: VectorIndex,
    start: Start,
    follower: Follower,
    memories: list[MemoryId],
) -> None:
    start()
    await service.memories.archive(service.caller, ANN, memories[0])
    with pytest.raises(IndexUnavailableError, match="lags behind"):
        await verify(remote, service)

    verifying = asyncio.create_task(verify(remote, service))
    await follower.advance()

    assert (await verifying).mismatches == []


async def test_surplus_is_told_from_what_is_on_its_way(
    remote: Application,
    service: Service,
    held: VectorIndex,
    start: Start,
    follower: Follower,
    memories: list[MemoryId],
) -> None:
    start()
    partition = await _partition(service)
    held.add(partition, np.array([10**9]), held.vectors(partition, held.ids(partition)[:1]))
    await service.memories.archive(service.caller, ANN, memories[0])

    following = asyncio.create_task(_follow_on(follower))
    outcome = await verify(remote, service)
    following.cancel()

    assert [(each.vector_id, each.fault) for each in outcome.mismatches] == [(10**9, Fault.SURPLUS)]


@pytest.mark.usefixtures("memories")
async def test_verifying_says_that_the_server_is_away(
    remote: Application, service: Service
) -> None:
    with pytest.raises(IndexUnavailableError):
        await verify(remote, service)


@pytest.mark.usefixtures("memories")
async def test_rebuild_heals_the_server_while_recall_goes_on(
    remote: Application,
    service: Service,
    held: VectorIndex,
    start: Start,
    follower: Follower,
) -> None:
    start()
    before = await _partition(service)
    held.remove(before, held.ids(before)[:1])
    following = asyncio.create_task(_follow_on(follower))

    assert (await verify(remote, service)).mismatches
    rebuilding = asyncio.create_task(remote.index_upkeep.rebuild(service.caller, ANN))
    query = RecallQuery(text="ships at sea", arms=frozenset({Arm.DENSE}), k=10)
    found = []
    while not rebuilding.done():
        found.append(len((await remote.recall(service.caller, ANN, query)).hits))
    rebuilt = await rebuilding
    found.append(len((await remote.recall(service.caller, ANN, query)).hits))
    following.cancel()

    assert rebuilt.server_loaded is True
    assert (await verify(remote, service)).mismatches == []
    damaged = len(TEXTS) - 1
    assert found == sorted(found), "healed once, healed for good"
    assert found[0] >= damaged, "recall went on"
    assert found[-1] == len(TEXTS)
    assert held.partition_size(before) == 0, "the old partition is gone"


async def _follow_on(follower: Follower) -> None:
    while True:
        await follower.advance()
        await asyncio.sleep(0.05)


async def _partition(service: Service) -> int:
    bank = await service.banks.get(service.caller, ANN)
    reads = OverlayReads(service.database.engine)
    found = await reads.partition(bank.scope, bank.model_id)
    assert found is not None
    return found
