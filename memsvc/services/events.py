"""Events of an episode: made when they are asked for, of vectors that are there anyway."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from memsvc.domain.events import Event
from memsvc.domain.filters import RecallFilter
from memsvc.domain.identifiers import MemoryId
from memsvc.domain.paging import Page, PageRequest, cut_page, offset_of
from memsvc.domain.threads import Member, ThreadKey, threads
from memsvc.errors import InvalidRequestError
from memsvc.ports import Clock
from memsvc.services.commands import BankReference, Caller
from memsvc.store.transactions import Store

MOST_MEMBERS = 10_000
"""Memories that an episode may have: their vectors are read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeEvent:
    """An event with the memories in it."""

    event: Event
    thread: ThreadKey
    memory_ids: Sequence[MemoryId]
    """In the order of their places."""
    first: int
    """Place of the first of them in the episode, from 0."""
    last: int
    at: int | None
    """Place of the memory whose surprise made the boundary; ``None`` at the start."""


class Events:
    """Lists the events of episodes; nothing of them is stored."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list(
        self, caller: Caller, bank: BankReference, source: str, page: PageRequest
    ) -> Page[EpisodeEvent]:
        """Return the events of the episode of this source, in order; none without an episode.

        Active memories count. Raises ``InvalidRequestError`` for an episode of too many.
        """
        async with self._store.read(caller.tenant_id) as tx:
            found = await tx.banks.resolve(bank.value)
            bank_id = found.scope.bank_id
            episode_id = await tx.episodes.of_source(bank_id, source)
            if episode_id is None:
                return Page(items=[], next_cursor=None)
            sizes = await tx.episodes.sizes(bank_id, [episode_id])
            _refuse_large(sizes[episode_id])
            members = await tx.episodes.members(
                bank_id, [episode_id], RecallFilter(), self._clock.now(), found.model_id
            )
        events = await asyncio.to_thread(_events, members)
        start = offset_of(page.cursor)
        rows = events[start : start + page.limit + 1]
        return cut_page(rows, page, [str(start + number) for number in range(1, len(rows) + 1)])


def _events(members: Sequence[Member]) -> list[EpisodeEvent]:
    found: list[EpisodeEvent] = []
    for thread in threads(members):
        for event in thread.events():
            own = thread.members[event.first : event.last + 1]
            found.append(
                EpisodeEvent(
                    event=event,
                    thread=thread.key,
                    memory_ids=[each.memory_id for each in own],
                    first=own[0].seq,
                    last=own[-1].seq,
                    at=None if event.at is None else thread.members[event.at].seq,
                )
            )
    return found


def _refuse_large(count: int) -> None:
    if count > MOST_MEMBERS:
        raise InvalidRequestError(
            f"The episode has {count:,} memories; events are made of at most {MOST_MEMBERS:,}."
        )
