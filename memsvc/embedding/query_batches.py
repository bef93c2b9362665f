"""Queries that wait at the same time are encoded together.

A short text takes an encoder nearly as long as eight of them: what takes time is reading the
weights (decision 0034).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from memsvc.embedding.lane import InferenceLane, Urgency
from memsvc.ports import Matrix, Vector

MOST_AT_ONCE = 8
"""From there on a batch takes as long as its parts would."""


class QueryBatches:
    """Gives each caller the vector of its query; whoever waits shares the next inference.

    A lone query is encoded at once: nothing is waited for.
    """

    def __init__(
        self,
        lane: InferenceLane,
        encode: Callable[[Sequence[str]], Matrix],
        *,
        most: int = MOST_AT_ONCE,
    ) -> None:
        """Encode with ``encode``: a row for each text, the same whatever texts are beside it."""
        self._lane = lane
        self._encode = encode
        self._most = most
        self._waiting: deque[tuple[str, Future[Vector]]] = deque()

    async def vector(self, text: str) -> Vector:
        """Return the query's vector; raises what encoding raises and what the lane raises."""
        own: Future[Vector] = Future()
        self._waiting.append((text, own))
        try:
            # A ticket for whoever waits longest; an earlier ticket may have served this query.
            await self._lane.run(self._encode_waiting, Urgency.QUERY)
            return await asyncio.wrap_future(own)
        finally:
            own.cancel()

    def _encode_waiting(self) -> None:
        """Serve those who wait longest; what fails fails for all of them."""
        batch: list[tuple[str, Future[Vector]]] = []
        while self._waiting and len(batch) < self._most:
            text, future = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                batch.append((text, future))
        if not batch:
            return
        try:
            vectors = self._encode([text for text, _ in batch])
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever awaits the vectors
            for _, future in batch:
                future.set_exception(error)
            return
        for (_, future), vector in zip(batch, vectors, strict=True):
            future.set_result(vector)
