"""Comparing a partition of the index server with what PostgreSQL says it has to be."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from gpu_index import Ids, InvalidInputError, VectorIndex, VectorIndexError
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_checks import Fault, Holder, Mismatch, Verification
from memsvc.domain.memory import BankScope
from memsvc.errors import IndexNotLoadedError, IndexUnavailableError
from memsvc.memory_index.fresh_bank import FreshBank, read_expected
from memsvc.memory_index.marks import decode_mark
from memsvc.memory_index.remote import RemoteMemoryIndex
from memsvc.memory_index.verification import HeldVectors, compare_vectors
from memsvc.ports import FeedRequest, IndexFeed, Matrix, Watermark

_PAGE = 4_096
"""Vectors asked for at once."""
_ATTEMPTS = 5
"""So often the vectors are asked for again when some go meanwhile, and the whole compared when
some may be surplus or on their way."""
_FIRST_PAUSE_S = 0.05
_TOO_FAST = "The bank changes too fast to be compared, or the index server lags behind; try again."


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

        What the server says it lacks is no mismatch either: recalls make up for it. While vectors
        may be surplus or on their way, it looks again, for a second or two. Raises
        ``IndexUnavailableError`` when it cannot be asked or is too far behind to tell.
        """
        index, number = await self._remote.partition_of(scope, model_id, dimension)
        request = FeedRequest(model_id=model_id, lexical=False)
        suspected: set[int] | None = None
        for attempt in range(_ATTEMPTS):
            await asyncio.sleep(attempt and _FIRST_PAUSE_S * 2**attempt)
            look = await self._look(scope, request, index, number)
            surplus = look.surplus
            if suspected is not None and not look.is_still:
                surplus &= suspected
            if not surplus or look.is_still or (suspected is not None and look.is_caught_up):
                return look.verification(surplus)
            suspected = surplus
        raise IndexUnavailableError(_TOO_FAST)

    async def _look(
        self, scope: BankScope, request: FeedRequest, index: VectorIndex, number: int
    ) -> "_Look":
        fresh = await read_expected(self._feed, scope, request)
        partition = await asyncio.to_thread(_read, index, number)
        if not partition.mark:
            raise IndexNotLoadedError
        lacking = await self._feed.changes_since(scope, _decoded(partition.mark), request)
        later = await self._feed.changes_since(scope, fresh.watermark, request)
        if lacking.must_reload or later.must_reload:
            raise IndexUnavailableError(_TOO_FAST)
        changed = [entry for changes in (lacking, later) for entry in changes.upserts]
        moving = {
            *(entry.memory_id for entry in changed),
            *lacking.removals,
            *later.removals,
        }
        found = await asyncio.to_thread(
            compare_vectors, Holder.SERVER, partition.held, fresh.memories, moving
        )
        return _Look(
            fresh=fresh,
            found=found,
            moving=moving,
            new={each.vector_id for entry in changed for each in entry.vectors},
            is_caught_up=not lacking.upserts and not lacking.removals,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One comparison, with what was on its way meanwhile.

    The server does not say whose a vector is, so one that PostgreSQL did not list may be of a
    memory in motion: just written, or just replaced and not yet gone from the server. It is surplus
    for certain when nothing moves; or when an earlier look has seen it, so that it is not new, and
    the server lacks nothing, so that it should be gone.
    """

    fresh: FreshBank
    found: Sequence[Mismatch]
    moving: AbstractSet[MemoryId]
    new: AbstractSet[int]
    """Ids of vectors that came meanwhile, as far as they are still there."""
    is_caught_up: bool

    @property
    def is_still(self) -> bool:
        return not self.moving

    @property
    def surplus(self) -> set[int]:
        """Vectors that PostgreSQL did not list, but for those that came meanwhile."""
        return {
            each.vector_id
            for each in self.found
            if each.fault is Fault.SURPLUS and each.vector_id is not None
        } - self.new

    def verification(self, surplus: AbstractSet[int]) -> Verification:
        """Return the outcome with these surplus vectors."""
        return Verification(
            compared=[Holder.SERVER],
            memories=len(self.fresh.memories),
            vectors=sum(len(each.vectors) for each in self.fresh.memories.values()),
            mismatches=[
                each
                for each in self.found
                if each.fault is not Fault.SURPLUS or each.vector_id in surplus
            ],
            in_motion=len(self.moving),
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
