"""Senders take their segments one after the other; pages of one minute go out in one text"""

import sqlalchemy as sa
from alembic import op

from tickets.models import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "senders",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("free_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_senders")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sender", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("merged_into", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_messages_merged_into_messages"), "messages", ["merged_into"], ["id"])
        batch_op.create_index(batch_op.f("ix_messages_merged_into"), ["merged_into"], unique=False)
