"""Facts near what a question has found, in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.links import LinkType
from memsvc.domain.memory import BankScope, MemoryState
from memsvc.store.single_reads import read_once

_NEAR: LiteralString = """
WITH RECURSIVE within (memory_id) AS (
  SELECT unnest(%(ids)s::uuid[])
  UNION
  SELECT l.from_id FROM within w
  JOIN links l ON l.bank_id = %(bank)s AND l.to_id = w.memory_id AND l.type = %(merged_into)s
)
SELECT f.subject, f.predicate, f.object
FROM facts f JOIN memories m ON m.bank_id = %(bank)s AND m.memory_id = f.memory_id
LEFT JOIN LATERAL (
  WITH RECURSIVE path (memory_id) AS (
    SELECT l.to_id FROM links l
    WHERE m.state = %(merged)s
      AND l.bank_id = %(bank)s AND l.from_id = m.memory_id AND l.type = %(merged_into)s
    UNION
    SELECT l.to_id FROM path p
    JOIN links l ON l.bank_id = %(bank)s AND l.from_id = p.memory_id AND l.type = %(merged_into)s
  )
  SELECT e.memory_id FROM path p
  JOIN memories e ON e.bank_id = %(bank)s AND e.memory_id = p.memory_id AND e.state = %(active)s
  LIMIT 1
) carrier ON true
WHERE f.bank_id = %(bank)s AND f.object IS NOT NULL AND NOT f.denies
  AND (m.state = %(active)s OR carrier.memory_id IS NOT NULL OR m.memory_id = ANY(%(held)s))
  AND (m.expires_at IS NULL OR m.expires_at > %(at)s)
  AND f.valid_from <= %(at)s
  AND (f.valid_to IS NULL OR f.valid_to > %(at)s OR m.memory_id = ANY(%(held)s))
  AND (f.memory_id = ANY(ARRAY(SELECT memory_id FROM within))
       OR f.subject = ANY(%(names)s) OR f.object = ANY(%(names)s))
  AND (%(allowed)s::uuid[] IS NULL OR coalesce(carrier.memory_id, f.memory_id) = ANY(%(allowed)s))
ORDER BY f.memory_id <> ALL(ARRAY(SELECT memory_id FROM within)), f.valid_from DESC, f.fact_id
LIMIT %(limit)s
"""
"""What a merged memory says is said by the one it lives on in, which a filter has to allow.

``carrying`` follows the same links; here only an active memory carries what walks begin from.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsWanted:
    """Which facts are looked for."""

    of: Sequence[MemoryId]
    """Facts of these memories come first."""
    about: Sequence[str]
    """Facts with one of these names at an end come too."""
    at: datetime
    """When they have to hold."""
    held: Sequence[MemoryId] = ()
    """Superseded memories whose facts hold all the same."""
    allowed: Sequence[MemoryId] | None = None
    limit: int = 64


class GraphFacts:
    """Reads facts for walks."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def near(self, scope: BankScope, wanted: FactsWanted) -> Sequence[tuple[str, str, str]]:
        """Return subject, predicate and object of facts that hold, of active memories.

        Those of memories that were merged into active ones count as theirs.
        """
        parameters = {
            "bank": scope.bank_id,
            "active": str(MemoryState.ACTIVE),
            "merged": str(MemoryState.MERGED),
            "merged_into": str(LinkType.MERGED_INTO),
            "ids": list(wanted.of),
            "names": list(wanted.about),
            "at": wanted.at,
            "held": list(wanted.held),
            "allowed": None if wanted.allowed is None else list(wanted.allowed),
            "limit": wanted.limit,
        }
        rows = await read_once(self._engine, scope.tenant_id, _NEAR, parameters)
        return [(subject, predicate, object_) for subject, predicate, object_ in rows]
