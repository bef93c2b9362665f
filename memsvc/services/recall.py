"""The read path: arms in parallel, fused, re-read from their rows, packed into the budget."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memsvc.domain.answerable.evidence import CANDIDATES
from memsvc.domain.asked_times import AskedTime
from memsvc.domain.filters import ACTIVE_ONLY
from memsvc.domain.fusion import Arm, Fused, FusionWeights, Ranking, fuse
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory, ResolvedBank
from memsvc.domain.packing import fit_budget
from memsvc.errors import NotIndexedError
from memsvc.ports import Clock, TokenCounter
from memsvc.services.answerable import AssessAnswerable, Candidates
from memsvc.services.arms import ArmOutcome, ArmQuery, Arms, ArmStatus, Day, skipped
from memsvc.services.commands import BankReference, Caller
from memsvc.services.episode_arm import EpisodeArm
from memsvc.services.linked import LinkedMemories, Neighbour, fitting
from memsvc.services.looking_back import PastEntries, day_of, look_back
from memsvc.services.pass_through import Mode, PassThrough, Scope
from memsvc.services.question_times import read_times, time_factor, weigh_by_time
from memsvc.services.recalled import (
    Dropped,
    Hit,
    Recalled,
    RecallQuery,
    Walk,
    told_walk,
    unranked,
)
from memsvc.services.second_hop import FirstHop, Hop, SecondHop
from memsvc.services.stages import Stages
from memsvc.settings import RecallSettings
from memsvc.store.recall_reads import RecallReads
from memsvc.store.transactions import Store
from memsvc.telemetry import RECALL_STAGE_SECONDS, RECALLS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A query with what had to be looked up to ask it."""

    query: RecallQuery
    bank: ResolvedBank
    now: datetime
    allowed: Sequence[MemoryId] | None
    spans: Sequence[AskedTime]
    day: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Candidates in order, those of them that may be shown, and how the arms fared."""

    fused: Sequence[Fused]
    visible: Mapping[MemoryId, Memory]
    arms: Mapping[Arm, ArmOutcome]
    hops: Mapping[MemoryId, Hop]
    walk: Walk | None

    def shown(self) -> list[Fused]:
        return [each for each in self.fused if each.memory_id in self.visible]


class Recall:
    """Answers questions; changes nothing."""

    def __init__(  # noqa: PLR0913 — wired in one place
        self,
        store: Store,
        reads: RecallReads,
        arms: Arms,
        tokens: TokenCounter,
        clock: Clock,
        settings: RecallSettings,
        *,
        episode: EpisodeArm,
        second_hop: SecondHop,
        pass_through: PassThrough,
        assess: AssessAnswerable,
        past: PastEntries,
    ) -> None:
        self._store = store
        self._reads = reads
        self._arms = arms
        self._tokens = tokens
        self._clock = clock
        self._settings = settings
        self._episode = episode
        self._second_hop = second_hop
        self._pass_through = pass_through
        self._assess = assess
        self._past = past
        self._linked = LinkedMemories(store=store)

    async def __call__(self, caller: Caller, bank: BankReference, query: RecallQuery) -> Recalled:
        """Return min(k, available) memories of the bank that the filter lets through.

        Raises ``UnavailableError`` only when no arm that was asked for could answer.
        """
        stages = Stages()
        asked_at = time.monotonic()
        question = await self._pose(caller, bank, query)
        stages.mark("resolve")
        whole = await self._whole(question, stages) if query.pass_through else None
        if whole is not None:
            if not query.answerable:
                return whole
            # Judged is what a ranking finds.
            ranked = await self(caller, bank, replace(query, pass_through=False))
            return replace(whole, answerable=ranked.answerable)
        found = await self._find(question, stages)
        if self._fell_short(question, found):
            # The indexes proposed memories that may not be shown (expired since, say): ask
            # again over exactly those that may.
            question = await self._restrict(question)
            found = await self._find(question, stages)
        judged = None
        if query.answerable:
            judged = await self._assess(_judged(question, found, asked_at))
            stages.mark("answerable")
        answer = await self._answer(question, found, stages)
        return replace(answer, answerable=judged, bank=question.bank, now=question.now)

    async def _whole(self, question: _Question, stages: Stages) -> Recalled | None:
        """Return everything the filter lets through, if it fits the budget."""
        query, budget = question.query, question.query.budget_tokens
        if budget is None:
            return None
        scope = Scope(bank=question.bank.scope, filter=query.filter, now=question.now)
        memories = await self._pass_through.whole(scope, budget)
        stages.mark("whole")
        if memories is None:
            return None
        costs = await asyncio.to_thread(self._tokens.count, [each.text for each in memories])
        if sum(costs) > budget:
            return None
        stages.mark("pack")
        return Recalled(
            hits=unranked(memories, costs),
            arms={},
            total_tokens=sum(costs),
            budget_tokens=budget,
            tokenizer=self._tokens.name,
            dropped=(),
            took_ms=_observed(stages),
            backend=self._arms.backend,
            mode=Mode.PASSTHROUGH,
            bank=question.bank,
            now=question.now,
        )

    async def _pose(self, caller: Caller, bank: BankReference, query: RecallQuery) -> _Question:
        now = query.now or self._clock.now()
        query, spans = read_times(query, now)
        if query.filter.is_trivial:
            resolved = await self._reads.resolve(caller.tenant_id, bank.value)
            return _Question(query=query, bank=resolved, now=now, allowed=None, spans=spans)
        async with self._store.read(caller.tenant_id) as tx:
            resolved = await tx.banks.resolve(bank.value)
            bank_id = resolved.scope.bank_id
            query = replace(query, filter=await look_back(tx, bank_id, query.filter, now))
            allowed = await tx.memories.allowed_ids(bank_id, query.filter, now)
        day = await day_of(self._past, resolved.scope, query.filter, allowed, now)
        return _Question(query=query, bank=resolved, now=now, allowed=allowed, spans=spans, day=day)

    async def _restrict(self, question: _Question) -> _Question:
        scope = question.bank.scope
        async with self._store.read(scope.tenant_id) as tx:
            allowed = await tx.memories.allowed_ids(
                scope.bank_id, question.query.filter, question.now
            )
        return replace(question, allowed=allowed)

    async def _find(self, question: _Question, stages: Stages) -> _Found:
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
        arms = query.arms or self._default_arms()
        outcomes, _ = await asyncio.gather(
            self._arms.ask(asked, arms), self._refresh_graph(asked, arms)
        )
        embed_ms = sum(outcome.report.embed_ms for outcome in outcomes.values())
        stages.mark("search", of_which={"embed": embed_ms})
        if Arm.EPISODE in arms:
            outcomes[Arm.EPISODE] = await self._episode(asked, outcomes, question.now)
            stages.mark("episode")
        # Near misses are as many as hits, at most.
        most = query.k * (2 if query.explain else 1)
        if query.answerable or question.spans:
            most = max(most, CANDIDATES)
        fused, hops, walk = await self._ranked(query, asked, outcomes, most)
        _refuse_if_none_answered(outcomes)
        stages.mark("graph")
        wanted = [each.memory_id for each in fused]
        visible = await self._visible(question, wanted)
        stages.mark("fetch")
        fused = weigh_by_time(fused, visible, question.spans)
        return _Found(fused=fused, visible=visible, arms=outcomes, hops=hops, walk=walk)

    async def _ranked(
        self,
        query: RecallQuery,
        asked: ArmQuery,
        outcomes: dict[Arm, ArmOutcome],
        most: int,
    ) -> tuple[Sequence[Fused], Mapping[MemoryId, Hop], Walk | None]:
        """Fuse what the arms found; the graph arm, if asked, goes on from there and reports."""
        arms = query.arms or self._default_arms()
        weights = _weights(self._settings)
        if Arm.GRAPH not in arms or not asked.is_indexed:
            if Arm.GRAPH in arms:
                outcomes[Arm.GRAPH] = skipped(NotIndexedError())
            return fuse(_rankings(outcomes), weights, most), {}, None
        dense = outcomes.get(Arm.DENSE)
        first = FirstHop(
            query=asked,
            rankings=_rankings(outcomes),
            posed=None if dense is None else dense.posed,
            weights=weights,
            most=most,
            mode=query.walk or WalkMode(self._settings.graph.mode),
            explain=query.explain,
        )
        hopped = await self._second_hop(first)
        outcomes[Arm.GRAPH] = hopped.outcome
        return hopped.fused, hopped.hops, told_walk(first.mode, hopped.walk)

    async def _refresh_graph(self, asked: ArmQuery, arms: frozenset[Arm]) -> None:
        if Arm.GRAPH in arms and asked.is_indexed:
            await self._second_hop.refresh(asked)

    def _default_arms(self) -> frozenset[Arm]:
        if self._settings.graph.enabled:
            return frozenset(Arm)
        return frozenset(Arm) - {Arm.GRAPH}

    async def _visible(
        self, question: _Question, memory_ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, Memory]:
        """Return those of the memories that may be shown, re-read from their rows."""
        scope, wanted = question.bank.scope, question.query.filter
        if wanted.is_trivial:
            return await self._reads.active(scope, memory_ids, question.now)
        async with self._store.read(scope.tenant_id) as tx:
            return await tx.memories.fetch_visible(scope.bank_id, memory_ids, wanted, question.now)

    @staticmethod
    def _fell_short(question: _Question, found: _Found) -> bool:
        k = question.query.k
        top = found.fused[:k]
        return question.allowed is None and any(each.memory_id not in found.visible for each in top)

    async def _answer(self, question: _Question, found: _Found, stages: Stages) -> Recalled:
        query = question.query
        shown = found.shown()[: query.k]
        costs = self._tokens.count([found.visible[each.memory_id].text for each in shown])
        kept = fit_budget(costs, query.budget_tokens)
        hits = [
            Hit(
                memory=found.visible[each.memory_id],
                score=each.score,
                parts=each.parts,
                tokens=tokens,
                hop=found.hops.get(each.memory_id),
                factors=_factors(found.visible[each.memory_id], question.spans),
            )
            for each, tokens, fits in zip(shown, costs, kept, strict=True)
            if fits
        ]
        stages.mark("pack")
        neighbours: Sequence[Neighbour] = ()
        if query.neighbours:
            neighbours = await self._beside(question, hits)
            stages.mark("neighbours")
        return Recalled(
            hits=hits,
            arms={arm: outcome.report for arm, outcome in found.arms.items()},
            total_tokens=sum(hit.tokens for hit in hits) + sum(each.tokens for each in neighbours),
            budget_tokens=query.budget_tokens,
            tokenizer=self._tokens.name,
            dropped=_explain_dropped(found, hits, query.k) if query.explain else (),
            neighbours=neighbours,
            walk=found.walk if query.explain else None,
            times=question.spans,
            took_ms=_observed(stages),
            backend=self._arms.backend,
        )

    async def _beside(self, question: _Question, hits: Sequence[Hit]) -> list[Neighbour]:
        """Return memories linked to the hits, as far as the hits leave room in the budget."""
        query = question.query
        found = await self._linked(
            question.bank.scope,
            {hit.memory.id: hit.score for hit in hits},
            query.neighbours,
            lambda memory_ids: self._visible(question, memory_ids),
        )
        costs = self._tokens.count([memory.text for _, memory in found])
        left = query.budget_tokens
        if left is not None:
            left -= sum(hit.tokens for hit in hits)
        return fitting(found, costs, left)


def _rankings(outcomes: Mapping[Arm, ArmOutcome]) -> dict[Arm, Ranking]:
    return {
        arm: [(each.memory_id, each.score) for each in outcome.candidates]
        for arm, outcome in outcomes.items()
        if outcome.report.status is ArmStatus.OK
    }


def _judged(question: _Question, found: _Found, asked_at: float) -> Candidates:
    return Candidates(
        text=question.query.text,
        bank=question.bank,
        memories=[found.visible[each.memory_id] for each in found.shown()],
        arms=found.arms,
        asked_at=asked_at,
        beside=() if question.day is None else question.day.held,
    )


def _weights(settings: RecallSettings) -> FusionWeights:
    weights = {
        Arm.DENSE: settings.dense_weight,
        Arm.LEXICAL: settings.lexical_weight,
        Arm.EPISODE: settings.episode_weight,
        Arm.GRAPH: settings.graph.walk_weight,
    }
    return FusionWeights(rank_constant=settings.rrf_k, weights=weights)


def _factors(memory: Memory, spans: Sequence[AskedTime]) -> Mapping[str, float]:
    factor = time_factor(memory, spans)
    return {} if factor == 1 else {"time": factor}


def _observed(stages: Stages) -> Mapping[str, float]:
    RECALLS.inc()
    took_ms = stages.took_ms()
    for stage, spent in took_ms.items():
        RECALL_STAGE_SECONDS.labels(stage=stage).observe(spent / 1000)
    return took_ms


def _refuse_if_none_answered(outcomes: Mapping[Arm, ArmOutcome]) -> None:
    failures = [outcome.error for outcome in outcomes.values()]
    if all(failure is not None for failure in failures):
        raise next(failure for failure in failures if failure is not None)


def _explain_dropped(found: _Found, hits: Sequence[Hit], k: int) -> list[Dropped]:
    """Return candidates just past the hits, each with the first reason that kept it out."""
    kept = {hit.memory.id for hit in hits}
    dropped: list[Dropped] = []
    place = 0
    for each in found.fused:
        if len(dropped) == k:
            break
        is_visible = each.memory_id in found.visible
        place += is_visible
        if each.memory_id in kept:
            continue
        reason = "not_visible" if not is_visible else "budget" if place <= k else "rank"
        dropped.append(Dropped(memory_id=each.memory_id, reason=reason, score=each.score))
    return dropped
