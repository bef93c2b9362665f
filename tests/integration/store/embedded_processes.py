"""What the tests of the embedded server do to processes: start them, find them, kill them."""

import ast
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from memsvc.store.embedded.folders import Layout

_SCRIPT = Path(__file__).with_name("embedded_user.py")
_REPOSITORY = Path(__file__).parents[3]


def _import_path() -> str:
    return os.pathsep.join([str(_REPOSITORY), *sys.path])


class UserProcess:
    """Another process using the server of ``data_dir``; ends, stopping it, with the context."""

    def __init__(
        self,
        data_dir: Path,
        *,
        environment: Mapping[str, str] | None = None,
        interpreter: str = sys.executable,
        uid: int | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [interpreter, str(_SCRIPT), str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"PYTHONPATH": _import_path()} | dict(environment or {}),
            user=uid,
            group=uid,
            extra_groups=None if uid is None else [],
        )

    def ask(self, action: str) -> object:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{action}\n")
        self.process.stdin.flush()
        while (line := self.process.stdout.readline()).strip():
            try:
                return ast.literal_eval(line)
            except (SyntaxError, ValueError):  # a line of its log
                continue
        raise AssertionError(f"the process ended instead of doing {action}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.ask("stop")
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait(30)


def postmaster_pid(data_dir: Path) -> int:
    pid_file = Layout.of(data_dir).cluster / "postmaster.pid"
    return int(pid_file.read_text().partition("\n")[0])


def kill_postmaster(data_dir: Path) -> int:
    """Kill the server as hard as it goes; its backends stay behind until they notice."""
    pid = postmaster_pid(data_dir)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))
    return pid


def is_running(pid: int) -> bool:
    """Tell whether ``pid`` is alive; a zombie is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_until(condition: Callable[[], bool], *, limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "the awaited state did not come"
        time.sleep(0.02)


def processes_naming(path: Path) -> list[int]:
    """Return the processes on whose command line ``path`` stands."""
    wanted = os.fsencode(path)
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if wanted in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:  # it has ended meanwhile
            continue
    return found
