"""Changes of who is on duty made by text, as the schedule takes them, and a reader that pages can afford to ask."""

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from flows.schedule import Extra
from tickets import overrides
from tickets.db import Database
from tickets.oncall import Handover

log = structlog.get_logger(__name__)

#: How old what the reader knows may be.
FRESH = timedelta(seconds=2)


def extras(handovers: Iterable[Handover]) -> tuple[Extra, ...]:
    """What the schedule takes, with the number that undoes each and who made it as its reason."""
    return tuple(
        Extra(
            one.begins,
            one.ends,
            one.person,
            also=one.also,
            why=f"#{one.number} {one.words}, by text from {one.by}",
            place_of=one.place_of or "",
        )
        for one in handovers
    )


def holding(database: Database, at: datetime) -> tuple[Extra, ...]:
    """Those that hold at `at` or later; none while the database does not answer."""
    try:
        with database.reading() as session:
            return extras(overrides.running(session, now=at))
    except SQLAlchemyError as error:
        name = type(error).__name__
        log.warning("who is on duty is read from the file alone: the database does not answer", error=name)
        return ()


class Handovers:
    """Reads what holds now, at most FRESH old. The database is the truth; while it does not answer, the file alone is.

    Any number of threads may ask. One of them reads and the others go on with what was known, so that nobody who holds a
    connection waits for another one."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now
        self._reading = threading.Lock()
        self._known: tuple[Extra, ...] = ()
        self._read_at: datetime | None = None

    def __call__(self) -> tuple[Extra, ...]:
        """For the schedule."""
        now = self._now()
        fresh = self._read_at is not None and timedelta() <= now - self._read_at < FRESH
        if not fresh and self._reading.acquire(blocking=False):
            try:
                self._known, self._read_at = holding(self._database, now), now
            finally:
                self._reading.release()
        return self._known
