"""Which version of a memory a stage has read: tables of a bank, a memory and a version."""

from collections.abc import Collection, Mapping

from sqlalchemy import Table, delete, func
from sqlalchemy.dialects.postgresql import insert

from memsvc.domain.identifiers import BankId, MemoryId
from memsvc.store.session import Session


async def mark_read(
    session: Session, readings: Table, bank_id: BankId, versions: Mapping[MemoryId, int]
) -> None:
    """Note that these versions of memories were read, in place of earlier ones."""
    if not versions:
        return
    statement = insert(readings).values(
        [
            {
                "bank_id": bank_id,
                "memory_id": memory_id,
                "tenant_id": session.tenant_id,
                "version": version,
            }
            for memory_id, version in sorted(versions.items())
        ]
    )
    await session.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["bank_id", "memory_id"], set_={"version": statement.excluded.version}
        )
    )


async def read_again(
    session: Session, readings: Table, bank_id: BankId, ids: Collection[MemoryId]
) -> None:
    """Have memories read once more."""
    columns = readings.c
    await session.connection.execute(
        delete(readings).where(columns.bank_id == bank_id, columns.memory_id == func.any(list(ids)))
    )
