"""An index server that follows only when it is told to, over the real feed."""

from collections.abc import Sequence
from threading import Event

import numpy as np
from numpy.typing import NDArray

from gpu_index import VectorIndex, open_index
from gpu_index.errors import ServerUnavailableError
from gpu_index.protocol import Ids, Neighbours, Vectors
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.memory_index.marks import decode_mark, encode_mark
from memsvc.memory_index.remote import RemoteMemoryIndex, RemoteOptions
from memsvc.ports import FeedRequest, IndexFeed, Overlay, OverlayRequest
from memsvc.store.overlay import OverlayReads


class FrozenServer:
    """Holds banks as they were when ``follow`` was last called."""

    def __init__(self, feed: IndexFeed, model_id: str, dimension: int) -> None:
        self.indexes: dict[int, VectorIndex] = {}
        self._dimension = dimension
        self.is_down = False
        self.was_asked = Event()
        self._feed = feed
        self._request = FeedRequest(model_id=model_id, lexical=False)
        self.partitions: dict[BankScope, int] = {}

    async def follow(self, scope: BankScope) -> None:
        partition = self.partitions.setdefault(scope, len(self.partitions) + 1)
        index = open_index("exact", self._dimension)
        async for watermark, entries in self._feed.load(scope, self._request):
            vectors = [vector for entry in entries for vector in entry.vectors]
            if vectors:
                ids = np.array([vector.vector_id for vector in vectors], np.int64)
                index.add(partition, ids, np.stack([vector.vector for vector in vectors]))
            index.set_mark(partition, encode_mark(watermark))
        self.indexes[partition] = index

    def search(
        self, queries: Vectors, k: int, partitions: Ids, allowed: Ids | None = None
    ) -> Neighbours:
        if self.is_down:
            raise ServerUnavailableError
        found = self.indexes[int(partitions[0])].search(queries, k, partitions, allowed)
        self.was_asked.set()
        return found


class NumberedOverlay:
    """The real overlay, with the partitions of a frozen server."""

    def __init__(self, reads: OverlayReads, server: FrozenServer) -> None:
        self._reads = reads
        self._server = server

    async def partition(self, scope: BankScope, model_id: str) -> int | None:
        del model_id
        return self._server.partitions.get(scope)

    async def vector_ids(
        self, scope: BankScope, model_id: str, memory_ids: Sequence[MemoryId]
    ) -> NDArray[np.int64]:
        return await self._reads.vector_ids(scope, model_id, memory_ids)

    async def overlay(self, scope: BankScope, request: OverlayRequest) -> Overlay | None:
        return await self._reads.overlay(scope, request)


def remote_index(
    server: FrozenServer, reads: OverlayReads, *, most_changes: int = 1000, wait_s: float = 0.0
) -> RemoteMemoryIndex:
    """Return the index under test, asking a frozen server."""
    return RemoteMemoryIndex(
        lambda _model, _dimension: server,  # type: ignore[arg-type,return-value]
        NumberedOverlay(reads, server),
        RemoteOptions(most_changes=most_changes, most_wait_s=wait_s, decode_mark=decode_mark),
    )
