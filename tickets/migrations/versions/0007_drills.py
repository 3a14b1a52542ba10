"""Drills, the tickets that are only drills, and texts found by their state"""

import sqlalchemy as sa
from alembic import op

from tickets.models import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
    op.add_column("tickets", sa.Column("drill", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "drills",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("page", sa.String(length=100), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("legs", sa.JSON(), nullable=True),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_drills_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drills")),
    )
    op.create_index(op.f("ix_drills_ticket_id"), "drills", ["ticket_id"], unique=False)
    op.create_index("ix_messages_state", "messages", ["state"], unique=False)
