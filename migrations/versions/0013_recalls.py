"""Recorded recalls and their hits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = ("recalls", "recall_hits")
_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "recalls",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("recall_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("parameters", JSONB(), nullable=False),
        sa.Column("settings", JSONB(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("backend", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("arms", JSONB(), nullable=False),
        sa.Column("took_ms", JSONB(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("asked_for", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_recalls_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "recall_id", name="pk_recalls"),
    )
    op.create_index("ix_recalls_bank_id_recorded_at", "recalls", ["bank_id", "recorded_at"])
    op.create_table(
        "recall_hits",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("recall_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("memory_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("parts", JSONB(), nullable=False),
        sa.Column("dropped_for", sa.Text(), nullable=True),
        sa.Column("strength", sa.REAL(), nullable=True),
        sa.Column("last_reinforced_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["bank_id", "recall_id"],
            ["recalls.bank_id", "recalls.recall_id"],
            name="fk_recall_hits_bank_id_recall_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("bank_id", "recall_id", "rank", name="pk_recall_hits"),
    )
    op.create_index("ix_recall_hits_bank_id_memory_id", "recall_hits", ["bank_id", "memory_id"])
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({_OWN}) WITH CHECK ({_OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO memsvc_app")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
