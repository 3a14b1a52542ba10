"""Work rows: what has to be done, by one worker at a time, until it is done or a person is told that it could not be.

The row is written in the transaction that decided it; Redis only carries a hint that it is there. A worker that takes a
piece holds a lease of LEASE seconds and renews it while it works, so what a killed worker held is free again soon."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from tickets.db import insert_once
from tickets.models import Work
from tickets.states import WorkKind, WorkState

#: Seconds for which a piece of work belongs to its worker without renewal. With the clock's sweep of one second this
#: keeps the promise that a killed role's work is taken up within 60 s.
LEASE = 30.0

#: Seconds within which a worker has usually taken what was announced after its commit.
HINTED = 2.0

#: Seconds before the next attempt, by the number of attempts made; the last one repeats.
PAUSES = (1, 2, 4, 8, 15, 30, 60, 120, 300)


class LeaseLost(Exception):
    """Another worker took the piece over; whatever this one found out must not be written."""


@dataclass(frozen=True)
class Claim:
    """The right to do one piece of work until the lease runs out. `attempts` counts this one."""

    id: int
    kind: WorkKind
    ref: int
    attempts: int
    lease: str
    created_at: datetime


def _announce(session: Session, *, kind: str, id: int, attempts: int) -> None:
    session.info.setdefault("due", []).append((kind, id, attempts))


def announce_at(session: Session, kind: WorkKind, id: int, attempts: int, *, now: datetime, at: datetime) -> None:
    """Have a piece announced at the very moment when it is due, by this process: a timer is noticed up to a second late by
    the sweep, which is still there should this process end."""
    if at <= now:
        _announce(session, kind=kind, id=id, attempts=attempts)
    else:
        session.info.setdefault("soon", []).append(((at - now).total_seconds(), (kind, id, attempts)))


def plan(session: Session, kind: WorkKind, ref: int, *, now: datetime, due_at: datetime | None = None) -> bool:
    """Write a piece of work once for its kind and reference. Planning it again does nothing, but an earlier time for
    work that still waits pulls it forward. True when it is new."""
    due = due_at or now
    new = insert_once(
        session, Work, kind=kind, ref=ref, state=WorkState.WAITING, due_at=due, attempts=0, created_at=now
    )
    row = session.execute(select(Work).where(Work.kind == kind, Work.ref == ref)).scalar_one()
    held = row.lease_until is not None and row.lease_until >= now
    if not new and row.state == WorkState.WAITING and not held and due < row.due_at:
        row.due_at = due
    if row.state == WorkState.WAITING and row.due_at <= now:
        _announce(session, kind=row.kind, id=row.id, attempts=row.attempts)
    return new


def plan_again(session: Session, kind: WorkKind, ref: int, *, now: datetime, due_at: datetime) -> None:
    """Like plan, but work that is over starts afresh (a stale call may have to be looked up more than once)."""
    if plan(session, kind, ref, now=now, due_at=due_at):
        return
    row = session.scalars(select(Work).where(Work.kind == kind, Work.ref == ref).with_for_update()).one()
    if row.state != WorkState.WAITING:
        row.state, row.due_at, row.attempts, row.created_at = WorkState.WAITING, due_at, 0, now
        row.lease, row.lease_until, row.error, row.finished_at = None, None, None, None
        if due_at <= now:
            _announce(session, kind=row.kind, id=row.id, attempts=0)


def cancel(session: Session, kind: WorkKind, ref: int, *, now: datetime) -> None:
    """Waiting work that is not needed any more is over, also for a worker that holds it."""
    session.execute(
        update(Work)
        .where(Work.kind == kind, Work.ref == ref, Work.state == WorkState.WAITING)
        .values(state=WorkState.DONE, finished_at=now, lease=None, lease_until=None)
    )


def claim(session: Session, work_id: int, *, now: datetime) -> Claim | None:
    """Take the piece if it is due and nobody holds it; None otherwise. Exactly one of many callers gets it."""
    lease = secrets.token_hex(8)
    free = or_(Work.lease_until.is_(None), Work.lease_until < now)
    row: Any = session.execute(
        update(Work)
        .where(Work.id == work_id, Work.state == WorkState.WAITING, Work.due_at <= now, free)
        .values(lease=lease, lease_until=now + timedelta(seconds=LEASE), attempts=Work.attempts + 1)
        .returning(Work.kind, Work.ref, Work.attempts, Work.created_at)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    return Claim(work_id, WorkKind(row.kind), row.ref, row.attempts, lease, row.created_at)


def renew(session: Session, held: Claim, *, now: datetime) -> bool:
    """Hold the piece for another LEASE seconds. False when it is not ours any more."""
    result: Any = session.execute(
        update(Work)
        .where(Work.id == held.id, Work.lease == held.lease, Work.state == WorkState.WAITING)
        .values(lease_until=now + timedelta(seconds=LEASE))
    )
    return bool(result.rowcount)


def _release(session: Session, held: Claim, **values: Any) -> None:
    result: Any = session.execute(
        update(Work)
        .where(Work.id == held.id, Work.lease == held.lease, Work.state == WorkState.WAITING)
        .values(lease=None, lease_until=None, **values)
    )
    if not result.rowcount:
        raise LeaseLost(f"work {held.id} ({held.kind}) was taken over by another worker")


def finish(session: Session, held: Claim, *, now: datetime, error: str | None = None) -> None:
    """The piece is over, in the same transaction as its result. With `error` it ends as dead: a person has to look.
    Raises LeaseLost (and so rolls the result back) when another worker has taken it over."""
    state = WorkState.DONE if error is None else WorkState.DEAD
    _release(session, held, state=state, finished_at=now, error=error and error[:300])


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    return timedelta(seconds=PAUSES[min(attempts, len(PAUSES)) - 1])


def retry(
    session: Session, held: Claim, *, now: datetime, error: str, after: timedelta | None = None, counted: bool = True
) -> None:
    """Try again later: after `after`, or after a pause that grows with the attempts. An attempt that is not `counted`
    leaves the number of attempts as it was: it failed for a reason outside the piece itself."""
    attempts = held.attempts if counted else held.attempts - 1
    due_at = now + (pause(held.attempts) if after is None else after)
    _release(session, held, due_at=due_at, error=error[:300], attempts=attempts)


def due(session: Session, *, now: datetime, limit: int = 1000) -> list[tuple[str, int, int]]:
    """Work that could be done now and that nobody holds: (kind, id, attempts), the oldest due first. Work that was due when
    it was planned has been announced; it is listed when it still waits HINTED seconds later."""
    free = or_(Work.lease_until.is_(None), Work.lease_until < now)
    unannounced = or_(Work.due_at > Work.created_at, Work.due_at <= now - timedelta(seconds=HINTED))
    rows = session.execute(
        select(Work.kind, Work.id, Work.attempts)
        .where(Work.state == WorkState.WAITING, Work.due_at <= now, free, unannounced)
        .order_by(Work.due_at, Work.id)
        .limit(limit)
    )
    return [(kind, id_, attempts) for kind, id_, attempts in rows]


def is_over(session: Session, kind: WorkKind, ref: int) -> bool:
    """True when this piece of work was planned and has ended."""
    state = session.scalars(select(Work.state).where(Work.kind == kind, Work.ref == ref)).one_or_none()
    return state is not None and state != WorkState.WAITING
