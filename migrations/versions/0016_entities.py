"""Facts and entities that are given of memories; entities, and which of them are one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLES = ("given_sets", "entities", "entity_readings", "entity_reviews")
_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.add_column("facts", sa.Column("origin", sa.Text(), nullable=True))
    op.add_column("facts", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "given_sets",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("mentioned", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "memory_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_given_sets_bank_id_memory_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "bank_id", "memory_id", "origin", "number", name="pk_given_sets"
        ),
    )
    _create_entities()
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({_OWN}) WITH CHECK ({_OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO memsvc_app")


def _create_entities() -> None:
    op.create_table(
        "entities",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fact_form", sa.Text(), nullable=False),
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("named_by", sa.Uuid(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_entities_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "entity_id", name="pk_entities"),
    )
    op.create_index(
        "uq_entities_bank_id_form_sort", "entities", ["bank_id", "form", "sort"], unique=True
    )
    op.create_index("ix_entities_bank_id_block", "entities", ["bank_id", "block"])
    op.create_index("ix_entities_bank_id_merged_into", "entities", ["bank_id", "merged_into"])
    op.create_table(
        "entity_readings",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "memory_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_entity_readings_bank_id_memory_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", name="pk_entity_readings"),
    )
    op.create_table(
        "entity_reviews",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("score", sa.REAL(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                ["bank_id", end],
                ["entities.bank_id", "entities.entity_id"],
                name=f"fk_entity_reviews_bank_id_{end}",
                ondelete="CASCADE",
            )
            for end in ("one_id", "other_id")
        ),
        sa.PrimaryKeyConstraint("bank_id", "review_id", name="pk_entity_reviews"),
    )
    op.create_index(
        "uq_entity_reviews_bank_id_one_id_other_id",
        "entity_reviews",
        ["bank_id", "one_id", "other_id"],
        unique=True,
    )
    op.create_index(
        "ix_entity_reviews_bank_id_other_id", "entity_reviews", ["bank_id", "other_id"]
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    # Given facts would pass for what rules have read; the owner sees no tenant's rows otherwise.
    op.execute("ALTER TABLE facts NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM facts WHERE origin IS NOT NULL")
    op.execute("ALTER TABLE facts FORCE ROW LEVEL SECURITY")
    op.drop_column("facts", "until")
    op.drop_column("facts", "origin")
