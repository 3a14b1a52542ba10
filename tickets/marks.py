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
