"""What processes of ours that serve have: a ready file, an orderly end, a patient collector."""

import asyncio
import gc
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_YOUNG_OBJECTS = 20_000
"""More than a few recalls at a time have alive; without a cycle they go when they are dropped."""
_COLLECTIONS_BEFORE_OLDER = 20
_log = structlog.get_logger(__name__)


@contextmanager
def ready_file(path: Path | None) -> Iterator[Callable[[str], None]]:
    """Yield what writes the file, whole or not at all; it is gone when the service is."""

    def write(url: str) -> None:
        if path is not None:
            fresh = path.with_name(f".{path.name}.{os.getpid()}")
            fresh.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
            fresh.replace(path)

    if path is None:
        yield write
        return
    path.unlink(missing_ok=True)  # of a service that was killed
    try:
        yield write
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def stop_on_signal() -> Iterator[asyncio.Event]:
    """Yield an event that the first signal to end sets; the second one ends the process at once."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def ask_to_stop(number: signal.Signals) -> None:
        _log.info("service.stop_requested", signal=number.name)
        stop.set()
        for each in _SIGNALS:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)

    for number in _SIGNALS:
        loop.add_signal_handler(number, ask_to_stop, number)
    try:
        yield stop
    finally:
        with suppress(ValueError):  # not in the main thread
            for number in _SIGNALS:
                loop.remove_signal_handler(number)


@contextmanager
def collected_rarely() -> Iterator[None]:
    """Leave what is alive now to itself, and look for unreachable cycles seldom.

    A full collection visits every object of every bank that is held, while nothing else runs. With
    the interpreter's own thresholds a service came to one every few hundred recalls (decision 56).
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _COLLECTIONS_BEFORE_OLDER, _COLLECTIONS_BEFORE_OLDER)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
