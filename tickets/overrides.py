"""Changes of who is on duty that colleagues made by text: the rows. Every function runs inside the caller's unit of work."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from tickets.db import insert_once, serialise
from tickets.models import DutyOverride
from tickets.oncall import Handover


def running(session: Session, *, now: datetime) -> tuple[Handover, ...]:
    """Those that hold at `now` or later, in the order in which they were made. What was undone early ends then."""
    rows = (
        select(DutyOverride)
        .where(DutyOverride.ends > now, or_(DutyOverride.undone_at.is_(None), DutyOverride.undone_at > now))
        .order_by(DutyOverride.id)
        .execution_options(populate_existing=True)
    )
    return tuple(_value(row) for row in session.scalars(rows))


def alone(session: Session) -> None:
    """Whoever changes duty does it after the one before and not at the same moment."""
    serialise(session, "duty overrides")


def write(session: Session, made: Handover, *, evidence: str, now: datetime) -> bool:
    """Keep a change, once for its evidence. True when it is new."""
    return insert_once(
        session,
        DutyOverride,
        begins=made.begins,
        ends=made.ends,
        person=made.person,
        also=made.also,
        place_of=made.place_of,
        by=made.by,
        evidence=evidence,
        created_at=now,
    )


def undo(session: Session, number: int, *, by: str, now: datetime) -> Handover | None:
    """The change stops to count: returned as it was. None when there is none of this number that still holds."""
    row = session.get(DutyOverride, number, with_for_update=True, populate_existing=True)
    if row is None or row.undone_at is not None or row.ends <= now:
        return None
    before = _value(row)
    row.undone_at, row.undone_by = now, by
    session.flush()
    return before


def _value(row: DutyOverride) -> Handover:
    ends = row.ends if row.undone_at is None else min(row.ends, row.undone_at)
    return Handover(row.begins, ends, row.person, row.by, also=row.also, place_of=row.place_of, number=row.id)
