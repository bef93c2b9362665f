"""Start a service with nothing configured, run the demo against it, and stop it again.

    python examples/run_demo.py

is what ``make demo`` does. The service's data stay in its data folder, so that a second run finds
every turn remembered.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rich.console import Console

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "examples" / "demo.py"

START_LIMIT_S = 300.0
"""A first start creates the database; one after a crash recovers it."""
STOP_LIMIT_S = 90.0
POLL_S = 0.05
LOG_LINES = 20

Service = subprocess.Popen[bytes]


def main() -> None:
    """Run the demo; exit with its exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, exit_orderly)  # else the service would stay behind
    console = Console(markup=False, highlight=False)
    with tempfile.TemporaryDirectory(prefix="memsvc-demo-") as folder:
        ready, log = Path(folder) / "ready.json", Path(folder) / "service.log"
        try:
            with running_service(ready, log, console) as service:
                url = wait_until_ready(service, ready, log, console)
                code = run_demo(url)
        except KeyboardInterrupt:
            sys.exit(130)
    sys.exit(code)


def exit_orderly(number: int, _frame: FrameType | None) -> None:
    """End by an exception, so that what is open is closed."""
    sys.exit(128 + number)


@contextmanager
def running_service(ready: Path, log: Path, console: Console) -> Iterator[Service]:
    """Yield the starting service; stop it at the end, whatever happened."""
    command = [sys.executable, "-m", "memsvc", "serve", "--port", "0", "--ready-file", str(ready)]
    with log.open("wb") as output:
        # In a group of its own: Ctrl-C is for this program, which then stops the service.
        service = subprocess.Popen(  # noqa: S603 — our own program
            command, cwd=ROOT, stdout=output, stderr=output, process_group=0
        )
    try:
        yield service
    finally:
        stop(service, log, console)


def wait_until_ready(service: Service, ready: Path, log: Path, console: Console) -> str:
    """Return the service's URL once it answers; exit with the end of its log if it does not."""
    deadline = time.monotonic() + START_LIMIT_S
    with console.status("starting the service, with a database of its own"):
        while not ready.exists():
            if service.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"The service did not start. Its log ends with:\n{tail(log)}")
            time.sleep(POLL_S)
    url: str = json.loads(ready.read_text(encoding="utf-8"))["url"]
    console.print(f"The service runs at {url}.")
    return url


def run_demo(url: str) -> int:
    """Run the demo against the service and return its exit code."""
    # By the environment, where a key that the user has set for the service is found as well.
    environment = os.environ | {"MEMSVC_URL": url}  # noqa: TID251
    command = [sys.executable, str(DEMO), "--keep"]
    # In a group of its own too: Ctrl-C then ends it without a traceback.
    done = subprocess.run(command, env=environment, check=False, process_group=0)  # noqa: S603
    return done.returncode


def stop(service: Service, log: Path, console: Console) -> None:
    """Ask the service to end, wait for it, and say how it ended."""
    if service.poll() is not None:
        return
    service.terminate()
    try:
        with console.status("stopping the service"):
            code = service.wait(STOP_LIMIT_S)
    except BaseException:  # also a second Ctrl-C: nothing is left behind
        service.kill()
        service.wait()
        raise
    if code == 0:
        console.print("The service has shut down; its data stay for the next run.")
    else:
        console.print(f"The service ended with code {code}. Its log ends with:\n{tail(log)}")


def tail(log: Path) -> str:
    """Return the last lines of the service's log."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-LOG_LINES:])


if __name__ == "__main__":
    main()
