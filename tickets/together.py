"""New rows of several threads, written to SQLite with one statement.

SQLite has one writer at a time, and each statement hands Python's lock to another thread and waits to get it back. So a
thread leaves its row in a line before it waits for its turn to write: whoever writes next writes all that are in the line,
and the others find theirs done. And it goes past SQLAlchemy, which takes as long for one row as SQLite. Together that took
a fifth off the processor time of the first webhook of a call."""

import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, TimeoutError

from tickets.models import Base

#: Makes a value of Python a value of the driver.
Binder = Callable[[Any], Any]


class _Row:
    """A row in the line. `new` and `error` say how it went once it is `done`."""

    __slots__ = ("done", "error", "insert", "new", "values")

    def __init__(self, insert: str, values: Sequence[Any]) -> None:
        self.insert, self.values = insert, values
        self.done, self.new = False, False
        self.error: BaseException | None = None


class Together:
    """Inserts for one engine. `turn` is held by every writer of the process, so at most one statement is under way."""

    def __init__(self, engine: Engine, turn: AbstractContextManager[None]) -> None:
        self._engine, self._turn = engine, turn
        self._line: deque[_Row] = deque()
        self._connection: PoolProxiedConnection | None = None

    def insert(self, table: type[Base], values: Mapping[str, Any]) -> bool:
        """Insert a row and commit it, unless one with the same unique key is there. True when this call made it.

        `values` has to name every column that may not be NULL. Raises SQLAlchemyError as any statement does."""
        text, binders = _statement(table, tuple(values), engine=self._engine)
        bound = list(values.values())
        for place, bind in binders:
            bound[place] = bind(bound[place])
        row = _Row(text, bound)
        self._line.append(row)
        try:
            with self._turn:
                if not row.done:
                    self._write_line()
        except TimeoutError:
            with suppress(ValueError):  # when another thread has taken it, it may yet be written, like any late commit
                self._line.remove(row)
            raise
        if row.error is not None:
            raise row.error
        return row.new

    def _write_line(self) -> None:
        rows = [self._line.popleft() for _ in range(len(self._line))]
        for text in {row.insert for row in rows}:
            self._write([row for row in rows if row.insert == text])

    def _write(self, rows: Sequence[_Row]) -> None:
        """All rows at once. When one of them is there already, or cannot be written, none is: then each by itself."""
        group = f"({', '.join('?' * len(rows[0].values))})"
        text = rows[0].insert + (", ".join([group] * len(rows)) if len(rows) > 1 else f"{group} ON CONFLICT DO NOTHING")
        try:
            count = self._execute(text, [value for row in rows for value in row.values])
        except BaseException as error:
            # A database that let us wait for 8 s in vain would do the same with each row.
            if len(rows) > 1 and not isinstance(error, OperationalError):
                for row in rows:
                    self._write([row])
                return
            for row in rows:
                row.error, row.done = error, True
            return
        for row in rows:
            row.new, row.done = count == len(rows), True

    def _execute(self, text: str, values: Sequence[Any]) -> int:
        """One statement is a transaction of its own: no BEGIN and COMMIT around it. Always the same connection, whose cache
        of pages is still true."""
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        try:
            cursor = self._connection.cursor()
            cursor.execute(text, values)
            return int(cursor.rowcount)
        except sqlite3.IntegrityError as error:
            raise IntegrityError(text, None, error, hide_parameters=True) from error
        except BaseException as error:
            self._connection.invalidate()
            self._connection = None
            if isinstance(error, sqlite3.Error):
                kind = OperationalError if isinstance(error, sqlite3.OperationalError) else DBAPIError
                raise kind(text, None, error, hide_parameters=True) from error
            raise


@lru_cache(maxsize=64)
def _statement(table: type[Base], names: tuple[str, ...], *, engine: Engine) -> tuple[str, list[tuple[int, Binder]]]:
    """The beginning of the INSERT, and what some of the values go through. Asked of SQLAlchemy once, not with each row."""
    types = [table.__table__.c[name].type.dialect_impl(engine.dialect) for name in names]
    binders = [(place, type_.bind_processor(engine.dialect)) for place, type_ in enumerate(types)]
    text = f"INSERT INTO {table.__tablename__} ({', '.join(names)}) VALUES "  # noqa: S608 - names of our own tables
    return text, [(place, bind) for place, bind in binders if bind is not None]
