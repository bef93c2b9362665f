"""Calls of language models: what each was for and what it took."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "model_calls",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("prompt_id", sa.Text(), nullable=False),
        sa.Column("prompt_version", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.REAL(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("validation_errors", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "call_id", name="pk_model_calls"),
    )
    op.create_index(
        "ix_model_calls_tenant_id_started_at", "model_calls", ["tenant_id", "started_at"]
    )
    op.execute("ALTER TABLE model_calls ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE model_calls FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON model_calls USING ({_OWN}) WITH CHECK ({_OWN})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON model_calls TO memsvc_app")


def downgrade() -> None:
    op.drop_table("model_calls")
