"""The graph arm: a walk, then a second hop from all that was found (decisions 16 and 33)."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.fusion import Arm, Fused, FusionWeights, Ranking, fuse, fused_order
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.graph.hops import (
    Candidates,
    HopScore,
    HopSettings,
    Link,
    score_hops,
    share_in_episodes,
)
from memsvc.domain.graph.time_budget import TimeBudget
from memsvc.domain.graph.walk_graph import Node
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.index_segment import Keys, memory_keys
from memsvc.domain.inverted_index import WordPresence
from memsvc.domain.memory import BankScope
from memsvc.errors import GraphTooSlowError, MemsvcError, NoSeedsError, UnavailableError
from memsvc.memory_index.memory_graph import MemoryGraph
from memsvc.ports import Candidate, DenseQuery, IndexEntry, MemoryIndex
from memsvc.services.recalling.arms import ArmOutcome, ArmQuery, ArmReport, ArmStatus
from memsvc.services.recalling.graph_walks import GraphWalks, WalkAnswer, WalkQuestion
from memsvc.services.recalling.within import in_thread
from memsvc.settings import GraphSettings
from memsvc.telemetry import RECALL_ARM_SECONDS

_POOL = 60
"""So many of the best are weighed again, or as many as are wanted."""
_MOST_LINKED = 200
_SEEDS = 20
_PARTS = 4
"""Fused score, link, similarity and open part: each at most 1."""


class GraphSource(Protocol):
    """Where graphs come from."""

    async def graph(
        self, scope: BankScope, *, asked_at: float | None, within_s: float | None
    ) -> MemoryGraph | None:
        """Return the graph, or ``None`` when it is not there in time."""
        ...


class PresenceSource(Protocol):
    """Who knows which words memories have."""

    async def presence(
        self,
        scope: BankScope,
        text: str,
        keys: Keys,
        *,
        language: str,
        asked_at: float | None,
        beside: Sequence[IndexEntry] = (),
    ) -> WordPresence:
        """Return which words of ``text`` each memory of ``keys`` has.

        ``beside`` are memories that count too, though the index does not hold them.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """What the second hop said of a memory; the parts are shares of the hit's score."""

    linked: float
    similar: float
    open: float
    """For the part of the question that the best hit leaves open."""
    via: MemoryId | None
    """The hit that led here."""
    entity: str | None
    """By which entity."""
    path: Sequence[Node] = ()
    """The way by which most of the walk came here, if it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hopped:
    """Candidates in their new order."""

    fused: Sequence[Fused]
    hops: Mapping[MemoryId, Hop]
    outcome: ArmOutcome
    walk: WalkAnswer | None = None
    """How the walk went; ``None`` where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstHop:
    """What was asked, and what the other arms found."""

    query: ArmQuery
    rankings: Mapping[Arm, Ranking]
    posed: DenseQuery | None
    """The question as a vector, if the dense arm was asked."""
    weights: FusionWeights
    most: int
    """How many candidates are wanted."""
    mode: WalkMode = WalkMode.ENTITIES
    explain: bool = False
    """Whether the paths of the walk are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondHop:
    """Walks the graph from what the arms found, and weighs candidates again."""

    graphs: GraphSource
    words: PresenceSource
    index: MemoryIndex
    exact: MemoryIndex
    """For memories that the index does not hold."""
    walks: GraphWalks
    settings: GraphSettings

    async def refresh(self, query: ArmQuery) -> None:
        """Bring the graph up to date while the other arms search."""
        with suppress(UnavailableError):  # The hop meets the same failure and reports it.
            within_s = self.settings.budget_ms / 1000
            await self.graphs.graph(query.bank.scope, asked_at=query.asked_at, within_s=within_s)

    async def __call__(self, first: FirstHop) -> Hopped:
        """Return the candidates in their new order; as they were where the graph cannot help."""
        started = time.perf_counter()
        error: MemsvcError | None = None
        try:
            answer = await self._hop(first)
            reason = None if answer.walk is None else answer.walk.note
            status, candidates = ArmStatus.OK, len(answer.hops)
        except (NoSeedsError, GraphTooSlowError) as skipped:
            error = skipped
            answer, status, reason, candidates = None, ArmStatus.SKIPPED, skipped.message, 0
        except UnavailableError as failed:
            error = failed
            answer, status, reason, candidates = None, ArmStatus.FAILED, failed.message, 0
        took_s = time.perf_counter() - started
        RECALL_ARM_SECONDS.labels(arm=Arm.GRAPH, status=status).observe(took_s)
        report = ArmReport(
            status=status, reason=reason, candidates=candidates, took_ms=took_s * 1000, embed_ms=0.0
        )
        if answer is None:
            unchanged = fuse(first.rankings, first.weights, first.most)
            return Hopped(fused=unchanged, hops={}, outcome=_outcome(report, (), error))
        return replace(answer, outcome=_outcome(report, answer.outcome.candidates))

    async def _hop(self, first: FirstHop) -> Hopped:
        query, budget_s = first.query, self.settings.budget_ms / 1000
        check_time = TimeBudget(budget_s, time.monotonic)
        graph = await self.graphs.graph(
            query.bank.scope, asked_at=query.asked_at, within_s=budget_s
        )
        if graph is None:
            raise GraphTooSlowError(budget_ms=self.settings.budget_ms)
        if query.day is not None:
            graph = await in_thread(check_time, partial(_on_day, graph, query))
        written = extract_entities(query.text).mentions
        named: Sequence[EntityForm] = ()
        if written:
            named = await in_thread(check_time, partial(graph.meant, written))
        answer = await self.walks(
            WalkQuestion(
                query=query,
                posed=first.posed,
                graph=graph,
                hits=dict(fused_order(first.rankings, first.weights, _SEEDS)),
                named=named,
                check_time=check_time,
                mode=first.mode,
                with_paths=first.explain,
            )
        )
        ranking = _allowed([(w.source, w.score) for w in answer.walked], query.allowed)
        rankings = {**first.rankings, Arm.GRAPH: ranking[: query.k]}
        fused = fuse(rankings, first.weights, max(first.most, _POOL))
        reached = await in_thread(
            check_time, partial(_reached, graph, fused, named, rankings, query.allowed)
        )
        similarities, presence = await asyncio.gather(
            self._similarities(first, reached.ids), self._presence(first, reached.ids)
        )
        known = {**_numbered(rankings.get(Arm.DENSE, ())), **similarities} if similarities else {}
        hop = _settings(rankings)
        scored = score_hops(
            _candidates(
                reached.pool,
                fused,
                share_in_episodes(known, reached.episodes, hop.episode_share),
                presence,
            ),
            reached.links,
            hop,
            first.most,
        )
        candidates = [Candidate(memory_id=m, score=s) for m, s in ranking]
        hopped = _hopped(scored, reached.pool, fused, candidates)
        return replace(hopped, hops=_with_paths(hopped.hops, answer, query.allowed), walk=answer)

    async def _similarities(self, first: FirstHop, pool: Sequence[MemoryId]) -> Mapping[int, float]:
        if first.posed is None or not pool:
            return {}
        asked = replace(first.posed, k=len(pool), allowed=list(pool), tell=None)
        index = self.exact if first.query.held else self.index
        found = await index.search(first.query.bank.scope, asked)
        return {each.memory_id.int: each.score for each in found}

    async def _presence(self, first: FirstHop, pool: Sequence[MemoryId]) -> WordPresence | None:
        is_weighed = Arm.EPISODE in first.rankings
        if Arm.LEXICAL not in first.rankings or is_weighed or not pool:
            return None
        query = first.query
        return await self.words.presence(
            query.bank.scope,
            query.text,
            memory_keys(pool),
            language=query.bank.language,
            asked_at=query.asked_at,
            beside=query.held,
        )


def _on_day(graph: MemoryGraph, query: ArmQuery) -> MemoryGraph:
    """Return the graph of what counted on the day that is asked about."""
    held = {each.memory_id: each for each in query.held}
    return graph.on_day(
        query.allowed or (),
        {each: entry.mentions for each, entry in held.items() if entry.mentions is not None},
        {each: entry.episode_id for each, entry in held.items() if entry.episode_id is not None},
    )


def _settings(rankings: Mapping[Arm, Ranking]) -> HopSettings:
    """Return how much the parts count; the episode arm has weighed the question's words already."""
    return HopSettings(open_weight=0.0) if Arm.EPISODE in rankings else HopSettings()


def _allowed(ranking: Ranking, allowed: Sequence[MemoryId] | None) -> Ranking:
    if allowed is None:
        return ranking
    wanted = frozenset(allowed)
    return [each for each in ranking if each[0] in wanted]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reached:
    """Where the best of the fused lead, and what is weighed again.

    Memories and episodes stand under the numbers of their ids: a UUID is hashed and compared in
    Python, an integer is not.
    """

    links: Mapping[int, Link[MemoryId]]
    pool: Mapping[int, MemoryId]
    episodes: Mapping[int, int]
    """Of the pool, and of what the dense arm found."""

    @property
    def ids(self) -> Sequence[MemoryId]:
        """The pool, in order."""
        return list(self.pool.values())


def _reached(
    graph: MemoryGraph,
    fused: Sequence[Fused],
    named: Sequence[EntityForm],
    rankings: Mapping[Arm, Ranking],
    allowed: Sequence[MemoryId] | None,
) -> _Reached:
    hits = [(each.memory_id, each.score) for each in fused]
    found = graph.links(hits, named, _settings(rankings))
    links = {memory_id.int: (memory_id, link) for memory_id, link in found.items()}
    pool = _pool(fused, links, allowed)
    near = {memory_id.int: memory_id for memory_id, _ in rankings.get(Arm.DENSE, ())} | pool
    episodes = graph.episodes(near.values())
    return _Reached(
        links={number: link for number, (_, link) in links.items()},
        pool=pool,
        episodes={memory_id.int: episode.int for memory_id, episode in episodes.items()},
    )


def _pool(
    fused: Sequence[Fused],
    links: Mapping[int, tuple[MemoryId, Link[MemoryId]]],
    allowed: Sequence[MemoryId] | None,
) -> dict[int, MemoryId]:
    """Return the fused, and what the hits lead to most strongly."""
    pool = {each.memory_id.int: each.memory_id for each in fused}
    linked = sorted([(-link.strength, number) for number, (_, link) in links.items()])
    wanted = None if allowed is None else frozenset(each.int for each in allowed)
    reached = [number for _, number in linked if wanted is None or number in wanted]
    pool.update((number, links[number][0]) for number in reached[:_MOST_LINKED])
    return pool


def _numbered(ranking: Ranking) -> dict[int, float]:
    return {memory_id.int: score for memory_id, score in ranking}


def _candidates(
    pool: Iterable[int],
    fused: Sequence[Fused],
    similarities: Mapping[int, float],
    presence: WordPresence | None,
) -> Candidates[int]:
    scores = {each.memory_id.int: each.score for each in fused}
    sources = list(pool)
    has: NDArray[np.bool_] = np.zeros((len(sources), 0), np.bool_)
    weights: NDArray[np.float64] = np.zeros(0)
    if presence is not None:
        has, weights = presence.has, presence.weights
    return Candidates(
        sources=sources,
        fused=np.array([scores.get(each, 0.0) for each in sources]),
        similarities=np.array([similarities.get(each, 0.0) for each in sources]),
        words=has,
        word_weights=weights,
    )


def _hopped(
    scored: Sequence[HopScore[int, MemoryId]],
    ids: Mapping[int, MemoryId],
    fused: Sequence[Fused],
    candidates: Sequence[Candidate],
) -> Hopped:
    """Return the candidates with scores in [0, 1]; their parts still add up to them."""
    parts = {each.memory_id.int: each.parts for each in fused}
    order: list[Fused] = []
    hops: dict[MemoryId, Hop] = {}
    for each in scored:
        memory_id = ids[each.source]
        shares = {
            arm: replace(part, contribution=part.contribution / _PARTS)
            for arm, part in parts.get(each.source, {}).items()
        }
        order.append(Fused(memory_id=memory_id, score=min(1.0, each.score / _PARTS), parts=shares))
        hops[memory_id] = Hop(
            linked=each.linked / _PARTS,
            similar=each.similar / _PARTS,
            open=each.open / _PARTS,
            via=None if each.link is None else each.link.hit,
            entity=None if each.link is None else each.link.entity,
        )
    report = ArmReport(status=ArmStatus.OK, reason=None, candidates=0, took_ms=0.0, embed_ms=0.0)
    return Hopped(fused=order, hops=hops, outcome=_outcome(report, candidates))


def _with_paths(
    hops: Mapping[MemoryId, Hop], answer: WalkAnswer, allowed: Sequence[MemoryId] | None
) -> Mapping[MemoryId, Hop]:
    """Return hops with their ways; a way through what the filter hides is not told."""
    shown = None if allowed is None else frozenset(allowed)
    paths = {each.source: each.path for each in answer.walked if _may_be_told(each.path, shown)}
    if not paths:
        return hops
    return {each: replace(hop, path=paths.get(each, ())) for each, hop in hops.items()}


def _may_be_told(path: Sequence[Node], shown: frozenset[MemoryId] | None) -> bool:
    if shown is None:
        return bool(path)
    kinds = [node.kind for node in path]
    # Of two synonyms in a row nobody knows who mentions them.
    has_synonyms = any(pair == ("entity", "entity") for pair in pairwise(kinds))
    return not has_synonyms and all(n.key in shown for n in path if n.kind == "source")


def _outcome(
    report: ArmReport, candidates: Sequence[Candidate], error: MemsvcError | None = None
) -> ArmOutcome:
    return ArmOutcome(candidates=candidates, report=report, error=error)
