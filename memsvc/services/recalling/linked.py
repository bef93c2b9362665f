"""Memories that are linked to what a recall has found: beside the hits, never in their place."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.links import LinkType, StoredLink
from memsvc.domain.memory import BankScope, Memory
from memsvc.domain.packing import fit_budget
from memsvc.store.transactions import Store

_PER_HIT = 3
"""Neighbours that one hit brings, at most: else the first one's would be all."""
_READ_PER_NEIGHBOUR = 8
"""Links read for each neighbour wanted: some lead to other hits, or to what may not be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """How a neighbour came in."""

    hit: MemoryId
    type: LinkType
    weight: float
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A memory that is no hit itself, and the link to the hit that brought it."""

    memory: Memory
    via: Via
    score: float
    """Score of the hit times weight of the link."""
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A neighbour to be: not looked at yet whether it may be shown."""

    memory_id: MemoryId
    via: Via
    score: float


Show = Callable[[Sequence[MemoryId]], Awaitable[Mapping[MemoryId, Memory]]]
"""Returns those of the memories that may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedMemories:
    """Follows the links of hits, in both directions."""

    store: Store

    async def __call__(
        self, scope: BankScope, hits: Mapping[MemoryId, float], wanted: int, show: Show
    ) -> list[tuple[Linked, Memory]]:
        """Return up to ``wanted`` memories linked to the hits (id to score), best first."""
        if not hits or wanted < 1:
            return []
        async with self.store.read(scope.tenant_id) as tx:
            links = await tx.links.touching(
                scope.bank_id,
                list(hits),
                types=(LinkType.RELATED,),
                limit=_READ_PER_NEIGHBOUR * (wanted + len(hits)),
            )
        ranked = rank_linked(links, hits)
        visible = await show([each.memory_id for each in ranked])
        kept: list[tuple[Linked, Memory]] = []
        by_hit: dict[MemoryId, int] = {}
        for each in ranked:
            memory = visible.get(each.memory_id)
            brought = by_hit.get(each.via.hit, 0)
            if memory is None or brought == _PER_HIT:
                continue
            by_hit[each.via.hit] = brought + 1
            kept.append((each, memory))
            if len(kept) == wanted:
                break
        return kept


def fitting(
    found: Sequence[tuple[Linked, Memory]], costs: Sequence[int], budget: int | None
) -> list[Neighbour]:
    """Return those that fit what is left of the budget, in order; ``costs`` are their tokens."""
    fits = fit_budget(costs, budget)
    return [
        Neighbour(memory=memory, via=each.via, score=each.score, tokens=tokens)
        for (each, memory), tokens, is_kept in zip(found, costs, fits, strict=True)
        if is_kept
    ]


def rank_linked(links: Sequence[StoredLink], hits: Mapping[MemoryId, float]) -> list[Linked]:
    """Return the other ends of the links, each once by its best one, best first.

    A link is read from whichever end is a hit; one between two hits brings nothing new.
    """
    best: dict[MemoryId, Linked] = {}
    for stored in links:
        link = stored.link
        for hit in (link.from_id, link.to_id):
            other = stored.other_end(hit)
            if hit not in hits or other in hits:
                continue
            score = hits[hit] * link.weight
            if other not in best or score > best[other].score:
                via = Via(hit=hit, type=link.type, weight=link.weight, reason=link.reason)
                best[other] = Linked(memory_id=other, via=via, score=score)
    return sorted(best.values(), key=lambda each: (-each.score, each.memory_id))
