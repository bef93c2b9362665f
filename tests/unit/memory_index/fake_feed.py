"""A feed over a dictionary, with a log of changes and doors that tests can close."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import numpy as np

from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.identifiers import BankId, MemoryId, TenantId, VectorId
from memsvc.domain.lexical import analyze_text
from memsvc.domain.memory import BankScope
from memsvc.ports import (
    FeedRequest,
    IndexChanges,
    IndexedVector,
    IndexEntry,
    Watermark,
)

MODEL = "sha256:model"
PAGE = 3


def scope(number: int = 0) -> BankScope:
    return BankScope(tenant_id=TenantId(UUID(int=1)), bank_id=BankId(UUID(int=100 + number)))


def memory_id(number: int) -> MemoryId:
    return MemoryId(UUID(int=number << 64))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A memory as the fake keeps it."""

    text: str = "note"
    vectors: Mapping[int, tuple[float, ...]]


class FakeBank:
    """Memories of one bank: every write is committed when it returns."""

    _vector_ids = count(1)

    def __init__(self) -> None:
        self.memories: dict[MemoryId, Stored] = {}
        self.log: list[MemoryId] = []

    def put(self, number: int, text: str = "note", *vectors: Sequence[float]) -> MemoryId:
        """Write a memory with new vectors under new ids."""
        drawn = {next(self._vector_ids): tuple(vector) for vector in vectors}
        written = memory_id(number)
        self.memories[written] = Stored(text=text, vectors=drawn)
        self.log.append(written)
        return written

    def retitle(self, number: int, text: str) -> None:
        """Change the text and leave the vectors as they are."""
        written = memory_id(number)
        self.memories[written] = Stored(text=text, vectors=self.memories[written].vectors)
        self.log.append(written)

    def remove(self, number: int) -> None:
        self.memories.pop(memory_id(number), None)
        self.log.append(memory_id(number))

    def entry(self, wanted: MemoryId, request: FeedRequest) -> IndexEntry:
        stored = self.memories[wanted]
        vectors = [
            IndexedVector(vector_id=VectorId(i), vector=np.array(values, np.float32))
            for i, values in stored.vectors.items()
        ]
        return IndexEntry(
            memory_id=wanted,
            lexical=analyze_text(stored.text, "en") if request.lexical else None,
            vectors=vectors if request.model_id == MODEL else (),
            mentions=extract_entities(stored.text) if request.mentions else None,
        )


class FakeFeed:
    """The ``IndexFeed`` of tests.

    ``gate`` closed holds every reply back after it has been read from the bank: what is written
    then is not in it, as with a database snapshot.
    """

    def __init__(self) -> None:
        self.banks: dict[BankScope, FakeBank] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.reading = asyncio.Event()
        self.database = "one"
        self.loads = 0
        self.catch_ups = 0
        self.open_loads = 0
        self.forgets_before = 0
        """Changes below this place in the log are trimmed: who lacks them must reload."""
        self.error: Exception | None = None

    def bank(self, number: int = 0) -> FakeBank:
        return self.banks.setdefault(scope(number), FakeBank())

    async def source(self) -> str:
        return self.database

    async def changes_since(
        self, scope: BankScope, watermark: Watermark, request: FeedRequest
    ) -> IndexChanges:
        self.catch_ups += 1
        bank = self.banks[scope]
        changed = sorted(set(bank.log[watermark.horizon :]))
        changes = IndexChanges(
            watermark=Watermark(horizon=len(bank.log)),
            upserts=[bank.entry(each, request) for each in changed if each in bank.memories],
            removals=[each for each in changed if each not in bank.memories],
            must_reload=watermark.horizon < self.forgets_before,
        )
        await self._reply()
        return changes

    async def is_followed(self, scope: BankScope, watermark: Watermark) -> bool:
        assert scope in self.banks
        await self._reply()
        return watermark.horizon >= self.forgets_before

    async def load(
        self, scope: BankScope, request: FeedRequest
    ) -> AsyncIterator[tuple[Watermark, Sequence[IndexEntry]]]:
        self.loads += 1
        self.open_loads += 1
        try:
            bank = self.banks[scope]
            watermark = Watermark(horizon=len(bank.log))
            entries = [bank.entry(each, request) for each in bank.memories]
            await self._reply()
            for page in _pages(entries):
                yield watermark, page
        finally:
            self.open_loads -= 1

    async def _reply(self) -> None:
        self.reading.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error


def _pages(entries: Sequence[IndexEntry]) -> Iterable[Sequence[IndexEntry]]:
    for start in range(0, max(1, len(entries)), PAGE):
        yield entries[start : start + PAGE]
