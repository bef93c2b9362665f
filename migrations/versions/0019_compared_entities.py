"""Which entities were held against others of their block, and by which rules."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("entities", sa.Column("compared", sa.Integer(), nullable=True))
    op.execute("UPDATE entities SET compared = 0")
    op.alter_column("entities", "compared", nullable=False)


def downgrade() -> None:
    op.drop_column("entities", "compared")
