"""Runs one system after the other, each in a fresh process that may take only so long."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Timer

from bench.similarity.rows import Row, failed
from bench.similarity.worker import Orders

_GRACE_S = 30.0
"""For stopping a database, or finishing a call that cannot be interrupted."""
_WORKER = (sys.executable, "-m", "bench.similarity.worker")
_ROOT = Path(__file__).resolve().parents[2]


def run_system(
    orders: Orders,
    limit_s: float,
    on_row: Callable[[Row], None],
    command: Sequence[str] = _WORKER,
) -> None:
    """Measure a system; every row is told as it comes, an early end as one more with its reason.

    Raises ``KeyboardInterrupt`` after the process has ended.
    """
    process = subprocess.Popen(  # noqa: S603 — this interpreter
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=_environment(orders),
        # Ctrl-C reaches this process alone, which ends the other in its own way.
        start_new_session=True,
    )
    assert process.stdin is not None  # noqa: S101 — pipes were asked for
    assert process.stdout is not None  # noqa: S101
    over: list[str] = []

    def stop() -> None:
        over.append(f"Stopped after {limit_s:.0f} s (--peer-timeout).")
        _end(process)

    timer = Timer(limit_s, stop)
    timer.start()
    try:
        json.dump(orders, process.stdin)
        process.stdin.close()
        for line in process.stdout:
            on_row(json.loads(line))
        status = process.wait()
    except BrokenPipeError:
        status = process.wait()
    finally:
        timer.cancel()
        _end(process)
        process.stdout.close()
    if over:
        on_row(failed(orders["system"], over[0]))
    elif status:
        on_row(failed(orders["system"], f"Its process ended with status {status}."))


def _environment(orders: Orders) -> dict[str, str]:
    """Return the environment, with NumPy's threads bounded as the search's are."""
    inherited = dict(os.environ)  # noqa: TID251 — handed on, not read
    threads = str(orders["threads"])
    return inherited | {
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OMP_NUM_THREADS": str(max(orders["threads"], orders["build_threads"])),
    }


def _end(process: "subprocess.Popen[str]") -> None:
    """End a process, at once if it does not do it by itself; one that has ended is left alone."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
