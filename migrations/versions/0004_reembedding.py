"""Re-embedding: when a model of a bank was retired, and what its comparison showed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "bank_models", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("bank_models", sa.Column("report", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("bank_models", "report")
    op.drop_column("bank_models", "retired_at")
