"""Facts as they stood by what was known at another time: ends are settled anew for a listing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from memsvc.domain.facts.listing import FactListing, KnownThen
from memsvc.domain.facts.names import slots_of_all_names
from memsvc.domain.facts.settling import Fact, settled
from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import FactPolicy, MemoryState
from memsvc.domain.paging import Page, PageRequest
from memsvc.store.carrying import IN_FORCE
from memsvc.store.facts import cursor_of
from memsvc.store.state_history import StateChange
from memsvc.store.transactions import ReadTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFacts:
    """Lists facts of memories that were there in their present words."""

    tx: ReadTransaction
    bank_id: BankId
    known: KnownThen
    policy: FactPolicy
    names: Mapping[str, str]
    """Of what is known under several: each by the one that it has in the end."""

    @classmethod
    async def at(cls, tx: ReadTransaction, bank_id: BankId, instant: datetime) -> "KnownFacts":
        """Look up which memories counted at ``instant``, and not by their states of now."""
        changes = await tx.state_history.changes_since(bank_id, instant)
        known = KnownThen(
            at=instant,
            returned=[each.memory_id for each in changes if _counted(each, then=True)],
            absent=[each.memory_id for each in changes if _counted(each, then=False)],
        )
        return cls(
            tx=tx,
            bank_id=bank_id,
            known=known,
            policy=await tx.facts.policy(bank_id),
            names=await tx.entities.resolved_names(bank_id),
        )

    async def page(self, listing: FactListing, request: PageRequest) -> Page[Fact]:
        """Return a page of facts, those that hold since latest first, with their ends of then."""
        # Which of them held, only their ends of then tell: they are read whenever they held.
        wider = replace(listing, held_at=None, known=self.known)
        found: list[Fact] = []
        cursor = request.cursor
        while True:
            candidates = await self.tx.facts.list(
                self.bank_id, wider, PageRequest(limit=request.limit, cursor=cursor)
            )
            some = await self._as_known(candidates.items)
            found += [each for each in some if _is_held(each, listing.held_at)]
            cursor = candidates.next_cursor
            if len(found) > request.limit:
                found = found[: request.limit]
                return Page(items=found, next_cursor=cursor_of(found[-1]))
            if cursor is None or len(found) == request.limit:
                return Page(items=found, next_cursor=cursor)

    async def _as_known(self, facts: Sequence[Fact]) -> list[Fact]:
        slots = slots_of_all_names({each.claim.slot for each in facts}, self.names)
        whole = await self.tx.facts.of_slots(self.bank_id, slots, self.known.at)
        returned, absent = set(self.known.returned), set(self.known.absent)
        standing = [
            replace(
                each,
                stands=(each.stands or each.memory_id in returned) and each.memory_id not in absent,
            )
            for each in whole
        ]
        undone = await self.tx.facts.undone(self.bank_id, [each.id for each in whole])
        by_id = {each.id: each for each in standing}
        for ending in settled(standing, undone, self.policy, self.names):
            by = ending.by
            by_id[ending.fact.id] = replace(
                ending.fact,
                valid_to=None if by is None else by.claim.valid_from,
                superseded_by=None if by is None else by.id,
            )
        return [by_id[each.id] for each in facts]


def _counted(change: StateChange, *, then: bool) -> bool:
    """Tell whether a memory counted then and does not now, or (``then`` false) the reverse."""
    was, is_now = change.then in IN_FORCE, change.now in IN_FORCE
    if change.now is MemoryState.DELETED:
        return False
    return was and not is_now if then else is_now and not was


def _is_held(fact: Fact, at: datetime | None) -> bool:
    if at is None:
        return True
    until = fact.held_until
    return not fact.claim.denies and fact.claim.valid_from <= at and (until is None or until > at)
