"""What was said directly before and after hits: beside them, never in their place.

Only of the hit's own session and user, whatever else an episode holds.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from memsvc.domain.grains import Unit
from memsvc.domain.identifiers import EpisodeId, MemoryId
from memsvc.domain.memory import Memory
from memsvc.domain.packing import fit_budget
from memsvc.ports import TokenCounter
from memsvc.services.recalling.pass_through import Scope
from memsvc.store.context_reads import Reach
from memsvc.store.transactions import ReadTransaction, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Accompanying:
    """A memory that stands beside a hit in its episode, and is none itself."""

    memory: Memory
    of: MemoryId
    """The best hit that it stands beside."""
    offset: int
    """How many places after the hit; below 0 for those before it."""
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What stands before and after one memory, in the order of their places."""

    before: Sequence[Memory]
    after: Sequence[Memory]


async def sides_of(
    tx: ReadTransaction, scope: Scope, hits: Sequence[Memory], reach: Reach
) -> list[Sides]:
    """Return what stands beside each hit and may be shown; other hits are among it."""
    found = await tx.context.beside(scope.bank.bank_id, hits, reach, scope.filter, scope.now)
    return [_sides(hit, found, reach) for hit in hits]


def _sides(hit: Memory, found: Sequence[Memory], reach: Reach) -> Sides:
    own = [each for each in found if _place(each) == _place(hit)]
    return Sides(
        before=[each for each in own if hit.seq - reach.before <= each.seq < hit.seq],
        after=[each for each in own if hit.seq < each.seq <= hit.seq + reach.after],
    )


async def sides_within(
    tx: ReadTransaction, scope: Scope, units: Mapping[MemoryId, Unit], most: int
) -> dict[MemoryId, Sides]:
    """Return what stands beside each hit in its unit; ``units`` are by hit, best first.

    ``most`` memories in all: of the best hits first, of each the nearest.
    """
    near: dict[MemoryId, Sequence[MemoryId]] = {}
    for hit, unit in units.items():
        place = unit.memory_ids.index(hit)
        nearest = sorted(range(len(unit.memory_ids)), key=lambda each: abs(each - place))
        near[hit] = [unit.memory_ids[each] for each in sorted(nearest[: 1 + most])]
        most -= len(near[hit]) - 1
    wanted = [each for ids in near.values() for each in ids]
    shown = await tx.memories.fetch_visible(scope.bank.bank_id, wanted, scope.filter, scope.now)
    return {
        hit: _sides_among(hit, [shown[e] for e in ids if e in shown]) for hit, ids in near.items()
    }


def _sides_among(hit: MemoryId, members: Sequence[Memory]) -> Sides:
    """Return what stands on either side of a hit among the members of its unit, in their order."""
    ids = [each.id for each in members]
    if hit not in ids:  # archived meanwhile
        return Sides(before=(), after=())
    place = ids.index(hit)
    return Sides(before=members[:place], after=members[place + 1 :])


def _place(memory: Memory) -> tuple[EpisodeId | None, str | None, str | None]:
    return memory.episode_id, memory.keys.user_id, memory.keys.session_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Accompany:
    """Reads what stands beside hits, as far as a budget lets."""

    store: Store
    tokens: TokenCounter

    async def __call__(
        self,
        scope: Scope,
        hits: Sequence[Memory],
        reach: Reach,
        *,
        shown: AbstractSet[MemoryId],
        budget: int | None,
    ) -> list[Accompanying]:
        """Return each memory beside ``hits`` (best first) once, by hits and places.

        Neither hits nor what is ``shown`` already; nearer ones are taken first into the budget.
        """
        if not hits or not (reach.before or reach.after):
            return []
        async with self.store.read(scope.bank.tenant_id) as tx:
            sides = await sides_of(tx, scope, hits, reach)
        near = list(_nearest(hits, sides, shown | {hit.id for hit in hits}))
        # Counting takes milliseconds for every thousand tokens.
        costs = await asyncio.to_thread(self.tokens.count, [each.memory.text for each in near])
        fits = fit_budget(costs, budget)
        kept = [
            Accompanying(memory=each.memory, of=each.of, offset=each.offset, tokens=cost)
            for each, cost, is_kept in zip(near, costs, fits, strict=True)
            if is_kept
        ]
        places = {hit.id: place for place, hit in enumerate(hits)}
        return sorted(kept, key=lambda each: (places[each.of], each.offset))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Near:
    of: MemoryId
    offset: int
    memory: Memory


def _nearest(
    hits: Sequence[Memory], sides: Sequence[Sides], shown: AbstractSet[MemoryId]
) -> Iterator[_Near]:
    """Yield what stands beside hits, best hits first, of each the nearest first, nothing twice."""
    taken = set(shown)
    for hit, side in zip(hits, sides, strict=True):
        near = [
            _Near(of=hit.id, offset=each.seq - hit.seq, memory=each)
            for each in (*side.before, *side.after)
        ]
        for each in sorted(near, key=lambda one: abs(one.offset)):
            if each.memory.id not in taken:
                taken.add(each.memory.id)
                yield each
