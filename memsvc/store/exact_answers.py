"""What an index should have answered, and whether its bank was written to since."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import LiteralString

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope
from memsvc.ports import Candidate, DenseQuery
from memsvc.store.pgvector_index import exact_statement, search_parameters
from memsvc.store.single_reads import read_once
from memsvc.store.transactions import transaction

_MOMENT: LiteralString = """
SELECT pg_current_snapshot()::text, (
    SELECT changes_trimmed_below::text::bigint FROM banks
    WHERE tenant_id = %(tenant)s AND bank_id = %(bank)s
)
"""
_LIMIT_TIME = text("SELECT set_config('statement_timeout', :limit_ms, true)")
# A change belongs to the answer only if its transaction was over in the snapshot; sequence numbers
# and times say nothing about that. Where the log was cut since, nobody can tell.
_HAS_CHANGED = text("""
SELECT b.changes_trimmed_below::text::bigint
       > greatest(pg_snapshot_xmin(CAST(:snapshot AS pg_snapshot))::text::bigint, :trimmed_below)
    OR EXISTS (
        SELECT FROM index_changes c
        WHERE c.bank_id = :bank AND c.xid >= pg_snapshot_xmin(CAST(:snapshot AS pg_snapshot))
          AND NOT pg_visible_in_snapshot(c.xid, CAST(:snapshot AS pg_snapshot))
    )
FROM banks b WHERE b.tenant_id = :tenant AND b.bank_id = :bank
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was committed at some instant: a snapshot of PostgreSQL, as text."""

    snapshot: str
    trimmed_below: int = 0
    """Where the bank's change log was cut then; 0 if nobody looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactAnswer:
    """The exact answer to a question, with what is needed to judge another one."""

    best: Sequence[Candidate]
    """Min(k, available) active memories, best first."""
    scores: Mapping[MemoryId, float]
    """Exact scores of the memories of the other answer, as far as they may be in it."""
    has_changed: bool
    """Whether anything searchable of the bank was committed after the moment, or the bank is
    gone."""


class ExactAnswers:
    """Reads exact answers; each takes as long as the bank is large, up to a limit."""

    def __init__(self, engine: AsyncEngine, *, limit_s: float) -> None:
        self._engine = engine
        self._limit_ms = max(1, round(limit_s * 1000))

    async def moment(self, scope: BankScope) -> Moment:
        """Return the present moment."""
        parameters = {"tenant": scope.tenant_id, "bank": scope.bank_id}
        rows = await read_once(self._engine, scope.tenant_id, _MOMENT, parameters)
        snapshot, trimmed_below = rows[0]
        return Moment(snapshot=snapshot, trimmed_below=trimmed_below or 0)

    async def answer(
        self, scope: BankScope, query: DenseQuery, found: Sequence[MemoryId], since: Moment
    ) -> ExactAnswer:
        """Return what is exact now, beside what ``found`` is worth.

        Changes are looked for last, so each that the statements before have seen is among them.
        Raises ``DatabaseUnavailableError`` when a statement takes longer than the limit.
        """
        changed = {
            "tenant": scope.tenant_id,
            "bank": scope.bank_id,
            "snapshot": since.snapshot,
            "trimmed_below": since.trimmed_below,
        }
        of_found = replace(query, allowed=_both(found, query.allowed), k=max(1, len(found)))
        async with transaction(self._engine, scope.tenant_id, read_only=True) as connection:
            await connection.execute(_LIMIT_TIME, {"limit_ms": str(self._limit_ms)})
            best = await _nearest(connection, scope, query)
            worth = await _nearest(connection, scope, of_found)
            has_changed = await connection.scalar(_HAS_CHANGED, changed)
        return ExactAnswer(
            best=best,
            scores={each.memory_id: each.score for each in worth},
            has_changed=has_changed is not False,
        )


async def _nearest(
    connection: AsyncConnection, scope: BankScope, query: DenseQuery
) -> list[Candidate]:
    """Search exactly, and among the active only: what is allowed may have been let go since."""
    statement = exact_statement(restricted=query.allowed is not None, only_active=True)
    rows = await connection.execute(statement, search_parameters(scope, query))
    return [Candidate(memory_id=MemoryId(row.memory_id), score=row.score) for row in rows]


def _both(found: Sequence[MemoryId], allowed: Sequence[MemoryId] | None) -> Sequence[MemoryId]:
    if allowed is None:
        return found
    wanted = frozenset(allowed)
    return [each for each in found if each in wanted]
