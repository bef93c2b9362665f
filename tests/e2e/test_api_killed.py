"""An API process killed at any point of a write load loses nothing and revives nothing."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.journal import Journal
from tests.fixtures.services import Service

ROUNDS = 50
PATIENCE_S = 30


def ready(folder: Path) -> int:
    """Wait until a process has checked everything; return how many copies it resumed."""
    deadline = time.monotonic() + PATIENCE_S
    while not (folder / "ready").exists():
        assert not (folder / "failure").exists(), (folder / "failure").read_text()
        assert time.monotonic() < deadline, "the process did not become ready"
        time.sleep(0.005)
    resumed = json.loads((folder / "ready").read_text())["resumed"]
    (folder / "ready").unlink()
    return int(resumed)


def kill_again_and_again(process: "subprocess.Popen[str]", folder: Path) -> list[int]:
    """Return how many copies the process of each round resumed from a snapshot."""
    assert process.stdin is not None
    assert process.stdout is not None
    chance, resumed = random.Random(5), []
    for number in range(ROUNDS + 1):  # the last one checks what the one before has left
        process.stdin.write(f"{number}\n")
        process.stdin.flush()
        pid = int(process.stdout.readline())
        resumed.append(ready(folder))
        time.sleep(chance.random() * 0.4)
        assert not (folder / "failure").exists(), (folder / "failure").read_text()
        os.kill(pid, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(int(process.stdout.readline())) == -signal.SIGKILL
    return resumed


@contextmanager
def nursery(database_url: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Yield a process that forks API processes; it is gone afterwards."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.api_nursery", database_url, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_a_killed_api_process_loses_nothing_acknowledged_and_revives_nothing_deleted(
    service: Service, tmp_path: Path
) -> None:
    await service.create_bank("bank")
    with nursery(service.database.url, tmp_path) as process:
        resumed = await asyncio.to_thread(kill_again_and_again, process, tmp_path)

    written = Journal(tmp_path / "journal").read()
    assert len(written.steps) > ROUNDS
    assert written.forbidden
    assert sum(resumed) > ROUNDS // 2, "the snapshots were not there to be resumed from"
