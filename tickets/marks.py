"""Moments that outlive every process: until when something has been done."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets.db import insert_once
from tickets.models import Counter


def moment(session: Session, name: str, *, default: datetime) -> datetime:
    """The moment that was set last, to the second; `default` is set and returned when there is none yet."""
    insert_once(session, Counter, name=name, value=int(default.timestamp()))
    seconds = session.scalars(select(Counter.value).where(Counter.name == name)).one()
    return datetime.fromtimestamp(seconds, UTC)


def set_moment(session: Session, name: str, value: datetime) -> None:
    """Set the moment."""
    session.get_one(Counter, name, with_for_update=True).value = int(value.timestamp())


def known(session: Session, name: str) -> datetime | None:
    """The moment that was set last, None when there is none. Writes nothing."""
    seconds = session.scalars(select(Counter.value).where(Counter.name == name)).one_or_none()
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def put(session: Session, name: str, value: datetime) -> None:
    """Set the moment, whether there was one or not."""
    insert_once(session, Counter, name=name, value=0)
    set_moment(session, name, value)


def set_count(session: Session, name: str, value: int) -> None:
    """Keep a figure that other processes show."""
    insert_once(session, Counter, name=name, value=value)
    row = session.get_one(Counter, name)
    if row.value != value:
        row.value = value


def count(session: Session, name: str) -> int:
    """A figure that was kept; 0 when there is none."""
    return session.scalars(select(Counter.value).where(Counter.name == name)).one_or_none() or 0
