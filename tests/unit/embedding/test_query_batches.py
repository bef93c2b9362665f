import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from memsvc.embedding.lane import InferenceLane
from memsvc.embedding.query_batches import QueryBatches
from memsvc.errors import EmbedderUnavailableError
from memsvc.ports import Matrix, Vector


class Encoder:
    """Encodes a text as its length; keeps every batch, and can be held up."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun = threading.Event()
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __call__(self, texts: Sequence[str]) -> Matrix:
        self.batches.append(list(texts))
        self.begun.set()
        assert self.may_go_on.wait(10)
        if "bad" in texts:
            raise EmbedderUnavailableError("no")
        return np.array([[len(text)] for text in texts], np.float32)


@pytest.fixture
async def lane() -> AsyncIterator[InferenceLane]:
    lane = InferenceLane()
    yield lane
    await lane.close()


async def _held_up(queries: QueryBatches, encoder: Encoder) -> "asyncio.Task[Vector]":
    """Begin a query that does not end yet."""
    encoder.may_go_on.clear()
    first = asyncio.create_task(queries.vector("first"))
    await asyncio.to_thread(encoder.begun.wait, 10)
    return first


async def test_queries_that_wait_share_an_inference_and_get_their_own(lane: InferenceLane) -> None:
    encoder = Encoder()
    queries = QueryBatches(lane, encoder, most=3)
    first = await _held_up(queries, encoder)
    others = [asyncio.create_task(queries.vector("x" * n)) for n in range(1, 6)]
    await asyncio.sleep(0)
    encoder.may_go_on.set()

    assert [float((await each)[0]) for each in (first, *others)] == [5, 1, 2, 3, 4, 5]
    assert encoder.batches == [["first"], ["x", "xx", "xxx"], ["xxxx", "xxxxx"]]


async def test_one_that_gives_up_costs_the_others_nothing(lane: InferenceLane) -> None:
    encoder = Encoder()
    queries = QueryBatches(lane, encoder, most=2)
    first = await _held_up(queries, encoder)
    gone, *others = [asyncio.create_task(queries.vector(text)) for text in ("gone", "a", "bb")]
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    encoder.may_go_on.set()

    assert [float((await each)[0]) for each in (first, *others)] == [5, 1, 2]
    assert encoder.batches == [["first"], ["a", "bb"]]


async def test_a_failure_reaches_those_it_concerns(lane: InferenceLane) -> None:
    encoder = Encoder()
    queries = QueryBatches(lane, encoder)
    first = await _held_up(queries, encoder)
    both = [asyncio.create_task(queries.vector(text)) for text in ("bad", "good")]
    await asyncio.sleep(0)
    encoder.may_go_on.set()

    assert float((await first)[0]) == 5
    for each in both:
        with pytest.raises(EmbedderUnavailableError):
            await each
    assert float((await queries.vector("again"))[0]) == 5


async def test_a_closed_lane_refuses() -> None:
    lane = InferenceLane()
    await lane.close()
    with pytest.raises(EmbedderUnavailableError):
        await QueryBatches(lane, Encoder()).vector("late")
