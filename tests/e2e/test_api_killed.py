"""An API process killed at any point of a write load loses nothing and revives nothing."""

import asyncio
import random
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.journal import Journal
from tests.e2e.nurseries import PATIENCE_S, Nursery, api_nursery, index_nursery, resumed_of
from tests.fixtures.services import Service

ROUNDS = 50
WRITES = 6


def let_write(apis: Nursery, chance: random.Random, most_s: float) -> None:
    """Wait until a few writes are acknowledged, or none, and then for an instant."""
    journal = Journal(apis.folder / "journal")
    wanted = journal.acknowledged() + chance.randrange(WRITES)
    until = time.monotonic() + PATIENCE_S
    while journal.acknowledged() < wanted:
        apis.assert_well()
        assert time.monotonic() < until, "nothing is written"
        time.sleep(0.005)
    time.sleep(chance.random() * most_s)
    apis.assert_well()


def kill_again_and_again(processes: Nursery) -> list[int]:
    """Return how many copies the process of each round resumed from a snapshot."""
    chance, resumed = random.Random(5), []
    for number in range(ROUNDS + 1):  # the last one checks what the one before has left
        pid = processes.start(str(number))
        resumed.append(resumed_of(processes.ready()))
        let_write(processes, chance, 0.3)
        assert processes.end(pid, signal.SIGKILL) == -signal.SIGKILL
    return resumed


def kill_both_again_and_again(apis: Nursery, indexes: Nursery) -> None:
    """Kill the API process, the index process or both, each at its own instant."""
    chance, index = random.Random(17), 0
    for number in range(ROUNDS + 1):
        index = index or indexes.start()
        api = apis.start(str(number))
        apis.ready()
        let_write(apis, chance, 0.2)
        if chance.random() < 0.7:
            indexes.end(index, signal.SIGKILL)
            # Often the API process goes on writing, and asks PostgreSQL, for a while; sometimes
            # until there is an index process again.
            index = indexes.start() if chance.random() < 0.5 else 0
            time.sleep(chance.random() * 0.2)
        apis.assert_well()
        assert apis.end(api, signal.SIGKILL) == -signal.SIGKILL
    if index:
        indexes.end(index, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_killed_api_process_loses_nothing_acknowledged_and_revives_nothing_deleted(
    service: Service, tmp_path: Path
) -> None:
    await service.create_bank("bank")
    with api_nursery(service.database.urls, tmp_path) as processes:
        resumed = await asyncio.to_thread(kill_again_and_again, processes)

    written = Journal(tmp_path / "journal").read()
    assert len(written.steps) > ROUNDS
    assert written.forbidden
    assert sum(resumed) > ROUNDS // 2, "the snapshots were not there to be resumed from"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_api_and_index_processes_killed_together_lose_nothing_and_revive_nothing(
    service: Service, tmp_path: Path
) -> None:
    """Each API process compares all that both hold with PostgreSQL before it writes."""
    await service.create_bank("bank")
    urls = service.database.urls
    with (
        index_nursery(urls) as indexes,
        api_nursery(urls, tmp_path, f"unix://{indexes.folder}/index.sock") as apis,
    ):
        await asyncio.to_thread(kill_both_again_and_again, apis, indexes)

    written = Journal(tmp_path / "journal").read()
    assert len(written.steps) > ROUNDS
    assert written.forbidden
