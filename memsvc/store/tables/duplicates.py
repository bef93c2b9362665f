"""What was held against the other memories of a bank, and pairs that a person decides about."""

from sqlalchemy import REAL, Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    json_column,
    metadata,
    text_column,
    uuid_column,
)

compared_memories = Table(
    "compared_memories",
    metadata,
    uuid_column("bank_id"),
    uuid_column("memory_id"),
    uuid_column("tenant_id"),
    integer_column("version"),
    PrimaryKeyConstraint("bank_id", "memory_id"),
    ForeignKeyConstraint(
        ["bank_id", "memory_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
)
"""Which version of a memory was last held against its nearest ones."""

reviews = Table(
    "reviews",
    metadata,
    uuid_column("bank_id"),
    uuid_column("review_id"),
    uuid_column("tenant_id"),
    uuid_column("one_id"),
    uuid_column("other_id"),
    integer_column("one_version"),
    integer_column("other_version"),
    text_column("state"),
    Column("score", REAL(), nullable=False),
    json_column("evidence"),
    uuid_column("operation_id", nullable=True),
    text_column("decided_by", nullable=True),
    instant_column("decided_at", nullable=True),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "review_id"),
    ForeignKeyConstraint(
        ["bank_id", "one_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(
        ["bank_id", "other_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
    Index("uq_reviews_bank_id_one_id_other_id", "bank_id", "one_id", "other_id", unique=True),
    Index("ix_reviews_bank_id_other_id", "bank_id", "other_id"),
)
"""One row a pair, the older memory first; what was decided stays, so as not to be asked again."""
