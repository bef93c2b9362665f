"""Which embedding models a bank has vectors of, and what each of them is to it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DEFAULT_TENANT = "00000000-0000-7000-8000-000000000001"
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
    # The owner is bound by row-level security as well; there is one tenant so far.
    op.execute(f"SELECT set_config('memsvc.tenant', '{DEFAULT_TENANT}', true)")
    op.execute(
        "INSERT INTO bank_models"
        " (bank_id, model_id, tenant_id, dimension, partition_no, state, created_at)"
        " SELECT bank_id, model_id, tenant_id, dimension, nextval('partition_numbers'),"
        " 'serving', created_at FROM banks"
    )
    op.execute("GRANT USAGE ON SEQUENCE partition_numbers TO memsvc_app")


def downgrade() -> None:
    op.execute("DROP TABLE bank_models")
    op.execute("DROP SEQUENCE partition_numbers")
