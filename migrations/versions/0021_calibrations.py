"""Per bank, how the probability that a question is answered is calibrated."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.create_table(
        "calibrations",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("slope", sa.Double(), nullable=False),
        sa.Column("intercept", sa.Double(), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("ranking_version", sa.Integer(), nullable=False),
        sa.Column("embedder", sa.Text(), nullable=False),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("answerable", sa.Integer(), nullable=False),
        sa.Column("unanswerable", sa.Integer(), nullable=False),
        sa.Column("measured", JSONB(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_calibrations_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", name="pk_calibrations"),
    )
    op.execute("ALTER TABLE calibrations ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE calibrations FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY tenant_isolation ON calibrations USING ({_OWN}) WITH CHECK ({_OWN})"
    )
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON calibrations TO memsvc_app")


def downgrade() -> None:
    op.drop_table("calibrations")
