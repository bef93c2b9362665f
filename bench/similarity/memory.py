"""How much memory a process has of its own."""

import ctypes
import gc
import sys
from pathlib import Path

from bench.errors import BenchError

RESIDENT_GROWTH = "growth of the process's own resident memory"


def own_resident_bytes(process: int | str = "self") -> int:
    """Return the anonymous resident memory of a process (Linux).

    Files that are mapped, so also the arrays that all systems read, do not count. What was freed
    in this process is given back to the system first, or a build's leftovers would count.
    """
    if sys.platform != "linux":
        raise BenchError("How much memory a process holds is read from /proc: Linux only.")
    if process == "self":
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
        if trim is not None:
            trim(0)
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024
