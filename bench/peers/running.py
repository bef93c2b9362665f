"""Runs one system after the other, each in a process and an environment of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from bench.peers.orders import PeerOrders, PeerRow

OURS = "memsvc"
OURS_DENSE = "memsvc, dense arm alone"
"""What a library that compares vectors alone does: asked of as few arms as it has."""
PEERS: Mapping[str, str] = {"mem0": "mem0ai"}
"""What a peer is called on the command line, and its distribution."""

_ROOT = Path(__file__).resolve().parents[2]
_CLIENT = _ROOT / "clients" / "python"
"""Named, because where it is installed for editing it is found by a hook and on no path."""
_ENVIRONMENTS = Path(sys.prefix) / "peers"
"""What `make bench-peers` makes."""
_GRACE_S = 30.0
_SHOWN_CHARS = 400


def run_peer(orders: PeerOrders, limit_s: float) -> PeerRow:
    """Measure a system; what stands in the way becomes the reason of its row.

    ``KeyboardInterrupt`` ends the process before it goes on.
    """
    python = _python_of(orders.system)
    if not python.exists():
        return PeerRow(name=orders.system, reason="It is not installed: run `make bench-peers`.")
    program = f"{with_our_packages()}; from bench.peers.worker import main; main()"
    process = subprocess.Popen(  # noqa: S603 — our own program
        [python, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=_environment(),
        start_new_session=True,
    )
    try:
        answer, errors = process.communicate(json.dumps(asdict(orders)), limit_s)
    except subprocess.TimeoutExpired:
        return PeerRow(name=orders.system, reason=f"Stopped after {limit_s:.0f} s.")
    finally:
        _end(process)
    if process.returncode:
        last = errors.strip().splitlines()[-1:] or [f"status {process.returncode}"]
        return PeerRow(name=orders.system, reason=f"It failed: {last[0][:_SHOWN_CHARS]}")
    row: PeerRow = json.loads(answer)
    return row


def with_our_packages() -> str:
    """Return the statements that let another interpreter import what the benchmark needs.

    The packages that it has itself come first.
    """
    paths = [str(_ROOT), str(_CLIENT), *(path for path in sys.path if path)]
    return f"import sys; sys.path += {paths!r}"


def _python_of(system: str) -> Path:
    if system in (OURS, OURS_DENSE):
        return Path(sys.executable)
    return _ENVIRONMENTS / system / "bin" / "python"


def _environment() -> dict[str, str]:
    # Handed on, less what would lead a peer's interpreter or a service elsewhere.
    inherited = dict(os.environ)  # noqa: TID251
    for name in ("PYTHONPATH", "MEMSVC_DATABASE_URL", "MEMSVC_DATA_DIR"):
        inherited.pop(name, None)
    return inherited


def _end(process: "subprocess.Popen[str]") -> None:
    """Ask a process to end, so that its database ends with it; later, make it."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
