"""The audit trail: who changed what, from which version to which."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert

from memsvc.domain.identifiers import BankId, MemoryId, uuid7_run
from memsvc.domain.memory import Metadata
from memsvc.store import tables as t
from memsvc.store.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One change; ``details`` never hold memory text."""

    operation: str
    memory_id: MemoryId | None = None
    before_version: int | None = None
    after_version: int | None = None
    details: Metadata | None = None


class AuditWriter:
    """Appends events; nothing changes or removes them but a purge."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(self, bank_id: BankId, actor: str, events: Sequence[AuditEvent]) -> None:
        """Append the events in order."""
        if not events:
            return
        now = self._session.clock.now()
        rows = [
            {
                "bank_id": bank_id,
                "event_id": event_id,
                "tenant_id": self._session.tenant_id,
                "actor": actor,
                "operation": event.operation,
                "memory_id": event.memory_id,
                "before_version": event.before_version,
                "after_version": event.after_version,
                "details": event.details,
                "recorded_at": now,
            }
            for event_id, event in zip(uuid7_run(now, len(events)), events, strict=True)
        ]
        await self._session.connection.execute(insert(t.audit_events), rows)
