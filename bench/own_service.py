"""A service started for a benchmark, as users start it, on data that ends with it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from bench.errors import BenchError
from memsvc.store.embedded.supervisor import EmbeddedPostgres

_START_LIMIT_S = 180.0
_STOP_LIMIT_S = 60.0
_POLL_S = 0.01
_LOG_TAIL_CHARS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnService:
    """A running service of ours."""

    url: str
    pid: int
    """Of the service itself; the database's processes are its own."""
    data_dir: Path
    start_s: float
    """From starting the program to its being ready for requests."""

    def resident_mib(self) -> float | None:
        """Return the memory that the service holds resident, without the database.

        ``None`` where there is no ``/proc`` to tell it.
        """
        status = Path(f"/proc/{self.pid}/status")
        if not status.exists():
            return None
        lines = status.read_text(encoding="utf-8").splitlines()
        kib = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
        return int(kib) / 1024


class _Ready(BaseModel):
    """What the service writes once it answers."""

    url: str
    pid: int


@contextmanager
def own_service(settings: Mapping[str, str] | None = None) -> Iterator[OwnService]:
    """Start a service with this environment's settings but fresh data; end it and remove them.

    ``settings`` are environment variables that come before those of the environment. Raises
    ``BenchError`` with the end of its log when it does not start.
    """
    with data_folder() as data_dir:
        process, began = _spawn(data_dir, settings or {}), time.perf_counter()
        try:
            ready = _wait_until_ready(process, data_dir)
            yield OwnService(
                url=ready.url,
                pid=ready.pid,
                data_dir=data_dir,
                start_s=time.perf_counter() - began,
            )
        finally:
            _end(process, data_dir)


@contextmanager
def data_folder() -> Iterator[Path]:
    """Yield an empty folder that a database can be in; it is gone afterwards."""
    data_dir = Path(tempfile.mkdtemp(prefix="memsvc-bench-"))
    # For root the database runs as another account, which has to get in.
    data_dir.chmod(0o755)
    try:
        yield data_dir
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def _spawn(data_dir: Path, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("memsvc")
    with _log_of(data_dir).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 — our own program
            [program, "serve", "--port", "0", "--ready-file", _ready_file_of(data_dir)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**_environment(data_dir), **settings},
            # Ctrl-C is for the benchmark, which then ends the service.
            start_new_session=True,
        )


def _environment(data_dir: Path) -> Mapping[str, str]:
    # The settings that are to be measured come from the environment: it is passed on as it is.
    # Nothing works beside what is measured, unless the environment says so.
    quiet = {"MEMSVC_ORGANISE__AUTOMATIC": "false"}
    return quiet | dict(os.environ) | {"MEMSVC_DATA_DIR": str(data_dir)}  # noqa: TID251


def _wait_until_ready(process: subprocess.Popen[bytes], data_dir: Path) -> _Ready:
    ready_file = _ready_file_of(data_dir)
    deadline = time.monotonic() + _START_LIMIT_S
    while not ready_file.exists():
        if process.poll() is not None:
            raise BenchError(f"The service ended while it started:\n{_log_tail(data_dir)}")
        if time.monotonic() > deadline:
            raise BenchError(
                f"The service is not ready after {_START_LIMIT_S:.0f} s:\n{_log_tail(data_dir)}"
            )
        time.sleep(_POLL_S)
    return _Ready.model_validate_json(ready_file.read_text(encoding="utf-8"))


def _end(process: subprocess.Popen[bytes], data_dir: Path) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.returncode < 0:
        # Killed before it could end its database: whoever joins and leaves last ends it.
        with EmbeddedPostgres(data_dir):
            pass


def _ready_file_of(data_dir: Path) -> Path:
    return data_dir / "ready"


def _log_of(data_dir: Path) -> Path:
    return data_dir / "service.log"


def _log_tail(data_dir: Path) -> str:
    return _log_of(data_dir).read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL_CHARS:]
