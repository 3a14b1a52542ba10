"""When each side of a ring came into the room"""

import sqlalchemy as sa
from alembic import op

from tickets.models import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("rings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("caller_in_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("colleague_in_at", UtcDateTime(), nullable=True))
