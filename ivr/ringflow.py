"""Ringing the team, at the edge: what a colleague hears, what the caller's turns ask, and the work of moving the two."""

from datetime import timedelta

import structlog
from sqlalchemy.orm import Session as Unit

from flows import engine
from flows.engine import Digits, HungUp, NotTaken, StillRinging, Taken, Talked
from flows.instructions import Connect, Gather, Hangup, Instruction, Ring, Say
from flows.session import Session, Waiting
from flows.words import spoken_values
from ivr import calling, effects
from ivr.carrier.base import CarrierError, NotThere
from ivr.forms import CallForm, RoomForm
from ivr.legflow import LARGEST, Script
from ivr.opening import ROOM, Instructions
from ivr.wiring import Helpline
from tickets import calls, legs, ringing, rings, work
from tickets.models import Call, Leg, Ticket
from tickets.models import Ring as RingRow
from tickets.ringing import How, Pressed
from tickets.states import LegState, RingState, TicketState, WorkKind

log = structlog.get_logger(__name__)

#: The key that takes a call; a mailbox presses none.
TAKE_KEY = "1"
#: How often a colleague hears who calls, and how long the key is waited for each time.
TIMES, WAIT = 2, 4
#: A turn on hold takes less than this, unless its sounds are very long.
LONGEST_HOLD = timedelta(seconds=15)
#: When the carrier does not answer, it is asked again after this.
ASK_AGAIN = timedelta(seconds=10)


def room(ring_id: int) -> str:
    """The name of the conference in which the two of a ring meet."""
    return f"{ROOM}{ring_id}"


# --- the caller's side ------------------------------------------------------------------------------------------


def event_of(unit: Unit, desk: Helpline, call: Call, session: Session, form: CallForm) -> engine.Event | None:
    """What a caller on hold, or out of a conversation, comes back with; None for any other turn. Somebody who has taken
    the call goes before the key that would leave a message: the caller is about to be talked to."""
    now = desk.now()
    if form.recording_sid is not None or session.waiting not in (Waiting.RINGING, Waiting.TALKING):
        return None
    if form.bridged and session.waiting is Waiting.TALKING:
        ringing.met(unit, call, ringing.hold(unit, call), rules=desk.rules, now=now)
    if form.status in calls.ENDED:  # who hangs up in the room is asked for once more
        calls.ended(unit, call, status=form.status, now=now, rules=desk.rules)
        return HungUp()
    talked = ringing.after_talk(unit, call, now=now)
    if talked is not None:
        return Talked(talked)
    state, ring_id = ringing.stands(unit, call, now=now)
    if session.waiting is Waiting.TALKING:
        return StillRinging() if state is RingState.TAKEN else Talked(None)
    if state is RingState.TAKEN:
        return Taken(room(ring_id))
    if state is RingState.RINGING:
        return Digits(form.digits) if form.digits else StillRinging()
    return NotTaken()


def left_the_hold(unit: Unit, desk: Helpline, call: Call, session: Session, turn: engine.Turn) -> None:
    """A caller who goes on from the hold to anything but a conversation lets the phones stop: also to another ring."""
    stays = turn.session.waiting in (Waiting.RINGING, Waiting.TALKING) and _ring_in(turn.instructions) is None
    if session.waiting is Waiting.RINGING and not stays:
        ringing.leave(unit, call, now=desk.now())


def ring(unit: Unit, desk: Helpline, call: Call, turn: engine.Turn) -> engine.Turn:
    """Ring the team where this turn asks for it. Where nobody is there to be rung, the caller does not wait."""
    caller, flow = effects.caller_of(unit, desk, call), desk.flows.helpdesk
    while (wanted := _ring_in(turn.instructions)) is not None:
        unit.flush()
        how = {"team": wanted.team, "order": wanted.order}
        if ringing.begin(unit, call, **how, seconds=wanted.seconds, rules=desk.rules, now=desk.now()):
            break
        turn = engine.nobody_rings(flow, turn, caller=caller, now=desk.now())
    return turn


def _ring_in(instructions: Instructions) -> Ring | None:
    return next((one for one in instructions if isinstance(one, Ring)), None)


# --- the colleague's side ---------------------------------------------------------------------------------------


def script(desk: Helpline) -> Script:
    """What our calls do that ring the team."""
    return Script(
        wanted=lambda unit, leg: ringing.wanted(unit, leg, now=desk.now()),
        lock=_lock,
        answer=_answer,
        reported=_reported,
    )


def _lock(unit: Unit, leg: Leg) -> None:
    assert leg.ring_id is not None  # the purpose says so
    ringing.hold_ring(unit, leg.ring_id)


def _reported(unit: Unit, desk: Helpline, leg: Leg) -> None:
    call, row = _of(unit, leg)
    ringing.reported(unit, call, row, leg, connected=_connected(call), now=desk.now())


def _connected(call: Call) -> bool:
    """Whether the caller was sent into the room, or is out of it again."""
    return Session.from_dict(call.session or {}).waiting is Waiting.TALKING


def _of(unit: Unit, leg: Leg) -> tuple[Call, RingRow]:
    row = unit.get_one(RingRow, leg.ring_id)
    return unit.get_one(Call, row.call_id), row


def _answer(unit: Unit, desk: Helpline, leg: Leg, turn: int, form: CallForm) -> tuple[Instruction, ...]:
    call, row = _of(unit, leg)
    legs.picked_up(unit, leg, now=desk.now())  # its report may come late: whoever listens is not hung up on
    if leg.state == LegState.ACCEPTED:
        if form.bridged and row.taken_by == leg.id and _connected(call):
            ringing.met(unit, call, row, rules=desk.rules, now=desk.now())
        return _after(unit, desk, leg, call, row)
    if form.digits == TAKE_KEY:
        row = ringing.rung_for_now(unit, call, row, leg)
        pressed = ringing.press(unit, call, row, leg, rules=desk.rules, now=desk.now())
        log.info("key pressed", leg=leg.id, outcome=pressed.how.value, ticket=pressed.ticket)
        return _pressed(desk, pressed, call, row)
    if row.state == RingState.TAKEN:
        return _pressed(desk, ringing.too_late(unit, row), call, row)
    if turn >= TIMES:
        return (Hangup(),)
    values = spoken_values(desk.flows.helpdesk.desk, number=call.from_number, client=call.client)
    known = call.client or (values["caller"] if call.from_number else "number withheld")
    who = f"{known}, {call.choice}" if call.choice else known
    words = _say(desk, f"Help desk call. {who}. Press {TAKE_KEY} to take it.")
    return (Gather(prompts=(words,), digits=1, timeout=WAIT, finish_on_key=""),)


def _pressed(desk: Helpline, pressed: Pressed, call: Call, row: RingRow) -> tuple[Instruction, ...]:
    match pressed.how:
        case How.TAKEN:
            # The caller begins the talk, and comes and goes without ending it; it ends when the colleague goes.
            return _say(desk, "Connecting you."), Connect(room(row.id), leads=False, host=True)
        case How.LATE:
            return _say(desk, f"{pressed.by} has this call. Thank you. Goodbye."), Hangup()
        case How.GONE:
            return _gone(desk, pressed.ticket, call)
        case How.MESSAGE:
            return _say(desk, "The caller is leaving a message now. You get it by text. Goodbye."), Hangup()


def _after(unit: Unit, desk: Helpline, leg: Leg, call: Call, row: RingRow) -> tuple[Instruction, ...]:
    """Whoever took the call comes out of the room: the talk is over, or never began."""
    if row.taken_by != leg.id:
        return _say(desk, "The line was lost. The caller is leaving a message now. Goodbye."), Hangup()
    ticket, gone = calls.ticket_of(unit, call), row.bridged_at is None and call.ended_at is not None
    number = ticket.number if ticket else None
    rings.talk_ended(unit, call, row, now=desk.now())
    if ticket is not None and (ticket.state, ticket.claimed_by) != (TicketState.CLAIMED, leg.person):
        # Somebody took it by text while the phones rang, or it was resolved during the talk.
        return _say(desk, f"{'The caller has hung up. ' if gone else ''}{_standing(ticket)} Goodbye."), Hangup()
    if gone:
        return _gone(desk, number, call)
    return _say(desk, f"Ticket {number} is yours. Text DONE {number} when it is solved. Goodbye."), Hangup()


def _standing(ticket: Ticket) -> str:
    if ticket.state == TicketState.CLAIMED:
        return f"{ticket.claimed_by} has ticket {ticket.number}."
    return f"Ticket {ticket.number} is {ticket.state}."


def _gone(desk: Helpline, number: int | None, call: Call) -> tuple[Instruction, ...]:
    values = spoken_values(desk.flows.helpdesk.desk, number=call.from_number, client=call.client)
    back = f"Call back {values['caller']}." if call.from_number else "The number was withheld."
    words = f"The caller has hung up. Ticket {number} is yours. {back} Text DONE {number} when it is solved. Goodbye."
    return _say(desk, words), Hangup()


def _say(desk: Helpline, words: str) -> Say:
    rules = desk.flows.helpdesk.desk
    return Say(words, rules.language, rules.voice)


# --- reports and work -------------------------------------------------------------------------------------------


def room_event(desk: Helpline, form: RoomForm, ring_id: int) -> None:
    """Somebody came into the room of a ring, or left it."""
    if ring_id > LARGEST:
        return
    now = desk.now()
    with desk.database.unit() as unit:
        ringing.room_event(
            unit, ring_id, event=form.event, sid=form.call_sid, at=form.at or now, rules=desk.rules, now=now
        )


def watch_ring(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of WATCH_RING work: time is up, or the two should talk by now and nobody has reported it."""
    with desk.database.unit() as unit:
        call, row = ringing.hold_ring(unit, held.ref)
        now = desk.now()
        if row.state == RingState.RINGING and now < row.until:
            work.retry(unit, held, now=now, error="it still rings", after=row.until - now, counted=False)
            return
        if row.state == RingState.RINGING:
            rings.over(unit, call, row, why="Nobody took the call", now=now, timed_out=True)
            work.plan_again(unit, WorkKind.MOVE_CALLER, row.id, now=now, due_at=now)
        ringing.unmet(unit, call, row, rules=desk.rules, now=now)
        if row.state != RingState.TAKEN or call.ended_at is not None or row.ended_at is not None:
            work.finish(unit, held, now=now)
            return
        sids = call.sid, unit.get_one(Leg, row.taken_by).sid or ""
    _look_at_both(desk, held, *sids)


def _look_at_both(desk: Helpline, held: work.Claim, caller_sid: str, colleague_sid: str) -> None:
    """What the carrier says of the caller's call and of the colleague's decides."""
    try:
        caller, colleague = _status(desk, caller_sid), _status(desk, colleague_sid)
    except CarrierError as error:
        with desk.database.unit() as unit:
            work.retry(unit, held, now=desk.now(), error=str(error), after=ASK_AGAIN, counted=False)
        return
    now = desk.now()
    with desk.database.unit() as unit:
        call, row = ringing.hold_ring(unit, held.ref)
        taker = legs.lock(unit, row.taken_by) if row.taken_by is not None else None
        if caller in calls.ENDED:
            calls.ended(unit, call, status=caller, now=now, rules=desk.rules)
        if taker is not None and colleague in legs.ENDED:
            legs.report(unit, taker.id, sid=colleague_sid, status=colleague, now=now)
        if taker is not None and taker.ended_at is not None:  # its report may have come while we asked
            ringing.reported(unit, call, row, taker, connected=False, now=now)
        ringing.unmet(unit, call, row, rules=desk.rules, now=now)
        still = row.state == RingState.TAKEN and row.bridged_at is None and call.ended_at is None
        if still and _connected(call):
            ringing.together(unit, call, row, now=now)
        elif still:  # not even connected: the caller's own turn did not come either
            work.plan_again(unit, WorkKind.MOVE_CALLER, row.id, now=now, due_at=now)
            work.retry(unit, held, now=now, error="the caller is still on hold", after=ASK_AGAIN, counted=False)
            return
        work.finish(unit, held, now=now)


def _status(desk: Helpline, sid: str) -> str:
    try:
        return desk.carrier.call(sid).status
    except NotThere:
        return "failed"


def move_caller(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of MOVE_CALLER work: a caller on hold, or alone in a room, comes to the next turn now. Whichever asks
    for that turn first, this or the end of the sounds, is answered, and the other gets the same answer."""
    with desk.database.reading() as session:
        row = session.get_one(RingRow, held.ref)
        call = session.get_one(Call, row.call_id)
        waiting = Session.from_dict(call.session or {}).waiting
        # Not heard of for long, the caller is in the voicemail of a desk without database: only a person is worth a move.
        heard = desk.now() - call.updated_at < LONGEST_HOLD or row.state == RingState.TAKEN
        on_hold = waiting is Waiting.RINGING and row.state != RingState.RINGING and heard
        alone = waiting is Waiting.TALKING and row.state == RingState.OVER
        last = rings.is_last(session, row)  # whoever listened since an earlier one says nothing of who talks by now
    if call.ended_at is None and last and (on_hold or alone):
        following = max((int(turn) for turn in call.turns or {}), default=0) + 1
        _redirect(desk, call.sid, f"{desk.settings.public_url}/twilio/voice/{following}")
    with desk.database.unit() as unit:
        work.finish(unit, held, now=desk.now())


def move_colleague(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of MOVE_COLLEAGUE work: whoever took the call hears that the caller has hung up. Nothing else takes them
    out of the silent room, so it is tried until it is done or they have hung up."""
    with desk.database.reading() as session:
        leg = session.get_one(Leg, held.ref)
    if leg.state == LegState.ACCEPTED and leg.ended_at is None and leg.sid is not None:
        following = max((int(turn) for turn in leg.turns or {}), default=0) + 1
        if not _redirect(desk, leg.sid, calling.leg_url(desk, leg.id, following)):
            with desk.database.unit() as unit:
                why = "the carrier did not move the call"
                work.retry(unit, held, now=desk.now(), error=why, after=ASK_AGAIN, counted=False)
            return
    with desk.database.unit() as unit:
        work.finish(unit, held, now=desk.now())


def _redirect(desk: Helpline, sid: str, url: str) -> bool:
    """False when the carrier did not do it. For a caller it is not tried again: their next turn comes anyway, and by then
    this one would be wrong."""
    try:
        desk.carrier.redirect_call(sid, url)
    except NotThere:
        log.info("the call is over already", call=sid)
    except CarrierError as error:
        log.warning("a call could not be moved on", call=sid, error=str(error))
        return False
    return True
