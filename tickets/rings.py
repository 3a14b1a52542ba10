"""Rings: what their rows say, and how they end. `tickets.ringing` begins them and lets a colleague take one.

Whoever changes a ring holds its call, then the ring, then its legs, in the order of `tickets.calls.lock`."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tickets import legs, work
from tickets.events import note
from tickets.models import Call, Leg, Ring
from tickets.states import LEG_OVER, CallOutcome, LegState, RingState, WorkKind

#: Both sides come into their room within a second or two; after this the carrier is asked what became of them.
TOGETHER = timedelta(seconds=10)

#: The carrier is asked whether a talk still goes on, after this and then every minute.
ASK_AFTER = timedelta(seconds=90)

#: What a colleague's phone did, for the story of a ticket.
DID = {
    LegState.PENDING: "not called",
    LegState.CALLING: "not reached in time",
    LegState.RINGING: "no answer",
    LegState.PICKED_UP: "picked up without taking it",
    LegState.ACCEPTED: "pressed the key",
    LegState.NO_KEY: "picked up without taking it",
    LegState.NO_ANSWER: "no answer",
    LegState.BUSY: "busy",
    LegState.FAILED: "not reached",
    LegState.CANCELED: "not reached in time",
}


def lock(session: Session, ring_id: int) -> Ring:
    """The ring, locked for the rest of the unit of work; its call is locked before it."""
    found = select(Ring).where(Ring.id == ring_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(found).one()


def latest(session: Session, call: Call) -> Ring | None:
    """The last ring of a call, locked; None for a call that never rang."""
    found = select(Ring).where(Ring.call_id == call.id).order_by(Ring.number.desc()).limit(1).with_for_update()
    return session.scalars(found.execution_options(populate_existing=True)).one_or_none()


def is_last(session: Session, ring: Ring) -> bool:
    """Whether the caller has been rung for by no later ring."""
    return session.scalars(select(func.max(Ring.number)).where(Ring.call_id == ring.call_id)).one() == ring.number


def legs_of(session: Session, ring: Ring) -> list[Leg]:
    """The calls of a ring to colleagues, in the order in which they were planned, locked."""
    found = select(Leg).where(Leg.ring_id == ring.id).order_by(Leg.id).with_for_update()
    return list(session.scalars(found.execution_options(populate_existing=True)))


def each_did(calls: Iterable[Leg]) -> str:
    """`Sam no answer, Lee busy`."""
    return ", ".join(f"{leg.person} {DID[LegState(leg.state)]}" for leg in calls)


def talked(session: Session, call: Call) -> bool:
    """Whether the caller ever talked to somebody: a key was pressed, and both were in the room."""
    found = select(Ring.id).where(Ring.call_id == call.id, Ring.bridged_at.is_not(None)).limit(1)
    return session.scalars(found).first() is not None


def talks(session: Session, call_id: int) -> bool:
    """Whether a caller talks to somebody now, by all we know."""
    found = select(Ring.id).where(Ring.call_id == call_id, Ring.bridged_at.is_not(None), Ring.ended_at.is_(None))
    return session.scalars(found.limit(1)).first() is not None


def rang(session: Session, call: Call) -> bool:
    """Whether phones of the team rang for this call."""
    return session.scalars(select(Ring.id).where(Ring.call_id == call.id).limit(1)).first() is not None


def over(session: Session, call: Call, ring: Ring, *, why: str, now: datetime, timed_out: bool = False) -> None:
    """Nobody takes this call any more: phones stop ringing, the story says what each did. Whoever has picked up already may
    still press a key, and hears how things stand."""
    if ring.state != RingState.RINGING:
        return
    ring.state, ring.ended_at = RingState.OVER, now
    called = legs_of(session, ring)
    for leg in called:
        _stop(session, leg, timed_out=timed_out, now=now)
    text = f"{why}. Rung: {each_did(called)}"
    note(session, call_id=call.id, ticket_id=call.ticket_id, kind="ring", now=now, text=text)


def _stop(session: Session, leg: Leg, *, timed_out: bool, now: datetime) -> None:
    if leg.state in LEG_OVER or leg.state == LegState.PICKED_UP:
        return
    if timed_out and leg.sid is not None:
        leg.state, leg.updated_at = LegState.NO_ANSWER, now
        work.plan(session, WorkKind.END_CALL, leg.id, now=now)
    else:
        legs.cancel(session, leg, now=now)


def stop_others(session: Session, ring: Ring, taker: Leg, *, now: datetime) -> None:
    """Somebody has taken the call: the other phones stop ringing."""
    for leg in legs_of(session, ring):
        if leg.id != taker.id:
            _stop(session, leg, timed_out=False, now=now)


def came_in(
    session: Session, call: Call, ring: Ring, *, caller: datetime | None, colleague: datetime | None, now: datetime
) -> None:
    """One side is in the room, or both are. With both the talk has begun; reports come late and in any order."""
    ring.caller_in_at, ring.colleague_in_at = ring.caller_in_at or caller, ring.colleague_in_at or colleague
    if ring.bridged_at is None and ring.caller_in_at is not None and ring.colleague_in_at is not None:
        ring.bridged_at = max(ring.caller_in_at, ring.colleague_in_at)
        call.outcome = CallOutcome.ANSWERED
        if call.ended_at is None:  # its end may never be reported
            work.plan_again(session, WorkKind.LOOK_UP_CALL, call.id, now=now, due_at=now + ASK_AFTER)
        text = f"{call.answered_by or 'Somebody'} talks to the caller"
        note(session, call_id=call.id, ticket_id=call.ticket_id, kind="ring", now=ring.bridged_at, text=text)


def talk_ended(session: Session, call: Call, ring: Ring, *, now: datetime) -> None:
    """One side has left for good. Safe to run many times."""
    if ring.bridged_at is None or ring.ended_at is not None:
        return
    ring.ended_at = max(now, ring.bridged_at)
    minutes, seconds = divmod(seconds_of(ring) or 0, 60)
    length = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    text = f"The talk with {call.answered_by or 'somebody'} is over, after {length}"
    note(session, call_id=call.id, ticket_id=call.ticket_id, kind="ring", now=now, text=text)


def seconds_of(ring: Ring) -> int | None:
    """How long the two talked; None when they did not, or still do."""
    if ring.bridged_at is None or ring.ended_at is None:
        return None
    return round((ring.ended_at - ring.bridged_at).total_seconds())


def caller_gone(session: Session, call: Call, *, now: datetime) -> None:
    """The caller is off the line: phones stop ringing, and who has pressed the key hears of it."""
    ring = latest(session, call)
    if ring is None:
        return
    if ring.state == RingState.RINGING:
        over(session, call, ring, why="The caller hung up while phones rang", now=now)
    elif ring.state == RingState.TAKEN:
        talk_ended(session, call, ring, now=now)
        taker = session.get(Leg, ring.taken_by)
        if taker is not None and taker.ended_at is None:
            work.plan(session, WorkKind.MOVE_COLLEAGUE, taker.id, now=now)
