"""The worker's life in a process: beside the HTTP server, or on its own until a signal."""

import asyncio
import signal
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable

import structlog

_log = structlog.get_logger(__name__)

Serve = Callable[[asyncio.Event], Awaitable[None]]
"""Works until the event is set, then finishes or hands back what it has begun."""


class WorkerRunner:
    """Starts and stops background work; one run at a time."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether background work goes on in this process."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin to work beside whatever else the event loop does."""
        if not self.is_running:
            self._stop.clear()
            self._task = asyncio.create_task(self._run(), name="memsvc worker")

    async def stop(self) -> None:
        """Take no further job, give the running ones their grace, and return when all is done."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def run_until(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; raises at once what ends the work before that."""
        self.start()
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait(filter(None, (self._task, stopping)), return_when=FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await self.stop()

    async def run_until_signalled(self) -> None:
        """Work until the process is asked to end (SIGTERM, SIGINT)."""
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, asked.set)
        try:
            await self.run_until(asked)
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    async def _run(self) -> None:
        _log.info("worker.started")
        try:
            await self._serve(self._stop)
        except Exception:
            _log.exception("worker.failed")
            raise
        _log.info("worker.stopped")
