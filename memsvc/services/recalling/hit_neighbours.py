"""Two further arms: what stands beside the best hits, and what is linked to them.

Decisions 49 and 53.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from memsvc.domain.asked_speaker import reply_factors
from memsvc.domain.contiguity import beside_hits, linked_to_hits, weighed
from memsvc.domain.fusion import Arm, FusionWeights, Ranking, fused_order
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.errors import InvalidRequestError, NoSeedsError
from memsvc.ports import Candidate
from memsvc.services.recalling.arms import Answer, ArmOutcome, ArmQuery, rankings_of, skipped, timed
from memsvc.services.recalling.found import Question
from memsvc.store.recall_reads import Telling

_SEEDS = 20
"""So many of the best lead on."""
NEIGHBOUR_ARMS = (Arm.CONTIGUITY, Arm.LINKS)
_NO_WEIGHT = "This service gives the arm no weight (`MEMSVC_RECALL__{}_WEIGHT`)."
_ALONE = "The arm goes on from what others find; nothing was found."
_NO_PLACES = "The arm goes on from what the episode arm read; it has no answer."


class NeighbourSource(Protocol):
    """Who knows what memories are linked to, and who told them."""

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

    async def tellings(
        self, scope: BankScope, memory_ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, Telling]:
        """Return when and by whom memories were told."""
        ...


class HitNeighbours:
    """Ranks what the best of the other arms' findings lead to."""

    def __init__(self, reads: NeighbourSource, reply_weight: float) -> None:
        self._reads = reads
        self._reply_weight = reply_weight

    async def __call__(
        self,
        question: Question,
        query: ArmQuery,
        found: Mapping[Arm, ArmOutcome],
        wanted: frozenset[Arm],
        weighting: FusionWeights,
    ) -> dict[Arm, ArmOutcome]:
        """Return the outcomes of those of the two arms that are wanted."""
        hits = dict(fused_order(rankings_of(found), weighting, _SEEDS))

        async def contiguity(asked: ArmQuery) -> Answer:
            return _answer(asked, await self._weighed(question, _beside(asked, hits, found)))

        async def links(asked: ArmQuery) -> Answer:
            return _answer(asked, await self._linked(asked, hits, question.now))

        asks = {Arm.CONTIGUITY: contiguity, Arm.LINKS: links}
        return {
            arm: await timed(arm, asks[arm], query)
            if weighting.weights[arm] > 0
            else skipped(InvalidRequestError(_NO_WEIGHT.format(arm.upper())))
            for arm in NEIGHBOUR_ARMS
            if arm in wanted
        }

    async def _weighed(self, question: Question, ranking: Ranking) -> Ranking:
        """Return what stands beside hits with an assistant's replies counting less.

        Beside a turn of the user's stands a reply, whether or not it bears on the question.
        """
        if not question.weighs_speakers:
            return ranking
        tellings = await self._reads.tellings(
            question.bank.scope, [memory_id for memory_id, _ in ranking]
        )
        speakers = {memory_id: each.speaker for memory_id, each in tellings.items()}
        factors = reply_factors(question.asked_speaker, speakers, self._reply_weight)
        return weighed(ranking, factors)

    async def _linked(
        self, query: ArmQuery, hits: Mapping[MemoryId, float], now: datetime
    ) -> Ranking:
        query.refuse_unindexed()
        if not hits:
            raise NoSeedsError(_ALONE)
        beside = [each.memory_id for each in query.held]
        links = await self._reads.linked(query.bank.scope, list(hits), now, beside)
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
