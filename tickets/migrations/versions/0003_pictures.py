"""Pictures and files of texts have rows of their own"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from tickets.models import UtcDateTime

revision = "0003"
down_revision = "0002"

#: What this version keeps of one text, whatever the flow file says today.
MOST = 10


def upgrade() -> None:
    """Apply. Pictures that the first version only noted are fetched now, if the carrier still has them."""
    media = op.create_table(
        "media",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sid", sa.String(length=64), nullable=True),
        sa.Column("declared", sa.String(length=100), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("content_type", sa.String(length=100), nullable=True),
        sa.Column("blob", sa.String(length=64), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("thumbnail", sa.String(length=64), nullable=True),
        sa.Column("problem", sa.String(length=300), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_media_message_id_messages")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint("message_id", "position", name=op.f("uq_media_message_id")),
        sa.UniqueConstraint("message_id", "sid", name=op.f("uq_media_sid")),
    )
    _move(media)
    op.drop_column("messages", "media")


def _move(media: sa.Table) -> None:
    """Notes of pictures become rows, and work to fetch them."""
    messages = sa.table(
        "messages", sa.column("id", sa.Integer), sa.column("media", sa.JSON), sa.column("created_at", UtcDateTime)
    )
    work = sa.table(
        "work",
        sa.column("kind", sa.String),
        sa.column("ref", sa.Integer),
        sa.column("state", sa.String),
        sa.column("due_at", UtcDateTime),
        sa.column("attempts", sa.Integer),
        sa.column("created_at", UtcDateTime),
    )
    connection, now = op.get_bind(), datetime.now(UTC)
    noted = connection.execute(sa.select(messages).where(messages.c.media.is_not(None))).all()
    for message_id, found, created_at in noted:
        named = {one.get("id") or None: one.get("type") or None for one in found or [] if isinstance(one, dict)}
        for position, (sid, declared) in enumerate(named.items(), 1):
            pending = position <= MOST
            row = media.insert().values(
                message_id=message_id,
                position=position,
                sid=sid,
                declared=declared,
                state="pending" if pending else "refused",
                problem=None if pending else f"only the first {MOST} of a text are kept",
                created_at=created_at,
            )
            id_ = connection.execute(row.returning(media.c.id)).scalar_one()
            if pending:
                connection.execute(
                    work.insert().values(
                        kind="fetch-picture", ref=id_, state="waiting", due_at=now, attempts=0, created_at=now
                    )
                )
