"""What made memories stronger or weaker: append-only, once an occasion."""

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, text

from memsvc.store.tables.columns import instant_column, metadata, text_column, uuid_column

reinforcements = Table(
    "reinforcements",
    metadata,
    uuid_column("bank_id"),
    uuid_column("memory_id"),
    text_column("occasion"),
    text_column("cause"),
    uuid_column("tenant_id"),
    uuid_column("recall_id", nullable=True),
    uuid_column("operation_id", nullable=True),
    text_column("actor"),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "memory_id", "occasion", "cause"),
    ForeignKeyConstraint(
        ["bank_id", "memory_id"],
        ["memories.bank_id", "memories.memory_id"],
        ondelete="CASCADE",
    ),
    Index(
        "ix_reinforcements_bank_id_recall_id",
        "bank_id",
        "recall_id",
        postgresql_where=text("recall_id IS NOT NULL"),
    ),
)
"""``occasion`` is a session, a recall's id or an hour; ``operation_id`` is null where feedback was
kept and changed nothing."""
