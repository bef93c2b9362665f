"""What a recall may show of another time: what was true then, and what was known then."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from memsvc.domain.facts.looking_back import holding
from memsvc.domain.filters import ACTIVE_ONLY, INACTIVE_SHOWN, RecallFilter
from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.domain.memory import BankScope, MemoryState
from memsvc.ports import IndexEntry
from memsvc.services.recalling.arms import Day
from memsvc.store.state_history import StateChange
from memsvc.store.transactions import ReadTransaction


class PastEntries(Protocol):
    """Who has the words and entities of memories that no index holds."""

    async def inactive(
        self, scope: BankScope, memory_ids: Sequence[MemoryId]
    ) -> Sequence[IndexEntry]:
        """Return those of the memories that are superseded, archived or merged."""
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
    held = await past.inactive(scope, shown) if shown else ()
    return Day(at=wanted.as_of or now, held=held)


async def look_back(
    tx: ReadTransaction, bank_id: BankId, wanted: RecallFilter, now: datetime
) -> RecallFilter:
    """Return the filter with what counted at another time; as it is if no time is asked for.

    Only where active memories are wanted: who names other states gets those. Where nothing that is
    not active now counted then, only active memories are asked for, which every arm can answer.
    """
    has_time = wanted.as_of is not None or wanted.known_at is not None
    if not has_time or tuple(wanted.states) != ACTIVE_ONLY:
        return wanted
    names = await tx.entities.resolved_names(bank_id)
    facts = await tx.facts.of_superseded(bank_id, wanted.known_at, {*names, *names.values()})
    undone = await tx.facts.undone(bank_id, [each.id for each in facts])
    held = holding(facts, wanted.as_of or now, undone, names)
    if wanted.known_at is not None:
        changes = await tx.state_history.changes_since(bank_id, wanted.known_at)
        held |= {each.memory_id for each in changes if _has_left(each)}
        hidden = {each.memory_id for each in changes if _has_come(each)}
        wanted = replace(wanted, hidden=tuple(sorted(hidden)))
    if not held:
        return wanted
    return replace(wanted, states=(*ACTIVE_ONLY, *INACTIVE_SHOWN), held=tuple(sorted(held)))


def _has_left(change: StateChange) -> bool:
    """Tell whether a memory was active, and is not; of ended facts, the facts themselves tell."""
    is_told_by_facts = change.now is MemoryState.SUPERSEDED and change.by_fact
    return (
        change.then is MemoryState.ACTIVE and change.now in INACTIVE_SHOWN and not is_told_by_facts
    )


def _has_come(change: StateChange) -> bool:
    """Tell whether a memory is active, and was not."""
    return change.then is not MemoryState.ACTIVE and change.now is MemoryState.ACTIVE
