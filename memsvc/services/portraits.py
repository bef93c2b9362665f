"""Portraits of users, as they are kept: to be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import Memory, ScopeKeys
from memsvc.domain.organising.portraits import PortraitLine, lines_of
from memsvc.errors import PortraitNotFoundError
from memsvc.services.commands import BankReference, Caller
from memsvc.services.organising.portray import LINES_KEY
from memsvc.store.summaries import Group, Level
from memsvc.store.transactions import Store


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
