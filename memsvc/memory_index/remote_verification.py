"""Comparing a partition of the index server with what PostgreSQL says it has to be."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gpu_index import Ids, InvalidInputError, VectorIndex, VectorIndexError
from memsvc.domain.index_checks import Holder, Verification
from memsvc.domain.memory import BankScope
from memsvc.errors import IndexNotLoadedError, IndexUnavailableError
from memsvc.memory_index.fresh_bank import read_expected
from memsvc.memory_index.marks import decode_mark
from memsvc.memory_index.remote import RemoteMemoryIndex
from memsvc.memory_index.verification import HeldVectors, compare_vectors
from memsvc.ports import FeedRequest, IndexFeed, Matrix, Watermark

_PAGE = 4_096
"""Vectors asked for at once."""
_ATTEMPTS = 5
"""So often the vectors are asked for again when some go meanwhile."""
_TOO_FAST = "The bank changes too fast to be compared; try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Partition:
    mark: bytes
    held: HeldVectors


class RemoteVerification:
    """Reads a whole partition from the server and lays it beside the rows."""

    def __init__(self, feed: IndexFeed, remote: RemoteMemoryIndex) -> None:
        self._feed = feed
        self._remote = remote

    async def is_loaded(self, scope: BankScope, model_id: str, dimension: int) -> bool:
        """Tell whether the server holds the bank's partition; ``IndexUnavailableError`` if away."""
        index, number = await self._remote.partition_of(scope, model_id, dimension)
        try:
            return bool(await asyncio.to_thread(_mark, index, number))
        except VectorIndexError as error:
            raise IndexUnavailableError(error.message) from error

    async def ids(self, scope: BankScope, model_id: str, dimension: int) -> Sequence[int]:
        """Return the ids of a bank's vectors on the server; ``IndexUnavailableError`` if away."""
        index, number = await self._remote.partition_of(scope, model_id, dimension)
        try:
            return list((await asyncio.to_thread(index.ids, number)).tolist())
        except VectorIndexError as error:
            raise IndexUnavailableError(error.message) from error

    async def verify(self, scope: BankScope, model_id: str, dimension: int) -> Verification:
        """Compare every id and every bit; memories written to meanwhile are left out.

        What the server says it lacks is no mismatch either: recalls make up for it. Raises
        ``IndexUnavailableError`` when it cannot be asked or is too far behind to tell.
        """
        request = FeedRequest(model_id=model_id, lexical=False)
        fresh = await read_expected(self._feed, scope, request)
        index, number = await self._remote.partition_of(scope, model_id, dimension)
        partition = await asyncio.to_thread(_read, index, number)
        if not partition.mark:
            raise IndexNotLoadedError
        lacking = await self._feed.changes_since(scope, _decoded(partition.mark), request)
        later = await self._feed.changes_since(scope, fresh.watermark, request)
        if lacking.must_reload or later.must_reload:
            raise IndexUnavailableError(_TOO_FAST)
        moving = {
            *(entry.memory_id for changes in (lacking, later) for entry in changes.upserts),
            *lacking.removals,
            *later.removals,
        }
        found = await asyncio.to_thread(
            compare_vectors, Holder.SERVER, partition.held, fresh.memories, moving
        )
        return Verification(
            compared=[Holder.SERVER],
            memories=len(fresh.memories),
            vectors=sum(len(each.vectors) for each in fresh.memories.values()),
            mismatches=found,
            in_motion=len(moving),
        )


def _mark(index: VectorIndex, partition: int) -> bytes:
    any_direction = np.zeros((1, index.dimension), np.float32)
    any_direction[0, 0] = 1.0
    return index.search(any_direction, 1, np.array([partition], np.int64)).marks[0]


def _read(index: VectorIndex, partition: int) -> _Partition:
    """Return the partition with the mark that it bore before; what came since is in its changes."""
    try:
        mark = _mark(index, partition)
        for _ in range(_ATTEMPTS):
            ids = index.ids(partition)
            try:
                vectors = _vectors(index, partition, ids)
            except InvalidInputError:  # some of them have gone
                continue
            held = HeldVectors(
                stored=dict(zip(ids.tolist(), vectors, strict=True)),
                precision=index.capabilities.precision,
            )
            return _Partition(mark=mark, held=held)
    except VectorIndexError as error:
        raise IndexUnavailableError(error.message) from error
    raise IndexUnavailableError(_TOO_FAST)


def _vectors(index: VectorIndex, partition: int, ids: Ids) -> Matrix:
    pages = [
        index.vectors(partition, ids[start : start + _PAGE]) for start in range(0, len(ids), _PAGE)
    ]
    return np.concatenate([np.empty((0, index.dimension), np.float32), *pages])


def _decoded(mark: bytes) -> Watermark:
    try:
        return decode_mark(mark)
    except ValueError as error:
        raise IndexUnavailableError(
            "The index server was filled by another release; restart `memsvc index serve`."
        ) from error
