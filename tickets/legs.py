"""Our calls to colleagues' phones: a row first, then one gate, then the carrier; what the phone did goes back into the row.

A leg is placed once. What a time-out left unknown is looked up at the carrier before anything is placed again. Only a key
makes a leg accepted: a mailbox that picks up never presses one (docs/carrier.md)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import voiced, work
from tickets.db import insert_once, serialise
from tickets.events import note
from tickets.models import Leg, Ticket
from tickets.outbox import Handed, TextRefused
from tickets.states import LEG_OVER, LegPurpose, LegState, WorkKind, advance_leg

#: A leg whose end nobody reported is asked about when no phone rings any more (ivr.calling.RING_SECONDS and 5 s of the
#: carrier's), and while it goes on after each ASK_AFTER: nobody is called who is on the phone with us, by all we know.
RUNG_OUT, ASK_AFTER = timedelta(seconds=30), timedelta(seconds=75)

#: Somebody whom we have on the phone already is called about a page as soon as that is over, looked at so often. A call
#: whose end was never learned keeps nobody from being called for ever.
POSTPONED, LONGEST_CALL = timedelta(seconds=5), timedelta(hours=4)

#: A call that nobody wants any more and that perhaps was placed is looked for at the carrier so long, to be ended.
LOOK_FOR = timedelta(seconds=60)

#: The carrier's word for a call of ours, and what the phone did. `completed` says nothing: a mailbox completes too.
CARRIER_STATUS = {
    "queued": LegState.CALLING,
    "initiated": LegState.CALLING,
    "ringing": LegState.RINGING,
    "in-progress": LegState.PICKED_UP,
    "answered": LegState.PICKED_UP,
    "completed": LegState.NO_KEY,
    "no-answer": LegState.NO_ANSWER,
    "busy": LegState.BUSY,
    "failed": LegState.FAILED,
    "canceled": LegState.CANCELED,
}
ENDED = frozenset({"completed", "no-answer", "busy", "failed", "canceled"})


@dataclass(frozen=True)
class Placeable:
    """A leg that passed the gate. `attempted_at` is set when an earlier attempt has an unknown outcome."""

    id: int
    to: str
    attempted_at: datetime | None
    ticket: int | None


def write(
    session: Session,
    *,
    key: str,
    purpose: LegPurpose,
    person: str,
    number: str,
    now: datetime,
    ring_id: int | None = None,
    message_id: int | None = None,
    ticket_id: int | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Plan a call to a colleague once for its key. True when it is new. It is placed after the commit, or when due."""
    new = insert_once(
        session,
        Leg,
        key=key,
        purpose=purpose,
        ring_id=ring_id,
        message_id=message_id,
        ticket_id=ticket_id,
        person=person,
        number=number,
        state=LegState.PENDING,
        created_at=now,
        updated_at=now,
    )
    if new:
        id_ = session.scalars(select(Leg.id).where(Leg.key == key)).one()
        work.plan(session, WorkKind.PLACE_CALL, id_, now=now, due_at=due_at)
    return new


def lock(session: Session, leg_id: int) -> Leg | None:
    """The leg, locked for the rest of the unit of work: after its call, ticket and ring (order of locks: tickets.calls)."""
    found = select(Leg).where(Leg.id == leg_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(found).one_or_none()


#: Whether a leg may still be placed: its ring goes on, its ticket has no owner. Asked under the locks it needs.
Wanted = Callable[[Session, Leg], bool]


def pass_gate(session: Session, held: work.Claim, *, wanted: Wanted, now: datetime) -> Placeable | None:
    """May this call be placed now? The answer and the mark "calling" are one transaction; None when it must not."""
    peek = session.get_one(Leg, held.ref)
    if peek.purpose == LegPurpose.PAGE:  # two pages of one person look at each other's calls one after the other
        serialise(session, f"phone {peek.number}")
    still = wanted(session, peek)  # takes its own locks first, as those do who take the ring or the ticket
    leg = lock(session, held.ref)
    assert leg is not None  # rows are never deleted
    number = session.get_one(Ticket, leg.ticket_id).number if leg.ticket_id is not None else None
    if leg.state == LegState.CALLING and leg.sid is None:
        return Placeable(leg.id, leg.number, leg.attempted_at, number)
    if leg.state == LegState.CANCELED and leg.sid is None and leg.attempted_at and now - leg.attempted_at < LOOK_FOR:
        return Placeable(leg.id, leg.number, leg.attempted_at, number)
    if (
        leg.state == LegState.PENDING
        and still
        and leg.purpose == LegPurpose.PAGE
        and _on_the_phone(session, leg, now=now)
    ):
        work.retry(session, held, now=now, error="is on the phone with us", after=POSTPONED, counted=False)
        return None
    if leg.state == LegState.PENDING and still:
        leg.state, leg.attempted_at, leg.updated_at = LegState.CALLING, now, now
        voiced.follow(session, leg, now=now)
        return Placeable(leg.id, leg.number, None, number)
    _not_now(session, held, leg, now=now)
    return None


def _not_now(session: Session, held: work.Claim, leg: Leg, *, now: datetime) -> None:
    """Nobody wants this call any more, or it was placed already."""
    if leg.state == LegState.PENDING:
        leg.state, leg.ended_at, leg.updated_at = LegState.CANCELED, now, now
        voiced.follow(session, leg, now=now)
    _watch(session, leg, now=now)  # a worker that died while placing it could not
    work.finish(session, held, now=now)


def _watch(session: Session, leg: Leg, *, now: datetime) -> None:
    """Should the end of a call not be reported, it is asked for."""
    if leg.sid is not None and leg.ended_at is None and leg.state != LegState.CANCELED:
        work.plan(session, WorkKind.CHECK_CALL, leg.id, now=now, due_at=now + RUNG_OUT)


def _on_the_phone(session: Session, leg: Leg, *, now: datetime) -> bool:
    """Whether another call of ours rings or talks on this phone: it would find the page's call busy, or be disturbed."""
    others = select(Leg.id).where(
        Leg.number == leg.number,
        Leg.id != leg.id,
        Leg.state.in_([LegState.CALLING, LegState.RINGING, LegState.PICKED_UP, LegState.ACCEPTED]),
        Leg.ended_at.is_(None),
        Leg.attempted_at > now - LONGEST_CALL,
    )
    return session.scalars(others.limit(1)).first() is not None


def was_placed(session: Session, held: work.Claim, handed: Handed, *, now: datetime) -> None:
    """The carrier has the call: remember its id, and ask about it should its end not be reported."""
    leg = lock(session, held.ref)
    assert leg is not None  # rows are never deleted
    leg.sid, leg.updated_at = handed.sid, now
    _advance(session, leg, handed.status, now=now)
    if leg.state == LegState.CANCELED:  # nobody waited any more while it was being placed
        work.plan(session, WorkKind.END_CALL, leg.id, now=now)
    _watch(session, leg, now=now)  # also when a key was faster than the answer to placing it
    work.finish(session, held, now=now)


def was_not_placed(session: Session, held: work.Claim, *, now: datetime, error: str) -> None:
    """It certainly was not placed: again after a pause; its gate ends it when nobody wants it any more."""
    leg = lock(session, held.ref)
    assert leg is not None  # rows are never deleted
    if leg.state == LegState.CALLING:
        leg.state, leg.attempted_at = LegState.PENDING, None
    leg.error, leg.updated_at = error[:300], now
    voiced.follow(session, leg, now=now)
    work.retry(session, held, now=now, error=error)


def was_refused(session: Session, held: work.Claim, refused: TextRefused, *, now: datetime) -> None:
    """The carrier will not call this number."""
    leg = lock(session, held.ref)
    assert leg is not None  # rows are never deleted
    fail(session, leg, code=refused.code, error=refused.message, now=now)
    work.finish(session, held, now=now)


def fail(session: Session, leg: Leg, *, code: str | None, error: str, now: datetime) -> None:
    """The phone will not ring, and why."""
    if leg.state in LEG_OVER:
        return
    leg.state, leg.error_code, leg.error, leg.ended_at, leg.updated_at = LegState.FAILED, code, error[:300], now, now
    reason = f"{code}: {error}" if code else error
    text = f"The call to {leg.person} failed: {reason}"[:500]
    note(session, ticket_id=leg.ticket_id, kind="call", now=now, text=text)
    voiced.follow(session, leg, now=now)


def report(session: Session, leg_id: int, *, sid: str, status: str, now: datetime) -> Leg | None:
    """The carrier says how a call of ours goes, in any order, any number of times. None for a leg that does not exist."""
    leg = lock(session, leg_id)
    if leg is None or (leg.sid is not None and leg.sid != sid):
        return None  # a call that was placed twice in error: its own end concerns nobody
    if leg.sid is None and leg.state == LegState.CANCELED and status not in ENDED:
        work.plan(session, WorkKind.END_CALL, leg.id, now=now)  # it was placed, and nobody knew when nobody wanted it
    leg.sid = sid
    _advance(session, leg, status, now=now)
    return leg


def _advance(session: Session, leg: Leg, status: str, *, now: datetime) -> None:
    reported = CARRIER_STATUS.get(status)
    if reported is None:
        return
    state = advance_leg(LegState(leg.state), reported)
    if state != leg.state:
        leg.state, leg.updated_at = state, now
        if state is LegState.PICKED_UP:
            leg.answered_at = now
    if status in ENDED and leg.ended_at is None:
        leg.ended_at = now
        work.cancel(session, WorkKind.CHECK_CALL, leg.id, now=now)
    voiced.follow(session, leg, now=now)


def picked_up(session: Session, leg: Leg, *, now: datetime) -> None:
    """The call asks for its first words: somebody, or a mailbox, is there, whether it has been reported or not."""
    state = advance_leg(LegState(leg.state), LegState.PICKED_UP)
    if state != leg.state:
        leg.state, leg.answered_at, leg.updated_at = state, now, now
        voiced.follow(session, leg, now=now)


def accept(leg: Leg, *, now: datetime) -> None:
    """The key was pressed: a person is on this phone."""
    leg.state, leg.answered_at, leg.updated_at = LegState.ACCEPTED, leg.answered_at or now, now


def cancel(session: Session, leg: Leg, *, now: datetime) -> None:
    """Nobody needs this call any more: it is not placed, or the phone stops ringing."""
    if leg.state in LEG_OVER:
        return
    leg.state, leg.updated_at = LegState.CANCELED, now
    if leg.sid is not None:
        work.plan(session, WorkKind.END_CALL, leg.id, now=now)
    voiced.follow(session, leg, now=now)


def stored_turn(leg: Leg, turn: int) -> str | None:
    """The TwiML that this turn was answered with, if it was."""
    answered = (leg.turns or {}).get(str(turn))
    return str(answered["twiml"]) if answered else None


def store_turn(leg: Leg, turn: int, *, heard: str, twiml: str, now: datetime) -> None:
    """Remember the answer of a turn."""
    turns: dict[str, Any] = {**(leg.turns or {}), str(turn): {"heard": heard[:64], "twiml": twiml}}
    leg.turns, leg.updated_at = turns, now


def unclaimed(session: Session, candidates: list[Handed]) -> Handed | None:
    """The first of the carrier's calls that no other leg has as its own."""
    for handed in candidates:
        if session.scalars(select(Leg.id).where(Leg.sid == handed.sid)).first() is None:
            return handed
    return None
