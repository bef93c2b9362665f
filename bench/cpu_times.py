"""Processor time of a service and of its database, as Linux counts it."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.own_service import OwnService
from memsvc.store.embedded.folders import Layout

_PROC = Path("/proc")
_QUIET_SHARE = 0.1
_QUIET_LIMIT_S = 900.0
_WATCH_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuTimes:
    """Seconds since the processes began."""

    service: float
    database: float | None
    """Of all processes of an embedded PostgreSQL; ``None`` where it is not ours to see."""

    @classmethod
    def of(cls, service: OwnService) -> Self | None:
        """Read them; ``None`` where there is no ``/proc`` to tell."""
        own = process_seconds(service.pid)
        if own is None:
            return None
        return cls(service=own, database=database_seconds(service.data_dir))


def wait_until_quiet(service: OwnService) -> bool:
    """Wait until a service works on nothing by itself; tell whether that came within 15 minutes.

    An index builds its structures beside answering: what is measured meanwhile is something else.
    """
    deadline = time.monotonic() + _QUIET_LIMIT_S
    while time.monotonic() < deadline:
        before = CpuTimes.of(service)
        time.sleep(_WATCH_S)
        after = CpuTimes.of(service)
        if before is None or after is None:
            return True
        spent = after.service - before.service + (after.database or 0) - (before.database or 0)
        if spent < _QUIET_SHARE * _WATCH_S:
            return True
    return False


def database_seconds(data_dir: Path) -> float | None:
    """Return the time of all processes of the embedded PostgreSQL of a data folder."""
    try:
        written = (Layout.of(data_dir).cluster / "postmaster.pid").read_text(encoding="utf-8")
        postmaster = int(written.split(maxsplit=1)[0])
    except (OSError, ValueError, IndexError):
        return None
    family = [postmaster, *_children(postmaster)]
    return sum(process_seconds(pid) or 0.0 for pid in family)


def _children(parent: int) -> list[int]:
    found = []
    for path in _PROC.glob("[0-9]*/stat"):
        fields = _stat_fields(path)
        if fields is not None and int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found


def process_seconds(pid: int) -> float | None:
    """Return user and system time of a process, and of those children that it has buried."""
    fields = _stat_fields(_PROC / str(pid) / "stat")
    if fields is None:
        return None
    # proc(5): utime, stime, cutime and cstime are fields 14 to 17; the state, field 3, comes first.
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _stat_fields(path: Path) -> list[str] | None:
    try:
        # The name, in parentheses, may hold anything.
        return path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
