"""Portraits of users, as they are kept: to be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory, ScopeKeys
from memsvc.domain.organising.portraits import PortraitLine, lines_of
from memsvc.domain.paging import Page, PageRequest, cut_page
from memsvc.errors import InvalidRequestError, PortraitNotFoundError
from memsvc.services.commands import BankReference, Caller
from memsvc.services.organising.portray import LINES_KEY
from memsvc.store.summaries import Group, Level
from memsvc.store.transactions import Store

_LONGEST_CURSOR = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPortrait:
    """The portrait of a user that holds now."""

    memory: Memory
    """The document."""
    lines: Sequence[PortraitLine]
    editions: int
    """How many there have been of this user, with this one."""
    former_id: MemoryId | None
    """The one before it, whatever its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortraitEdition:
    """A portrait as it was made, whether it holds or not."""

    memory: Memory
    lines: Sequence[PortraitLine]
    number: int
    """From 1, the oldest that is still there."""


class Portraits:
    """Looks portraits up; the stage ``portray`` makes them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, caller: Caller, bank: BankReference, user_id: str) -> KeptPortrait:
        """Return the portrait of a user; raises ``PortraitNotFoundError`` if there is none."""
        group = Group(keys=ScopeKeys(user_id=user_id))
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            active = await tx.summaries.active(bank_id, Level.PORTRAIT, group)
            editions = await tx.summaries.editions(bank_id, Level.PORTRAIT, group)
        if not active:
            raise PortraitNotFoundError
        memory = active[-1]
        place = editions.index(memory.id)
        return KeptPortrait(
            memory=memory,
            lines=lines_of(memory.metadata.get(LINES_KEY)),
            editions=len(editions),
            former_id=editions[place - 1] if place else None,
        )

    async def versions(
        self, caller: Caller, bank: BankReference, user_id: str, page: PageRequest
    ) -> Page[PortraitEdition]:
        """Return every edition that is still there, newest first.

        Raises ``PortraitNotFoundError`` if there never was one.
        """
        group = Group(keys=ScopeKeys(user_id=user_id))
        async with self._store.read(caller.tenant_id) as tx:
            bank_id = (await tx.banks.resolve(bank.value)).scope.bank_id
            editions = await tx.summaries.editions(bank_id, Level.PORTRAIT, group)
            if not editions:
                raise PortraitNotFoundError
            wanted = [
                (number, each)
                for number, each in enumerate(editions, start=1)
                if page.cursor is None or number < _number(page.cursor)
            ][::-1][: page.limit + 1]
            memories = await tx.memories.fetch(bank_id, [each for _, each in wanted])
        found = [
            PortraitEdition(
                memory=memories[each],
                lines=lines_of(memories[each].metadata.get(LINES_KEY)),
                number=number,
            )
            for number, each in wanted
        ]
        return cut_page(found, page, [str(number) for number, _ in wanted])


def _number(cursor: str) -> int:
    if not cursor.isdecimal() or len(cursor) > _LONGEST_CURSOR:
        raise InvalidRequestError("The cursor is not one this listing gave out.")
    return int(cursor)
