"""Walks of the graph arm: where they begin, on which edges they go, and what they find."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.fact_choice import WeighedFact
from memsvc.domain.graph.pagerank import PageRankSettings
from memsvc.domain.graph.seeds import (
    ScoredFact,
    fact_entity_seeds,
    named_entity_seeds,
    source_seeds,
)
from memsvc.domain.graph.time_budget import TimeBudget
from memsvc.domain.graph.walk_graph import EdgeWeights, Walked
from memsvc.domain.graph.walk_modes import WalkMode
from memsvc.domain.identifiers import MemoryId
from memsvc.memory_index.memory_graph import MemoryGraph, Seeds, WalkSettings
from memsvc.ports import DenseQuery
from memsvc.services.compare_names import CompareNames
from memsvc.services.recalling.arms import ArmQuery
from memsvc.services.recalling.fact_seeds import FactsAsked, FactSeeds
from memsvc.services.recalling.within import in_thread
from memsvc.settings import GraphSettings

_WIDEST_ENTITY = 50
"""What more memories mention tells nothing of them, such as who speaks in a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkQuestion:
    """What a walk is for."""

    query: ArmQuery
    posed: DenseQuery | None
    graph: MemoryGraph
    hits: Mapping[MemoryId, float]
    """What the other arms found, with fused scores in [0, 1]."""
    named: Sequence[EntityForm]
    """Entities that the question names."""
    check_time: TimeBudget
    mode: WalkMode
    with_paths: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkAnswer:
    """Memories by falling score, and how they came about."""

    walked: Sequence[Walked[MemoryId]]
    seeds: Seeds
    facts: Sequence[WeighedFact] = ()
    """That were looked at, kept or not."""
    note: str | None = None
    """What was done otherwise than the mode says, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphWalks:
    """Walks as the question and the settings say."""

    settings: GraphSettings
    names: CompareNames
    facts: FactSeeds

    async def __call__(self, question: WalkQuestion) -> WalkAnswer:
        """Return what a walk finds; raises ``NoSeedsError`` and what ``check_time`` raises."""
        if self.settings.synonym_weight > 0 and question.query.day is None:
            self.names.begin(question.query.bank, question.graph)
        match question.mode:
            case WalkMode.FACTS:
                return await self._from_facts(question)
            case WalkMode.ENTITIES:
                near = await self._near_names(question)
                return await in_thread(
                    question.check_time, partial(self._from_named, question, near)
                )
            case WalkMode.EPISODES:
                return await in_thread(question.check_time, partial(self._expand, question))
            case WalkMode.HITS:
                return await in_thread(question.check_time, partial(self._from_hits, question))

    def _from_hits(self, question: WalkQuestion, note: str | None = None) -> WalkAnswer:
        seeds = hit_seeds(question)
        return self._walk(question, seeds, note=note)

    async def _from_facts(self, question: WalkQuestion) -> WalkAnswer:
        chosen = await self.facts(
            FactsAsked(
                query=question.query,
                posed=question.posed,
                hits=list(question.hits),
                named=question.named,
            )
        )
        # A model takes seconds: the budget is for the walk.
        question.check_time.extend(chosen.waited_s)
        kept = [
            ScoredFact(subject=each.fact.ends[0], object=each.fact.ends[1], score=each.cosine)
            for each in chosen.facts
            if each.is_kept
        ]
        ends = {form for fact in kept for form in (fact.subject, fact.object)}
        counts = await in_thread(question.check_time, partial(question.graph.counts, ends))
        entities = fact_entity_seeds(kept, counts)
        if not entities:
            note = f"{chosen.note or 'the facts seed nothing'}; walked from the hits"
            answer = await in_thread(question.check_time, partial(self._from_hits, question, note))
            return WalkAnswer(
                walked=answer.walked, seeds=answer.seeds, facts=chosen.facts, note=note
            )
        hits = source_seeds(question.hits, self.settings.passage_weight)
        seeds = Seeds(memories=hits, entities=entities)
        return await in_thread(
            question.check_time,
            partial(self._walk, question, seeds, facts=chosen.facts, note=chosen.note),
        )

    async def _near_names(self, question: WalkQuestion) -> Sequence[EntityForm]:
        """Return the nearest entities of names that no memory has, if names are compared.

        None under a filter: they may be those of memories that it hides.
        """
        if self.settings.synonym_weight <= 0 or question.query.allowed is not None:
            return ()
        graph = question.graph
        known = await in_thread(question.check_time, partial(graph.counts, question.named))
        missing = [form for form in question.named if form not in known]
        if not missing:
            return ()
        return await self.names.nearest(question.query.bank, graph, missing)

    def _from_named(self, question: WalkQuestion, near: Sequence[EntityForm]) -> WalkAnswer:
        """Walk from what the question names, as far as it tells memories apart.

        The hits are no seeds beside it: their order is fused with the walk's anyway, and a walk
        that starts from them finds them again.
        """
        counts = question.graph.counts([*question.named, *near])
        telling = {form: count for form, count in counts.items() if count <= _WIDEST_ENTITY}
        if not telling:
            return self._from_hits(question)
        seeds = Seeds(memories={}, entities=named_entity_seeds(telling, telling))
        return self._walk(question, seeds)

    def _walk(
        self,
        question: WalkQuestion,
        seeds: Seeds,
        *,
        facts: Sequence[WeighedFact] = (),
        note: str | None = None,
    ) -> WalkAnswer:
        settings = self.settings
        walked = question.graph.walk(
            seeds,
            settings.candidates,
            WalkSettings(
                pagerank=PageRankSettings(follow_probability=settings.follow_probability),
                weights=EdgeWeights(
                    synonym=settings.synonym_weight, episode=settings.episode_weight
                ),
            ),
            question.check_time,
            with_paths=question.with_paths,
        )
        return WalkAnswer(walked=walked, seeds=seeds, facts=facts, note=note)

    def _expand(self, question: WalkQuestion) -> WalkAnswer:
        seeds = hit_seeds(question)
        entities = seeds.entities
        if not entities:
            # The question names nothing that is known: what its best hit mentions stands in.
            best = list(question.hits)[:1]
            mentioned = question.graph.mentioned_by(best)
            entities = named_entity_seeds(mentioned, question.graph.counts(mentioned))
        walked = question.graph.expand(entities, self.settings.candidates, question.check_time)
        return WalkAnswer(walked=walked, seeds=Seeds(memories={}, entities=entities))


def hit_seeds(question: WalkQuestion) -> Seeds:
    """Return the hits, and what the question names and some hit mentions.

    Without hits, all that it names.
    """
    graph, hits = question.graph, question.hits
    followed: Collection[EntityForm] = set(question.named)
    if hits:
        followed = set(question.named) & graph.mentioned_by(hits)
    entities = named_entity_seeds(followed, graph.counts(followed))
    return Seeds(memories=source_seeds(hits), entities=entities)
