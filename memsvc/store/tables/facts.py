"""What memories claim, with the time it holds; and which memories were read for claims."""

from sqlalchemy import Boolean, Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    metadata,
    text_column,
    uuid_column,
)

facts = Table(
    "facts",
    metadata,
    uuid_column("bank_id"),
    uuid_column("fact_id"),
    uuid_column("tenant_id"),
    uuid_column("memory_id"),
    text_column("subject"),
    text_column("predicate"),
    text_column("object", nullable=True),
    text_column("rule"),
    Column("denies", Boolean(), nullable=False),
    Column("is_functional", Boolean(), nullable=False),
    Column("is_change", Boolean(), nullable=False),
    Column("stood", Boolean(), nullable=False),
    instant_column("valid_from"),
    instant_column("valid_to", nullable=True),
    instant_column("said_at"),
    uuid_column("superseded_by", nullable=True),
    instant_column("recorded_at"),
    text_column("origin", nullable=True),
    instant_column("until", nullable=True),
    PrimaryKeyConstraint("bank_id", "fact_id"),
    ForeignKeyConstraint(
        ["bank_id", "memory_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
    Index("ix_facts_bank_id_subject_predicate", "bank_id", "subject", "predicate"),
    Index("ix_facts_bank_id_memory_id", "bank_id", "memory_id"),
)
"""``stood`` says whether the source was in force when the slot was last settled; ``valid_to`` when
another fact ended it, ``until`` its own end; ``origin`` who gave it, null for what rules read."""

fact_readings = Table(
    "fact_readings",
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
"""Which version of a memory its facts are of."""
