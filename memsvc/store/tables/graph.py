"""What memories speak of: the source of the memory graph."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from memsvc.store.tables.columns import integer_column, metadata, uuid_column

mentions = Table(
    "mentions",
    metadata,
    uuid_column("bank_id"),
    uuid_column("memory_id"),
    integer_column("version"),
    uuid_column("tenant_id"),
    Column("extractor_version", SmallInteger(), nullable=False),
    Column("entities", ARRAY(Text()), nullable=False),
    Column("counts", ARRAY(Integer()), nullable=False),
    Column("subjects", ARRAY(Boolean()), nullable=False),
    PrimaryKeyConstraint("bank_id", "memory_id", "version"),
    ForeignKeyConstraint(
        ["bank_id", "memory_id", "version"],
        ["memory_versions.bank_id", "memory_versions.memory_id", "memory_versions.version"],
        ondelete="CASCADE",
    ),
)
"""One row a version: parallel arrays of normal forms, how often each occurs, and whether the
memory is about it. Sums over entities are made from these, so that nothing can drift."""
