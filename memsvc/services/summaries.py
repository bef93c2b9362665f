"""Summaries of a bank, for those who want to look at them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import Memory, MemoryState, ScopeKeys
from memsvc.domain.organising.summary_listing import SummaryKind, SummaryListing
from memsvc.domain.paging import Page, PageRequest
from memsvc.services.commands import BankReference, Caller
from memsvc.store.summaries import Group, Level
from memsvc.store.summary_listing import LEVELS
from memsvc.store.transactions import ReadTransaction, Store

_Key = tuple[Level, Group]
_KINDS = {level: kind for kind, level in LEVELS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSummary:
    """A summary, what time it covers, and whether it tells truly what there is now."""

    memory: Memory
    kind: SummaryKind
    covers_from: datetime
    covers_to: datetime
    sources: int
    """How many memories or summaries it repeats."""
    is_stale: bool
    """Whether what it was made of has changed since; consolidating renews it."""


class Summaries:
    """Lists summaries; the stage ``summarise`` makes them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def list(
        self, caller: Caller, bank: BankReference, listing: SummaryListing, page: PageRequest
    ) -> Page[KeptSummary]:
        """Return summaries, newest first."""
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            found = await tx.summary_listing.list(bank_id, listing, page)
            periods = await tx.summary_listing.periods(bank_id, [e.id for e in found.items])
            stale = await _stale(tx, bank_id, {Level(each.source) for each in found.items})
        items = []
        for memory in found.items:
            level = Level(memory.source)
            when = memory.occurred_at
            first, last, sources = periods.get(memory.id, (when, when, 0))
            # What another one has taken the place of tells of another time, truly.
            is_current = memory.state is MemoryState.ACTIVE
            items.append(
                KeptSummary(
                    memory=memory,
                    kind=_KINDS[level],
                    covers_from=first,
                    covers_to=last,
                    sources=sources,
                    is_stale=is_current and (level, _group(level, memory)) in stale,
                )
            )
        return Page(items=items, next_cursor=found.next_cursor)


async def _stale(tx: ReadTransaction, bank_id: BankId, levels: set[Level]) -> set[_Key]:
    return {
        (level, each.group)
        for level in sorted(levels)
        for each in await tx.summaries.stale(bank_id, level)
    }


def _group(level: Level, memory: Memory) -> Group:
    """Return the group that a summary was made of."""
    keys = memory.keys
    return Group(
        keys=ScopeKeys(
            user_id=keys.user_id,
            agent_id=keys.agent_id,
            session_id=keys.session_id if level is Level.SESSION else None,
        ),
        day=memory.occurred_at.astimezone(UTC).date() if level is Level.DAY else None,
    )
