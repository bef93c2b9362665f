"""Sources and entities as one graph to walk on, kept up with what comes and goes."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.adjacency import Adjacency
from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.pagerank import PageRankSettings, Wanted, best_places, reset_vector
from memsvc.domain.graph.stored_edges import EdgeList

Source = TypeVar("Source")

_SOURCE, _ENTITY = 0, 1

_LEAST_DEAD = 1_000
"""Removed sources keep their numbers until there are so many, and as many as half the nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked(Generic[Source]):
    """A source that a walk has found."""

    source: Source
    score: float
    path: tuple[Source | EntityForm, ...]
    """From the seed that brought most, over entities and sources, to this one."""


class WalkGraph(Generic[Source]):
    """Each source is joined with each entity it mentions by an edge of weight 1.

    Putting and removing cost the source's own edges, but for the putting together anew that many
    changes bring about. A source removed leaves the graph that never held it: what it alone
    mentioned is reached no more.
    """

    def __init__(self, entities: Mapping[Source, Collection[EntityForm]] | None = None) -> None:
        """Join many sources with their entities at once."""
        self._entities: dict[Source, frozenset[EntityForm]] = {}
        self._among: NDArray[np.bool_] | None = None
        if entities is not None:
            self._entities = {source: frozenset(of) for source, of in entities.items()}
        self._build()

    def __len__(self) -> int:
        return len(self._entities)

    @property
    def nbytes(self) -> int:
        """Bytes of the edges held."""
        return self._adjacency.nbytes

    def put(self, source: Source, entities: Collection[EntityForm]) -> None:
        """Join a source with these entities, in place of those it had."""
        before = self._entities.get(source, frozenset())
        after = frozenset(entities)
        self._entities[source] = after
        self._place(_SOURCE, source)
        self._set(source, sorted(after - before), 1.0)
        self._set(source, sorted(before - after), 0.0)
        self._tidy()

    def remove(self, source: Source) -> None:
        """Forget a source; unknown ones are fine."""
        entities = self._entities.pop(source, None)
        if entities is None:
            return
        self._set(source, sorted(entities), 0.0)
        place = self._places.pop((_SOURCE, source))
        self._is_source[place] = False
        self._among = None
        self._dead += 1
        self._tidy()

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
            *((self._places.get((_SOURCE, key)), weight) for key, weight in of_sources.items()),
            *((self._places.get((_ENTITY, key)), weight) for key, weight in of_entities.items()),
        ]
        weights = {place: weight for place, weight in numbered if place is not None}
        reset = reset_vector(len(self._nodes), weights)
        wanted = Wanted(count=count, among=self._sources_among())
        best = best_places(self._adjacency, reset, wanted, settings, check_time)
        found = [
            Walked(
                source=cast("Source", self._nodes[place]),
                score=score,
                path=tuple(self._nodes[step] for step in best.walk.path_to(place))
                if with_paths
                else (),
            )
            for place, score in zip(best.places.tolist(), best.scores.tolist(), strict=True)
        ]
        return sorted(found, key=lambda each: (-each.score, str(each.source)))

    def _sources_among(self) -> NDArray[np.bool_]:
        """Return for each node whether it is a source that is held."""
        among = self._among
        if among is None:
            among = self._among = np.array(self._is_source, np.bool_)
        return among

    def _build(self) -> None:
        self._among = None
        self._places: dict[tuple[int, Source | EntityForm], int] = {}
        self._nodes: list[Source | EntityForm] = []
        self._is_source: list[bool] = []
        self._dead = 0
        first, second = [], []
        for source, entities in self._entities.items():
            centre = self._number(_SOURCE, source)
            for entity in sorted(entities):
                first.append(centre)
                second.append(self._number(_ENTITY, entity))
        edges = EdgeList(
            first=np.array(first, np.int64),
            second=np.array(second, np.int64),
            weights=np.ones(len(first), np.float32),
        )
        self._adjacency = Adjacency(len(self._nodes), edges)

    def _number(self, kind: int, key: Source | EntityForm) -> int:
        """Return the number of a node, the next one if it is new."""
        place = self._places.setdefault((kind, key), len(self._nodes))
        if place == len(self._nodes):
            self._nodes.append(key)
            self._is_source.append(kind == _SOURCE)
            self._among = None
        return place

    def _place(self, kind: int, key: Source | EntityForm) -> int:
        """Return the number of a node that the edges know."""
        place = self._number(kind, key)
        self._adjacency.add_nodes(len(self._nodes) - self._adjacency.nodes)
        return place

    def _set(self, source: Source, entities: list[EntityForm], weight: float) -> None:
        places = [self._place(_ENTITY, entity) for entity in entities]
        self._adjacency.set_edges(_star(self._places[_SOURCE, source], places, weight))

    def _tidy(self) -> None:
        """Put the graph together anew when it has changed much."""
        if self._dead > max(_LEAST_DEAD, len(self._nodes) // 2):
            self._build()
        elif self._adjacency.needs_consolidation:
            self._adjacency = self._adjacency.consolidated()


def _star(centre: int, places: list[int], weight: float) -> EdgeList:
    return EdgeList(
        first=np.full(len(places), centre, np.int64),
        second=np.array(places, np.int64),
        weights=np.full(len(places), weight, np.float32),
    )
