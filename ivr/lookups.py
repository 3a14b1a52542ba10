"""Asking the carrier about calls and recordings whose events never came."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Unit

from ivr.callflow import take_recording
from ivr.carrier.base import CallInfo, CarrierError, NotThere, RecordingInfo
from ivr.forms import RecordingForm
from ivr.numbers import calling_number
from ivr.wiring import Helpline
from tickets import calls, inbox, marks, recordings, rings, work
from tickets.inbox import Taken
from tickets.models import Call, Recording
from tickets.states import RecordingState, WorkKind

log = structlog.get_logger(__name__)

#: A call that is still going on is asked about again after this.
STILL_TALKING = timedelta(minutes=1)
#: A recording that the carrier is still at work on is asked about again after this, and so many times.
STILL_PROCESSING, PATIENCE = timedelta(seconds=15), 20
#: When the carrier does not answer so many times, what is known decides: the team must hear of a missed call.
UNANSWERED = 4
#: Each comparison with the carrier goes so far behind the last one: lists of a carrier may lag behind its events.
OVERLAP = timedelta(minutes=10)
RECONCILED = "reconciled"


def look_up_call(desk: Helpline, held: work.Claim) -> None:
    """Do one piece of LOOK_UP_CALL work: whatever the carrier knows of the call and its recordings, is taken in."""
    with desk.database.reading() as session:
        sid = session.get_one(Call, held.ref).sid
    try:
        info: CallInfo | None = None
        try:
            info = desk.carrier.call(sid)
        except NotThere:
            log.warning("the carrier does not know this call", call=sid)
        found = desk.carrier.recordings_of(sid) if info else []
    except CarrierError as error:
        log.warning("the look-up of a call failed", call=sid, error=str(error))
        with desk.database.unit() as unit:
            if rings.talks(unit, held.ref):  # nothing is missed while they talk: ask until there is an answer
                work.retry(unit, held, now=desk.now(), error=str(error), after=STILL_TALKING, counted=False)
            elif held.attempts < UNANSWERED:
                work.retry(unit, held, now=desk.now(), error=str(error))
            else:
                _decide(unit, desk, held, None, [])
        return
    with desk.database.unit() as unit:
        _decide(unit, desk, held, info, found)


def _decide(unit: Unit, desk: Helpline, held: work.Claim, info: CallInfo | None, found: list[RecordingInfo]) -> None:
    now = desk.now()
    call = calls.lock_by_id(unit, held.ref)
    if info is not None:
        calls.find_or_open(unit, call.sid, _caller(info), now=now, rules=desk.rules)
    for one in found:
        take_recording(unit, desk, call, as_form(one), now=now)
    unit.flush()
    if info is not None and info.status not in calls.ENDED and call.ended_at is None:
        error = "the call is still going on"
        work.retry(unit, held, now=now, error=error, after=STILL_TALKING, counted=False)
        return
    open_end = list(
        unit.scalars(
            select(Recording).where(Recording.call_id == call.id, Recording.state == RecordingState.IN_PROGRESS)
        )
    )
    listed = {one.sid for one in found}
    if held.attempts < PATIENCE and any(recording.sid in listed for recording in open_end):
        work.retry(unit, held, now=now, error="the carrier is at work on the recording", after=STILL_PROCESSING)
        return
    for recording in open_end:
        recordings.absent(
            unit, call, recording.sid, reason="the carrier has no such recording", now=now, rules=desk.rules
        )
    if work.is_over(unit, WorkKind.LOOK_UP_CALL, call.id):
        return  # a recording was found: its own work goes on from here
    work.finish(unit, held, now=now)
    calls.looked_up(unit, call, status=info.status if info else "completed", now=now, rules=desk.rules)


def _caller(info: CallInfo) -> calls.Caller:
    return calls.Caller(info.from_raw, calling_number(info.from_raw, info.to_number), info.to_number)


def as_form(one: RecordingInfo) -> RecordingForm:
    """A recording found by asking is taken like one that was announced; "processing" and the like are under way."""
    return RecordingForm(one.sid, one.call_sid, one.status, one.seconds, None)


def reconcile(desk: Helpline) -> int:
    """Compare what the carrier has with what we have since the last time, and take in what we never heard of: messages
    and texts of clients while our web, database or network was away. Returns how many. Raises CarrierError; then the
    next comparison covers this one's time too. A new database begins OVERLAP ago."""
    began = desk.now()
    with desk.database.unit() as unit:
        since = marks.moment(unit, RECONCILED, default=began)
    since -= OVERLAP
    taken = _missed_recordings(desk, since) + _missed_texts(desk, since)
    with desk.database.unit() as unit:
        marks.set_moment(unit, RECONCILED, began)
    return taken


def _missed_recordings(desk: Helpline, since: datetime) -> int:
    found = [one for one in desk.carrier.recordings_since(since) if one.status == "completed"]
    with desk.database.reading() as session:
        ours = select(Recording.sid).where(Recording.sid.in_([one.sid for one in found]))
        known = set(session.scalars(ours.where(Recording.state == RecordingState.COMPLETED)))
    taken = 0
    for one in found:
        if one.sid in known:
            continue
        try:
            info = desk.carrier.call(one.call_sid)
        except NotThere:
            continue
        if info.to_number != desk.settings.twilio_number:
            continue  # the account may have other numbers, which are not ours to answer
        now = desk.now()
        with desk.database.unit() as unit:
            call = calls.find_or_open(unit, one.call_sid, _caller(info), now=now, rules=desk.rules)
            take_recording(unit, desk, call, as_form(one), now=now)
            if info.status in calls.ENDED:
                calls.ended(unit, call, status=info.status, now=now, rules=desk.rules)
        taken += 1
        log.warning("a message was found at the carrier that we never heard of", recording=one.sid, call=one.call_sid)
    return taken


def _missed_texts(desk: Helpline, since: datetime) -> int:
    taken = 0
    for text in desk.carrier.texts_since(since):
        with desk.database.unit() as unit:
            # One that we know may have lost its words at the carrier meanwhile; that is no second delivery.
            known = inbox.is_known(unit, text.sid)
            taken_in = not known and inbox.receive(unit, text, rules=desk.rules, now=desk.now()) is Taken.NEW
        if taken_in:
            taken += 1
            log.warning("a text was found at the carrier that we never heard of", message=text.sid)
    return taken
