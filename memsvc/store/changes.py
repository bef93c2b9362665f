"""The change log that derived indexes follow."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Text, cast, delete, exists, func, insert, literal, or_, update

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.store import tables as t
from memsvc.store.session import Session
from memsvc.store.types import TransactionId

SILENT_FOR = timedelta(minutes=2)
"""A follower silent for longer is dead: it blocks no trimming."""
KEPT_AT_MOST = timedelta(days=1)
"""No follower keeps a change for longer, however far behind it is: it loads afresh."""


class ChangeWriter:
    """Appends which memories changed, in the transaction that changes them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.has_recorded = False
        """Whether this transaction, once committed, has something for followers."""

    async def record(self, bank_id: BankId, memory_ids: Sequence[MemoryId]) -> None:
        """Note that what is searchable of these memories changed.

        The transaction's own id goes with each row: a follower compares it with the snapshot
        horizon, because sequence numbers become visible out of order.
        """
        if not memory_ids:
            return
        self.has_recorded = True
        statement = insert(t.index_changes).values(
            seq=t.change_numbers.next_value(), xid=func.pg_current_xact_id()
        )
        now = self._session.clock.now()
        await self._session.connection.execute(
            statement,
            [
                {
                    "bank_id": bank_id,
                    "tenant_id": self._session.tenant_id,
                    "memory_id": memory_id,
                    "recorded_at": now,
                }
                for memory_id in memory_ids
            ],
        )

    async def cut(self, bank_id: BankId) -> None:
        """Remove the bank's whole log, so that every copy of it has to be loaded afresh.

        Done where a copy that is merely brought up to date would not do: what was erased may be
        among the words and vectors that an index has marked as removed and still holds. A snapshot
        from before is neither taken nor written from now on. Shared indexes load the bank under
        numbers never used before, and drop what they hold under the old ones, files included. The
        caller holds the bank's row.
        """
        self.has_recorded = True
        await self._session.connection.execute(
            delete(t.index_changes).where(t.index_changes.c.bank_id == bank_id)
        )
        now = cast(cast(func.pg_current_xact_id(), Text), BigInteger) + 1
        await self._session.connection.execute(
            update(t.banks)
            .where(t.banks.c.tenant_id == self._session.tenant_id, t.banks.c.bank_id == bank_id)
            .values(changes_trimmed_below=cast(cast(now, Text), TransactionId))
        )
        await self._session.connection.execute(
            update(t.bank_models)
            .where(t.bank_models.c.bank_id == bank_id)
            .values(partition_no=t.partition_numbers.next_value())
        )

    async def trim(self, bank_id: BankId, before: datetime) -> int:
        """Remove a bank's changes recorded before this instant; return how many.

        The bank remembers up to where its log is cut, in the same transaction, so that a follower
        that is further behind notices and loads afresh. Changes above the snapshot horizon stay,
        and those that a living follower lacks, unless they are older than ``KEPT_AT_MOST``.
        """
        changes, followers = t.index_changes.c, t.index_followers.c
        now = self._session.clock.now()
        lacking = exists().where(
            followers.heartbeat_at >= now - SILENT_FOR, followers.horizon <= changes.xid
        )
        removed = await self._session.connection.scalars(
            delete(t.index_changes)
            .where(
                changes.bank_id == bank_id,
                changes.recorded_at < before,
                changes.xid < func.pg_snapshot_xmin(func.pg_current_snapshot()),
                or_(changes.recorded_at < now - KEPT_AT_MOST, ~lacking),
            )
            .returning(cast(cast(changes.xid, Text), BigInteger))
        )
        transaction_ids = removed.all()
        if transaction_ids:
            cut = cast(literal(str(max(transaction_ids) + 1)), TransactionId)
            await self._session.connection.execute(
                update(t.banks)
                .where(
                    t.banks.c.tenant_id == self._session.tenant_id,
                    t.banks.c.bank_id == bank_id,
                    t.banks.c.changes_trimmed_below < cut,
                )
                .values(changes_trimmed_below=cut)
            )
        return len(transaction_ids)
