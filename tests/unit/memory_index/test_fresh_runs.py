"""Runs shared by callers, but never older than a caller."""

import asyncio

import pytest

from memsvc.memory_index.fresh_runs import FreshRuns


class _Source:
    """A run reads ``value`` at its start and takes until ``door`` opens to return it."""

    def __init__(self) -> None:
        self.value = 0
        self.began = 0
        self.under_way = 0
        self.door = asyncio.Event()
        self.error: Exception | None = None

    async def read(self) -> int:
        self.began += 1
        self.under_way += 1
        assert self.under_way == 1
        seen = self.value
        await self.door.wait()
        self.under_way -= 1
        if self.error is not None:
            raise self.error
        return seen


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_callers_of_one_moment_share_a_run() -> None:
    source = _Source()
    runs = FreshRuns(source.read)
    callers = [asyncio.create_task(runs.join()) for _ in range(10)]
    source.door.set()
    assert await asyncio.gather(*callers) == [0] * 10
    assert source.began == 1


async def test_caller_does_not_share_a_run_that_began_before_it() -> None:
    source = _Source()
    runs = FreshRuns(source.read)
    early = asyncio.create_task(runs.join())
    await _settle()
    source.value = 1
    late = [asyncio.create_task(runs.join()) for _ in range(10)]
    await _settle()
    source.door.set()
    assert await early == 0
    assert await asyncio.gather(*late) == [1] * 10
    assert source.began == 2


async def test_error_reaches_every_caller_and_the_next_run_is_free() -> None:
    source = _Source()
    source.error = ValueError("broken")
    source.door.set()
    runs = FreshRuns(source.read)
    outcomes = await asyncio.gather(runs.join(), runs.join(), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["broken", "broken"]
    source.error = None
    assert await runs.join() == 0


async def test_cancelled_caller_leaves_the_run_to_the_others() -> None:
    source = _Source()
    runs = FreshRuns(source.read)
    leaving, staying = (asyncio.create_task(runs.join()) for _ in range(2))
    await _settle()
    leaving.cancel()
    source.door.set()
    assert await staying == 0
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert source.began == 1


async def test_error_that_nobody_waits_for_any_more_is_not_reported_as_lost() -> None:
    source = _Source()
    source.error = ValueError("broken")
    runs = FreshRuns(source.read)
    only = asyncio.create_task(runs.join())
    await _settle()
    only.cancel()
    source.door.set()
    await _settle()
    source.error = None
    assert await runs.join() == 0


async def test_cancelled_run_does_not_block_later_callers() -> None:
    source = _Source()
    runs = FreshRuns(source.read)
    first = asyncio.create_task(runs.join())
    await asyncio.sleep(0)
    assert runs._waiting is not None
    runs._waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    source.door.set()
    assert await runs.join() == 0
