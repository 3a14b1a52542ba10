"""What the sandbox carrier remembers: SQLite in WAL mode, every change committed before anyone is told of it.

Times are seconds since the epoch (float). Rows come back as plain dicts. Safe for any number of threads of one process.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ivr.sandbox.config import SandboxError

Row = dict[str, Any]
SCHEMA_VERSION = 1

schema = sa.MetaData()


def _text(name: str, *, key: bool = False, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, index=index)


messages = sa.Table(
    "messages",
    schema,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("sid", sa.Text, unique=True),
    _text("direction"),
    _text("from_number", index=True),
    _text("to_number", index=True),
    _text("service_sid"),
    _text("body"),
    _text("status"),
    sa.Column("error_code", sa.Integer),
    sa.Column("num_media", sa.Integer, default=0),
    sa.Column("media_urls", sa.JSON),
    _text("status_callback"),
    sa.Column("created", sa.Float),
    sa.Column("updated", sa.Float),
    sa.Column("sent_at", sa.Float),
    # Order in which the phone received it; the phone's long poll counts by it.
    sa.Column("received", sa.Integer, index=True),
    sa.Column("received_at", sa.Float),
    # Of a text that the application handed over: what it costs, and when the number begins and ends to send it.
    sa.Column("segments", sa.Integer),
    sa.Column("turn", sa.Float),
    sa.Column("turn_ends", sa.Float),
)

media = sa.Table(
    "media",
    schema,
    _text("sid", key=True),
    _text("message_sid", index=True),
    _text("content_type"),
    sa.Column("created", sa.Float),
    sa.Column("ready_at", sa.Float, default=0.0),
)

calls = sa.Table(
    "calls",
    schema,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("sid", sa.Text, unique=True),
    _text("direction"),
    _text("from_number"),
    _text("to_number"),
    _text("phone"),
    # The call whose Dial placed this one.
    _text("parent_sid"),
    _text("status", index=True),
    _text("forwarded_from"),
    _text("pace"),
    sa.Column("created", sa.Float),
    # When the carrier began to dial, when somebody picked up, when it was over.
    sa.Column("dialed", sa.Float),
    sa.Column("started", sa.Float),
    sa.Column("ended", sa.Float),
    sa.Column("last_seen", sa.Float),
    _text("url"),
    _text("method"),
    _text("twiml"),
    _text("fallback_url"),
    _text("fallback_method"),
    _text("status_url"),
    _text("status_method"),
    sa.Column("status_events", sa.JSON),
    sa.Column("sequence", sa.Integer, default=0),
    sa.Column("ring_seconds", sa.Float, default=60.0),
)

recordings = sa.Table(
    "recordings",
    schema,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("sid", sa.Text, unique=True),
    _text("call_sid", index=True),
    _text("status"),
    sa.Column("started", sa.Float),
    sa.Column("duration", sa.Integer),
    sa.Column("error_code", sa.Integer),
    sa.Column("trim", sa.Boolean),
    _text("callback_url"),
    _text("callback_method"),
    sa.Column("callback_events", sa.JSON),
    sa.Column("raw_seconds", sa.Float),
    sa.Column("updated", sa.Float),
    sa.Column("ready_at", sa.Float, default=0.0),
    sa.Column("deleted", sa.Float),
)

events = sa.Table(
    "events",
    schema,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("call_sid", index=True),
    sa.Column("at", sa.Float),
    _text("kind"),
    sa.Column("data", sa.JSON),
)

webhooks = sa.Table(
    "webhooks",
    schema,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("kind"),
    _text("url"),
    _text("method"),
    sa.Column("params", sa.JSON),
    sa.Column("due", sa.Float, index=True),
    _text("state", index=True),
    sa.Column("attempts", sa.Integer, default=0),
    _text("note"),
    _text("token"),
    _text("message_sid"),
)

steps = sa.Table(
    "steps",
    schema,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("message_sid"),
    sa.Column("due", sa.Float, index=True),
    _text("status"),
    sa.Column("error_code", sa.Integer),
    sa.Column("received", sa.Boolean),
    sa.Column("callback_delay", sa.Float, default=0.0),
)

blocked = sa.Table("blocked", schema, _text("phone", key=True))
conferences = sa.Table(
    "conferences",
    schema,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("sid", sa.Text, unique=True),
    _text("name", index=True),
    sa.Column("created", sa.Float),
    sa.Column("started", sa.Float),
    sa.Column("ended", sa.Float),
    _text("reason"),
    _text("callback_url"),
    _text("callback_method"),
    sa.Column("callback_events", sa.JSON),
    sa.Column("sequence", sa.Integer, default=0),
)

participants = sa.Table(
    "participants",
    schema,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("conference_sid", index=True),
    _text("call_sid", index=True),
    _text("phone"),
    sa.Column("joined", sa.Float),
    sa.Column("left", sa.Float),
    sa.Column("starts", sa.Boolean),
    sa.Column("ends", sa.Boolean),
    sa.Column("muted", sa.Boolean),
    _text("beep"),
)

behaviours = sa.Table("behaviours", schema, _text("number", key=True), sa.Column("data", sa.JSON))
number_settings = sa.Table("number_settings", schema, _text("name", key=True), _text("value"))
account_settings = sa.Table("account_settings", schema, _text("name", key=True), sa.Column("value", sa.JSON))


def _configure(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()


def _add_columns(connection: sa.Connection) -> None:
    """Give the tables of an older file the columns that came since; what is in the file stays."""
    inspector = sa.inspect(connection)
    for table in schema.sorted_tables:
        there = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                kind = column.type.compile(connection.dialect)
                connection.execute(sa.text(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}"))


class Store:
    """The tables above in `folder/sandbox.db`, and the media in `folder/media`.

    Raises SandboxError on a file of another version.
    """

    def __init__(self, folder: Path) -> None:
        self.media_folder = folder / "media"
        self.media_folder.mkdir(parents=True, exist_ok=True)
        self.changed = threading.Condition()
        # Counts changes, so that nobody sleeps through one that came just before.
        self.version = 0
        self._writing = threading.Lock()
        self._engine = sa.create_engine(f"sqlite:///{folder / 'sandbox.db'}", connect_args={"check_same_thread": False})
        sa.event.listen(self._engine, "connect", _configure)
        self._prepare(folder / "sandbox.db")

    def _prepare(self, file: Path) -> None:
        with self._engine.begin() as connection:
            version = connection.execute(sa.text("PRAGMA user_version")).scalar_one()
            if version not in {0, SCHEMA_VERSION}:
                raise SandboxError(
                    f"{file} was made by another version of the sandbox carrier: move it away and start again."
                )
            schema.create_all(connection)
            _add_columns(connection)
            connection.execute(sa.text(f"PRAGMA user_version={SCHEMA_VERSION}"))

    def close(self) -> None:
        """Give the file back; nothing is lost that was written before."""
        self._engine.dispose()

    def insert(self, table: sa.Table, **values: Any) -> int:
        """Add a row; returns its number."""
        with self._writing, self._engine.begin() as connection:
            result = connection.execute(table.insert().values(**values))
            key = result.inserted_primary_key
        self.notify()
        return int(key[0]) if key is not None and isinstance(key[0], int) else 0

    def write(self, *statements: sa.Insert | sa.Update | sa.Delete) -> None:
        """Several changes, all or none."""
        with self._writing, self._engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)
        self.notify()

    def update(self, table: sa.Table, where: sa.ColumnElement[bool], **values: Any) -> int:
        """Change the rows that match; returns how many."""
        with self._writing, self._engine.begin() as connection:
            count = connection.execute(table.update().where(where).values(**values)).rowcount
        self.notify()
        return int(count)

    def delete(self, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
        """Remove the rows that match; returns how many."""
        with self._writing, self._engine.begin() as connection:
            return int(connection.execute(table.delete().where(where)).rowcount)

    def rows(self, query: sa.Select[Any]) -> list[Row]:
        """The rows of a query as dicts."""
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def one(self, table: sa.Table, where: sa.ColumnElement[bool]) -> Row | None:
        """The row that matches, or None."""
        found = self.rows(sa.select(table).where(where).limit(1))
        return found[0] if found else None

    def event(self, call_sid: str, kind: str, **data: Any) -> None:
        """Write one line of a call's story; whoever follows the call sees it at once."""
        self.insert(events, call_sid=call_sid, at=time.time(), kind=kind, data=data)

    def receive(self, message_sid: str) -> None:
        """The phone has this text now."""
        following = sa.select(sa.func.coalesce(sa.func.max(messages.c.received), 0) + 1).scalar_subquery()
        self.update(messages, messages.c.sid == message_sid, received=following, received_at=time.time())

    def notify(self) -> None:
        """Wake everyone who waits for a change."""
        with self.changed:
            self.version += 1
            self.changed.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        """Sleep until something changed since `version` was `seen`, at most `seconds`."""
        with self.changed:
            self.changed.wait_for(lambda: self.version != seen, timeout=seconds)

    def file(self, sid: str, suffix: str = "") -> Path:
        """Where the bytes of a recording or picture are."""
        return self.media_folder / f"{sid}{suffix}"
