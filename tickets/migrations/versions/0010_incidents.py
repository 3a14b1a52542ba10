"""Tickets of several callers become one incident; outages are announced, and who asks is told when they are over"""

import sqlalchemy as sa
from alembic import op

from tickets.models import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    name = op.f("fk_tickets_incident_id_tickets")
    if op.get_bind().dialect.name == "sqlite":  # which adds a constraint with its column only, or with a new table
        op.execute(f"ALTER TABLE tickets ADD COLUMN incident_id INTEGER CONSTRAINT {name} REFERENCES tickets (id)")
    else:
        op.add_column("tickets", sa.Column("incident_id", sa.Integer(), nullable=True))
        op.create_foreign_key(name, "tickets", "tickets", ["incident_id"], ["id"])
    op.create_index(op.f("ix_tickets_incident_id"), "tickets", ["incident_id"], unique=False)
    op.add_column("tickets", sa.Column("apart", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("tickets", sa.Column("things", sa.JSON(), nullable=True))
    op.create_table(
        "outages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("client", sa.String(length=200), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("said_at", UtcDateTime(), nullable=False),
        sa.Column("over_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_outages_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_outages_ticket_id")),
    )
    op.create_index(op.f("ix_outages_client"), "outages", ["client"], unique=False)
    op.create_table(
        "outage_askers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("outage_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_outage_askers_call_id_calls")),
        sa.ForeignKeyConstraint(["outage_id"], ["outages.id"], name=op.f("fk_outage_askers_outage_id_outages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage_askers")),
        sa.UniqueConstraint("outage_id", "number", name=op.f("uq_outage_askers_outage_id")),
    )
