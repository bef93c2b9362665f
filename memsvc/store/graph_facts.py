"""Facts near what a question has found, in one round trip."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from sqlalchemy.ext.asyncio import AsyncEngine

from memsvc.domain.identifiers import MemoryId
from memsvc.domain.memory import BankScope, MemoryState
from memsvc.store.single_reads import read_once

_NEAR: LiteralString = """
SELECT f.subject, f.predicate, f.object
FROM facts f JOIN memories m ON m.bank_id = %(bank)s AND m.memory_id = f.memory_id
WHERE f.bank_id = %(bank)s AND f.object IS NOT NULL AND NOT f.denies
  AND (m.state = %(state)s OR m.memory_id = ANY(%(held)s))
  AND (m.expires_at IS NULL OR m.expires_at > %(at)s)
  AND f.valid_from <= %(at)s
  AND (f.valid_to IS NULL OR f.valid_to > %(at)s OR m.memory_id = ANY(%(held)s))
  AND (f.memory_id = ANY(%(ids)s) OR f.subject = ANY(%(names)s) OR f.object = ANY(%(names)s))
  AND (%(allowed)s::uuid[] IS NULL OR f.memory_id = ANY(%(allowed)s))
ORDER BY f.memory_id <> ALL(%(ids)s), f.valid_from DESC, f.fact_id
LIMIT %(limit)s
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
        """Return subject, predicate and object of facts that hold, of active memories."""
        parameters = {
            "bank": scope.bank_id,
            "state": str(MemoryState.ACTIVE),
            "ids": list(wanted.of),
            "names": list(wanted.about),
            "at": wanted.at,
            "held": list(wanted.held),
            "allowed": None if wanted.allowed is None else list(wanted.allowed),
            "limit": wanted.limit,
        }
        rows = await read_once(self._engine, scope.tenant_id, _NEAR, parameters)
        return [(subject, predicate, object_) for subject, predicate, object_ in rows]
