"""The dense arm over an index server, corrected by PostgreSQL for whatever it lacks."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from gpu_index import Ids, Neighbours, VectorIndex, VectorIndexError
from gpu_index.client import RemoteIndex
from gpu_index.protocol import NO_ID
from gpu_index.vectors import unit_rows
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.errors import IndexBehindError, IndexNotLoadedError, IndexUnavailableError
from memsvc.ports import (
    Candidate,
    DenseQuery,
    IndexedVector,
    Overlay,
    OverlayRequest,
    OverlaySource,
    Vector,
    Watermark,
)
from memsvc.telemetry import INDEX_LAG_CHANGES, INDEX_LAG_SECONDS, INDEX_WAITS

_SPARE = 16
"""Vectors asked for beyond k: some may have been replaced, or belong to one memory."""
_FIRST_PAUSE_S = 0.02

IndexOpener: TypeAlias = Callable[[str, int], VectorIndex]
"""Makes the index of a model's vectors on the server, given its id and their dimension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteOptions:
    """How far a recall goes to make up for what the server lacks."""

    most_changes: int
    """So many are made up for."""
    most_wait_s: float
    """With more, a recall waits so long before it gives up."""
    decode_mark: Callable[[bytes], Watermark]
    """Reads what a partition's mark says; raises ``ValueError`` for one that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the vectors that a question goes to are."""

    scope: BankScope
    index: VectorIndex
    partition: int
    allowed: Ids | None


class RemoteMemoryIndex:
    """The ``MemoryIndex`` that asks an index server.

    The server follows PostgreSQL in its own time and says with each answer up to where it had come
    before it searched. What was committed later is read from the rows and scored here; what was
    found is shown only as far as the same statement finds it current. So a recall covers every
    write committed before it, however far behind the server is.
    """

    backend = "server"

    def __init__(self, opener: IndexOpener, source: OverlaySource, options: RemoteOptions) -> None:
        """Connect to nothing yet; a model's index is opened with the first question."""
        self._open = opener
        self._source = source
        self._options = options
        self._indexes: dict[str, VectorIndex] = {}
        self._lag_changes = INDEX_LAG_CHANGES.labels(index=self.backend)
        self._lag_seconds = INDEX_LAG_SECONDS.labels(index=self.backend)

    async def search(self, scope: BankScope, query: DenseQuery) -> list[Candidate]:
        """Return min(k, available) memories, best first, equal ones by id."""
        if query.k < 1:
            return []
        place = await self._place(scope, query)
        deadline = time.monotonic() + self._options.most_wait_s
        pause_s, waited = _FIRST_PAUSE_S, False
        while True:
            answer = await self._answer(place, query)
            if answer is not None:
                if waited and query.tell is not None:
                    query.tell(f"waited for {self.backend} to catch up")
                return answer
            if time.monotonic() + pause_s > deadline:
                raise IndexBehindError
            if not waited:
                INDEX_WAITS.labels(index=self.backend).inc()
                waited = True
            await asyncio.sleep(pause_s)
            pause_s *= 2

    async def refresh(self, scope: BankScope, model_id: str, asked_at: float) -> None:
        """Hold nothing: how much is missing is known with the answer."""

    async def forget_bank(self, scope: BankScope) -> None:
        """Hold nothing; the server hears of the deletion through its own feed."""

    async def close(self) -> None:
        """Close the connections to the server."""
        for index in self._indexes.values():
            if isinstance(index, RemoteIndex):
                index.close()

    def indexes(self) -> Mapping[str, VectorIndex]:
        """Return the indexes on the server that have been asked, by model."""
        return dict(self._indexes)

    async def partition_of(
        self, scope: BankScope, model_id: str, dimension: int
    ) -> tuple[VectorIndex, int]:
        """Return the index on the server and the partition that a bank's vectors are in.

        Raises ``IndexNotLoadedError`` when the server shall not have them.
        """
        partition = await self._source.partition(scope, model_id)
        if partition is None:
            raise IndexNotLoadedError
        if (index := self._indexes.get(model_id)) is None:
            index = self._open(model_id, dimension)
            self._indexes[model_id] = index
        return index, partition

    async def _place(self, scope: BankScope, query: DenseQuery) -> _Place:
        index, partition = await self.partition_of(scope, query.model_id, query.vector.size)
        allowed = None
        if query.allowed is not None:
            allowed = await self._source.vector_ids(scope, query.model_id, query.allowed)
        return _Place(scope=scope, index=index, partition=partition, allowed=allowed)

    async def _answer(self, place: _Place, query: DenseQuery) -> list[Candidate] | None:
        """Return the corrected answer, or ``None`` when too much is missing to correct it."""
        asked = query.k + _SPARE
        while True:
            found = await asyncio.to_thread(_ask, place, query.vector, asked)
            ids = found.ids[0][found.ids[0] != NO_ID]
            overlay = await self._overlay(place.scope, query, found.marks[0], ids)
            if overlay is None or overlay.is_cut:
                raise IndexNotLoadedError  # The server has to load the bank afresh.
            if not overlay.is_complete:
                return None
            scores = _merged(found, overlay, query)
            ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
            # What the server did not return scores no better than the last it did.
            is_exhausted = ids.size < asked
            if is_exhausted or (
                len(ranked) >= query.k and float(found.scores[0, -1]) < ranked[query.k - 1][1]
            ):
                return [Candidate(memory_id=m, score=s) for m, s in ranked[: query.k]]
            asked *= 2

    async def _overlay(
        self, scope: BankScope, query: DenseQuery, mark: bytes, found: Ids
    ) -> Overlay | None:
        if not mark:
            raise IndexNotLoadedError
        try:
            since = self._options.decode_mark(mark)
        except ValueError as error:
            raise IndexUnavailableError(
                "The index server was filled by another release; restart `memsvc index serve`."
            ) from error
        overlay = await self._source.overlay(
            scope,
            OverlayRequest(
                model_id=query.model_id,
                since=since,
                found=found.tolist(),
                most_changes=self._options.most_changes,
            ),
        )
        if overlay is not None:
            self._lag_changes.set(overlay.changes)
            self._lag_seconds.set(overlay.lag_s)
        return overlay


def _ask(place: _Place, vector: Vector, asked: int) -> Neighbours:
    try:
        partitions = np.array([place.partition], np.int64)
        return place.index.search(vector[np.newaxis], asked, partitions, place.allowed)
    except VectorIndexError as error:
        raise IndexUnavailableError(error.message) from error


def _merged(found: Neighbours, overlay: Overlay, query: DenseQuery) -> dict[MemoryId, float]:
    """Return each memory's best score: as found where it is current, else of its new vectors."""
    scores: dict[MemoryId, float] = {}
    for vector_id, score in zip(found.ids[0].tolist(), found.scores[0].tolist(), strict=True):
        if (memory_id := overlay.memory_of.get(vector_id)) is not None:
            scores.setdefault(memory_id, score)
    wanted = None if query.allowed is None else frozenset(query.allowed)
    for memory_id, vectors in overlay.changed.items():
        if wanted is None or memory_id in wanted:
            best = _best_score(query.vector, vectors)
            if best is not None:
                scores[memory_id] = best
    return scores


def _best_score(question: Vector, vectors: Sequence[IndexedVector]) -> float | None:
    """Return the highest cosine, rounded as exact indexes do; vectors without direction are left.

    An index keeps vectors at unit length in float32 and multiplies in float64.
    """
    rows = np.stack([each.vector for each in vectors])
    rows = rows[rows.any(axis=1)]
    if not len(rows):
        return None
    kept = unit_rows(rows, question.size).astype(np.float64)
    asked = unit_rows(question[np.newaxis], question.size)[0].astype(np.float64)
    return float(np.vecdot(kept, asked).astype(np.float32).max())
