"""Waiting no longer than a time budget."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from memsvc.domain.graph.time_budget import TimeBudget

Result = TypeVar("Result")


async def in_thread(budget: TimeBudget, work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns, from a thread; raise ``GraphTooSlowError`` when time is up.

    Whoever waits goes on then, though the thread may have to wait for its turn at the graph (a
    million edges that are being put together) before it sees that nobody does any more.
    """
    try:
        async with asyncio.timeout(budget.left_s):
            return await asyncio.to_thread(work)
    except TimeoutError as error:
        raise budget.error() from error
