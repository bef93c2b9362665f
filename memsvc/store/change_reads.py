"""Reading the change log: whoever follows one bank and asks at the same moment reads it once.

A recall brings a bank's words and vectors up to date and its graph too. They are followed apart,
each from a watermark of its own, but what has changed since the lower one answers both.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import LiteralString
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.ports import Watermark
from memsvc.store.single_reads import read_once
from memsvc.store.source import SourceIdentity

_CHANGES: LiteralString = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
       b.changes_trimmed_below::text::bigint,
       {source},
       extract(epoch FROM clock_timestamp() - c.recorded_at)::float8,
       c.seq, c.xid::text::bigint, c.memory_id
FROM banks b
LEFT JOIN index_changes c ON c.bank_id = b.bank_id AND c.bank_id = %(bank)s
     AND c.xid >= %(horizon)s::text::xid8 AND c.seq <> ALL(%(applied)s::bigint[])
WHERE b.tenant_id = %(tenant)s AND b.bank_id = %(bank)s
ORDER BY c.seq
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One entry of the log."""

    seq: int
    xid: int
    memory_id: MemoryId
    age_s: float

    def is_new_to(self, watermark: Watermark) -> bool:
        """Tell whether an index that is complete up to a watermark lacks it."""
        return self.xid >= watermark.horizon and (self.xid, self.seq) not in watermark.applied


@dataclass(frozen=True, slots=True, kw_only=True)
class LogReading:
    """The log at one instant, as far as it is new to somebody."""

    horizon: int
    """Below it every transaction had ended."""
    trimmed_below: int
    source: str
    """Fingerprint of the database."""
    changes: Sequence[Change]
    """By sequence number."""
    is_cut: bool
    """Whether there were more than are to be read."""


@dataclass(eq=False, slots=True)
class _Batch:
    watermarks: list[Watermark] = field(default_factory=list)
    reading: "asyncio.Task[LogReading | None] | None" = None


class ChangeReads:
    """Reads of the log that callers share who ask about one bank in the same turn of the loop."""

    def __init__(self, engine: AsyncEngine, identity: SourceIdentity, *, limit: int) -> None:
        """Read up to ``limit`` changes for a caller."""
        self._engine = engine
        self._identity = identity
        self._limit = limit
        self._batches: dict[BankScope, _Batch] = {}

    async def since(self, scope: BankScope, watermark: Watermark) -> LogReading | None:
        """Return what an index at this watermark lacks, ``None`` if the bank is gone.

        Every change that was committed before the call is in it.
        """
        batch = self._batches.get(scope)
        if batch is None:
            batch = self._batches[scope] = _Batch()
            batch.reading = asyncio.create_task(self._read_batch(scope, batch))
            batch.reading.add_done_callback(_mark_retrieved)
        assert batch.reading is not None  # noqa: S101 — it has been begun with the batch
        batch.watermarks.append(watermark)
        # A caller that is cancelled leaves the reading to the others.
        found = await asyncio.shield(batch.reading)
        if found is not None and found.is_cut and len(batch.watermarks) > 1:
            # What is cut off may be all that the caller lacks.
            found = await self._read(scope, [watermark])
        if found is None:
            return None
        lacking = [change for change in found.changes if change.is_new_to(watermark)]
        return replace(found, changes=lacking)

    async def _read_batch(self, scope: BankScope, batch: _Batch) -> LogReading | None:
        # This task runs after all that is ready now: whoever comes in this turn is in the batch.
        await asyncio.sleep(0)
        del self._batches[scope]
        return await self._read(scope, batch.watermarks)

    async def _read(self, scope: BankScope, watermarks: Sequence[Watermark]) -> LogReading | None:
        applied = frozenset.intersection(*(each.applied for each in watermarks))
        parameters = {
            "tenant": scope.tenant_id,
            "bank": scope.bank_id,
            "horizon": str(min(each.horizon for each in watermarks)),
            "applied": sorted(seq for _, seq in applied),
            "limit": self._limit + 1,
        }
        statement = _CHANGES.format(source=await self._identity.runtime_expression(self._engine))
        rows = await read_once(self._engine, scope.tenant_id, statement, parameters)
        if not rows:
            return None
        horizon, trimmed_below, source = rows[0][:3]
        return LogReading(
            horizon=horizon,
            trimmed_below=trimmed_below,
            source=source,
            changes=[_to_change(*row[3:]) for row in rows if row[4]],
            is_cut=len(rows) > self._limit,
        )


def _to_change(age_s: float, seq: int, xid: int, memory_id: UUID) -> Change:
    return Change(seq=seq, xid=xid, memory_id=MemoryId(memory_id), age_s=age_s)


def _mark_retrieved(task: "asyncio.Task[LogReading | None]") -> None:
    # Every caller may have been cancelled; then nobody else looks at the error.
    if not task.cancelled():
        task.exception()
