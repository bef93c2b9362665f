"""Background work that steps aside while somebody in the same process waits for an answer.

Both share one event loop, one interpreter and one encoder: a window of memories that is organised
in pieces of milliseconds delays each step of a request by one of them. So it looks, before each
piece, whether anybody waits, and goes on when they have their answer. Where requests never cease,
it takes half of the time.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Courtesy:
    """Who waits for answers, and for how long background work lets them go first."""

    def __init__(
        self, *, most_wait_s: float = 0.5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Let others go first for ``most_wait_s`` seconds, then not again for as long."""
        self._most_wait_s = most_wait_s
        self._clock = clock
        self._answering = 0
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._own_time_until = 0.0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Mark that somebody waits while the block runs."""
        self._answering += 1
        self._nobody.clear()
        try:
            yield
        finally:
            self._answering -= 1
            if not self._answering:
                self._nobody.set()

    async def turn(self) -> float:
        """Return when it is background work's turn: at once if nobody waits.

        Returns the seconds waited. Lets the event loop do what is ready in any case.
        """
        started = self._clock()
        if self._nobody.is_set() or started < self._own_time_until:
            await asyncio.sleep(0)
            return 0.0
        try:
            await asyncio.wait_for(self._nobody.wait(), self._most_wait_s)
        except TimeoutError:
            self._own_time_until = self._clock() + self._most_wait_s
        return self._clock() - started
