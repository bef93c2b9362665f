"""Commands as users start them: in processes of their own, with nothing configured."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 60.0
_UNUSED_PORT = "9"
"""Where no service runs: a developer may have one on the default port."""


class ServingProcess:
    """A process of `memsvc serve` on a free port, with its log in a file."""

    def __init__(self, data_dir: Path, *options: str, **settings: str) -> None:
        self.ready_file = data_dir.with_name("ready.json")
        self.log = data_dir.with_name("service.log")
        command = [sys.executable, "-m", "memsvc", "serve", "--port", "0"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--ready-file", str(self.ready_file), *options],
                cwd=ROOT,
                env=environment(data_dir) | settings,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> str:
        """Return the URL once requests are answered."""
        deadline = time.monotonic() + START_LIMIT_S
        while not self.ready_file.exists():
            code = self.process.poll()
            assert code is None, f"ended with code {code}: {self.log.read_text()}"
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        ready = json.loads(self.ready_file.read_text())
        assert ready["pid"] == self.process.pid
        return str(ready["url"])

    def end(self, number: signal.Signals = signal.SIGTERM, *, limit_s: float = 30.0) -> int:
        """Ask the service to end and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(limit_s)


@contextmanager
def serving(data_dir: Path, *options: str, **settings: str) -> Iterator[ServingProcess]:
    """Yield a process that serves, or is about to; it is gone afterwards."""
    service = ServingProcess(data_dir, *options, **settings)
    try:
        yield service
    finally:
        service.process.kill()
        service.process.wait()


class HalfRequest:
    """A request whose end its caller keeps back, so that the service has one under way."""

    def __init__(self, url: str, bank: str) -> None:
        body = json.dumps({"name": bank}).encode()
        self._rest = body[1:]
        self._connection = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        self._connection.sendall(
            b"POST /v1/banks HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body[:1])
        )
        time.sleep(0.5)  # nothing that the service says shows that it has begun

    def complete(self) -> int:
        """Send the rest and return the status of the answer."""
        self._connection.sendall(self._rest)
        with self._connection.makefile("rb") as answer:
            return int(answer.readline().split()[1])

    def close(self) -> None:
        self._connection.close()


def environment(data_dir: Path) -> dict[str, str]:
    """Return an environment in which nothing but the data folder is configured."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}:{ROOT / 'clients' / 'python'}",
        "MEMSVC_DATA_DIR": str(data_dir),
        "MEMSVC_API__PORT": _UNUSED_PORT,
    }


def run_command(data_dir: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run another command in that environment."""
    return subprocess.run(
        [sys.executable, "-m", "memsvc", *arguments],
        cwd=ROOT,
        env=environment(data_dir),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
