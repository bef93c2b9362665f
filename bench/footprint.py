"""``python -m bench footprint``: memory of the idle service, and how long starting takes."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Annotated, TypedDict

import typer

from bench.errors import BenchError
from bench.options import ApiKeyOption
from bench.own_service import OwnService
from bench.progress import console
from bench.results import describe_run, write_results
from bench.service import MeasuredService, ServiceOptions, measured_service

IMPORTS = ("memsvc", "memsvc_client", "memsvc.bootstrap", "memsvc.api.app")
_IMPORT_REPEATS = 5
_SETTLE_S = 2.0

_TIMED_IMPORT = """
import sys, time
began = time.perf_counter()
__import__(sys.argv[1])
print(time.perf_counter() - began)
"""


class FootprintResult(TypedDict):
    """What one run has measured. Memory is that of the service, without the database."""

    start_s: float
    """From starting the program, on an empty data folder, to its being ready."""
    resident_idle_mib: float
    resident_after_recall_mib: float
    """After one memory was stored and recalled."""
    import_ms: dict[str, float]
    """Median time to import, each time in a new interpreter."""


def footprint(
    *,
    out: Annotated[Path | None, typer.Option(help="Where to write the results, as JSON.")] = None,
    api_key: ApiKeyOption = None,
) -> None:
    """Start a service, and tell its memory before and after the first recall; Linux only."""
    import_ms = {name: _import_ms(name) for name in IMPORTS}
    with measured_service(ServiceOptions(api_key=api_key)) as service:
        assert service.own is not None  # noqa: S101 — without a URL it is
        described = service.describe()
        result = _measure(service, service.own, import_ms)
    settings = describe_run(command="footprint", service=described)
    if out is not None:
        write_results(out, {"footprint": result, "settings": settings})
    console.print(
        f"ready after {result['start_s']:.2f} s; resident {result['resident_idle_mib']:.0f} MiB"
        f" idle, {result['resident_after_recall_mib']:.0f} MiB after the first recall"
    )
    for name, took_ms in import_ms.items():
        console.print(f"import {name}: {took_ms:.1f} ms")


def _measure(
    service: MeasuredService, own: OwnService, import_ms: dict[str, float]
) -> FootprintResult:
    time.sleep(_SETTLE_S)
    idle = _resident_mib(own)
    bank = service.make_bank("footprint")
    bank.add_memory("The kettle is behind the blue door.")
    bank.recall("Where is the kettle?")
    time.sleep(_SETTLE_S)
    return FootprintResult(
        start_s=own.start_s,
        resident_idle_mib=idle,
        resident_after_recall_mib=_resident_mib(own),
        import_ms=import_ms,
    )


def _resident_mib(own: OwnService) -> float:
    resident = own.resident_mib()
    if resident is None:
        raise BenchError("How much memory a process holds is read from /proc: Linux only.")
    return resident


def _import_ms(module: str) -> float:
    """Return the median milliseconds of importing a module, past the interpreter's own start."""
    times = []
    for _ in range(_IMPORT_REPEATS):
        ran = subprocess.run(  # noqa: S603 — this interpreter
            [sys.executable, "-c", _TIMED_IMPORT, module],
            capture_output=True,
            text=True,
            check=True,
        )
        times.append(float(ran.stdout) * 1000)
    return median(times)
