"""Work beside whatever else the event loop does, for as long as somebody needs it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def running_beside(
    work: Callable[[asyncio.Event], Coroutine[Any, Any, None]], name: str, *, grace_s: float
) -> AsyncIterator[None]:
    """Run ``work`` until the end; it is given the end as an event, and ``grace_s`` seconds more."""
    stop = asyncio.Event()
    task = asyncio.create_task(work(stop), name=name)
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait({task}, timeout=grace_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
