"""Changes of who is on duty that colleagues make by text"""

import sqlalchemy as sa
from alembic import op

from tickets.models import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "duty_overrides",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("begins", UtcDateTime(), nullable=False),
        sa.Column("ends", UtcDateTime(), nullable=False),
        sa.Column("person", sa.String(length=100), nullable=False),
        sa.Column("also", sa.Boolean(), nullable=False),
        sa.Column("place_of", sa.String(length=100), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.String(length=100), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_overrides")),
        sa.UniqueConstraint("evidence", name=op.f("uq_duty_overrides_evidence")),
    )
    op.create_index(op.f("ix_duty_overrides_ends"), "duty_overrides", ["ends"], unique=False)
