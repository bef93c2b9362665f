"""Receipts of what was erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject", JSONB(), nullable=True),
        sa.Column("memory_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("probes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("memory_count", sa.Integer(), nullable=False),
        sa.Column("counts", JSONB(), nullable=False),
        sa.Column("receipt", JSONB(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("bank_id", "erasure_id", name="pk_erasures"),
    )
    op.create_index("ix_erasures_tenant_id", "erasures", ["tenant_id", "erasure_id"])
    op.execute("ALTER TABLE erasures ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE erasures FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON erasures USING ({_OWN}) WITH CHECK ({_OWN})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON erasures TO memsvc_app")


def downgrade() -> None:
    op.drop_table("erasures")
