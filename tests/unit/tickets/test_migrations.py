"""Databases of older versions keep what is in them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import databases
from tickets import db
from tickets.models import Base, Media, Message, Work

pytestmark = pytest.mark.database  # of its own, without tables
NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if not databases.SERVER:
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    with databases.made("helpline_test_migrations") as url:
        yield url


def test_pictures_that_the_first_version_only_noted_are_fetched(empty: str) -> None:
    engine = db.connect(empty)
    with engine.begin() as connection:
        config = db._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        noted = {
            1: [{"type": "image/png", "id": "ME1"}, {"type": "image/jpeg", "id": "ME2"}, {"type": "", "id": "ME1"}],
            2: None,
            3: [{"type": "", "id": ""}, *({"type": "image/png", "id": f"ME{number}"} for number in range(20))],
        }
        for number, media in noted.items():
            connection.execute(
                text(
                    "INSERT INTO messages (id, key, sid, direction, purpose, state, by, from_number, to_number, body, media, "
                    "created_at, updated_at) VALUES (:id, :sid, :sid, 'in', 'client', 'received', 'sms', '+1', '+2', 'x', "
                    ":media, :now, :now)"
                ),
                {"id": number, "sid": f"MM{number}", "media": json.dumps(media), "now": NOW.replace(tzinfo=None)},
            )
    db.upgrade(empty)
    with Session(engine) as session:
        rows = session.scalars(select(Media).order_by(Media.id)).all()
        assert [(row.message_id, row.position, row.sid, row.declared, row.state) for row in rows[:3]] == [
            (1, 1, "ME1", None, "pending"),
            (1, 2, "ME2", "image/jpeg", "pending"),
            (3, 1, None, None, "pending"),
        ]
        assert [row.state for row in rows[2:]] == ["pending"] * 10 + ["refused"] * 11
        assert rows[0].created_at == NOW
        planned = session.scalars(select(Work).where(Work.kind == "fetch-picture").order_by(Work.id)).all()
        assert [work.ref for work in planned] == [row.id for row in rows if row.state == "pending"]
        assert {work.state for work in planned} == {"waiting"}
        assert [message.body for message in session.scalars(select(Message))] == ["x"] * 3
    engine.dispose()


def test_the_tables_are_those_that_the_code_knows(database_url: str) -> None:
    engine = db.connect(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()
