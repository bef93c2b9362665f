"""What shared indexes need: the database's identity, who follows it, and partition numbers.

Banks that exist get the partition of the model they have.
"""

import sqlalchemy as sa
from alembic import op

from memsvc.store.types import TransactionId

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("bank_models", "index_followers", "installation")
_OWN = "tenant_id = NULLIF(current_setting('memsvc.tenant', true), '')::uuid"


def upgrade() -> None:
    op.execute("CREATE SEQUENCE partition_numbers")
    _create_tables()
    op.create_index("ix_index_changes_xid", "index_changes", ["xid"], unique=False)
    op.execute(
        "INSERT INTO installation (installation_id, epoch, created_at)"
        " VALUES (gen_random_uuid(), 1, transaction_timestamp())"
    )
    _fill_bank_models()
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant_isolation ON bank_models USING ({_OWN}) WITH CHECK ({_OWN})")
    op.execute("CREATE POLICY index_reads ON bank_models FOR SELECT TO memsvc_index USING (true)")
    # These two hold nothing of any tenant; what a role may do with them, its grants say.
    for table in ("index_followers", "installation"):
        op.execute(f"CREATE POLICY everyone ON {table} USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON bank_models TO memsvc_app")
    op.execute("GRANT USAGE ON SEQUENCE partition_numbers TO memsvc_app")
    op.execute("GRANT SELECT, DELETE ON index_followers TO memsvc_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON index_followers TO memsvc_index")
    op.execute("GRANT SELECT ON bank_models TO memsvc_index")
    op.execute("GRANT SELECT ON installation TO memsvc_app, memsvc_index")


def downgrade() -> None:
    op.drop_index("ix_index_changes_xid", "index_changes")
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE partition_numbers")


def _create_tables() -> None:
    op.create_table(
        "installation",
        sa.Column("installation_id", sa.Uuid(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("installation_id", name="pk_installation"),
    )
    op.create_table(
        "index_followers",
        sa.Column("follower_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("horizon", TransactionId(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("follower_id", name="pk_index_followers"),
    )
    op.create_table(
        "bank_models",
        sa.Column("bank_id", sa.Uuid(), nullable=False),
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("dimension", sa.Integer(), nullable=False),
        sa.Column("partition_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["bank_id"], ["banks.bank_id"], name="fk_bank_models_bank_id"),
        sa.PrimaryKeyConstraint("bank_id", "model_id", name="pk_bank_models"),
        sa.UniqueConstraint("partition_no", name="uq_bank_models_partition_no"),
    )


def _fill_bank_models() -> None:
    """See every tenant's banks for one statement: the owner is bound by row-level security."""
    op.execute("ALTER TABLE banks NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO bank_models"
        " (bank_id, model_id, tenant_id, dimension, partition_no, state, created_at)"
        " SELECT bank_id, model_id, tenant_id, dimension, nextval('partition_numbers'), 'serving',"
        " created_at FROM banks"
    )
    op.execute("ALTER TABLE banks FORCE ROW LEVEL SECURITY")
