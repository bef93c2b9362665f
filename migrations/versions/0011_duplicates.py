"""Which memories were held against the others, and pairs that a person decides about."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = ("compared_memories", "reviews")
_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "compared_memories",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "memory_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_compared_memories_bank_id_memory_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "memory_id", name="pk_compared_memories"),
    )
    op.create_table(
        "reviews",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("one_id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("one_version", sa.Integer(), nullable=False),
        sa.Column("other_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("score", sa.REAL(), nullable=False),
        sa.Column("evidence", JSONB(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id", "one_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_reviews_bank_id_one_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["bank_id", "other_id"],
            ["memories.bank_id", "memories.memory_id"],
            name="fk_reviews_bank_id_other_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "review_id", name="pk_reviews"),
    )
    op.create_index(
        "uq_reviews_bank_id_one_id_other_id", "reviews", ["bank_id", "one_id", "other_id"], unique=True
    )
    op.create_index("ix_reviews_bank_id_other_id", "reviews", ["bank_id", "other_id"])
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({_OWN}) WITH CHECK ({_OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO memsvc_app")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
