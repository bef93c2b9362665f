"""Somebody and something by name, what was merged into what, and pairs that a person decides on."""

from sqlalchemy import REAL, Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table

from memsvc.store.tables.columns import (
    instant_column,
    integer_column,
    json_column,
    metadata,
    text_column,
    uuid_column,
)

entities = Table(
    "entities",
    metadata,
    uuid_column("bank_id"),
    uuid_column("entity_id"),
    uuid_column("tenant_id"),
    text_column("form"),
    text_column("sort"),
    text_column("type", nullable=True),
    text_column("name"),
    text_column("fact_form"),
    text_column("block"),
    uuid_column("named_by", nullable=True),
    uuid_column("merged_into", nullable=True),
    instant_column("recorded_at"),
    integer_column("compared"),
    PrimaryKeyConstraint("bank_id", "entity_id"),
    ForeignKeyConstraint(["bank_id"], ["banks.bank_id"]),
    Index("uq_entities_bank_id_form_sort", "bank_id", "form", "sort", unique=True),
    Index("ix_entities_bank_id_block", "bank_id", "block"),
    Index("ix_entities_bank_id_merged_into", "bank_id", "merged_into"),
)
"""``form`` is what ``mentions.entities`` holds, ``fact_form`` what ``facts.subject`` and ``object``
do; ``sort`` is empty where none is known; ``named_by`` is the memory that writes ``name``;
``compared`` are the rules by which it was held against others as it is now, 0 for none."""

entity_readings = Table(
    "entity_readings",
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
"""Of which version of a memory the entities are kept; none where something was given since."""

entity_reviews = Table(
    "entity_reviews",
    metadata,
    uuid_column("bank_id"),
    uuid_column("review_id"),
    uuid_column("tenant_id"),
    uuid_column("one_id"),
    uuid_column("other_id"),
    text_column("state"),
    Column("score", REAL(), nullable=False),
    json_column("evidence"),
    uuid_column("operation_id", nullable=True),
    text_column("decided_by", nullable=True),
    instant_column("decided_at", nullable=True),
    instant_column("recorded_at"),
    PrimaryKeyConstraint("bank_id", "review_id"),
    ForeignKeyConstraint(
        ["bank_id", "one_id"], ["entities.bank_id", "entities.entity_id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(
        ["bank_id", "other_id"], ["entities.bank_id", "entities.entity_id"], ondelete="CASCADE"
    ),
    Index(
        "uq_entity_reviews_bank_id_one_id_other_id", "bank_id", "one_id", "other_id", unique=True
    ),
    Index("ix_entity_reviews_bank_id_other_id", "bank_id", "other_id"),
)
"""One row a pair, the lower id first; what was decided stays, so as not to be asked again."""
