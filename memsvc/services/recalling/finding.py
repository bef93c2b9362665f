"""One question to the arms: what they find, fused, re-read from its rows, weighed by its time."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace

from memsvc.domain.answerable.evidence import CANDIDATES
from memsvc.domain.asked_speaker import reply_factors
from memsvc.domain.filters import ACTIVE_ONLY
from memsvc.domain.fusion import Arm, Fused, Fusion, FusionWeights, fuse
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory
from memsvc.errors import NotIndexedError
from memsvc.services.recalling.arms import ArmOutcome, ArmQuery, Arms, rankings_of, skipped
from memsvc.services.recalling.bank_arms import asked_arms, switched_off
from memsvc.services.recalling.bounded_factors import BoundedFactors
from memsvc.services.recalling.episode_arm import EpisodeArm
from memsvc.services.recalling.found import Found, Question
from memsvc.services.recalling.hit_neighbours import NEIGHBOUR_ARMS, HitNeighbours
from memsvc.services.recalling.named_days import SHARE, NamedDays
from memsvc.services.recalling.question_times import other_times, weigh_by_order
from memsvc.services.recalling.recalled import RecallQuery, Walk, told_walk
from memsvc.services.recalling.second_hop import FirstHop, Hop, SecondHop
from memsvc.services.recalling.stages import Stages
from memsvc.settings import RecallSettings
from memsvc.store.recall_reads import RecallReads
from memsvc.store.transactions import Store

_WEIGHED = 200
"""So many of the best are weighed by when they happened and who said them, where the question says
when or who: what was said that day need not resemble it. So are they by retention and importance.
"""
RANKED_AT_ONCE = 2
"""Recalls of a process whose candidates are ranked at a time. Ranking is mostly Python, of which
one thread runs at a time: of many at once each takes as long as all together, and graphs are left
out for want of time. A second one goes on where the first is in NumPy or waits for the database."""


class Find:
    """Asks every arm that takes part and puts their candidates into one order."""

    def __init__(
        self,
        store: Store,
        reads: RecallReads,
        arms: Arms,
        settings: RecallSettings,
        *,
        episode: EpisodeArm,
        second_hop: SecondHop,
    ) -> None:
        self._store = store
        self._reads = reads
        self._arms = arms
        self._settings = settings
        self._episode = episode
        self._second_hop = second_hop
        self._neighbours = HitNeighbours(reads, settings.reply_weight)
        self._days = NamedDays(store=store, arms=arms)
        self._factors = BoundedFactors(store, reads, settings)
        self._turns = asyncio.Semaphore(RANKED_AT_ONCE)

    @property
    def backend(self) -> str:
        """The dense arm's index."""
        return self._arms.backend

    async def __call__(self, question: Question, stages: Stages, needs: int = 0) -> Found:
        """Return the candidates, ``needs`` at least if there are so many.

        Raises ``UnavailableError`` when no arm could answer.
        """
        query = question.query
        depth = max(self._settings.candidates_per_arm, query.k)
        asked = ArmQuery(
            text=query.text,
            bank=question.bank,
            k=depth,
            allowed=question.allowed,
            active_only=tuple(query.filter.states) == ACTIVE_ONLY,
            day=question.day,
        )
        arms = asked_arms(query, question.bank, self._settings)
        outcomes, _ = await asyncio.gather(
            self._arms.ask(asked, arms), self._refresh_graph(asked, arms)
        )
        embed_ms = sum(outcome.report.embed_ms for outcome in outcomes.values())
        stages.mark("search", of_which={"embed": embed_ms})
        # Near misses are as many as hits, at most.
        most = max(needs, query.k * (2 if query.explain else 1))
        if query.answerable or question.order is not None:
            most = max(most, CANDIDATES)
        is_told = bool(question.spans) or question.weighs_speakers
        is_weighed = is_told or self._factors.weighs
        pool = max(most, _WEIGHED) if is_weighed else most
        async with self._turn(query):
            stages.mark("wait")
            if Arm.EPISODE in arms:
                outcomes[Arm.EPISODE] = await self._episode(asked, outcomes, question.now)
                stages.mark("episode")
            if not arms.isdisjoint(NEIGHBOUR_ARMS):
                outcomes |= await self._neighbours(
                    question, asked, outcomes, arms, _weights(self._settings, asked.k)
                )
                stages.mark("beside")
            fused, hops, walk = await self._ranked(question, asked, outcomes, pool)
        _refuse_if_none_answered(outcomes)
        stages.mark("graph")
        found = Found(fused=fused, visible={}, arms=outcomes, hops=hops, walk=walk)
        if is_told:
            of_days = await self._days(question, asked, arms, _weights(self._settings, depth))
            found = await self._weighed(found, question, of_days)
        if self._factors.weighs:
            found = await self._factors(question, found)
        if is_weighed:
            found = found.best(most)
        wanted = [each.memory_id for each in found.fused]
        visible = await self.visible(question, wanted)
        stages.mark("fetch")
        outcomes |= switched_off(query, question.bank)
        return weigh_by_order(replace(found, visible=visible), question)

    def _turn(self, query: RecallQuery) -> AbstractAsyncContextManager[object]:
        """Return what to hold while ranking; nothing where a model may be asked meanwhile."""
        return nullcontext() if self._mode(query) is WalkMode.FACTS else self._turns

    def _mode(self, query: RecallQuery) -> WalkMode:
        return query.walk or WalkMode(self._settings.graph.mode)

    async def _weighed(self, found: Found, question: Question, of_days: Sequence[Fused]) -> Found:
        """Return the candidates with those of other times and speakers counting less."""
        wanted = [*{each.memory_id for each in (*found.fused, *of_days)}]
        tellings = await self._reads.tellings(question.bank.scope, wanted)
        if question.spans:
            happened = {each: telling.occurred_at for each, telling in tellings.items()}
            found = found.weighed(other_times(happened, question.spans), "time")
            found = found.raised(of_days, SHARE, "day")
        if question.weighs_speakers:
            speakers = {each: telling.speaker for each, telling in tellings.items()}
            weight = self._settings.reply_weight
            factors = reply_factors(question.asked_speaker, speakers, weight)
            found = found.weighed(factors, "speaker")
        return found

    async def visible(
        self, question: Question, memory_ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, Memory]:
        """Return those of the memories that may be shown, re-read from their rows."""
        scope, wanted = question.bank.scope, question.query.filter
        if wanted.is_trivial:
            return await self._reads.active(scope, memory_ids, question.now)
        async with self._store.read(scope.tenant_id) as tx:
            return await tx.memories.fetch_visible(scope.bank_id, memory_ids, wanted, question.now)

    async def _ranked(
        self,
        question: Question,
        asked: ArmQuery,
        outcomes: dict[Arm, ArmOutcome],
        most: int,
    ) -> tuple[Sequence[Fused], Mapping[MemoryId, Hop], Walk | None]:
        """Fuse what the arms found; the graph arm, if asked, goes on from there and reports."""
        query = question.query
        arms = asked_arms(query, question.bank, self._settings)
        weights = _weights(self._settings, asked.k)
        if Arm.GRAPH not in arms or not asked.is_indexed:
            if Arm.GRAPH in arms:
                outcomes[Arm.GRAPH] = skipped(NotIndexedError())
            return fuse(rankings_of(outcomes), weights, most), {}, None
        dense = outcomes.get(Arm.DENSE)
        first = FirstHop(
            query=asked,
            rankings=rankings_of(outcomes),
            posed=None if dense is None else dense.posed,
            weights=weights,
            most=most,
            mode=self._mode(query),
            explain=query.explain,
        )
        hopped = await self._second_hop(first)
        outcomes[Arm.GRAPH] = hopped.outcome
        return hopped.fused, hopped.hops, told_walk(first.mode, hopped.walk)

    async def _refresh_graph(self, asked: ArmQuery, arms: frozenset[Arm]) -> None:
        if Arm.GRAPH in arms and asked.is_indexed:
            await self._second_hop.refresh(asked)


def _weights(settings: RecallSettings, depth: int) -> FusionWeights:
    weights = {
        Arm.DENSE: settings.dense_weight,
        Arm.LEXICAL: settings.lexical_weight,
        Arm.EPISODE: settings.episode_weight,
        Arm.CONTIGUITY: settings.contiguity_weight,
        Arm.LINKS: settings.links_weight,
        Arm.GRAPH: settings.graph.walk_weight,
    }
    return FusionWeights(
        rank_constant=settings.rrf_k,
        weights=weights,
        fusion=Fusion(settings.fusion),
        cut_at=depth,
    )


def _refuse_if_none_answered(outcomes: Mapping[Arm, ArmOutcome]) -> None:
    failures = [outcome.error for outcome in outcomes.values()]
    if all(failure is not None for failure in failures):
        raise next(failure for failure in failures if failure is not None)
