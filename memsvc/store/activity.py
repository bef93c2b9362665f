"""When something last happened in each bank, and since when something is yet to happen."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, true

from memsvc.domain.identifiers import BankId
from memsvc.domain.memory import BankState
from memsvc.store import tables as t
from memsvc.store.session import Session
from memsvc.store.waiting import waiting_anywhere_since


class ActivityReader:
    """Looks at the ends of the banks' change logs and queues, inside one tenant."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def last_changes(self) -> Mapping[BankId, datetime]:
        """Return when each bank's memories changed last; without those whose log is empty."""
        last = (
            select(t.index_changes.c.recorded_at)
            .where(t.index_changes.c.bank_id == t.banks.c.bank_id)
            .order_by(t.index_changes.c.seq.desc())
            .limit(1)
            .lateral("last")
        )
        statement = (
            select(t.banks.c.bank_id, last.c.recorded_at)
            .join_from(t.banks, last, true())
            .where(
                t.banks.c.tenant_id == self._session.tenant_id,
                t.banks.c.state == BankState.ACTIVE,
            )
        )
        rows = await self._session.connection.execute(statement)
        return {BankId(row.bank_id): row.recorded_at for row in rows}

    async def waiting_since(self) -> datetime | None:
        """Return when the text that has waited longest in any bank was recorded, if one waits."""
        statement = waiting_anywhere_since(self._session.tenant_id)
        since: datetime | None = await self._session.connection.scalar(statement)
        return since
