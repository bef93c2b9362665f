"""What was thought from memories: its triple, its standing, its group; and what was read for it."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    text,
)

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    metadata,
    text_column,
    uuid_column,
)

thoughts = Table(
    "thoughts",
    metadata,
    uuid_column("bank_id"),
    uuid_column("memory_id"),
    uuid_column("tenant_id"),
    text_column("head", nullable=True),
    text_column("relation", nullable=True),
    text_column("tail", nullable=True),
    text_column("rule"),
    text_column("frame"),
    integer_column("listed"),
    text_column("made_by"),
    Column("denies", Boolean(), nullable=False),
    Column("is_functional", Boolean(), nullable=False),
    Column("is_change", Boolean(), nullable=False),
    Column("needs_all", Boolean(), nullable=False),
    instant_column("valid_from"),
    instant_column("said_at"),
    uuid_column("superseded_by", nullable=True),
    Column("stood", Boolean(), nullable=False),
    Column("retired", Boolean(), nullable=False),
    Column("settled", Boolean(), nullable=False),
    text_column("hash_key", nullable=True),
    integer_column("hash_group", nullable=True),
    PrimaryKeyConstraint("bank_id", "memory_id"),
    ForeignKeyConstraint(
        ["bank_id", "memory_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
    Index("ix_thoughts_bank_id_head_relation", "bank_id", "head", "relation"),
    Index("ix_thoughts_bank_id_hash", "bank_id", "hash_key", "hash_group"),
    Index(
        "ix_thoughts_bank_id_unsettled",
        "bank_id",
        "memory_id",
        postgresql_where=text("NOT settled"),
    ),
)
"""One row a thought. ``stood``: what it rests on was in force when that was last looked at;
``retired``: it was archived for want of it; ``settled``: its slot was looked at since."""

thought_readings = Table(
    "thought_readings",
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
"""Which version of a memory was last read for thoughts."""
