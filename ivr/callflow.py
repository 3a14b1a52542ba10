"""One step of a call: the carrier's request in, the engine's answer out, the record of it in between."""

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.orm import Session as Unit

from flows import engine
from flows.engine import (
    Caller,
    Digits,
    HungUp,
    Known,
    NotTaken,
    Recorded,
    Session,
    Silence,
    StillRinging,
    Taken,
    Talked,
    Transferred,
    Waiting,
)
from flows.instructions import Effect
from ivr import effects, ringflow
from ivr.forms import CallForm, RecordingForm
from ivr.twiml import RECORDING_PATH, Addresses, render
from ivr.wiring import Helpline
from tickets import calls, outages, recordings, work
from tickets.in_line import in_line
from tickets.models import Call
from tickets.states import WorkKind

log = structlog.get_logger(__name__)


def _caller(form: CallForm) -> calls.Caller:
    return calls.Caller(form.from_raw, form.from_number, form.to_number)


def answer(desk: Helpline, form: CallForm, turn: int) -> str:
    """The TwiML for this turn of the call; the same turn again gets the same TwiML, and nothing happens twice. A call goes to
    its end by the flow files that it began with, whichever process answers."""
    now = desk.now()
    if turn == 0:
        caller = _who_calls(desk, form.from_number)
        known = _known(desk, caller, now=now)
        first, instructions = desk.answers.begin(caller, now=now, known=known)
        row = calls.new_row(form.sid, _caller(form), client=caller.client, now=now)
        quiet = not any(isinstance(instruction, Effect) for instruction in instructions)
        if quiet and desk.database.insert_alone(
            Call, **{**row, **first.values({}, 0), "in_voicemail": first.in_voicemail}
        ):
            return first.twiml
    with desk.database.unit() as unit:
        call = calls.find_or_open(unit, form.sid, _caller(form), now=now, rules=desk.rules)
        before = calls.stored_turn(call, turn)
        if before is not None:
            return before
        desk = desk.with_version(call.flow_version, unit)
        heard, result = _next(unit, desk, call, form, now=now)
        if call.ended_at is not None:
            in_line(unit)
        effects.carry_out(unit, desk, call, result, now=now)
        following = desk.answers.of(heard, ringflow.ring(unit, desk, call, result), turn=turn)
        calls.store_turn(call, turn, following, now=now)
        if call.ended_at is not None:  # the status callback has overtaken this step
            unit.flush()
            calls.settle(unit, call, now=now, rules=desk.rules)
        return following.twiml


def _next(unit: Unit, desk: Helpline, call: Call, form: CallForm, *, now: datetime) -> tuple[str, engine.Turn]:
    """What was heard, and what the engine makes of it."""
    flow, caller = desk.flows.helpdesk, effects.caller_of(unit, desk, call)
    if call.session is None:
        return "call", engine.begin(flow, caller=caller, now=now, known=_announced(unit, desk, caller, now=now))
    session = Session.from_dict(call.session)
    event = ringflow.event_of(unit, desk, call, session, form) or _event(session, form)
    result = engine.advance(flow, session, event, caller=caller, now=now)
    ringflow.left_the_hold(unit, desk, call, session, result)
    _note_recording(unit, desk, call, session=session, form=form, now=now)
    if event == Transferred(answered=True):
        calls.transferred(unit, call, now=now, rules=desk.rules)
    return _heard(event), result


def _who_calls(desk: Helpline, number: str | None) -> Caller:
    """Who calls. Whether they may be texted is looked up only where it matters for what they hear first."""
    caller = desk.flows.caller(number)
    if not desk.answers.texts_matter:
        return caller
    with desk.database.reading() as session:
        return replace(caller, texts=effects.may_text(session, number, rules=desk.rules))


def _known(desk: Helpline, caller: Caller, *, now: datetime) -> Known | None:
    """What this client's callers are told of an outage. Who is no known client's caller hears nothing, and costs nothing."""
    if caller.client is None:
        return None
    with desk.database.reading() as session:
        return _announced(session, desk, caller, now=now)


def _announced(session: Unit, desk: Helpline, caller: Caller, *, now: datetime) -> Known | None:
    found = outages.heard_by(session, caller.number, caller.client, rules=desk.rules, now=now)
    return Known(found.words, found.tell) if found is not None else None


def _event(session: Session, form: CallForm) -> engine.Event:
    if session.waiting is Waiting.RECORDING or form.recording_sid is not None:
        return Recorded(form.recording_seconds, form.digits)
    if session.waiting is Waiting.TRANSFERRED:
        answered = form.dial_status in ("completed", "answered")
        # Who hangs up while it rings is asked for once more; who talked has talked, whoever hung up.
        return HungUp() if form.status in calls.ENDED and not answered else Transferred(answered)
    return Digits(form.digits) if form.digits else Silence()


def _heard(event: engine.Event) -> str:
    match event:
        case Digits(keys=keys):
            return f"keys {keys}"
        case Recorded(seconds=seconds):
            return f"recording {seconds}" if seconds else "recording"
        case StillRinging():
            return "still ringing"
        case Taken():
            return "taken"
        case NotTaken():
            return "not taken"
        case HungUp():
            return "gone"
        case Talked(seconds=seconds):
            return "nobody in the room" if seconds is None else f"talked {seconds}"
        case Transferred(answered=answered):
            return "transferred" if answered else "nobody at the other number"
        case _:
            return "silence"


def _note_recording(unit: Unit, desk: Helpline, call: Call, *, session: Session, form: CallForm, now: datetime) -> None:
    """The action request is the first that many calls tell us of their recording. It is taken for a recording only
    where one was asked for, and one without length may still turn out to be absent: its own events decide that."""
    if session.waiting is Waiting.RECORDING and form.recording_sid and form.recording_seconds:
        recordings.ended(unit, call, form.recording_sid, seconds=form.recording_seconds, now=now, rules=desk.rules)


def recording_event(desk: Helpline, form: RecordingForm) -> None:
    """An event of a recording, in any order and number."""
    now = desk.now()
    with desk.database.unit() as unit:
        call = calls.find_or_open(unit, form.call_sid, now=now, rules=desk.rules)
        take_recording(unit, desk, call, form, now=now)
        if not call.from_raw:  # no request about the call itself got through: the page should say whom to call back
            work.plan_again(unit, WorkKind.LOOK_UP_CALL, call.id, now=now, due_at=now)


def take_recording(unit: Unit, desk: Helpline, call: Call, form: RecordingForm, *, now: datetime) -> None:
    """What the carrier says of a recording, told by it or found by asking."""
    match form.status:
        case "completed" if form.seconds != 0:
            recordings.completed(unit, call, form.sid, seconds=form.seconds, now=now, rules=desk.rules)
        case "failed":
            recordings.failed(unit, call, form.sid, reason=_reason(form), now=now, rules=desk.rules)
        case "completed" | "absent" | "deleted":
            recordings.absent(unit, call, form.sid, reason=_reason(form), now=now, rules=desk.rules)
        case _:
            recordings.began(unit, call, form.sid, now=now)


def _reason(form: RecordingForm) -> str:
    known = {"16101": "too short", "16102": "silent", "16105": "the carrier could not encrypt the recording"}
    return known.get(form.error_code or "", form.status if form.status != "completed" else "of no length")


def status_event(desk: Helpline, form: CallForm) -> None:
    """The call's own status. A call that we never answered gets its record here."""
    now = desk.now()
    with desk.database.unit() as unit:
        call = calls.find_or_open(unit, form.sid, _caller(form), now=now, rules=desk.rules)
        if form.status in calls.ENDED:
            calls.ended(unit, call, status=form.status, now=now, rules=desk.rules)


#: Where the carrier goes after the built-in voicemail: not a turn, because nothing is known of the call. The number in the
#: address counts how often the caller was asked.
WITHOUT_DATABASE = "/twilio/voice/without-database"


def without_database(desk: Helpline, form: CallForm, asked: int) -> str:
    """What a caller hears while our database does not answer: the built-in voicemail, once more after silence, then thanks
    or goodbye, and the end. Nothing is read or written. The message is found at the carrier later (ivr.lookups)."""
    flow = engine.voicemail_only(desk.flows.helpdesk.desk)
    caller, now = Caller(None, None), desk.now()
    result = engine.begin(flow, caller=caller, now=now)
    event = Recorded(form.recording_seconds, form.digits)
    for _ in range(1 if form.recording_seconds else asked):
        result = engine.advance(flow, result.session, event, caller=caller, now=now)
    public_url = desk.settings.public_url
    return render(
        result.instructions, Addresses(f"{public_url}{WITHOUT_DATABASE}/{asked + 1}", public_url + RECORDING_PATH)
    )
