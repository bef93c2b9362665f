"""Sending the batches of a file, and counting what became of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter

from memsvc_client import AsyncBank, AsyncClient, Episode, NewMemory, WriteStatus, Written
from pydantic import JsonValue

from memsvc.cli.batching import Batch, LoadPlan, Piece, bank_name, batches, read_pieces


@dataclass(slots=True, kw_only=True)
class Contents:
    """What a file holds."""

    items: int = 0
    """Messages or passages."""
    conversations: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None

    def add(self, piece: Piece) -> None:
        """Count one piece."""
        self.items += piece.count
        if piece.conversation_id is not None:
            self.conversations.add(piece.conversation_id)
        for time in _times(piece):
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)

    def as_json(self) -> dict[str, JsonValue]:
        """Return the counts as JSON."""
        return {
            "items": self.items,
            "conversations": len(self.conversations),
            "first": None if self.first is None else self.first.isoformat(),
            "last": None if self.last is None else self.last.isoformat(),
        }


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of a load."""

    statuses: Counter[str] = field(default_factory=Counter)
    banks: Counter[str] = field(default_factory=Counter)
    """Items by bank."""
    embedded: bool = True
    """Whether every vector is stored; if not, jobs add them."""
    seconds: float = 0.0

    @property
    def items(self) -> int:
        """Messages or passages that were sent."""
        return self.banks.total()

    @property
    def per_second(self) -> float:
        """Items a second."""
        return self.items / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, JsonValue]:
        """Return the counts as JSON."""
        return {
            "items": self.items,
            **{status: self.statuses[status] for status in WriteStatus},
            "banks": dict(self.banks),
            "embedded": self.embedded,
            "seconds": round(self.seconds, 3),
            "per_second": round(self.per_second, 1),
        }


def survey(plan: LoadPlan) -> Contents:
    """Read the whole file, so that a line that is wrong is found before anything is sent."""
    contents = Contents()
    for piece in read_pieces(plan):
        contents.add(piece)
    return contents


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """Sends a file to one bank, or to a bank for each conversation."""

    client: AsyncClient
    bank: str
    create: bool
    advance: Callable[[int], None]
    """Told how many items each request carried, once it is answered."""

    async def load(self, plan: LoadPlan) -> Outcome:
        """Send everything in its order. What was sent before is found unchanged."""
        outcome = Outcome()
        began = perf_counter()
        for batch in batches(read_pieces(plan), plan):
            name = self._bank_of(batch, plan)
            await self._send(batch, name, outcome)
            count = sum(piece.count for piece in batch)
            outcome.banks[name] += count
            outcome.seconds = perf_counter() - began
            self.advance(count)
        return outcome

    def _bank_of(self, batch: Batch, plan: LoadPlan) -> str:
        conversation = batch[0].conversation_id
        if conversation is None or not plan.by_conversation:
            return self.bank
        return bank_name(self.bank, conversation)

    async def _send(self, batch: Batch, name: str, outcome: Outcome) -> None:
        bank = self.client.bank(name)
        if isinstance(batch[0].content, Episode):
            written, embedded = await self._send_episodes(bank, batch)
        else:
            written, embedded = await self._send_memories(bank, batch)
        outcome.statuses.update(each.status for each in written)
        outcome.embedded = outcome.embedded and embedded

    async def _send_episodes(self, bank: AsyncBank, batch: Batch) -> tuple[Sequence[Written], bool]:
        episodes = [piece.content for piece in batch if isinstance(piece.content, Episode)]
        answer = await bank.add_episodes(episodes, create=self.create)
        return [each for result in answer.results for each in result.memories], answer.embedded

    async def _send_memories(self, bank: AsyncBank, batch: Batch) -> tuple[Sequence[Written], bool]:
        memories = [piece.content for piece in batch if isinstance(piece.content, NewMemory)]
        answer = await bank.add_memories(memories, create=self.create)
        return answer.results, answer.embedded


def _times(piece: Piece) -> list[datetime]:
    content = piece.content
    found = (
        [message.occurred_at for message in content.messages or ()]
        if isinstance(content, Episode)
        else [content.occurred_at]
    )
    return [time for time in found if time is not None]
