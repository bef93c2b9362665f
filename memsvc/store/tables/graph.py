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

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    json_column,
    metadata,
    text_column,
    uuid_column,
)

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

given_sets = Table(
    "given_sets",
    metadata,
    uuid_column("bank_id"),
    uuid_column("memory_id"),
    text_column("origin"),
    integer_column("number"),
    uuid_column("tenant_id"),
    integer_column("version"),
    Column("holds", Boolean(), nullable=False),
    json_column("content"),
    json_column("mentioned"),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "memory_id", "origin", "number"),
    ForeignKeyConstraint(
        ["bank_id", "memory_id"], ["memories.bank_id", "memories.memory_id"], ondelete="CASCADE"
    ),
)
"""Facts and entities given of a memory at one version of its text. Of the sets of one origin one
``holds``; the others are what it was before, for undoing. ``mentioned`` is what the graph reads."""
