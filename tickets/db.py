"""The database: one unit of work per service call, the same on SQLite and PostgreSQL, and its schema version."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError, TimeoutError
from sqlalchemy.orm import Session

from tickets import flow_rows as _more_tables  # noqa: F401 - the tables of that file are tables of Base
from tickets.models import Base
from tickets.together import Together

#: How long a writer waits for another one on SQLite, in milliseconds. Below the carrier's 15 s limit for a webhook.
BUSY_TIMEOUT_MS = 8000

#: Called after a commit with the work that is due now: a list of (kind, work id, attempts).
Notify = Callable[[list[tuple[str, int, int]]], None]

#: Called after a commit with work that becomes due in so many seconds.
NotifyIn = Callable[[float, tuple[str, int, int]], None]


class SchemaError(Exception):
    """The database is older or newer than this program; the message says which and what to do."""


def _on_connect(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # The driver's own transaction handling loses savepoints; SQLAlchemy's begin event below takes over.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _on_begin(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    # A transaction that reads first and writes later would fail at once when another writer came between.
    reading = connection.get_execution_options().get("helpline_reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def connect(url: str) -> Engine:
    """An engine for `url` (sqlite:/// or postgresql+psycopg://). Opens no connection yet; makes SQLite's folder."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, pool_size=16, max_overflow=16, pool_use_lifo=True, hide_parameters=True)
    else:
        engine = create_engine(
            parsed,
            pool_size=8,
            max_overflow=24,
            pool_pre_ping=True,
            hide_parameters=True,
            # A server that hangs must not hold a caller's webhook beyond the carrier's 15 s.
            connect_args={
                "connect_timeout": 5,
                "tcp_user_timeout": 8000,
                "options": "-c lock_timeout=8s -c statement_timeout=10s",
            },
        )
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


class Turn:
    """The turn to write, of one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise TimeoutError("another thread of this process holds the database")

    def __exit__(self, *_error: object) -> None:
        self._lock.release()


class Database:
    """Hands out units of work. `notify` hears, after each commit, what work became due in it, and `notify_in` what will be
    due in a moment; they must not raise."""

    def __init__(self, engine: Engine, *, notify: Notify | None = None, notify_in: NotifyIn | None = None) -> None:
        self.engine = engine
        self.notify = notify
        self.notify_in = notify_in
        self._reader = engine.execution_options(helpline_reading=True)
        # SQLite lets in one writer at a time. Threads that wait inside it sleep up to 100 ms at a time; here the next one
        # is woken at once, and finds a connection whose cache of pages is still true.
        self._turn: Turn | nullcontext[None] = Turn() if engine.dialect.name == "sqlite" else nullcontext()
        self._together = Together(engine, self._turn) if isinstance(self._turn, Turn) else None

    @contextmanager
    def unit(self) -> Iterator[Session]:
        """One transaction that may write: committed at the end of the block, rolled back by any exception."""
        with self._turn, Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                yield session
            due, soon = session.info.pop("due", None), session.info.pop("soon", ())
        if due and self.notify is not None:
            self.notify(due)
        if self.notify_in is not None:
            for seconds, piece in soon:
                self.notify_in(seconds, piece)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view that writes nothing."""
        with Session(self._reader, expire_on_commit=False) as session:
            yield session

    def insert_alone(self, table: type[Base], **values: object) -> bool:
        """`insert_once` as a unit of work of its own, at a fraction of the price: for the one webhook that has to be fast."""
        if self._together is not None:
            return self._together.insert(table, values)
        with self.engine.begin() as connection:
            return connection.execute(_insert_once(table.__table__, self.engine.dialect.name), values).rowcount == 1

    def check(self) -> None:
        """One round trip. Raises SQLAlchemyError when the database does not answer."""
        with self.engine.connect().execution_options(helpline_reading=True) as connection:
            connection.execute(text("SELECT 1"))


@lru_cache(maxsize=64)
def _insert_once(table: Any, dialect: str) -> Any:
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    # Of an insert the count of rows is kept only when asked for; inline: the new key is not asked for.
    return insert(table).on_conflict_do_nothing().inline().execution_options(preserve_rowcount=True)


def insert_once(session: Session, table: type[Base], **values: object) -> bool:
    """Insert a row unless one with the same unique key is there. True when this call made it, also under concurrency."""
    connection = session.connection()
    return connection.execute(_insert_once(table.__table__, connection.dialect.name), values).rowcount == 1


def serialise(session: Session, name: str) -> None:
    """Units of work that name the same thing run one after the other, also before there is a row that could be locked.
    SQLite has one writer at a time anyway."""
    if session.connection().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def _config(url: str | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    if url is not None:
        config.attributes["url"] = url
    return config


def upgrade(url: str) -> str:
    """Bring the schema to this program's version and return its name. Safe to run twice and from two processes at once.

    Raises SchemaError for a database made by a newer program."""
    engine = connect(url)
    try:
        state = _state(engine)
        if state == "newer":
            raise SchemaError(_NEWER)
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(903689)"))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    return head()


def head() -> str:
    """The schema version this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


_NEWER = (
    "the database was made by a newer helpline. Install that version (or a newer one), or point DATABASE_URL to the "
    "database of this one; going back is not supported."
)


def _state(engine: Engine) -> str:
    with engine.connect().execution_options(helpline_reading=True) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current == head():
        return "current"
    if current is None:
        return "empty"
    return "older" if current in known else "newer"


def check_version(engine: Engine) -> None:
    """Raise SchemaError unless the schema is exactly this program's, or when the database cannot be reached."""
    try:
        state = _state(engine)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise SchemaError(
            f"the database of DATABASE_URL does not answer: {reason}. Start it, or correct DATABASE_URL."
        ) from error
    if state == "newer":
        raise SchemaError(_NEWER)
    if state != "current":
        what = "has no tables yet" if state == "empty" else "is from an older helpline"
        raise SchemaError(f"the database {what}. Run: helpline db upgrade")
