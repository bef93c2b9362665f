"""The worker's life in a process."""

import asyncio
import os
import signal

import pytest

from memsvc.worker.runner import WorkerRunner


class Work:
    """Stands for the queue: notes what it is told."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0

    async def __call__(self, stop: asyncio.Event) -> None:
        self.begun += 1
        await stop.wait()
        self.ended += 1


async def test_work_goes_on_beside_the_caller_until_it_is_stopped() -> None:
    work = Work()
    runner = WorkerRunner(work)

    runner.start()
    await asyncio.sleep(0)
    states = [(runner.is_running, work.begun, work.ended)]
    await runner.stop()
    states.append((runner.is_running, work.begun, work.ended))

    assert states == [(True, 1, 0), (False, 1, 1)]


async def test_a_second_start_changes_nothing_when_it_runs() -> None:
    work = Work()
    runner = WorkerRunner(work)

    runner.start()
    runner.start()
    await asyncio.sleep(0)
    await runner.stop()

    assert work.begun == 1


async def test_it_starts_again_when_it_was_stopped() -> None:
    work = Work()
    runner = WorkerRunner(work)
    for _ in range(2):
        runner.start()
        await asyncio.sleep(0)
        await runner.stop()

    assert (work.begun, work.ended) == (2, 2)


async def test_stopping_is_harmless_when_nothing_was_started() -> None:
    await WorkerRunner(Work()).stop()


async def test_run_until_ends_with_the_error_when_the_work_breaks_down() -> None:
    async def broken(_stop: asyncio.Event) -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        await asyncio.wait_for(WorkerRunner(broken).run_until(asyncio.Event()), 5)


async def test_the_work_is_stopped_in_order_when_its_caller_is_cancelled() -> None:
    work = Work()
    caller = asyncio.create_task(WorkerRunner(work).run_until(asyncio.Event()))
    await asyncio.sleep(0.01)

    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    assert work.ended == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_work_in_order(number: signal.Signals) -> None:
    work = Work()
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), number)

    await asyncio.wait_for(WorkerRunner(work).run_until_signalled(), 5)

    assert work.ended == 1
