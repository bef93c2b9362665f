"""One thread for inference, in which nobody waits behind work that can wait longer."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import IntEnum
from typing import Any, TypeAlias, TypeVar

from memsvc.errors import EmbedderUnavailableError

_Result = TypeVar("_Result")
_Job: TypeAlias = tuple[Callable[[], Any], "Future[Any]"]


class Urgency(IntEnum):
    """Who waits for a job: the lower, the sooner."""

    QUERY = 0
    """Somebody who asks."""
    WRITE = 1
    """Somebody who writes."""
    BACKGROUND = 2
    """Nobody: organising, another model's vectors, what was left out."""


class InferenceLane:
    """Runs jobs one at a time: the most urgent first, each kind in the order it came.

    One at a time, because a job uses all cores already and a second one would double the memory.
    An urgent job waits for the one that is running, so others must be short, background jobs most.
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedding")
        self._waiting: tuple[deque[_Job], ...] = tuple(deque() for _ in Urgency)
        self._closed = False

    async def run(self, job: Callable[[], _Result], urgency: Urgency = Urgency.WRITE) -> _Result:
        """Return the job's result. A cancelled caller's job is skipped if it has not begun.

        Raises what the job raises, and ``EmbedderUnavailableError`` once the lane is closed.
        """
        if self._closed:
            raise _closed()
        future: Future[_Result] = Future()
        self._waiting[urgency].append((job, future))
        # A ticket for the next job, not for this one: that is how urgent ones overtake.
        self._executor.submit(self._run_next)
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Finish what is running, refuse what is waiting, end the thread."""
        self._closed = True
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
        for jobs in self._waiting:
            for _job, future in jobs:
                if future.set_running_or_notify_cancel():
                    future.set_exception(_closed())

    def _run_next(self) -> None:
        job, future = next(jobs for jobs in self._waiting if jobs).popleft()
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(job())
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever awaits the result
            future.set_exception(error)


def _closed() -> EmbedderUnavailableError:
    return EmbedderUnavailableError("The embedder is closed.")
