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
    op.add_column("messages", sa.Column("sender", sa.String(length=64), nullable=True))
    name = op.f("fk_messages_merged_into_messages")
    if op.get_bind().dialect.name == "sqlite":  # which adds a constraint with its column only, or with a new table
        op.execute(f"ALTER TABLE messages ADD COLUMN merged_into INTEGER CONSTRAINT {name} REFERENCES messages (id)")
    else:
        op.add_column("messages", sa.Column("merged_into", sa.Integer(), nullable=True))
        op.create_foreign_key(name, "messages", "messages", ["merged_into"], ["id"])
    op.create_index(op.f("ix_messages_merged_into"), "messages", ["merged_into"], unique=False)
