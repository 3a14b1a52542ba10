"""Every version of the flow files that was in use is kept"""

import sqlalchemy as sa
from alembic import op

from tickets.models import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "flow_versions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("first_used_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_versions")),
        sa.UniqueConstraint("version", name=op.f("uq_flow_versions_version")),
    )
    op.create_table(
        "flow_changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=True),
        sa.Column("refused", sa.String(length=64), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("by", sa.String(length=100), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["flow_versions.id"], name=op.f("fk_flow_changes_version_id_flow_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow_changes")),
    )
    op.create_index(op.f("ix_flow_changes_version_id"), "flow_changes", ["version_id"], unique=False)
