"""The episode arm: memories whose words, with those beside them, cover the question."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np

from memsvc.domain.episode_evidence import REACH, Place, coverage, has_neighbours
from memsvc.domain.fusion import Arm, FusionWeights, fuse
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.errors import MemsvcError, NoSeedsError, NotIndexedError, UnavailableError
from memsvc.ports import Candidate
from memsvc.services.arms import ArmOutcome, ArmQuery, ArmReport, ArmStatus, skipped
from memsvc.services.second_hop import PresenceSource
from memsvc.telemetry import RECALL_ARM_SECONDS

_FIRST = FusionWeights(rank_constant=10, weights={Arm.DENSE: 1.0, Arm.LEXICAL: 1.0})
_ALONE = NoSeedsError("The episode arm goes on from what the dense or lexical arm finds; ask one.")
_NO_NEIGHBOURS = NoSeedsError("Nothing that was found has others beside it in an episode.")


class PlaceSource(Protocol):
    """Who knows where memories stand in their episodes."""

    async def places_near(
        self, scope: BankScope, memory_ids: Sequence[MemoryId], reach: int, now: datetime
    ) -> Sequence[Place]:
        """Return the places of active memories at most ``reach`` from one of these, and theirs."""
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
        started = time.perf_counter()
        try:
            candidates = await self._candidates(query, found, now)
        except (NoSeedsError, NotIndexedError) as reason:
            return _timed(skipped(reason), started)
        except UnavailableError as failure:
            return _timed(_failed(failure), started)
        report = ArmReport(
            status=ArmStatus.OK,
            reason=None,
            candidates=len(candidates),
            took_ms=(time.perf_counter() - started) * 1000,
            embed_ms=0.0,
        )
        return _timed(ArmOutcome(candidates=candidates, report=report), started)

    async def _candidates(
        self, query: ArmQuery, found: Mapping[Arm, ArmOutcome], now: datetime
    ) -> list[Candidate]:
        if not query.active_only:
            raise NotIndexedError
        if not found:
            raise _ALONE
        rankings = {
            arm: [(each.memory_id, each.score) for each in outcome.candidates]
            for arm, outcome in found.items()
            if outcome.report.status is ArmStatus.OK
        }
        first = [each.memory_id for each in fuse(rankings, _FIRST, 2 * query.k)]
        places = await self._places.places_near(query.bank.scope, first, REACH, now)
        allowed = None if query.allowed is None else frozenset(query.allowed)
        if allowed is not None:
            # What the filter leaves out has no say in what is found either.
            places = [each for each in places if each.memory_id in allowed]
        if not has_neighbours(places):
            raise _NO_NEIGHBOURS
        pool = list(dict.fromkeys([*first, *(each.memory_id for each in places)]))
        presence = await self._words.presence(
            query.bank.scope,
            query.text,
            pool,
            language=query.bank.language,
            asked_at=query.asked_at,
        )
        shares = await asyncio.to_thread(coverage, pool, places, presence.has, presence.weights)
        # Equal shares keep the order of the first arms, and what they did not find comes last.
        order = np.argsort(-shares, kind="stable")[: query.k].tolist()
        return [
            Candidate(memory_id=pool[row], score=float(shares[row]))
            for row in order
            if shares[row] > 0
        ]


def _failed(failure: MemsvcError) -> ArmOutcome:
    report = ArmReport(
        status=ArmStatus.FAILED, reason=failure.message, candidates=0, took_ms=0.0, embed_ms=0.0
    )
    return ArmOutcome(candidates=(), report=report, error=failure)


def _timed(outcome: ArmOutcome, started: float) -> ArmOutcome:
    took_s = time.perf_counter() - started
    RECALL_ARM_SECONDS.labels(arm=Arm.EPISODE, status=outcome.report.status).observe(took_s)
    return outcome
