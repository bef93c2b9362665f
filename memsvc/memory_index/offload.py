"""Computations off the event loop, when they are long enough to be felt by other requests."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

INLINE_ROWS = 2_000
"""Searching as many texts or vectors takes under 1 ms; going to a thread and back 0.1 ms."""


async def run_sized(
    rows: int,
    compute: Callable[_Parameters, _Result],
    *args: _Parameters.args,
    **kwargs: _Parameters.kwargs,
) -> _Result:
    """Return ``compute(…)``, which has to do with ``rows`` rows: in a thread if they are many."""
    if rows <= INLINE_ROWS:
        return compute(*args, **kwargs)
    return await asyncio.to_thread(compute, *args, **kwargs)
