"""The graph of one bank in memory: which memories speak of which entities."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.expansion import ExpansionSettings, expand
from memsvc.domain.graph.extraction import Extracted
from memsvc.domain.graph.hops import HopSettings, Link, follow_links
from memsvc.domain.graph.memberships import Memberships
from memsvc.domain.graph.mentions import MentionGraph
from memsvc.domain.graph.pagerank import PageRankSettings
from memsvc.domain.graph.walk_graph import EdgeWeights, Told, Walked, WalkGraph
from memsvc.domain.identifiers import EpisodeId, MemoryId
from memsvc.memory_index.graph_names import GraphNames
from memsvc.memory_index.name_reading import NameReading

_BYTES_PER_MENTION = 220
"""Of the tables of Python objects, measured; the edges of the walk are counted exactly."""

_PLAIN = EdgeWeights()
_NO_EPISODES: Mapping[MemoryId, EpisodeId] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeds:
    """Where a walk begins: memories and entities with their weights."""

    memories: Mapping[MemoryId, float]
    entities: Mapping[EntityForm, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkSettings:
    """How to walk, and on which edges."""

    pagerank: PageRankSettings = field(default_factory=PageRankSettings)
    weights: EdgeWeights = _PLAIN


class MemoryGraph:
    """Mentions to follow and edges to walk, always the same ones.

    Searches and changes take turns: both take milliseconds.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._mentions: MentionGraph[MemoryId] = MentionGraph()
        self._episodes: Memberships[MemoryId, EpisodeId] = Memberships()
        self._walks: dict[EdgeWeights, WalkGraph[MemoryId]] = {}
        self._names = GraphNames()
        self._reading = NameReading()
        self._count = 0
        self._turn = Lock()

    def __len__(self) -> int:
        return len(self._mentions)

    def __contains__(self, memory_id: MemoryId) -> bool:
        return memory_id in self._mentions

    @property
    def entity_count(self) -> int:
        """How many entities any memory mentions."""
        return self._mentions.entity_count

    @property
    def mention_count(self) -> int:
        """How many pairs of a memory and an entity there are."""
        return self._count

    @property
    def nbytes(self) -> int:
        """Bytes held, estimated for the tables."""
        walks = sum(each.nbytes for each in self._walks.values())
        return walks + self._names.nbytes + self._count * _BYTES_PER_MENTION

    def apply(
        self,
        upserts: Mapping[MemoryId, Extracted],
        removals: Collection[MemoryId] = (),
        episodes: Mapping[MemoryId, EpisodeId] = _NO_EPISODES,
    ) -> None:
        """Put ``upserts`` in place of what there was of those memories; drop ``removals``.

        ``episodes`` are those of the upserts, as far as they belong to one.
        """
        with self._turn:
            told_anew: set[MemoryId] = set()
            for memory_id in removals:
                told_anew |= self._reading.remove(memory_id)
                self._remove(memory_id)
            for memory_id, extracted in upserts.items():
                told_anew |= self._reading.put(memory_id, extracted)
            for memory_id in told_anew - upserts.keys() - set(removals):
                episode_id = self._episodes.episode_of(memory_id)
                self._put(memory_id, self._reading.typed(memory_id), episode_id)
            for memory_id, extracted in upserts.items():
                self._put(memory_id, extracted, episodes.get(memory_id))

    def meant(self, named: Iterable[EntityForm]) -> list[EntityForm]:
        """Return the entities that any of the names may mean, in their order."""
        with self._turn:
            return self._reading.meant(named)

    def sorts_of(self, form: EntityForm) -> list[str]:
        """Return the sorts of thing that memories were told an entity's name is of."""
        with self._turn:
            return self._reading.sorts_of(form)

    def other_names(self, form: EntityForm) -> list[EntityForm]:
        """Return the names that memories have for an entity beside its own."""
        with self._turn:
            return self._reading.other_names(form)

    def episodes(self, memories: Iterable[MemoryId]) -> dict[MemoryId, EpisodeId]:
        """Return the episodes of those of the memories that belong to one."""
        with self._turn:
            found = [(each, self._episodes.episode_of(each)) for each in memories]
        return {each: episode for each, episode in found if episode is not None}

    def on_day(
        self,
        allowed: Collection[MemoryId],
        beside: Mapping[MemoryId, Extracted],
        episodes: Mapping[MemoryId, EpisodeId],
    ) -> "MemoryGraph":
        """Return the graph of these memories alone, and of those ``beside`` that are not held.

        What it costs grows with them, not with the graph. Names are compared in the whole graph
        only, so this one has no synonyms.
        """
        with self._turn:
            read = (
                (each, self._mentions.extracted(each)) for each in allowed if each in self._mentions
            )
            held = {each: self._reading.told(each, extracted) for each, extracted in read}
            found = ((each, self._episodes.episode_of(each)) for each in held)
            stood = {each: episode_id for each, episode_id in found if episode_id is not None}
        graph = MemoryGraph()
        graph.apply({**held, **beside}, (), {**stood, **episodes})
        return graph

    def prepare(self, weights: EdgeWeights = _PLAIN) -> None:
        """Put the edges together, if that has not been done: 3 s for a million of them."""
        with self._turn:
            self._walks_of(weights)

    def walk(
        self,
        seeds: Seeds,
        count: int,
        settings: WalkSettings,
        check_time: Callable[[], None],
        *,
        with_paths: bool = False,
    ) -> list[Walked[MemoryId]]:
        """Return the ``count`` best memories of a walk from seeds.

        Raises ``NoSeedsError``, and what ``check_time`` raises.
        """
        with self._turn:
            walks = self._walks_of(settings.weights)
            pair = seeds.memories, seeds.entities
            return walks.walk(pair, count, settings.pagerank, check_time, with_paths=with_paths)

    def counts(self, forms: Iterable[EntityForm]) -> dict[EntityForm, int]:
        """Return of each entity how many memories mention it; unknown ones are left out."""
        with self._turn:
            counted = {form: self._mentions.source_count(form) for form in forms}
        return {form: count for form, count in counted.items() if count}

    def mentioned_by(self, memory_ids: Iterable[MemoryId]) -> set[EntityForm]:
        """Return the entities that any of the memories mentions."""
        with self._turn:
            return {form for each in memory_ids for form in self._mentions.mentions_of(each)}

    def links(
        self,
        hits: Sequence[tuple[MemoryId, float]],
        named: Collection[EntityForm],
        settings: HopSettings,
    ) -> dict[MemoryId, Link[MemoryId]]:
        """Return the strongest link to each memory that ``hits``, best first, lead to.

        ``named`` are entities that the question means.
        """
        with self._turn:
            return follow_links(hits, named, self._mentions, settings)

    def entities(self, containing: str = "") -> list[tuple[EntityForm, int]]:
        """Return the entities whose form contains a text, most mentioned first, with counts."""
        with self._turn:
            return self._mentions.counted(containing)

    def memories_of(self, form: EntityForm) -> list[MemoryId]:
        """Return the memories that mention an entity, those about it first, oldest first."""
        with self._turn:
            about = self._mentions.sources_about(form)
            return [*sorted(about), *sorted(self._mentions.sources_of(form) - about)]

    def mentions_of(self, memory_id: MemoryId) -> Mapping[EntityForm, int]:
        """Return the entities of a memory, and how often it mentions each."""
        with self._turn:
            return dict(self._mentions.mentions_of(memory_id))

    def memories(self, after: MemoryId | None, limit: int) -> list[tuple[MemoryId, Extracted]]:
        """Return up to ``limit`` memories with their entities, in order of id."""
        with self._turn:
            ids = sorted(each for each in self._mentions if after is None or each > after)
            return [(each, self._mentions.extracted(each)) for each in ids[:limit]]

    def lacking_names(self, threshold: float, count: int) -> list[EntityForm]:
        """Return up to ``count`` entities whose names have not been compared with the others yet.

        ``threshold`` is the least cosine of synonyms; another one than before compares all anew.
        """
        with self._turn:
            if self._names.compare_by(threshold):
                self._walks.clear()
            return self._names.lacking(self._mentions.unordered_forms(), count)

    def add_names(self, forms: Sequence[EntityForm], vectors: NDArray[np.float32]) -> int:
        """Join entities with those of near names, by unit vectors (n, d); return how many pairs.

        Entities that have gone meanwhile are left out.
        """
        with self._turn:
            kept = [row for row, form in enumerate(forms) if self._mentions.source_count(form)]
            found = self._names.add([forms[row] for row in kept], vectors[kept])
            for walks in self._walks.values():
                walks.join(found)
        return len(found)

    def nearest_name(self, vector: NDArray[np.float32], least: float) -> EntityForm | None:
        """Return the entity of the nearest name, of those that have been compared."""
        with self._turn:
            return self._names.nearest(vector, least)

    def expand(
        self, seeds: Mapping[EntityForm, float], count: int, check_time: Callable[[], None]
    ) -> list[Walked[MemoryId]]:
        """Return the ``count`` best memories of the episodes that an expansion reaches.

        Raises ``NoSeedsError``, and what ``check_time`` raises.
        """
        with self._turn:
            beside, settings = self._episodes.beside, ExpansionSettings()
            return expand(self._mentions, seeds, beside, settings, check_time)[:count]

    def synonyms_of(self, form: EntityForm) -> Mapping[EntityForm, float]:
        """Return the entities of near names with the cosines."""
        with self._turn:
            return self._names.near(form)

    def _put(self, memory_id: MemoryId, extracted: Extracted, episode_id: EpisodeId | None) -> None:
        resolved = self._reading.resolved(extracted)
        before = set(self._mentions.mentions_of(memory_id))
        self._count += len(resolved.mentions) - len(before)
        self._mentions.put(memory_id, resolved)
        self._episodes.put(memory_id, episode_id)
        for walks in self._walks.values():
            walks.put(memory_id, resolved.mentions.keys(), episode_id)
        self._drop_names(before)

    def _remove(self, memory_id: MemoryId) -> None:
        before = set(self._mentions.mentions_of(memory_id))
        self._count -= len(before)
        self._mentions.remove(memory_id)
        self._episodes.put(memory_id, None)
        for walks in self._walks.values():
            walks.remove(memory_id)
        self._drop_names(before)

    def _drop_names(self, forms: Iterable[EntityForm]) -> None:
        """Forget the names, and so the synonyms, of entities that nothing mentions any more."""
        for form in forms:
            if not self._mentions.source_count(form):
                self._names.drop(form)

    def _walks_of(self, weights: EdgeWeights) -> WalkGraph[MemoryId]:
        """Return the edges with these weights; they are put together when first asked for."""
        if weights not in self._walks:
            told = _told(self._mentions, self._episodes)
            self._walks[weights] = WalkGraph(told, self._names.pairs(), weights)
        return self._walks[weights]


def _told(
    mentions: MentionGraph[MemoryId], episodes: Memberships[MemoryId, EpisodeId]
) -> dict[MemoryId, Told]:
    """Return what each memory mentions, and the episode it belongs to."""
    return {
        each: Told(
            entities=frozenset(mentions.mentions_of(each)), episode=episodes.episode_of(each)
        )
        for each in mentions
    }
