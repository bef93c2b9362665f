"""Operations with their effects, so that they can be undone; links have weights."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("operations", "operation_effects")
_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    # A default only while existing rows are filled: values come from the application.
    op.add_column("links", sa.Column("weight", sa.REAL(), nullable=False, server_default="1"))
    op.alter_column("links", "weight", server_default=None)
    op.create_table(
        "operations",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("effect_count", sa.Integer(), nullable=False),
        sa.Column("details", JSONB(), nullable=True),
        sa.Column("undoes", sa.Uuid(), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_operations_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "operation_id", name="pk_operations"),
    )
    op.create_table(
        "operation_effects",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("operation_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("aspect", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("before", JSONB(), nullable=True),
        sa.Column("after", JSONB(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bank_id", "operation_id"],
            ["operations.bank_id", "operations.operation_id"],
            name="fk_operation_effects_bank_id_operation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "bank_id", "operation_id", "ordinal", name="pk_operation_effects"
        ),
    )
    op.create_index(
        "ix_operation_effects_bank_id_target_id",
        "operation_effects",
        ["bank_id", "target_id", "operation_id"],
    )
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY tenant_isolation ON {table} USING ({_OWN}) WITH CHECK ({_OWN})")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO memsvc_app")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_column("links", "weight")
