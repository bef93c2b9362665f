"""Sources, entities and episodes as one graph to walk on, kept up with what comes and goes."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Generic, Literal, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.adjacency import Adjacency
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.pagerank import PageRankSettings, Wanted, best_places, reset_vector
from memsvc.domain.graph.stored_edges import EdgeList
from memsvc.domain.graph.synonyms import Synonym

Source = TypeVar("Source", bound=Hashable)

_LEAST_DEAD = 1_000
"""Removed sources keep their numbers until there are so many, and as many as half the nodes."""


_LEAST_ROOM = 64
"""Nodes; what is kept of each is made twice as long when it is full."""

NodeKind: TypeAlias = Literal["source", "entity", "episode"]
"""A source is a memory of any kind: a turn, passage, note or thought."""

_SOURCE: NodeKind = "source"
_ENTITY: NodeKind = "entity"
_EPISODE: NodeKind = "episode"


class Node(NamedTuple):
    """A node by its kind and name; names of two kinds may be equal.

    A tuple: a graph has as many as it has edges in its hands while it is put together.
    """

    kind: NodeKind
    key: Hashable


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeWeights:
    """What an edge of each type weighs, beside 1 for a mention; 0 leaves the type out."""

    synonym: float = 0.0
    """Times the cosine."""
    episode: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked(Generic[Source]):
    """A source that a walk has found."""

    source: Source
    score: float
    path: tuple[Node, ...]
    """From the seed that brought most to this one; empty unless asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of a source: the entities it mentions, and the episode it belongs to."""

    entities: frozenset[EntityForm]
    episode: Hashable | None = None


class WalkGraph(Generic[Source]):
    """Each source is joined with each entity it mentions, with its episode, and synonyms are.

    Putting and removing cost the source's own edges, but for the putting together anew that many
    changes bring about. A source removed leaves the graph that never held it: what it alone
    mentioned is reached no more, and has no synonyms.
    """

    def __init__(
        self,
        told: Mapping[Source, Told] | None = None,
        synonyms: Iterable[Synonym] = (),
        weights: EdgeWeights | None = None,
    ) -> None:
        """Join many sources with what they mention at once, and names that are synonyms."""
        self._weights = weights or EdgeWeights()
        self._told: dict[Source, Told] = dict(told or {})
        self._mentioned: Counter[EntityForm] = Counter()
        """Of use to synonyms only, and counted only where they weigh something."""
        self._count((form for each in self._told.values() for form in each.entities), ())
        self._synonyms: dict[EntityForm, dict[EntityForm, float]] = {}
        self._note(synonyms)
        self._build()

    def __len__(self) -> int:
        return len(self._told)

    @property
    def nbytes(self) -> int:
        """Bytes of the edges held."""
        return self._adjacency.nbytes

    @property
    def synonym_count(self) -> int:
        """How many pairs of names are joined as synonyms."""
        return sum(len(others) for others in self._synonyms.values()) // 2

    def put(
        self, source: Source, entities: Collection[EntityForm], episode: Hashable | None = None
    ) -> None:
        """Join a source with these entities and its episode, in place of what it had."""
        before = self._edges_of(source)
        was = self._entities_of(source)
        self._told[source] = Told(entities=frozenset(entities), episode=episode)
        after = self._edges_of(source)
        centre = Node(_SOURCE, source)
        self._set(centre, {node: after.get(node, 0.0) for node in before.keys() | after.keys()})
        self._count(self._entities_of(source) - was, was - self._entities_of(source))
        self._tidy()

    def remove(self, source: Source) -> None:
        """Forget a source; unknown ones are fine."""
        if source not in self._told:
            return
        centre = Node(_SOURCE, source)
        self._set(centre, dict.fromkeys(self._edges_of(source), 0.0))
        gone = self._told.pop(source).entities
        self._count((), gone)
        self._is_source[self._places.pop(centre)] = False
        self._dead += 1
        self._tidy()

    def join(self, synonyms: Iterable[Synonym]) -> None:
        """Join names that are synonyms; those that no source mentions are left out."""
        for each in self._note(synonyms):
            weight = self._weights.synonym * each.cosine
            other = Node(_ENTITY, each.second)
            self._set(Node(_ENTITY, each.first), {other: weight})
        self._tidy()

    def synonyms_of(self, form: EntityForm) -> Mapping[EntityForm, float]:
        """Return the synonyms of a name with their cosines."""
        return self._synonyms.get(form, {})

    def walk(
        self,
        seeds: tuple[Mapping[Source, float], Mapping[EntityForm, float]],
        count: int,
        settings: PageRankSettings,
        check_time: Callable[[], None],
        *,
        with_paths: bool = True,
    ) -> list[Walked[Source]]:
        """Return the ``count`` best sources for seeds among sources and entities.

        Without paths it takes half the time. Seeds that the graph does not hold are left out.
        Equal scores come in the order of the sources' text forms. Raises ``NoSeedsError``, and what
        ``check_time`` raises.
        """
        of_sources, of_entities = seeds
        numbered = [
            *((Node(_SOURCE, key), weight) for key, weight in of_sources.items()),
            *((Node(_ENTITY, key), weight) for key, weight in of_entities.items()),
        ]
        weights = {self._places[node]: weight for node, weight in numbered if node in self._places}
        reset = reset_vector(len(self._nodes), weights)
        wanted = Wanted(count=count, among=self._sources_among())
        best = best_places(self._adjacency, reset, wanted, settings, check_time)
        found = [
            Walked(
                source=cast("Source", self._nodes[place].key),
                score=score,
                path=tuple(self._nodes[step] for step in best.walk.path_to(place))
                if with_paths
                else (),
            )
            for place, score in zip(best.places.tolist(), best.scores.tolist(), strict=True)
        ]
        return _ties_by_text(found)

    def _sources_among(self) -> NDArray[np.bool_]:
        """Return for each node whether it is a source that is held."""
        return self._is_source[: len(self._nodes)]

    def _entities_of(self, source: Source) -> frozenset[EntityForm]:
        told = self._told.get(source)
        return frozenset() if told is None else told.entities

    def _edges_of(self, source: Source) -> dict[Node, float]:
        """Return what a source is joined with, and how strongly."""
        told = self._told.get(source)
        if told is None:
            return {}
        edges = {Node(_ENTITY, form): 1.0 for form in sorted(told.entities)}
        if told.episode is not None and self._weights.episode > 0:
            edges[Node(_EPISODE, told.episode)] = self._weights.episode
        return edges

    def _note(self, synonyms: Iterable[Synonym]) -> list[Synonym]:
        """Keep the synonyms of which both names are mentioned; return those."""
        if self._weights.synonym <= 0:
            return []
        noted = [
            each
            for each in synonyms
            if each.first != each.second
            and self._mentioned[each.first] > 0
            and self._mentioned[each.second] > 0
        ]
        for each in noted:
            self._synonyms.setdefault(each.first, {})[each.second] = each.cosine
            self._synonyms.setdefault(each.second, {})[each.first] = each.cosine
        return noted

    def _count(self, more: Iterable[EntityForm], less: Iterable[EntityForm]) -> None:
        """Follow how many sources mention what; what none does loses its synonyms."""
        if self._weights.synonym <= 0:
            return
        self._mentioned.update(more)
        for form in less:
            self._mentioned[form] -= 1
            if self._mentioned[form] <= 0:
                del self._mentioned[form]
                others = self._synonyms.pop(form, {})
                for other in others:
                    del self._synonyms[other][form]
                gone = {Node(_ENTITY, other): 0.0 for other in sorted(others)}
                self._set(Node(_ENTITY, form), gone)

    def _build(self) -> None:
        self._places: dict[Node, int] = {}
        self._nodes: list[Node] = []
        self._is_source = np.zeros(_LEAST_ROOM, np.bool_)
        self._dead = 0
        edges: list[tuple[int, int, float]] = []
        by_episode = self._weights.episode
        for source, told in self._told.items():
            centre = self._number(_SOURCE, source)
            edges += [(centre, self._number(_ENTITY, form), 1.0) for form in sorted(told.entities)]
            if told.episode is not None and by_episode > 0:
                edges.append((centre, self._number(_EPISODE, told.episode), by_episode))
        for form, others in self._synonyms.items():
            place = self._number(_ENTITY, form)
            for other, cosine in others.items():
                if form < other:
                    at = self._number(_ENTITY, other)
                    edges.append((place, at, self._weights.synonym * cosine))
        self._adjacency = Adjacency(len(self._nodes), _edge_list(edges))

    def _number(self, kind: NodeKind, key: Hashable) -> int:
        """Return the number of a node, the next one if it is new."""
        # A plain tuple finds the node it equals, and is made faster.
        place: int | None = self._places.get((kind, key))  # type: ignore[call-overload]
        if place is None:
            place = len(self._nodes)
            node = Node(kind, key)
            self._places[node] = place
            self._nodes.append(node)
            if place == len(self._is_source):
                self._is_source = np.concatenate([self._is_source, np.zeros(place, np.bool_)])
            self._is_source[place] = kind == _SOURCE
        return place

    def _set(self, centre: Node, weights: Mapping[Node, float]) -> None:
        """Give the edges of a node their weights, 0 for those that go."""
        place = self._number(*centre)
        edges = [(place, self._number(*node), weight) for node, weight in weights.items()]
        self._adjacency.add_nodes(len(self._nodes) - self._adjacency.nodes)
        self._adjacency.set_edges(_edge_list(edges))

    def _tidy(self) -> None:
        """Put the graph together anew when it has changed much."""
        if self._dead > max(_LEAST_DEAD, len(self._nodes) // 2):
            self._build()
        elif self._adjacency.needs_consolidation:
            self._adjacency = self._adjacency.consolidated()


def _ties_by_text(found: Iterable[Walked[Source]]) -> list[Walked[Source]]:
    """Put what comes by falling score in the order of the text forms, where scores are equal."""
    groups = (list(equals) for _, equals in groupby(found, attrgetter("score")))
    return [
        each
        for equals in groups
        for each in (equals if len(equals) == 1 else sorted(equals, key=_text_form))
    ]


def _text_form(walked: Walked[Source]) -> str:
    return str(walked.source)


def _edge_list(edges: list[tuple[int, int, float]]) -> EdgeList:
    columns = np.array(edges, np.float64).reshape(-1, 3)
    return EdgeList(
        first=columns[:, 0].astype(np.int64),
        second=columns[:, 1].astype(np.int64),
        weights=columns[:, 2].astype(np.float32),
    )
