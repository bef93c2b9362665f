"""Graph expansion and episodic search (AriGraph, §3): from entities to whole episodes.

From the seeds, entities are reached over the sources that mention two of them, breadth first. Each
pair of a source and an entity it mentions is a statement of the source's episode. Of an episode
with N statements of which n were reached, the relevance is n / N · ln(1 + N): much of it, and not
one statement of one (AriGraph has ln N, which leaves out every episode of a single statement).
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.mentions import MentionGraph
from memsvc.domain.graph.walk_graph import Node, Walked
from memsvc.errors import NoSeedsError

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpansionSettings:
    """How far an expansion goes."""

    depth: int = 2
    """Steps from entity to entity."""
    width: int = 10
    """Entities that each step goes on from: those that the fewest sources mention."""
    widest_entity: int = 50
    """What more sources mention leads everywhere, and is not gone on from."""
    unreached_weight: float = 0.5
    """Of a source that nothing reached, beside 1 for one that was reached whole: its episode alone
    speaks for it."""


def expand(
    graph: MentionGraph[Source],
    seeds: Mapping[EntityForm, float],
    episode_of: Callable[[Source], Collection[Source]],
    settings: ExpansionSettings,
    check_time: Callable[[], None],
) -> list[Walked[Source]]:
    """Return the sources of the episodes reached, best first, with scores in (0, 1].

    ``episode_of`` returns the sources of an episode, the one asked about among them. Equal scores
    come in the order of the sources' text forms. Raises ``NoSeedsError`` where no seed is
    mentioned by ``widest_entity`` sources or fewer, and what ``check_time`` raises.
    """
    reached, paths = _reached(graph, seeds, settings, check_time)
    if not reached:
        raise NoSeedsError
    found: dict[Source, Walked[Source]] = {}
    for source in sorted(reached, key=str):
        if source in found:
            continue
        members = episode_of(source)
        total = sum(len(graph.mentions_of(each)) for each in members)
        count = sum(len(reached.get(each, ())) for each in members)
        relevance = count / max(total, 1) * math.log1p(total)
        for each in members:
            own = len(reached.get(each, ())) / max(1, len(graph.mentions_of(each)))
            share = settings.unreached_weight + (1 - settings.unreached_weight) * own
            path = paths.get(each, (*paths[source], Node("source", each)))
            found[each] = Walked(source=each, score=relevance * share, path=path)
    best = max(each.score for each in found.values())
    ranked = sorted(found.values(), key=lambda each: (-each.score, str(each.source)))
    return [Walked(source=each.source, score=each.score / best, path=each.path) for each in ranked]


def _reached(
    graph: MentionGraph[Source],
    seeds: Mapping[EntityForm, float],
    settings: ExpansionSettings,
    check_time: Callable[[], None],
) -> tuple[dict[Source, set[EntityForm]], dict[Source, tuple[Node, ...]]]:
    """Return the statements reached by source, and by which way each source was first reached."""
    reached: dict[Source, set[EntityForm]] = {}
    paths: dict[Source, tuple[Node, ...]] = {}
    ways: dict[EntityForm, tuple[Node, ...]] = dict.fromkeys(seeds, ())
    front = sorted(seeds, key=lambda form: (-seeds[form], form))
    for _ in range(settings.depth):
        check_time()
        following: set[EntityForm] = set()
        for form in front[: settings.width]:
            sources = graph.sources_of(form)
            if len(sources) > settings.widest_entity:
                continue
            way = (*ways[form], Node("entity", form))
            for source in sorted(sources, key=str):
                reached.setdefault(source, set()).add(form)
                paths.setdefault(source, (*way, Node("source", source)))
                for other in graph.mentions_of(source):
                    if other not in ways:
                        ways[other] = (*way, Node("source", source))
                        following.add(other)
        front = sorted(following, key=lambda form: (graph.source_count(form), form))
    return reached, paths
