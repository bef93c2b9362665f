"""Filling banks past the API: rows of memories with generated vectors.

Embedding 100,000 texts takes an encoder minutes to hours, and how long a recall takes depends on
how many vectors there are and how they lie, not on which text each belongs to. So these rows go in
through the service's own store, in the way its write path leaves them, with vectors drawn around
those of some encoded texts; the service itself then answers with its real encoder. This works for
a service of this machine whose data folder is known, and for nothing but measuring time: such a
bank's answers mean nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bench.loading import TURNS_PER_EPISODE
from bench.texts import GeneratedTurn, TextSource
from bench.vectors import VectorSource
from memsvc.domain.content import content_hash, indexed_text
from memsvc.domain.graph.extraction import extract_entities
from memsvc.domain.identifiers import BankId, EpisodeId, MemoryId, uuid7, uuid7_run
from memsvc.domain.lexical import analyze_text
from memsvc.domain.memory import (
    Episode,
    EpisodeKind,
    Memory,
    MemoryKind,
    MemoryState,
    ResolvedBank,
    ScopeKeys,
)
from memsvc.settings import Settings
from memsvc.store.database import DatabaseUrls, open_database
from memsvc.store.embeddings import VectorsToAdd
from memsvc.store.engine import open_engine
from memsvc.store.memories import VersionToAdd
from memsvc.store.queue import JobCarrier
from memsvc.store.roles import DEFAULT_TENANT
from memsvc.store.transactions import Store, WriteTransaction
from memsvc.system_clock import SystemClock

LANGUAGE = "en"
ROWS_PER_TRANSACTION = 1_000
"""What the service takes in one call."""

_FIRST_SAID = datetime(2025, 1, 1, tzinfo=UTC)
_BETWEEN_TURNS = timedelta(seconds=40)
_ACTOR = "bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What to put into which banks."""

    banks: Sequence[str]
    memories_per_bank: int
    texts: TextSource
    vectors: VectorSource


def fill(filling: Filling, data_dir: Path, on_written: Callable[[int], None]) -> None:
    """Fill the banks of the service whose data folder this is; they exist already."""
    asyncio.run(_fill(filling, data_dir, on_written))


async def _fill(filling: Filling, data_dir: Path, on_written: Callable[[int], None]) -> None:
    async with _opened_store(data_dir) as (store, urls):
        for name in filling.banks:
            async with store.read(DEFAULT_TENANT) as tx:
                bank = await tx.banks.resolve(name)
            for count in _portions(filling.memories_per_bank):
                await _add(store, bank, filling.texts.turns(count), filling.vectors)
                on_written(count)
        await _analyze(urls)


@asynccontextmanager
async def _opened_store(data_dir: Path) -> AsyncIterator[tuple[Store, DatabaseUrls]]:
    settings = Settings()
    async with open_database(settings, data_dir) as urls:
        engine = open_engine(urls.runtime, settings.database)
        store = Store(engine, SystemClock(), JobCarrier())
        try:
            yield store, urls
        finally:
            await store.close()


def _portions(total: int) -> Iterator[int]:
    for start in range(0, total, ROWS_PER_TRANSACTION):
        yield min(ROWS_PER_TRANSACTION, total - start)


async def _add(
    store: Store, bank: ResolvedBank, turns: Sequence[GeneratedTurn], source: VectorSource
) -> None:
    """Store turns as the write path does: episodes, versions, what is derived, the change log."""
    now = SystemClock().now()
    bank_id = bank.scope.bank_id
    episodes = [_episode(now) for _ in range(0, len(turns), TURNS_PER_EPISODE)]
    versions = [
        _version(
            turn,
            bank,
            episodes[number // TURNS_PER_EPISODE],
            memory_id=MemoryId(memory_id),
            number=number,
        )
        for number, (turn, memory_id) in enumerate(
            zip(turns, uuid7_run(now, len(turns)), strict=True)
        )
    ]
    rows = source.vectors(len(turns))
    vectors = [
        VectorsToAdd(memory_id=each.memory.id, version=1, vectors=row[np.newaxis, :])
        for each, row in zip(versions, rows, strict=True)
    ]
    async with store.write(bank.scope.tenant_id) as tx:
        await _open(tx, bank_id, episodes, len(turns))
        await tx.memories.add(bank_id, versions)
        await tx.embeddings.add(bank_id, bank.model_id, vectors)
        await tx.changes.record(bank_id, [each.memory.id for each in versions])


def _episode(now: datetime) -> Episode:
    episode_id = EpisodeId(uuid7(now))
    return Episode(
        id=episode_id,
        source=f"session-{episode_id}",
        kind=EpisodeKind.CONVERSATION,
        title=None,
        keys=ScopeKeys(),
        metadata={},
        occurred_at=_FIRST_SAID,
        recorded_at=now,
    )


async def _open(
    tx: WriteTransaction, bank_id: BankId, episodes: Sequence[Episode], turns: int
) -> None:
    for number, episode in enumerate(episodes):
        await tx.episodes.open(bank_id, episode)
        added = min(TURNS_PER_EPISODE, turns - number * TURNS_PER_EPISODE)
        await tx.episodes.grow(bank_id, episode.id, added)


def _version(
    turn: GeneratedTurn, bank: ResolvedBank, episode: Episode, *, memory_id: MemoryId, number: int
) -> VersionToAdd:
    said_at = _FIRST_SAID + number * _BETWEEN_TURNS
    now = episode.recorded_at
    memory = Memory(
        id=memory_id,
        bank_id=bank.scope.bank_id,
        kind=MemoryKind.TURN,
        state=MemoryState.ACTIVE,
        text=turn.text,
        speaker=turn.speaker,
        source=episode.source,
        external_id=None,
        episode_id=episode.id,
        seq=number % TURNS_PER_EPISODE,
        keys=ScopeKeys(),
        metadata={},
        occurred_at=said_at,
        recorded_at=now,
        updated_at=now,
        version=1,
        embedded=True,
        expires_at=None,
        pinned=False,
    )
    return VersionToAdd(
        memory=memory,
        content_hash=content_hash(turn.text, turn.speaker, said_at),
        lexical=analyze_text(indexed_text(turn.text, speaker=turn.speaker, title=None), LANGUAGE),
        mentions=extract_entities(turn.text, turn.speaker),
        operation="create",
        actor=_ACTOR,
    )


async def _analyze(urls: DatabaseUrls) -> None:
    """Give the planner its statistics, as autovacuum does within a minute or so."""
    engine = create_async_engine(urls.owner, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text("VACUUM (ANALYZE)"))
    finally:
        await engine.dispose()
