"""What an index server's answer lacks: the changes after its watermark, as the rows are now."""

from collections import defaultdict
from collections.abc import Sequence
from typing import LiteralString

import numpy as np
from numpy.typing import NDArray
from psycopg.rows import TupleRow
from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.identifiers import MemoryId, VectorId
from memsvc.domain.memory import BankScope
from memsvc.ports import IndexedVector, Overlay, OverlayRequest
from memsvc.store.single_reads import read_once
from memsvc.store.source import SourceIdentity

# The row of the bank is there even if nothing else is, so one row at least comes back. Vectors that
# were found come without their values, those of changed memories with them.
_OVERLAY: LiteralString = """
WITH changes AS MATERIALIZED (
    SELECT c.memory_id, c.recorded_at FROM index_changes c
    WHERE c.bank_id = %(bank)s AND c.xid >= %(horizon)s::text::xid8
      AND c.seq <> ALL(%(applied)s::bigint[])
    LIMIT %(limit)s
), changed AS MATERIALIZED (
    SELECT DISTINCT memory_id FROM changes WHERE (SELECT count(*) FROM changes) < %(limit)s
)
SELECT b.changes_trimmed_below::text::bigint, {source}, (SELECT count(*) FROM changes),
       (SELECT extract(epoch FROM clock_timestamp() - min(recorded_at))::float8 FROM changes),
       v.memory_id, v.vector_id, v.vector
FROM banks b LEFT JOIN (
    SELECT e.memory_id, e.vector_id, NULL::vector AS vector
    FROM embeddings e
    JOIN memories m ON m.bank_id = %(bank)s AND m.bank_id = e.bank_id
        AND m.memory_id = e.memory_id AND m.current_version = e.version
    WHERE e.bank_id = %(bank)s AND e.vector_id = ANY(%(found)s::bigint[])
      AND e.model_id = %(model)s AND m.state = 'active'
      AND NOT EXISTS (SELECT FROM changed c WHERE c.memory_id = e.memory_id)
  UNION ALL
    SELECT e.memory_id, e.vector_id, e.vector
    FROM changed c
    JOIN memories m ON m.bank_id = %(bank)s AND m.memory_id = c.memory_id
    JOIN embeddings e ON e.bank_id = %(bank)s AND e.bank_id = m.bank_id
        AND e.memory_id = m.memory_id AND e.version = m.current_version
    WHERE e.model_id = %(model)s AND m.state = 'active'
) v ON true
WHERE b.tenant_id = %(tenant)s AND b.bank_id = %(bank)s
"""

_PARTITION: LiteralString = """
SELECT partition_no FROM bank_models WHERE bank_id = %(bank)s AND model_id = %(model)s
"""

_VECTOR_IDS: LiteralString = """
SELECT e.vector_id
FROM embeddings e
JOIN memories m ON m.bank_id = %(bank)s AND m.bank_id = e.bank_id
    AND m.memory_id = e.memory_id AND m.current_version = e.version
WHERE e.bank_id = %(bank)s AND e.memory_id = ANY(%(ids)s) AND e.model_id = %(model)s
"""


class OverlayReads:
    """Corrects answers that are complete up to a watermark only."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._identity = SourceIdentity()

    async def partition(self, scope: BankScope, model_id: str) -> int | None:
        """Return under which number the index server keeps these vectors, if it shall at all."""
        parameters = {"bank": scope.bank_id, "model": model_id}
        rows = await read_once(self._engine, scope.tenant_id, _PARTITION, parameters)
        return int(rows[0][0]) if rows else None

    async def vector_ids(
        self, scope: BankScope, model_id: str, memory_ids: Sequence[MemoryId]
    ) -> NDArray[np.int64]:
        """Return the ids of the current vectors of these memories, shape (n,)."""
        parameters = {"bank": scope.bank_id, "model": model_id, "ids": list(memory_ids)}
        rows = await read_once(self._engine, scope.tenant_id, _VECTOR_IDS, parameters)
        return np.fromiter((vector_id for (vector_id,) in rows), np.int64, len(rows))

    async def overlay(self, scope: BankScope, request: OverlayRequest) -> Overlay | None:
        """Return what is current, all in one snapshot; ``None`` when the bank is gone."""
        parameters = {
            "tenant": scope.tenant_id,
            "bank": scope.bank_id,
            "model": request.model_id,
            "horizon": str(request.since.horizon),
            "applied": sorted(seq for _, seq in request.since.applied),
            "found": list(request.found),
            "limit": request.most_changes + 1,
        }
        statement = _OVERLAY.format(source=await self._identity.runtime_expression(self._engine))
        rows = await read_once(self._engine, scope.tenant_id, statement, parameters)
        return _to_overlay(rows, request) if rows else None


def _to_overlay(rows: Sequence[TupleRow], request: OverlayRequest) -> Overlay:
    trimmed_below, source, changes, lag_s = rows[0][:4]
    is_cut = (
        trimmed_below > max(request.since.horizon, request.since.trimmed_below)
        or source != request.since.source
    )
    memory_of: dict[int, MemoryId] = {}
    changed: defaultdict[MemoryId, list[IndexedVector]] = defaultdict(list)
    for *_, memory_id, vector_id, vector in rows:
        if vector is not None:
            values = np.asarray(vector.to_numpy(), np.float32)
            added = IndexedVector(vector_id=VectorId(vector_id), vector=values)
            changed[MemoryId(memory_id)].append(added)
        elif vector_id is not None:
            memory_of[vector_id] = MemoryId(memory_id)
    return Overlay(
        is_complete=changes <= request.most_changes and not is_cut,
        is_cut=is_cut,
        changes=changes,
        lag_s=max(0.0, lag_s or 0.0),
        memory_of=memory_of,
        changed=changed,
    )
