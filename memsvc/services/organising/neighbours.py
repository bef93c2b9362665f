"""The nearest memories of those that are organised: of the same user, and near enough."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import ResolvedBank
from memsvc.domain.organising.linking import NearPair
from memsvc.errors import IndexUnavailableError
from memsvc.ports import DenseQuery, MemoryIndex, Vector
from memsvc.services.courtesy import Courtesy
from memsvc.store.transactions import Store, assert_no_transaction

_MOST_OF_USER = 10_000
"""In a bank of several users so many of one are searched for neighbours: the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedNeighbours:
    """What is looked for."""

    bank: ResolvedBank
    user_id: str | None
    most: int
    """For each memory."""
    least_cosine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Asks the index, and once more for one user's memories where others' are in the way."""

    store: Store
    index: MemoryIndex
    exact: MemoryIndex
    """Where the index cannot answer."""
    courtesy: Courtesy

    async def __call__(
        self, wanted: WantedNeighbours, vectors: Mapping[MemoryId, Vector]
    ) -> list[NearPair]:
        """Return each memory's nearest ones, itself left out, nearest first."""
        if not wanted.most:
            return []
        found = await self._nearest(wanted, vectors, None)
        scope = wanted.bank.scope
        others = {pair.other for pair in found}
        async with self.store.read(scope.tenant_id) as tx:
            own = await tx.organising.of_user(scope.bank_id, others, wanted.user_id)
            crowded = {pair.note: vectors[pair.note] for pair in found if pair.other not in own}
            allowed = (
                await tx.organising.latest_of_user(scope.bank_id, wanted.user_id, _MOST_OF_USER)
                if crowded
                else []
            )
        again = await self._nearest(wanted, crowded, allowed) if crowded else []
        return [pair for pair in found if pair.note not in crowded] + again

    async def _nearest(
        self,
        wanted: WantedNeighbours,
        vectors: Mapping[MemoryId, Vector],
        allowed: Sequence[MemoryId] | None,
    ) -> list[NearPair]:
        assert_no_transaction("A search")
        asked_at = time.monotonic()  # one for all: the index catches up once
        scope = wanted.bank.scope
        pairs: list[NearPair] = []
        for memory_id, vector in vectors.items():
            await self.courtesy.turn()
            query = DenseQuery(
                vector=vector,
                model_id=wanted.bank.model_id,
                k=wanted.most + 1,
                allowed=allowed,
                asked_at=asked_at,
            )
            try:
                found = await self.index.search(scope, query)
            except IndexUnavailableError:
                found = await self.exact.search(scope, query)
            others = [each for each in found if each.memory_id != memory_id][: wanted.most]
            pairs += [
                NearPair(note=memory_id, other=each.memory_id, cosine=each.score)
                for each in others
                if each.score >= wanted.least_cosine
            ]
        return pairs
