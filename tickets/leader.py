"""One leader at a time among processes that share a database: a lease that the leader keeps renewing."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from tickets.db import insert_once
from tickets.models import Leader

#: Seconds after which a leader that died is replaced.
LEASE = 12.0


def lead(session: Session, name: str, holder: str, *, now: datetime) -> bool:
    """Take or keep the lead. True for exactly one of all holders that ask; renewed when a third of the lease is gone."""
    until = now + timedelta(seconds=LEASE)
    if insert_once(session, Leader, name=name, holder=holder, until=until):
        return True
    row = session.scalars(select(Leader).where(Leader.name == name).with_for_update()).one()
    if row.holder != holder and row.until > now:
        return False
    if row.holder != holder or row.until - now < timedelta(seconds=LEASE * 2 / 3):
        row.holder, row.until = holder, until
    return True


def resign(session: Session, name: str, holder: str) -> None:
    """Give the lead back, if it is ours."""
    session.execute(delete(Leader).where(Leader.name == name, Leader.holder == holder))
