"""Forgetting: how strong memories are, when they were last reinforced, and banks' policies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    # Defaults only while existing rows are filled: values come from the application.
    op.add_column("memories", sa.Column("strength", sa.REAL(), nullable=False, server_default="1"))
    op.alter_column("memories", "strength", server_default=None)
    op.add_column(
        "memories", sa.Column("last_reinforced_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "memories", sa.Column("recall_count", sa.Integer(), nullable=False, server_default="0")
    )
    op.alter_column("memories", "recall_count", server_default=None)
    op.create_table(
        "retention_policies",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("policy", JSONB(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bank_id"], ["banks.bank_id"], name="fk_retention_policies_bank_id"
        ),
        sa.PrimaryKeyConstraint("bank_id", "version", name="pk_retention_policies"),
    )
    op.execute("ALTER TABLE retention_policies ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE retention_policies FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant_isolation ON retention_policies USING ({_OWN}) WITH CHECK ({_OWN})"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON retention_policies TO memsvc_app")


def downgrade() -> None:
    op.drop_table("retention_policies")
    for column in ("recall_count", "last_reinforced_at", "strength"):
        op.drop_column("memories", column)
