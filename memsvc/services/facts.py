"""Facts of a bank, for those who want to look at them."""

from dataclasses import dataclass
from datetime import datetime

from memsvc.domain.facts.extraction import normal_form
from memsvc.domain.facts.listing import FactListing
from memsvc.domain.facts.settling import Fact
from memsvc.domain.paging import Page, PageRequest
from memsvc.ports import Clock
from memsvc.services.commands import BankReference, Caller
from memsvc.store.transactions import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQuery:
    """Which facts to list; names are read however they are written."""

    subject: str | None = None
    entity: str | None = None
    predicate: str | None = None
    as_of: datetime | None = None
    """When they held; the present if not given."""
    every: bool = False
    """Whether what holds no longer or not yet is listed too, and what denies."""


class Facts:
    """Reads what memories claim."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list(
        self, caller: Caller, bank: BankReference, query: FactQuery, page: PageRequest
    ) -> Page[Fact]:
        """Return facts, those that hold since latest first."""
        listing = FactListing(
            subject=None if query.subject is None else normal_form(query.subject),
            entity=None if query.entity is None else normal_form(query.entity),
            predicate=None if query.predicate is None else query.predicate.casefold(),
            held_at=None if query.every else query.as_of or self._clock.now(),
        )
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            return await tx.facts.list(found.scope.bank_id, listing, page)
