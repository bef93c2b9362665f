"""The read path: arms in parallel, fused, re-read from their rows, packed into the budget."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from memsvc.domain.filters import ACTIVE_ONLY, RecallFilter
from memsvc.domain.fusion import Arm, Fused, FusionWeights, ScorePart, fuse
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory, ResolvedBank
from memsvc.domain.packing import fit_budget
from memsvc.errors import NotIndexedError
from memsvc.ports import Clock, Embedder
from memsvc.services.arms import ArmOutcome, ArmQuery, ArmReport, Arms, ArmStatus, skipped
from memsvc.services.commands import BankReference, Caller
from memsvc.services.linked import LinkedMemories, Neighbour
from memsvc.services.second_hop import FirstHop, Hop, SecondHop
from memsvc.services.stages import Stages
from memsvc.settings import RecallSettings
from memsvc.store.recall_reads import RecallReads
from memsvc.store.transactions import Store
from memsvc.telemetry import RECALL_STAGE_SECONDS, RECALLS


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallQuery:
    """A question to a bank."""

    text: str
    k: int = 10
    filter: RecallFilter = field(default_factory=RecallFilter)
    arms: frozenset[Arm] | None = None
    """``None``: every arm."""
    budget_tokens: int | None = None
    now: datetime | None = None
    """The instant to answer at; the present one if not given."""
    explain: bool = False
    neighbours: int = 0
    """Memories linked to the hits, returned beside them, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A memory that answers, with its score in [0, 1] and the parts that make it up."""

    memory: Memory
    score: float
    parts: Mapping[Arm, ScorePart]
    tokens: int
    hop: Hop | None = None
    """What the graph arm added; with it the parts add up to the score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A near miss and why it is not among the hits: ``rank``, ``budget`` or ``not_visible``."""

    memory_id: MemoryId
    reason: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """The answer to a recall."""

    hits: Sequence[Hit]
    arms: Mapping[Arm, ArmReport]
    total_tokens: int
    budget_tokens: int | None
    dropped: Sequence[Dropped]
    """Near misses; only when asked to explain."""
    took_ms: Mapping[str, float]
    backend: str
    neighbours: Sequence[Neighbour] = ()
    """Linked to hits; never in place of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A query with what had to be looked up to ask it."""

    query: RecallQuery
    bank: ResolvedBank
    now: datetime
    allowed: Sequence[MemoryId] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Candidates in order, those of them that may be shown, and how the arms fared."""

    fused: Sequence[Fused]
    visible: Mapping[MemoryId, Memory]
    arms: Mapping[Arm, ArmOutcome]
    hops: Mapping[MemoryId, Hop]

    def shown(self) -> list[Fused]:
        return [each for each in self.fused if each.memory_id in self.visible]


class Recall:
    """Answers questions; changes nothing."""

    def __init__(  # noqa: PLR0913 — wired in one place
        self,
        store: Store,
        reads: RecallReads,
        arms: Arms,
        embedder: Embedder,
        clock: Clock,
        settings: RecallSettings,
        *,
        second_hop: SecondHop,
    ) -> None:
        self._store = store
        self._reads = reads
        self._arms = arms
        self._embedder = embedder
        self._clock = clock
        self._settings = settings
        self._linked = LinkedMemories(store=store)
        self._second_hop = second_hop

    async def __call__(self, caller: Caller, bank: BankReference, query: RecallQuery) -> Recalled:
        """Return min(k, available) memories of the bank that the filter lets through.

        Raises ``UnavailableError`` only when no arm that was asked for could answer.
        """
        stages = Stages()
        question = await self._pose(caller, bank, query)
        stages.mark("resolve")
        found = await self._find(question, stages)
        if self._fell_short(question, found):
            # The indexes proposed memories that may not be shown (expired since, say): ask
            # again over exactly those that may.
            question = await self._restrict(question)
            found = await self._find(question, stages)
        answer = await self._answer(question, found, stages)
        RECALLS.inc()
        return answer

    async def _pose(self, caller: Caller, bank: BankReference, query: RecallQuery) -> _Question:
        now = query.now or self._clock.now()
        if query.filter.is_trivial:
            resolved = await self._reads.resolve(caller.tenant_id, bank.value)
            return _Question(query=query, bank=resolved, now=now, allowed=None)
        async with self._store.read(caller.tenant_id) as tx:
            resolved = await tx.banks.resolve(bank.value)
            allowed = await tx.memories.allowed_ids(resolved.scope.bank_id, query.filter, now)
        return _Question(query=query, bank=resolved, now=now, allowed=allowed)

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
        )
        arms = query.arms or self._default_arms()
        outcomes, _ = await asyncio.gather(
            self._arms.ask(asked, arms), self._refresh_graph(asked, arms)
        )
        embed_ms = sum(outcome.report.embed_ms for outcome in outcomes.values())
        stages.mark("search", of_which={"embed": embed_ms})
        # Near misses are as many as hits, at most.
        most = query.k * (2 if query.explain else 1)
        fused, hops = await self._ranked(asked, arms, outcomes, most)
        _refuse_if_none_answered(outcomes)
        stages.mark("graph")
        wanted = [each.memory_id for each in fused]
        visible = await self._visible(question, wanted)
        stages.mark("fetch")
        return _Found(fused=fused, visible=visible, arms=outcomes, hops=hops)

    async def _ranked(
        self,
        asked: ArmQuery,
        arms: frozenset[Arm],
        outcomes: dict[Arm, ArmOutcome],
        most: int,
    ) -> tuple[Sequence[Fused], Mapping[MemoryId, Hop]]:
        """Fuse what the arms found; the graph arm, if asked, goes on from there and reports."""
        rankings = {
            arm: [(each.memory_id, each.score) for each in outcome.candidates]
            for arm, outcome in outcomes.items()
            if outcome.report.status is ArmStatus.OK
        }
        if Arm.GRAPH not in arms or not asked.active_only:
            if Arm.GRAPH in arms:
                outcomes[Arm.GRAPH] = skipped(NotIndexedError())
            return fuse(rankings, self._weights(), most), {}
        dense = outcomes.get(Arm.DENSE)
        hopped = await self._second_hop(
            FirstHop(
                query=asked,
                rankings=rankings,
                posed=None if dense is None else dense.posed,
                weights=self._weights(),
                most=most,
            )
        )
        outcomes[Arm.GRAPH] = hopped.outcome
        return hopped.fused, hopped.hops

    async def _refresh_graph(self, asked: ArmQuery, arms: frozenset[Arm]) -> None:
        if Arm.GRAPH in arms and asked.active_only:
            await self._second_hop.refresh(asked)

    def _default_arms(self) -> frozenset[Arm]:
        if self._settings.graph.enabled:
            return frozenset(Arm)
        return frozenset({Arm.DENSE, Arm.LEXICAL})

    async def _visible(
        self, question: _Question, memory_ids: Sequence[MemoryId]
    ) -> Mapping[MemoryId, Memory]:
        """Return those of the memories that may be shown, re-read from their rows."""
        scope, wanted = question.bank.scope, question.query.filter
        if wanted.is_trivial:
            return await self._reads.active(scope, memory_ids, question.now)
        async with self._store.read(scope.tenant_id) as tx:
            return await tx.memories.fetch_visible(scope.bank_id, memory_ids, wanted, question.now)

    def _weights(self) -> FusionWeights:
        weights = {
            Arm.DENSE: self._settings.dense_weight,
            Arm.LEXICAL: self._settings.lexical_weight,
            Arm.GRAPH: self._settings.graph.walk_weight,
        }
        return FusionWeights(rank_constant=self._settings.rrf_k, weights=weights)

    @staticmethod
    def _fell_short(question: _Question, found: _Found) -> bool:
        k = question.query.k
        top = found.fused[:k]
        return question.allowed is None and any(each.memory_id not in found.visible for each in top)

    async def _answer(self, question: _Question, found: _Found, stages: Stages) -> Recalled:
        query = question.query
        shown = found.shown()[: query.k]
        costs = self._embedder.count_tokens([found.visible[each.memory_id].text for each in shown])
        kept = fit_budget(costs, query.budget_tokens)
        hits = [
            Hit(
                memory=found.visible[each.memory_id],
                score=each.score,
                parts=each.parts,
                tokens=tokens,
                hop=found.hops.get(each.memory_id),
            )
            for each, tokens, fits in zip(shown, costs, kept, strict=True)
            if fits
        ]
        stages.mark("pack")
        neighbours: Sequence[Neighbour] = ()
        if query.neighbours:
            neighbours = await self._beside(question, hits)
            stages.mark("neighbours")
        took_ms = stages.took_ms()
        for stage, spent in took_ms.items():
            RECALL_STAGE_SECONDS.labels(stage=stage).observe(spent / 1000)
        return Recalled(
            hits=hits,
            arms={arm: outcome.report for arm, outcome in found.arms.items()},
            total_tokens=sum(hit.tokens for hit in hits) + sum(each.tokens for each in neighbours),
            budget_tokens=query.budget_tokens,
            dropped=_explain_dropped(found, hits, query.k) if query.explain else (),
            neighbours=neighbours,
            took_ms=took_ms,
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
        costs = self._embedder.count_tokens([memory.text for _, memory in found])
        left = query.budget_tokens
        if left is not None:
            left -= sum(hit.tokens for hit in hits)
        return [
            Neighbour(memory=memory, via=each.via, score=each.score, tokens=tokens)
            for (each, memory), tokens, fits in zip(
                found, costs, fit_budget(costs, left), strict=True
            )
            if fits
        ]


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
