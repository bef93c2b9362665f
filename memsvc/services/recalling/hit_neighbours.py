"""Two further arms: what stands beside the best hits, and what is linked to them (decision 49)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from memsvc.domain.contiguity import beside_hits, linked_to_hits
from memsvc.domain.fusion import Arm, FusionWeights, Ranking, fused_order
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.errors import InvalidRequestError, NoSeedsError
from memsvc.ports import Candidate
from memsvc.services.recalling.arms import Answer, ArmOutcome, ArmQuery, rankings_of, skipped, timed

_SEEDS = 20
"""So many of the best lead on."""
NEIGHBOUR_ARMS = (Arm.CONTIGUITY, Arm.LINKS)
_NO_WEIGHT = "This service gives the arm no weight (`MEMSVC_RECALL__{}_WEIGHT`)."
_ALONE = "The arm goes on from what others find; nothing was found."
_NO_PLACES = "The arm goes on from what the episode arm read; it has no answer."


class LinkSource(Protocol):
    """Who knows what memories are linked to."""

    async def linked(
        self,
        scope: BankScope,
        memory_ids: Sequence[MemoryId],
        now: datetime,
        beside: Sequence[MemoryId],
    ) -> Sequence[tuple[MemoryId, MemoryId, float]]:
        """Return links of these: the one of them, the other end, and the weight.

        To active memories, and to those ``beside`` whatever their state.
        """
        ...


class HitNeighbours:
    """Ranks what the best of the other arms' findings lead to."""

    def __init__(self, links: LinkSource) -> None:
        self._links = links

    async def __call__(
        self,
        query: ArmQuery,
        found: Mapping[Arm, ArmOutcome],
        wanted: frozenset[Arm],
        weighting: FusionWeights,
        now: datetime,
    ) -> dict[Arm, ArmOutcome]:
        """Return the outcomes of those of the two arms that are wanted."""
        hits = dict(fused_order(rankings_of(found), weighting, _SEEDS))

        async def contiguity(asked: ArmQuery) -> Answer:
            return _answer(asked, _beside(asked, hits, found))

        async def links(asked: ArmQuery) -> Answer:
            return _answer(asked, await self._linked(asked, hits, now))

        asks = {Arm.CONTIGUITY: contiguity, Arm.LINKS: links}
        return {
            arm: await timed(arm, asks[arm], query)
            if weighting.weights[arm] > 0
            else skipped(InvalidRequestError(_NO_WEIGHT.format(arm.upper())))
            for arm in NEIGHBOUR_ARMS
            if arm in wanted
        }

    async def _linked(
        self, query: ArmQuery, hits: Mapping[MemoryId, float], now: datetime
    ) -> Ranking:
        query.refuse_unindexed()
        if not hits:
            raise NoSeedsError(_ALONE)
        beside = [each.memory_id for each in query.held]
        links = await self._links.linked(query.bank.scope, list(hits), now, beside)
        return linked_to_hits(hits, links)


def _beside(
    query: ArmQuery, hits: Mapping[MemoryId, float], found: Mapping[Arm, ArmOutcome]
) -> Ranking:
    query.refuse_unindexed()
    places = None if Arm.EPISODE not in found else found[Arm.EPISODE].places
    if places is None:
        raise NoSeedsError(_NO_PLACES)
    return beside_hits(hits, places)


def _answer(query: ArmQuery, ranking: Ranking) -> Answer:
    """Return the best of a ranking that the filter lets through."""
    allowed = None if query.allowed is None else frozenset(query.allowed)
    candidates = [
        Candidate(memory_id=memory_id, score=score)
        for memory_id, score in ranking
        if allowed is None or memory_id in allowed
    ]
    return Answer(candidates=candidates[: query.k])
