"""How many processor cores this process may really use."""

import os
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")
_CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(topology: Path = _TOPOLOGY, cgroup_limit: Path = _CGROUP_LIMIT) -> int:
    """Return the physical cores open to this process, at least 1.

    Two hardware threads of a core share its arithmetic units and count once; processor affinity
    and a container's quota are respected. Without Linux's files: the logical processors.
    """
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    siblings = {_siblings(topology, cpu) for cpu in os.sched_getaffinity(0)}
    return max(1, min(len(siblings), _quota(cgroup_limit)))


def _siblings(topology: Path, cpu: int) -> str:
    """Name the core of a logical processor by the processors that share it."""
    try:
        return (topology / f"cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)


def _quota(limit: Path) -> int:
    """Return the whole cores of the control group's quota (cgroup v2: ``<quota> <period>``)."""
    logical = os.cpu_count() or 1
    try:
        quota, period = limit.read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        # No file, or "max": no limit.
        return logical
