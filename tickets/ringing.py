"""Ringing the team for a caller: begin, how it stands, who takes it, and what became of the two.

A key press takes the call, the first one for good: whoever decides holds call, ticket, ring and leg. The carrier's report
that both sides are in their room, or that one of them was bridged, makes it a talk. Neither the key alone nor the report alone
is an answered call (docs/carrier.md)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tickets import calls, desk, drills, escalating, incidents, legs, oncall, rings, work
from tickets.events import note
from tickets.in_line import in_line
from tickets.models import Call, Leg, Recording, Ring, Ticket
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.states import LEG_OVER, LegPurpose, LegState, RingState, TicketState, TranscriptState, WorkKind

#: One by one, a phone rings alone for at least so long before the next one does too.
LEAST_SHARE = timedelta(seconds=8)
#: The phones of a ring before have stopped after this, and can ring again for the same caller.
STOPPED = timedelta(seconds=2)
#: Two who were sent into a room so long ago have talked, whether the carrier reported it or not.
MUST_HAVE_TALKED = timedelta(seconds=30)
#: A talk with somebody who is still there does not end within this.
TOO_SOON = timedelta(seconds=5)
#: A caller who left the room and did not come back by then has hung up, or is asked about.
COME_BACK = timedelta(seconds=2)


def on_duty(rules: Rules, team: str, now: datetime) -> tuple[Person, ...]:
    """Whose phones ring now: of those on duty, everyone or the members of a team."""
    people, named = rules.on_duty(now), rules.members(team, now)
    return tuple(person for person in people if named is None or person.name in named)


def hold(session: Session, call: Call) -> Ring | None:
    """Lock what a ring of this call touches: its ticket, then its last ring, which is returned. The call is locked."""
    in_line(session)
    if call.ticket_id is not None:
        session.get(Ticket, call.ticket_id, with_for_update={"key_share": True}, populate_existing=True)
    return rings.latest(session, call)


def hold_ring(session: Session, ring_id: int) -> tuple[Call, Ring]:
    """The call of a ring and the ring, locked, with the ticket between them."""
    call_id = session.scalars(select(Ring.call_id).where(Ring.id == ring_id)).one()
    call = calls.lock_by_id(session, call_id)
    hold(session, call)
    return call, rings.lock(session, ring_id)


def begin(session: Session, call: Call, *, team: str, seconds: int, order: str, rules: Rules, now: datetime) -> bool:
    """Ring everyone of a team who is on duty, but never the caller's own phone: all at once, or `order` "one by one". False
    when nobody can be rung, or the caller is gone already."""
    if call.ended_at is not None:
        return False
    if drills.comes_from(session, call.from_raw, now=now):
        _note(session, call, "A drill rings no phone", now=now)
        return False
    session.flush()
    people = _who_is_rung(session, call, team, rules=rules, now=now)
    if not people:
        return False
    number = (session.scalar(select(func.count()).where(Ring.call_id == call.id)) or 0) + 1
    until = now + timedelta(seconds=seconds)
    ring = Ring(call_id=call.id, number=number, state=RingState.RINGING, started_at=now, until=until)
    session.add(ring)
    session.flush()
    first = now if number == 1 else now + STOPPED
    share = timedelta() if order == "all" else max(LEAST_SHARE, (until - now) / len(people))
    for place, person in enumerate(people):
        legs.write(
            session,
            key=f"ring:{ring.id}:{person.number}",
            purpose=LegPurpose.RING,
            ring_id=ring.id,
            ticket_id=call.ticket_id,
            person=person.name,
            number=person.number,
            now=now,
            due_at=first + place * share,
        )
    work.plan(session, WorkKind.WATCH_RING, ring.id, now=now, due_at=until)
    _note(session, call, f"Ringing {', '.join(person.name for person in people)}", now=now)
    return True


def _who_is_rung(session: Session, call: Call, team: str, *, rules: Rules, now: datetime) -> list[Person]:
    """Each phone once; why there is none is noted."""
    never = {call.from_number, rules.desk_number}
    reachable = tuple(one for one in on_duty(rules, team, now) if not never.intersection(one.numbers))
    ticket = calls.ticket_of(session, call)
    awake = reachable if ticket is None else escalating.awake(ticket, reachable, now=now)
    if not awake:
        why = "Quiet hours, and it is not urgent" if reachable else "Nobody is on call"
        _note(session, call, f"{why}: no phone rang", now=now)
    return list({one.number: one for one in awake}.values())


def wanted(session: Session, leg: Leg, *, now: datetime) -> bool:
    """Whether a phone may still be rung."""
    assert leg.ring_id is not None  # the purpose says so
    ring = rings.lock(session, leg.ring_id)
    return ring.state == RingState.RINGING and now < ring.until


def stands(session: Session, call: Call, *, now: datetime) -> tuple[RingState, int]:
    """How the last ring of a call stands for a caller on hold, and its id (0 without one). Ends it when its time is up or
    every phone has given up."""
    ring = hold(session, call)
    if ring is None:
        return RingState.OVER, 0
    if ring.state == RingState.RINGING:
        _go_on(session, call, ring, now=now)
    elif ring.state == RingState.TAKEN and ring.bridged_at is None:
        taker = session.get_one(Leg, ring.taken_by)
        if taker.ended_at is not None:
            _lost(session, call, ring, taker, now=now)
        else:
            work.plan_again(session, WorkKind.WATCH_RING, ring.id, now=now, due_at=now + rings.TOGETHER)
    return RingState(ring.state), ring.id


def leave(session: Session, call: Call, *, now: datetime) -> None:
    """The caller would rather leave a message."""
    ring = hold(session, call)
    if ring is not None:
        rings.over(session, call, ring, why="The caller did not wait", now=now)


def _go_on(session: Session, call: Call, ring: Ring, *, now: datetime) -> None:
    called = rings.legs_of(session, ring)
    waiting = [leg for leg in called if leg.state not in LEG_OVER]
    if now >= ring.until or not waiting:
        rings.over(session, call, ring, why="Nobody took the call", now=now, timed_out=now >= ring.until)
    elif waiting[0].state == LegState.PENDING:  # one by one: everyone before has given up
        work.plan(session, WorkKind.PLACE_CALL, waiting[0].id, now=now)


class How(StrEnum):
    """What became of a key press."""

    TAKEN = "taken"  # the caller is being connected
    LATE = "late"  # somebody else has it
    GONE = "gone"  # the caller has hung up; the ticket is theirs
    MESSAGE = "message"  # nobody took it in time: the caller is leaving a message


@dataclass(frozen=True)
class Pressed:
    """What a colleague who pressed the key hears: `ticket` is its number, `by` who has it."""

    how: How
    ticket: int | None = None
    by: str | None = None


def rung_for_now(session: Session, call: Call, ring: Ring, leg: Leg) -> Ring:
    """The ring that a key of this leg is about. Whoever listens since an earlier ring of a caller who is on hold again is as
    good as those whose phones ring now."""
    latest = rings.latest(session, call)
    if latest is None or latest.id == ring.id or latest.state != RingState.RINGING or ring.state != RingState.OVER:
        return ring
    leg.ring_id = latest.id
    return latest


def press(session: Session, call: Call, ring: Ring, leg: Leg, *, rules: Rules, now: datetime) -> Pressed:
    """A colleague pressed the key. Call, ticket, ring and leg are locked: of two in the same moment one has it."""
    if ring.state == RingState.RINGING and call.ended_at is None:
        return _take(session, call, ring, leg, rules=rules, now=now)
    ticket = calls.ticket_of(session, call)
    if ring.state == RingState.TAKEN and ring.taken_by is not None:
        return too_late(session, ring)
    if ticket is not None and ticket.state != TicketState.OPEN:
        return Pressed(How.LATE, ticket.number, by=ticket.claimed_by)
    if call.ended_at is None or call.in_voicemail:
        return Pressed(How.MESSAGE)
    legs.accept(leg, now=now)
    ticket = _claim(session, call, leg, rules=rules, now=now)
    _note(session, call, f"{leg.person} pressed the key after the caller had hung up", now=now)
    return Pressed(How.GONE, ticket.number, leg.person)


def too_late(session: Session, ring: Ring) -> Pressed:
    """Who has a call that is taken."""
    return Pressed(How.LATE, by=session.get_one(Leg, ring.taken_by).person)


def _take(session: Session, call: Call, ring: Ring, leg: Leg, *, rules: Rules, now: datetime) -> Pressed:
    ring.state, ring.taken_by, ring.taken_at, call.answered_by = RingState.TAKEN, leg.id, now, leg.person
    legs.accept(leg, now=now)
    ticket = _claim(session, call, leg, rules=rules, now=now)
    _note(session, call, f"{leg.person} took the call", now=now)
    rings.stop_others(session, ring, leg, now=now)
    work.plan_again(session, WorkKind.MOVE_CALLER, ring.id, now=now, due_at=now)
    work.plan_again(session, WorkKind.WATCH_RING, ring.id, now=now, due_at=now + rings.TOGETHER)
    return Pressed(How.TAKEN, ticket.number, leg.person)


def _claim(session: Session, call: Call, leg: Leg, *, rules: Rules, now: datetime) -> Ticket:
    ticket = calls.ensure_ticket(session, call, now=now, subject="Call")
    ticket = incidents.leader_of(session, ticket) or ticket
    if ticket.state == TicketState.OPEN:
        person = oncall.person_of(rules.team, leg.number) or Person(leg.person, leg.number)
        desk.claim(session, ticket, person, rules=rules, now=now)
    return ticket


def _lost(session: Session, call: Call, ring: Ring, taker: Leg, *, now: datetime) -> None:
    """Who took the call was gone before the caller came: the ticket is nobody's again, the caller goes on."""
    ring.state, ring.taken_by, ring.ended_at, call.answered_by = RingState.OVER, None, now, None
    _note(session, call, f"{taker.person} took the call, but the line was lost before the caller came", now=now)
    ticket = calls.ticket_of(session, call)
    if ticket is not None and ticket.state == TicketState.CLAIMED and ticket.claimed_by == taker.person:
        desk.open_again(session, ticket, why=f"{taker.person} took the call, but the line was lost", now=now)
        rows = select(Recording.id).where(Recording.call_id == call.id, Recording.transcript != TranscriptState.PENDING)
        for recording_id in session.scalars(rows):  # while the ticket had an owner, nobody was paged about these words
            work.plan_again(session, WorkKind.PAGE_DEADLINE, recording_id, now=now, due_at=now)


def reported(session: Session, call: Call, ring: Ring, leg: Leg, *, connected: bool, now: datetime) -> None:
    """A phone of this ring rings, was picked up, or is done. All given up, or who took it gone: the caller goes on at once. One
    who is `connected` to a room has come out of it, or comes within COME_BACK, and with that the carrier says whether there
    was a talk: its reports overtake each other."""
    if leg.ended_at is None:
        if leg.state == LegState.CANCELED:  # it was being placed when nobody waited any more
            work.plan(session, WorkKind.END_CALL, leg.id, now=now)
        return
    if ring.state == RingState.RINGING:
        _go_on(session, call, ring, now=now)
    elif ring.state == RingState.TAKEN and ring.taken_by == leg.id:
        _assume(session, call, ring, now=leg.ended_at)
        if ring.bridged_at is not None:
            rings.talk_ended(session, call, ring, now=leg.ended_at)
        elif connected:
            work.plan_again(session, WorkKind.WATCH_RING, ring.id, now=now, due_at=now + COME_BACK)
        elif call.ended_at is None:
            _lost(session, call, ring, leg, now=now)
    if ring.state == RingState.OVER and call.ended_at is None and not call.in_voicemail:
        work.plan_again(session, WorkKind.MOVE_CALLER, ring.id, now=now, due_at=now)


def after_talk(session: Session, call: Call, *, now: datetime) -> int | None:
    """The caller comes out of the room: how many seconds they talked. None when they did not, and when the colleague is
    still there so soon: a call that is moved while it enters the room asks for its next turn, and does not hear the answer
    (docs/carrier.md, ringing colleagues)."""
    ring = hold(session, call)
    if ring is None or ring.state != RingState.TAKEN:
        return None
    _assume(session, call, ring, now=now)
    there = session.get_one(Leg, ring.taken_by).ended_at is None
    if ring.bridged_at is None or (there and now - ring.bridged_at < TOO_SOON):
        return None
    rings.talk_ended(session, call, ring, now=now)
    return rings.seconds_of(ring)


def _assume(session: Session, call: Call, ring: Ring, *, now: datetime) -> None:
    if ring.bridged_at is None and ring.taken_at is not None and now - ring.taken_at >= MUST_HAVE_TALKED:
        rings.came_in(session, call, ring, caller=ring.taken_at, colleague=ring.taken_at, now=now)


def together(session: Session, call: Call, ring: Ring, *, now: datetime) -> None:
    """Both calls go on and both were sent into the room: they talk, although the carrier's reports are missing."""
    rings.came_in(session, call, ring, caller=ring.taken_at, colleague=ring.taken_at, now=now)
    _end_with(session, call, ring, session.get_one(Leg, ring.taken_by))


def met(session: Session, call: Call, ring: Ring | None, *, rules: Rules, now: datetime) -> None:
    """One side comes out of the room, and the carrier says that it was bridged: with the key, that is a talk
    (docs/carrier.md). Events of the room may never have come."""
    if ring is not None and ring.state == RingState.TAKEN and ring.bridged_at is None:
        together(session, call, ring, now=now)
        if call.ended_at is not None:
            session.flush()
            calls.settle(session, call, now=now, rules=rules)


def unmet(session: Session, call: Call, ring: Ring, *, rules: Rules, now: datetime) -> None:
    """Who took the call left the room before its caller hung up in it, and no report made it a talk: nobody was there."""
    if ring.state != RingState.TAKEN or ring.bridged_at is not None or call.ended_at is None:
        return
    taker = session.get_one(Leg, ring.taken_by)
    if taker.ended_at is not None and taker.ended_at < call.ended_at:
        _lost(session, call, ring, taker, now=now)
        session.flush()
        calls.settle(session, call, now=now, rules=rules)


def _end_with(session: Session, call: Call, ring: Ring, taker: Leg) -> None:
    """A talk of which we hear late ended when one of the two was off the line."""
    for ended in (call.ended_at, taker.ended_at):
        if ended is not None:
            rings.talk_ended(session, call, ring, now=ended)


def room_event(
    session: Session, ring_id: int, *, event: str, sid: str, at: datetime, rules: Rules, now: datetime
) -> None:
    """The carrier reports of the room of a ring: in any order, any number of times, also after the call's end."""
    if session.get(Ring, ring_id) is None:
        return
    call, ring = hold_ring(session, ring_id)
    if ring.state != RingState.TAKEN or ring.taken_by is None or ring.taken_at is None:
        return
    taker, at = session.get_one(Leg, ring.taken_by), max(ring.taken_at, min(at, now))
    if event == "participant-join" and sid in (call.sid, taker.sid):
        caller, colleague = (at, None) if sid == call.sid else (None, at)
        rings.came_in(session, call, ring, caller=caller, colleague=colleague, now=now)
        _end_with(session, call, ring, taker)
    elif event == "participant-leave" and sid == call.sid and call.ended_at is None:
        work.plan_again(session, WorkKind.WATCH_RING, ring.id, now=now, due_at=now + COME_BACK)
    elif event == "conference-end" or (event == "participant-leave" and sid == taker.sid):
        rings.talk_ended(session, call, ring, now=at)
    if call.ended_at is not None:
        session.flush()
        calls.settle(session, call, now=now, rules=rules)


def _note(session: Session, call: Call, text: str, *, now: datetime) -> None:
    note(session, call_id=call.id, ticket_id=call.ticket_id, kind="ring", now=now, text=text)
