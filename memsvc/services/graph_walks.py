"""Walks of the graph arm: where they begin, on which edges they go, and what they find."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.pagerank import PageRankSettings
from memsvc.domain.graph.seeds import named_entity_seeds, source_seeds
from memsvc.domain.graph.walk_graph import EdgeWeights, Walked
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import ResolvedBank
from memsvc.memory_index.memory_graph import MemoryGraph, Seeds, WalkSettings
from memsvc.services.compare_names import CompareNames
from memsvc.settings import GraphSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkQuestion:
    """What a walk is for."""

    bank: ResolvedBank
    graph: MemoryGraph
    is_whole: bool
    """Whether ``graph`` is the bank's, and not one of a day."""
    hits: Mapping[MemoryId, float]
    """What the other arms found, with fused scores in [0, 1]."""
    named: Sequence[EntityForm]
    """Entities that the question names."""
    check_time: Callable[[], None]
    with_paths: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkAnswer:
    """Memories by falling score, and how they came about."""

    walked: Sequence[Walked[MemoryId]]
    seeds: Seeds


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphWalks:
    """Walks as the settings say."""

    settings: GraphSettings
    names: CompareNames

    async def __call__(self, question: WalkQuestion) -> WalkAnswer:
        """Return what a walk finds; raises ``NoSeedsError`` and what ``check_time`` raises."""
        if self.settings.synonym_weight > 0 and question.is_whole:
            self.names.begin(question.bank, question.graph)
        return await asyncio.to_thread(self._walk, question)

    def _walk(self, question: WalkQuestion) -> WalkAnswer:
        seeds = hit_seeds(question)
        walked = question.graph.walk(
            seeds,
            self.settings.candidates,
            self._walk_settings(),
            question.check_time,
            with_paths=question.with_paths,
        )
        return WalkAnswer(walked=walked, seeds=seeds)

    def _walk_settings(self) -> WalkSettings:
        settings = self.settings
        return WalkSettings(
            pagerank=PageRankSettings(follow_probability=settings.follow_probability),
            weights=EdgeWeights(synonym=settings.synonym_weight, episode=settings.episode_weight),
        )


def hit_seeds(question: WalkQuestion) -> Seeds:
    """Return the hits, and what the question names and some hit mentions.

    Without hits, all that it names.
    """
    graph, hits = question.graph, question.hits
    followed = set(question.named)
    if hits:
        followed &= graph.mentioned_by(hits)
    entities = named_entity_seeds(followed, graph.counts(followed))
    return Seeds(memories=source_seeds(hits), entities=entities)
