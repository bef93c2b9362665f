"""Waiting for jobs: how long already, and whether to go on."""

import time
from collections.abc import Callable

from memsvc_client.errors import JobsTimeoutError
from memsvc_client.jobs import Job


class JobWait:
    """A wait that has begun, and the most seconds that it may take."""

    def __init__(self, timeout_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout_s = timeout_s
        self._clock = clock
        self._began = clock()

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began."""
        return self._clock() - self._began

    def pause_s(self, job: Job, poll_s: float) -> float:
        """Return how long to sleep while ``job`` is open, or raise when the time is up."""
        left_s = self._timeout_s - self.elapsed_s
        if left_s <= 0:
            state = f"{job.state}: {job.reason}" if job.reason else job.state
            raise JobsTimeoutError(
                f"job {job.id} ({job.kind}) is still open after {self._timeout_s:g} s: {state}"
            )
        return min(poll_s, left_s)
