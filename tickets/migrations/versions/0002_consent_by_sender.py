"""Consent events may concern one sender of ours only"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply. Events of before concern every sender."""
    with op.batch_alter_table("consent_events") as table:
        table.add_column(sa.Column("sender", sa.String(length=64), nullable=True))
