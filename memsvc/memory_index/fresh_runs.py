"""One run of a coroutine for many callers, but never a run that is older than its caller."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

_Result = TypeVar("_Result")


class FreshRuns(Generic[_Result]):
    """Runs that callers share when they may.

    A caller that comes while a run is under way may have changed what that run has read already,
    so it shares the next one with all who come until that begins. Runs follow one another; at most
    one waits.
    """

    def __init__(self, run: Callable[[], Awaitable[_Result]]) -> None:
        """Share the runs of ``run``."""
        self._run = run
        self._one_at_a_time = asyncio.Lock()
        self._waiting: asyncio.Task[_Result] | None = None

    async def join(self) -> _Result:
        """Return the result of a run that begins after this call.

        A caller that is cancelled leaves the run to the others.
        """
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.create_task(self._begin())
            self._waiting.add_done_callback(_mark_retrieved)
        return await asyncio.shield(self._waiting)

    @property
    def turn(self) -> asyncio.Lock:
        """Whoever holds it has no run beside it."""
        return self._one_at_a_time

    async def _begin(self) -> _Result:
        try:
            await self._one_at_a_time.acquire()
        finally:
            self._waiting = None  # Whoever comes from here on needs another run.
        try:
            return await self._run()
        finally:
            self._one_at_a_time.release()


def _mark_retrieved(task: asyncio.Task[_Result]) -> None:
    # Every caller may have been cancelled; then nobody else looks at the error.
    if not task.cancelled():
        task.exception()
