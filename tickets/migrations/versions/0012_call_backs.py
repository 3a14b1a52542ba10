"""Callers can type a number to be called back at, and ask for it"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    op.add_column("calls", sa.Column("callback_number", sa.String(length=64), nullable=True))
    op.add_column("calls", sa.Column("wants_callback", sa.Boolean(), nullable=False, server_default=sa.false()))
