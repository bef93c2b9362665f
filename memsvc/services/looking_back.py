"""What a recall may show of another time: what was true then, and what was known then."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from memsvc.domain.facts.looking_back import holding
from memsvc.domain.filters import ACTIVE_ONLY, RecallFilter
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import BankScope, MemoryState
from memsvc.ports import IndexEntry
from memsvc.services.arms import Day
from memsvc.store.transactions import ReadTransaction


class PastEntries(Protocol):
    """Who has the words and entities of superseded memories."""

    async def superseded(
        self, scope: BankScope, memory_ids: Sequence[MemoryId]
    ) -> Sequence[IndexEntry]:
        """Return those of the memories that are superseded."""
        ...


async def day_of(
    past: PastEntries,
    scope: BankScope,
    wanted: RecallFilter,
    allowed: Sequence[MemoryId] | None,
    now: datetime,
) -> Day | None:
    """Return the day that a filter asks about, ``None`` if the present or other states.

    ``wanted`` is what ``look_back`` returned, ``allowed`` what it lets through.
    """
    has_time = wanted.as_of is not None or wanted.known_at is not None
    if not has_time or (wanted.held is None and tuple(wanted.states) != ACTIVE_ONLY):
        return None
    shown = sorted(set(wanted.held or ()) & set(allowed or ()))
    held = await past.superseded(scope, shown) if shown else ()
    return Day(at=wanted.as_of or now, held=held)


async def look_back(
    tx: ReadTransaction, bank_id: BankId, wanted: RecallFilter, now: datetime
) -> RecallFilter:
    """Return the filter with superseded memories that held then; as it is if no time is asked for.

    Only where active memories are wanted: who names other states gets those. Where nothing
    superseded held, only active memories are asked for, which every arm can answer.
    """
    has_time = wanted.as_of is not None or wanted.known_at is not None
    if not has_time or tuple(wanted.states) != ACTIVE_ONLY:
        return wanted
    names = await tx.entities.resolved_names(bank_id)
    facts = await tx.facts.of_superseded(bank_id, wanted.known_at, {*names, *names.values()})
    undone = await tx.facts.undone(bank_id, [each.id for each in facts])
    held = holding(facts, wanted.as_of or now, undone, names)
    if not held:
        return wanted
    states = (MemoryState.ACTIVE, MemoryState.SUPERSEDED)
    return replace(wanted, states=states, held=tuple(sorted(held)))
