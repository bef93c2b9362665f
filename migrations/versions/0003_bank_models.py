"""Which embedding models a bank has vectors of, and what each of them is to it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.execute("CREATE SEQUENCE partition_numbers")
    op.create_table(
        "bank_models",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("partition_no", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_bank_models_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "model_id", name="pk_bank_models"),
    )
    op.execute("ALTER TABLE bank_models ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE bank_models FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON bank_models USING ({_OWN}) WITH CHECK ({_OWN})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON bank_models TO memsvc_app")
    op.execute("CREATE POLICY index_reads ON bank_models FOR SELECT TO memsvc_index USING (true)")
    op.execute("GRANT SELECT ON bank_models TO memsvc_index")
    op.execute("GRANT USAGE ON SEQUENCE partition_numbers TO memsvc_app")


def downgrade() -> None:
    op.execute("DROP TABLE bank_models")
    op.execute("DROP SEQUENCE partition_numbers")
