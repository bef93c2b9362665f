"""The episode arm: memories whose words, with those beside them, cover the question."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np

from memsvc.domain.episode_evidence import REACH, Places, coverage, has_neighbours
from memsvc.domain.fusion import Arm, FusionWeights, fused_order
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import memory_ids, memory_keys
from memsvc.domain.memory import BankScope
from memsvc.errors import NoSeedsError
from memsvc.ports import Candidate
from memsvc.services.recalling.arms import Answer, ArmOutcome, ArmQuery, ArmStatus, timed
from memsvc.services.recalling.second_hop import PresenceSource

_FIRST = FusionWeights(rank_constant=10, weights={Arm.DENSE: 1.0, Arm.LEXICAL: 1.0})
_ALONE = "The episode arm goes on from what the dense or lexical arm finds; ask one."
_NO_NEIGHBOURS = "Nothing that was found has others beside it in an episode."


class PlaceSource(Protocol):
    """Who knows where memories stand in their episodes."""

    async def places_near(
        self,
        scope: BankScope,
        memory_ids: Sequence[MemoryId],
        reach: int,
        now: datetime,
        beside: Sequence[MemoryId],
    ) -> Places:
        """Return the places of memories at most ``reach`` from one of these, and theirs.

        Of active ones, and of those ``beside`` whatever their state.
        """
        ...


class EpisodeArm:
    """Ranks what the dense and lexical arms found, and what stands beside it."""

    def __init__(self, places: PlaceSource, words: PresenceSource) -> None:
        self._places = places
        self._words = words

    async def __call__(
        self, query: ArmQuery, found: Mapping[Arm, ArmOutcome], now: datetime
    ) -> ArmOutcome:
        """Return up to ``query.k`` candidates, by falling share of the question (decision 0031)."""

        async def ask(asked: ArmQuery) -> Answer:
            return await self._answer(asked, found, now)

        return await timed(Arm.EPISODE, ask, query)

    async def _answer(
        self, query: ArmQuery, found: Mapping[Arm, ArmOutcome], now: datetime
    ) -> Answer:
        query.refuse_unindexed()
        if not found:
            raise NoSeedsError(_ALONE)
        rankings = {
            arm: [(each.memory_id, each.score) for each in outcome.candidates]
            for arm, outcome in found.items()
            if outcome.report.status is ArmStatus.OK
        }
        first = [memory_id for memory_id, _ in fused_order(rankings, _FIRST, 2 * query.k)]
        beside = [each.memory_id for each in query.held]
        places = await self._places.places_near(query.bank.scope, first, REACH, now, beside)
        if query.allowed is not None:
            # What the filter leaves out has no say in what is found either.
            places = places.among(memory_keys(query.allowed))
        if not has_neighbours(places):
            raise NoSeedsError(_NO_NEIGHBOURS)
        found_first = memory_keys(first)
        pool = np.concatenate([found_first, np.setdiff1d(places.keys, found_first)])
        presence = await self._words.presence(
            query.bank.scope,
            query.text,
            pool,
            language=query.bank.language,
            asked_at=query.asked_at,
            beside=query.held,
        )
        shares = coverage(pool, places, presence.has, presence.weights)
        # Equal shares keep the order of the first arms; what they did not find comes last, by id.
        order = np.argsort(-shares, kind="stable")[: query.k]
        order = order[shares[order] > 0]
        candidates = [
            Candidate(memory_id=memory_id, score=score)
            for memory_id, score in zip(
                memory_ids(pool[order]), shares[order].tolist(), strict=True
            )
        ]
        return Answer(candidates=candidates, places=places)
