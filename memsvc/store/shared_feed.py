"""What a shared index follows: the change log of every bank at once, read as the index role.

Nothing is skipped for the reason given in ``memsvc.store.feed``: what lies below the snapshot
horizon is all there will ever be, and what was seen above it is remembered by number.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import numpy as np
import psycopg
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.ports import Matrix
from memsvc.store.roles import INDEX_ROLE
from memsvc.store.session import driver_of
from memsvc.store.source import SourceIdentity
from memsvc.store.transactions import translated_errors

_BEGIN = text(
    "SELECT set_config('role', :role, true), set_config('transaction_read_only', 'on', true)"
)

_BANKS: LiteralString = """
SELECT p.partition_no, p.bank_id, p.model_id, p.dimension, b.changes_trimmed_below::text::bigint
FROM bank_models p JOIN banks b ON b.bank_id = p.bank_id
WHERE b.state = 'active' AND p.state <> 'retired'
"""
_HORIZON: LiteralString = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, {source}
"""
_IS_WAITING: LiteralString = "xid >= %(horizon)s::text::xid8 AND seq <> ALL(%(applied)s::bigint[])"
# The first row is always there: it carries the horizon of the snapshot that the others are of.
_CHANGES: LiteralString = """
SELECT h.horizon, h.source, h.at, c.seq, c.xid, c.bank_id, c.memory_id, c.recorded_at
FROM (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon, {source} AS source,
             clock_timestamp() AS at) h
LEFT JOIN (
    SELECT seq, xid::text::bigint AS xid, bank_id, memory_id, recorded_at FROM index_changes
    WHERE {waiting}
    ORDER BY seq LIMIT %(limit)s
) c ON true
ORDER BY c.seq
"""
_COUNT: LiteralString = """
SELECT count(*) FROM (
    SELECT 1 FROM index_changes WHERE {waiting} LIMIT %(limit)s
) c
"""
_CURRENT: LiteralString = """
SELECT m.bank_id, e.model_id, m.memory_id, e.vector_id, e.vector
FROM unnest(%(banks)s::uuid[], %(memories)s::uuid[]) AS c (bank_id, memory_id)
JOIN memories m ON m.bank_id = c.bank_id AND m.memory_id = c.memory_id
JOIN embeddings e ON e.bank_id = m.bank_id AND e.memory_id = m.memory_id
 AND e.version = m.current_version
WHERE m.state = 'active'
"""
_LISTING: LiteralString = """
SELECT e.vector_id, e.memory_id
FROM memories m JOIN embeddings e ON e.bank_id = m.bank_id AND e.memory_id = m.memory_id
 AND e.version = m.current_version
WHERE m.bank_id = %(bank)s AND e.bank_id = %(bank)s AND m.state = 'active'
  AND e.model_id = %(model)s
"""
_VECTORS: LiteralString = """
SELECT vector_id, vector FROM embeddings WHERE bank_id = %(bank)s AND vector_id = ANY(%(ids)s)
"""
_PAGE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOfBank:
    """A partition there should be: one bank's vectors of one model."""

    partition: int
    bank_id: BankId
    model_id: str
    dimension: int
    trimmed_below: int
    """Up to which transaction id the bank's log is cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the change log."""

    seq: int
    xid: int
    bank_id: BankId
    memory_id: MemoryId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeBatch:
    """What was committed and is not applied, up to a limit."""

    horizon: int
    source: str
    changes: Sequence[Change]
    is_complete: bool
    """Whether these are all: only then the horizon is reached when they are applied."""
    oldest_s: float
    """Seconds since the oldest of them was written; 0 without changes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorRows:
    """Vectors of one bank and model: three parallel columns."""

    ids: NDArray[np.int64]
    memory_ids: Sequence[MemoryId]
    vectors: Matrix


class SharedFeed:
    """Reads every tenant's changes; needs a login that may act as the index role."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._identity = SourceIdentity()

    async def banks(self) -> list[ModelOfBank]:
        """Return every partition there should be."""
        async with self._reading() as driver:
            rows = await (await driver.execute(_BANKS, binary=True)).fetchall()
        return [
            ModelOfBank(partition=no, bank_id=bank, model_id=model, dimension=d, trimmed_below=cut)
            for no, bank, model, d, cut in rows
        ]

    async def horizon(self) -> tuple[int, str]:
        """Return the present horizon and the database's fingerprint."""
        async with self._reading() as driver:
            statement = _HORIZON.format(source=await self._identity.expression(driver))
            row = await (await driver.execute(statement)).fetchone()
        assert row is not None  # noqa: S101 — a SELECT without FROM
        return int(row[0]), str(row[1])

    async def changes(self, horizon: int, applied: Collection[int], limit: int) -> ChangeBatch:
        """Return up to ``limit`` changes at or above ``horizon`` but for the numbers applied."""
        parameters = {"horizon": str(horizon), "applied": sorted(applied), "limit": limit}
        async with self._reading() as driver:
            source = await self._identity.expression(driver)
            statement = _CHANGES.format(source=source, waiting=_IS_WAITING)
            rows = await (await driver.execute(statement, parameters, binary=True)).fetchall()
        changes = [
            Change(seq=seq, xid=xid, bank_id=bank, memory_id=memory)
            for *_, seq, xid, bank, memory, _ in rows
            if seq is not None
        ]
        oldest = min((row[7] for row in rows if row[7] is not None), default=None)
        return ChangeBatch(
            horizon=rows[0][0],
            source=rows[0][1],
            changes=changes,
            is_complete=len(changes) < limit,
            oldest_s=0.0 if oldest is None else max(0.0, (rows[0][2] - oldest).total_seconds()),
        )

    async def count(self, horizon: int, applied: Collection[int], limit: int) -> int:
        """Return how many changes there are to be read, up to ``limit``."""
        parameters = {"horizon": str(horizon), "applied": sorted(applied), "limit": limit}
        async with self._reading() as driver:
            statement = _COUNT.format(waiting=_IS_WAITING)
            row = await (await driver.execute(statement, parameters)).fetchone()
        assert row is not None  # noqa: S101 — a count
        return int(row[0])

    async def current(self, changes: Sequence[Change]) -> Mapping[tuple[BankId, str], VectorRows]:
        """Return the vectors that the changed memories have now, by bank and model."""
        wanted = sorted({(change.bank_id, change.memory_id) for change in changes})
        parameters = {"banks": [b for b, _ in wanted], "memories": [m for _, m in wanted]}
        async with self._reading() as driver:
            rows = await (await driver.execute(_CURRENT, parameters, binary=True)).fetchall()
        grouped: dict[tuple[BankId, str], list[tuple[int, MemoryId, Any]]] = {}
        for bank, model, memory, vector_id, vector in rows:
            grouped.setdefault((bank, model), []).append((vector_id, memory, vector))
        return {key: _to_rows(each) for key, each in grouped.items()}

    async def listing(self, bank: ModelOfBank) -> Mapping[int, MemoryId]:
        """Return which vectors the bank's active memories have, with whose they are."""
        parameters = {"bank": bank.bank_id, "model": bank.model_id}
        async with self._reading() as driver:
            rows = await (await driver.execute(_LISTING, parameters, binary=True)).fetchall()
        return dict(rows)

    async def vectors(
        self, bank: ModelOfBank, wanted: Sequence[int]
    ) -> AsyncIterator[tuple[NDArray[np.int64], Matrix]]:
        """Yield those of the wanted vectors that are still there, in pages."""
        for start in range(0, len(wanted), _PAGE):
            parameters = {"bank": bank.bank_id, "ids": list(wanted[start : start + _PAGE])}
            async with self._reading() as driver:
                rows = await (await driver.execute(_VECTORS, parameters, binary=True)).fetchall()
            if rows:
                ids = np.array([vector_id for vector_id, _ in rows], np.int64)
                yield ids, _stacked([vector for _, vector in rows])

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        async with translated_errors(), self._engine.begin() as connection:
            await connection.execute(_BEGIN, {"role": INDEX_ROLE})
            yield await driver_of(connection)


def _to_rows(rows: Sequence[tuple[int, MemoryId, Any]]) -> VectorRows:
    return VectorRows(
        ids=np.array([vector_id for vector_id, _, _ in rows], np.int64),
        memory_ids=[memory_id for _, memory_id, _ in rows],
        vectors=_stacked([vector for _, _, vector in rows]),
    )


def _stacked(vectors: Sequence[Any]) -> Matrix:
    return np.stack([np.asarray(vector.to_numpy(), np.float32) for vector in vectors])
