"""How late the event loop is: what every request waits for, whatever it asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from memsvc.telemetry import EVENT_LOOP_LAG_SECONDS


@asynccontextmanager
async def loop_lag_measured(every_s: float) -> AsyncIterator[None]:
    """Measure beside whatever else the event loop does, about once in ``every_s``; 0 does not."""
    if every_s <= 0:
        yield
        return
    task = asyncio.create_task(_measure(every_s), name="memsvc loop lag")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _measure(every_s: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + every_s
        await asyncio.sleep(every_s)
        EVENT_LOOP_LAG_SECONDS.observe(max(0.0, loop.time() - due))
