"""Background work lets those who wait go first, and is never starved by them."""

import asyncio

from memsvc.services.courtesy import Courtesy


async def test_it_is_its_turn_at_once_when_nobody_waits() -> None:
    assert await Courtesy().turn() == 0.0


async def test_it_waits_for_the_last_answer() -> None:
    courtesy, order = Courtesy(most_wait_s=5.0), []

    async def background() -> None:
        await courtesy.turn()
        order.append("background")

    with courtesy.answering():
        with courtesy.answering():
            task = asyncio.create_task(background())
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        order.append("answer")
    await task
    assert order == ["answer", "background"]


async def test_where_requests_never_cease_it_takes_half_of_the_time() -> None:
    now = [100.0]
    courtesy = Courtesy(most_wait_s=0.01, clock=lambda: now[0])
    with courtesy.answering():
        await courtesy.turn()  # this wait runs out
        assert await courtesy.turn() == 0.0
        now[0] += 0.02
        asyncio.get_running_loop().call_later(0.002, lambda: now.__setitem__(0, now[0] + 0.01))
        assert await courtesy.turn() > 0.0
