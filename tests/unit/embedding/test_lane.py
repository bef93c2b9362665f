import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from memsvc.embedding.lane import InferenceLane, Urgency
from memsvc.errors import EmbedderUnavailableError
from memsvc.ports import Matrix

NOTHING = np.empty((0, 0), dtype=np.float32)


@pytest.fixture
async def lane() -> AsyncIterator[InferenceLane]:
    lane = InferenceLane()
    yield lane
    await lane.close()


class Gate:
    """A job that runs until it is let go, so that others queue up behind it."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.open = threading.Event()

    def __call__(self) -> Matrix:
        self.running.set()
        assert self.open.wait(10)
        return NOTHING


@pytest.fixture
def gate() -> Gate:
    return Gate()


def noting(order: list[str], name: str) -> Callable[[], Matrix]:
    def job() -> Matrix:
        order.append(name)
        return NOTHING

    return job


async def test_urgent_job_overtakes_those_that_wait(lane: InferenceLane, gate: Gate) -> None:
    order: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane.run(gate))
        await asyncio.to_thread(gate.running.wait, 10)
        for name in ("first", "second"):
            tasks.create_task(lane.run(noting(order, name)))
        tasks.create_task(lane.run(noting(order, "urgent"), Urgency.QUERY))
        await asyncio.sleep(0.01)
        gate.open.set()

    assert order == ["urgent", "first", "second"]


async def test_jobs_leave_the_event_loop_free_and_run_one_at_a_time(
    lane: InferenceLane, gate: Gate
) -> None:
    first = asyncio.create_task(lane.run(gate))
    await asyncio.to_thread(gate.running.wait, 10)
    order: list[str] = []
    second = asyncio.create_task(lane.run(noting(order, "second"), Urgency.QUERY))
    await asyncio.sleep(0.01)

    assert order == []
    gate.open.set()
    await asyncio.gather(first, second)
    assert order == ["second"]


async def test_failure_reaches_the_caller_and_the_lane_goes_on(lane: InferenceLane) -> None:
    def failing() -> Matrix:
        raise EmbedderUnavailableError

    with pytest.raises(EmbedderUnavailableError):
        await lane.run(failing)
    assert await lane.run(lambda: NOTHING) is NOTHING


async def test_job_of_a_cancelled_caller_is_skipped(lane: InferenceLane, gate: Gate) -> None:
    order: list[str] = []
    first = asyncio.create_task(lane.run(gate))
    await asyncio.to_thread(gate.running.wait, 10)
    given_up = asyncio.create_task(lane.run(noting(order, "given up")))
    await asyncio.sleep(0.01)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    gate.open.set()
    await first

    await lane.run(noting(order, "last"))
    assert order == ["last"]


async def test_closing_finishes_the_running_job_and_refuses_the_rest(gate: Gate) -> None:
    lane = InferenceLane()
    running = asyncio.create_task(lane.run(gate))
    await asyncio.to_thread(gate.running.wait, 10)
    waiting = asyncio.create_task(lane.run(lambda: NOTHING))
    await asyncio.sleep(0.01)
    closing = asyncio.create_task(lane.close())
    await asyncio.sleep(0.01)
    gate.open.set()
    await closing

    assert await running is NOTHING
    with pytest.raises(EmbedderUnavailableError, match="closed"):
        await waiting
    with pytest.raises(EmbedderUnavailableError, match="closed"):
        await lane.run(lambda: NOTHING)


async def test_what_is_waited_for_goes_before_what_is_not(lane: InferenceLane, gate: Gate) -> None:
    order: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lane.run(gate))
        await asyncio.to_thread(gate.running.wait, 10)
        for urgency in reversed(Urgency):
            tasks.create_task(lane.run(noting(order, urgency.name), urgency))
        await asyncio.sleep(0.01)
        gate.open.set()

    assert order == ["QUERY", "WRITE", "BACKGROUND"]
