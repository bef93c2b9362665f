"""``kill -9`` of the index server under load: callers learn it, recover, are never misled."""

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest

from gpu_index.addresses import Address
from gpu_index.client import RemoteIndex
from gpu_index.errors import ServerUnavailableError
from gpu_index.protocol import Ids, Neighbours
from tests.integration.gpu_index.conftest import Connect

ROOT = Path(__file__).parents[3]
SOON_S = 20.0
PARTITIONS = 8
KILLS = 4


def started(path: Path, generation: int) -> subprocess.Popen[bytes]:
    script = Path(__file__).with_name("serving_process.py")
    return subprocess.Popen(
        [sys.executable, str(script), str(path), str(generation)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


class Load:
    """Searches from several threads, and what came of them."""

    def __init__(self, remote: RemoteIndex) -> None:
        self.remote = remote
        self.stop = Event()
        self.newest = -1
        self.wrong = list[object]()
        self.refused = 0
        self.threads = [Thread(target=self._run, args=(seed,)) for seed in range(4)]
        for thread in self.threads:
            thread.start()

    def _run(self, seed: int) -> None:
        dice = np.random.default_rng(seed)
        while not self.stop.is_set():
            partitions = dice.integers(0, PARTITIONS, int(dice.integers(1, 5)))
            queries = dice.standard_normal((len(partitions), 4)).astype(np.float32)
            try:
                found = self.remote.search(queries, 2, partitions)
            except ServerUnavailableError:
                self.refused += 1
                time.sleep(0.002)
            else:
                self._judge(partitions, found)

    def _judge(self, partitions: Ids, found: Neighbours) -> None:
        for row, partition in enumerate(partitions.tolist()):
            generation = int(found.marks[row])
            if found.ids[row].tolist() != [generation * PARTITIONS + partition, -1]:
                self.wrong.append((partition, found))
            self.newest = max(self.newest, generation)

    def wait_for(self, generation: int) -> None:
        deadline = time.monotonic() + SOON_S
        while self.newest < generation:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def end(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.timeout(110)
def test_killed_server_is_noticed_and_its_successor_used(tmp_path: Path, connect: Connect) -> None:
    path = tmp_path / "index.sock"
    server = started(path, 0)
    load = Load(connect(Address(path=str(path)), request_timeout_s=SOON_S))
    try:
        for generation in range(KILLS + 1):
            load.wait_for(generation)
            server.kill()
            server.wait()
            if generation < KILLS:
                server = started(path, generation + 1)
    finally:
        load.end()
        server.kill()
        server.wait()
    assert not load.wrong
    assert load.refused
