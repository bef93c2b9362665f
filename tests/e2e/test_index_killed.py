"""An index process killed at any point of a write load comes back with what PostgreSQL says."""

import asyncio
import json
import random
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest

from gpu_index.addresses import Address
from gpu_index.client import ClientOptions, RemoteIndex
from memsvc.services.commands import BankReference, NewMemory
from tests.e2e.nurseries import PATIENCE_S, Nursery, index_nursery
from tests.fixtures.services import Service
from tests.integration.index_process.conftest import current

ROUNDS = 50
BANKS = ("a", "b", "c")


def held(folder: Path, service: Service, partitions: set[int]) -> set[tuple[int, int]]:
    address = Address.parse(f"unix://{folder}/index.sock")
    model = service.embedder.model
    options = ClientOptions(connect_timeout_s=PATIENCE_S, request_timeout_s=PATIENCE_S)
    remote = RemoteIndex(address, model.id, model.dimension, options)
    with closing(remote) as index:
        return {(p, id_) for p in partitions for id_ in index.ids(p).tolist()}


async def catches_up(nursery: Nursery, service: Service) -> None:
    """Wait until the index holds what PostgreSQL says; fails when it does not come to that."""
    expected = current(service.database.urls)
    partitions = {partition for partition, _ in expected}
    deadline = time.monotonic() + PATIENCE_S
    while (found := held(nursery.folder, service, partitions)) != expected:
        assert time.monotonic() < deadline, (expected - found, found - expected)
        await asyncio.sleep(0.02)


async def write(service: Service, chance: random.Random, number: int) -> None:
    """Add, rewrite or archive a memory."""
    bank = chance.choice(BANKS)
    item = NewMemory(text=f"text {number}", external_id=str(chance.randrange(20)))
    written = await service.remember_items(bank, item)
    if chance.random() < 0.3:
        reference = BankReference(value=bank)
        await service.memories.archive(service.caller, reference, written.memories[0].id)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_killed_index_process_comes_back_with_what_postgresql_says(
    service: Service,
) -> None:
    chance = random.Random(11)
    number = 0
    with index_nursery(service.database.urls) as children:
        for _ in range(ROUNDS):
            pid = children.start()
            killing = asyncio.create_task(asyncio.sleep(chance.random() * 0.4))
            while not killing.done():
                number += 1
                await write(service, chance, number)
            await asyncio.to_thread(children.end, pid, signal.SIGKILL)
            pid = children.start()
            await asyncio.to_thread(children.ready)
            await catches_up(children, service)
            await asyncio.to_thread(children.end, pid, signal.SIGKILL)
    assert number > ROUNDS


async def test_an_index_process_asked_to_end_saves_leaves_and_ends_well(service: Service) -> None:
    await service.remember_items("a", NewMemory(text="one"))
    with index_nursery(service.database.urls) as children:
        pid = children.start()
        await asyncio.to_thread(children.ready)
        await catches_up(children, service)
        status = json.loads((children.folder / "status").read_text())

        assert await asyncio.to_thread(children.end, pid, signal.SIGTERM) == 0
        assert status["vectors"] == 1
        assert not (children.folder / "ready").exists()
        assert len([*(children.folder / "snapshots").iterdir()]) == 1
