"""The second hop of a recall: what the first hits lead to, and what they leave open.

A question such as "Who directed the film that …?" needs two memories, and resembles only one. The
first hits name the other one (a link by an entity), and it speaks of that part of the question
which they do not. Both are known without a language model.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from memsvc.domain.graph.entity_forms import EntityForm
from memsvc.domain.graph.mentions import MentionGraph

Source = TypeVar("Source")
Hit = TypeVar("Hit")


@dataclass(frozen=True, slots=True, kw_only=True)
class HopSettings:
    """How much each part counts, all beside a fused score in [0, 1]; see decision 0016."""

    first_hits: int = 10
    """So many of the best first hits are followed."""
    widest_entity: int = 50
    """An entity that more sources mention tells nothing, and is followed to its subject only; one
    that more sources are about (who speaks in a conversation) is not followed at all."""
    mention_weight: float = 0.5
    """Of a link to another source that mentions the entity, where one to its subject counts 1."""
    similarity_weight: float = 1.0
    episode_share: float = 0.3
    """Of the similarity: so much is not the memory's own but the best one in its episode."""
    open_weight: float = 1.0
    """Of the share of the question that a memory has and the best hit has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Generic[Source]):
    """How a first hit leads to another memory: by what entity, and how strongly, in [0, 1]."""

    hit: Source
    entity: EntityForm
    strength: float
    to_subject: bool
    """Whether the memory is about the entity, and does not merely mention it as well."""


def follow_links(
    hits: Sequence[tuple[Source, float]],
    in_question: Collection[EntityForm],
    graph: MentionGraph[Source],
    settings: HopSettings,
) -> dict[Source, Link[Source]]:
    """Return the strongest link to each memory that the best of ``hits`` lead to.

    ``hits`` come best first with their fused scores. A link to a memory about the entity is as
    strong as the hit; one to a memory that mentions it too is weaker by ``mention_weight`` and the
    root of the number of sources that do, and is followed only where the question does not name
    the entity: then the first hop has found its mentions already.
    """
    links: dict[Source, Link[Source]] = {}
    for hit, score in hits[: settings.first_hits]:
        own = graph.subjects_of(hit)
        for entity in sorted(graph.mentions_of(hit)):
            about: frozenset[Source] = frozenset()
            if graph.about_count(entity) <= settings.widest_entity:
                about = graph.sources_about(entity)
                _keep(links, about - {hit}, _link(hit, entity, score, to_subject=True))
            is_wide = graph.source_count(entity) > settings.widest_entity
            if entity in own or entity in in_question or is_wide:
                continue
            sources = graph.sources_of(entity)
            strength = settings.mention_weight * score / np.sqrt(len(sources))
            others = sources - about - {hit}
            _keep(links, others, _link(hit, entity, float(strength), to_subject=False))
    return links


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates(Generic[Source]):
    """What may be recalled, each row or entry of an array one of ``sources``."""

    sources: Sequence[Source]
    fused: NDArray[np.float64]
    """First-hop scores in [0, 1], 0 for what the arms did not find."""
    similarities: NDArray[np.float64]
    """Cosine with the question."""
    words: NDArray[np.bool_]
    """(candidates, words of the question): which words each has."""
    word_weights: NDArray[np.float64]
    """Inverse document frequencies of the question's words, function words left out; ≥ 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HopScore(Generic[Source, Hit]):
    """A memory with the parts its score is the sum of, each ≥ 0."""

    source: Source
    fused: float
    linked: float
    similar: float
    open: float
    link: Link[Hit] | None
    """The path by which it was reached, if any."""

    @property
    def score(self) -> float:
        """The sum of the parts."""
        return self.fused + self.linked + self.similar + self.open


def share_in_episodes(
    similarities: Mapping[Source, float], episodes: Mapping[Source, Hashable], share: float
) -> dict[Source, float]:
    """Return (1 - share) · own similarity + share · the best one in the episode (decision 0039).

    What stands beside a near memory is more likely meant than its own words say. ``episodes`` lacks
    those that belong to none: their similarity is their own.
    """
    best: dict[Hashable, float] = {}
    belonging = [(each, own, episodes.get(each)) for each, own in similarities.items()]
    for _, own, episode in belonging:
        best[episode] = max(best.get(episode, -1.0), own)
    return {
        source: own if episode is None else (1 - share) * own + share * best[episode]
        for source, own, episode in belonging
    }


def score_hops(
    candidates: Candidates[Source],
    links: Mapping[Source, Link[Hit]],
    settings: HopSettings,
    most: int | None = None,
) -> list[HopScore[Source, Hit]]:
    """Return the ``most`` best candidates by falling score, equal ones in the order given.

    score = fused + strength of the link + similarity + open_weight · (share of the question's
    words, by weight, that the memory has and the best hit has not). For the best hit itself the
    second best stands in.
    """
    if not len(candidates.sources):
        return []
    reached = (links.get(source) for source in candidates.sources)
    linked = np.array([0.0 if link is None else link.strength for link in reached])
    similar = settings.similarity_weight * np.maximum(candidates.similarities, 0.0)
    opened = settings.open_weight * _open_shares(candidates)
    scores = candidates.fused + linked + similar + opened
    return [
        HopScore(
            source=candidates.sources[place],
            fused=float(candidates.fused[place]),
            linked=float(linked[place]),
            similar=float(similar[place]),
            open=float(opened[place]),
            link=links.get(candidates.sources[place]),
        )
        for place in np.argsort(-scores, kind="stable")[:most].tolist()
    ]


def _open_shares(candidates: Candidates[Source]) -> NDArray[np.float64]:
    total = float(candidates.word_weights.sum())
    if total <= 0:
        return np.zeros(len(candidates.sources))
    best, *others = np.argsort(-candidates.fused, kind="stable")[:2].tolist()
    left_open = candidates.words & ~candidates.words[best]
    left_open[best] = candidates.words[best]
    if others:
        left_open[best] &= ~candidates.words[others[0]]
    shares: NDArray[np.float64] = left_open @ candidates.word_weights / total
    return shares


def _link(hit: Source, entity: EntityForm, strength: float, *, to_subject: bool) -> Link[Source]:
    return Link(hit=hit, entity=entity, strength=strength, to_subject=to_subject)


def _keep(links: dict[Source, Link[Source]], reached: Iterable[Source], link: Link[Source]) -> None:
    """Note the link for each memory it reaches, unless a stronger one is known."""
    for source in reached:
        known = links.get(source)
        if known is None or known.strength < link.strength:
            links[source] = link
