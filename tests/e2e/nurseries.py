"""Processes that fork processes quickly, one at a time, to be killed at any point."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from memsvc.store.roles import INDEX_ROLE
from tests.fixtures.database import DatabaseUrls

PATIENCE_S = 30


class Forks:
    """A process that forks another for each line it reads, and tells its end."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, line: str = "") -> int:
        """Fork a process and return its id."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return int(self._line())

    def end(self, pid: int, number: signal.Signals) -> int:
        """Send a signal and return what the process ended with."""
        with suppress(ProcessLookupError):  # It may have come to its end by itself.
            os.kill(pid, number)
        return os.waitstatus_to_exitcode(int(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


class Nursery(Forks):
    """Its processes write ``ready`` or ``failure`` into the folder."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        super().__init__(process)
        self.folder = folder

    def ready(self) -> str:
        """Wait until the process is ready; return what it says of itself."""
        deadline = time.monotonic() + PATIENCE_S
        while not (self.folder / "ready").exists():
            self.assert_well()
            assert time.monotonic() < deadline, "the process did not become ready"
            time.sleep(0.005)
        return (self.folder / "ready").read_text()

    def assert_well(self) -> None:
        """Fail with what a process has failed with."""
        failure = self.folder / "failure"
        assert not failure.exists(), failure.read_text()

    def end(self, pid: int, number: signal.Signals) -> int:
        """Send a signal and return what the process ended with; the next one is not ready yet."""
        code = super().end(pid, number)
        (self.folder / "ready").unlink(missing_ok=True)
        return code


@contextmanager
def index_nursery(urls: DatabaseUrls) -> Iterator[Nursery]:
    """Yield one for index processes, with a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="memsvc-index-"))  # short: it is in a socket's path
    module, arguments = "tests.e2e.index_nursery", (urls.url, urls.url_of(INDEX_ROLE), str(folder))
    try:
        with _nursery(module, *arguments) as process:
            yield Nursery(process, folder)
    finally:
        shutil.rmtree(folder)


@contextmanager
def api_nursery(urls: DatabaseUrls, folder: Path, *server_url: str) -> Iterator[Nursery]:
    """Yield one for API processes, which ask the index server of that URL if there is one."""
    with _nursery("tests.e2e.api_nursery", urls.url, str(folder), *server_url) as process:
        yield Nursery(process, folder)


@contextmanager
def working_nursery(urls: DatabaseUrls, folder: Path) -> Iterator[Forks]:
    """Yield one for processes that make an attempt at the job whose id they are given."""
    with _nursery("tests.e2e.working_nursery", urls.url, str(folder)) as process:
        yield Forks(process)


def kill_after(processes: Forks, line: str, seconds: float) -> bool:
    """Have a process forked and kill it; tell whether it was still at work."""
    pid = processes.start(line)
    time.sleep(seconds)
    return processes.end(pid, signal.SIGKILL) == -signal.SIGKILL


def resumed_of(said: str) -> int:
    """Return how many copies an API process says it has resumed from snapshots."""
    return int(json.loads(said)["resumed"])


@contextmanager
def _nursery(module: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
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
