"""Recordings: every event of one in any order and number, and our own copy of its sound.

The carrier's words for a recording only ever move up this line, so their order does not matter: in-progress, ended (the
caller is done, says the `action` request), absent or failed, completed. Sound that is there beats the word that there
is none."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import calls, work
from tickets.db import insert_once
from tickets.events import note
from tickets.models import Call, Recording
from tickets.rules import Rules
from tickets.states import CallOutcome, MediaState, RecordingState, TranscriptState, WorkKind
from tickets.voicemails import Heard, lock, no_words, transcribed

#: When only the `action` request told us of a recording, its own callback usually follows at once: fetch after this.
ACTION_GRACE = timedelta(seconds=2)

#: Nothing final is known of a recording in one of these.
OPEN = (RecordingState.IN_PROGRESS, RecordingState.ENDED)


def _find_or_add(session: Session, call: Call, sid: str, *, now: datetime) -> Recording:
    insert_once(
        session,
        Recording,
        sid=sid,
        call_id=call.id,
        state=RecordingState.IN_PROGRESS,
        created_at=now,
        media=MediaState.PENDING,
        transcript=TranscriptState.PENDING,
    )
    found = select(Recording).where(Recording.sid == sid).with_for_update().execution_options(populate_existing=True)
    return session.scalars(found).one()


def _note(session: Session, call: Call, text: str, *, now: datetime) -> None:
    note(session, call_id=call.id, ticket_id=call.ticket_id, kind="voicemail", now=now, text=text)


def began(session: Session, call: Call, sid: str, *, now: datetime) -> None:
    """The carrier records: the caller is in the voicemail. Heard after the call's end, its own end may be lost: ask."""
    recording = _find_or_add(session, call, sid, now=now)
    call.in_voicemail = True
    if call.ended_at is not None and recording.state in OPEN:
        work.plan_again(session, WorkKind.LOOK_UP_CALL, call.id, now=now, due_at=now + calls.LOOK_UP_AFTER)


def ended(session: Session, call: Call, sid: str, *, seconds: int, now: datetime, rules: Rules) -> None:
    """The `action` request: the caller is done. The file may not exist yet, the length is not final, and the recording
    may still turn out to be absent."""
    recording = _find_or_add(session, call, sid, now=now)
    if recording.state == RecordingState.IN_PROGRESS:
        recording.state, recording.seconds = RecordingState.ENDED, seconds
        _left(session, call, recording, now=now, rules=rules)
        work.plan(session, WorkKind.FETCH_RECORDING, recording.id, now=now, due_at=now + ACTION_GRACE)


def completed(session: Session, call: Call, sid: str, *, seconds: int | None, now: datetime, rules: Rules) -> None:
    """There is sound: fetch it, and page in time with its words or without."""
    recording = _find_or_add(session, call, sid, now=now)
    if recording.state == RecordingState.COMPLETED:
        return
    before = RecordingState(recording.state)
    recording.state, recording.seconds = RecordingState.COMPLETED, seconds if seconds is not None else recording.seconds
    if before not in OPEN or recording.media == MediaState.MISSING:  # we had given it up, or guessed wrong
        recording.media, recording.transcript, recording.problem = MediaState.PENDING, TranscriptState.PENDING, None
    if before is not RecordingState.ENDED:
        _left(session, call, recording, now=now, rules=rules)
    if recording.media == MediaState.PENDING:
        work.plan_again(session, WorkKind.FETCH_RECORDING, recording.id, now=now, due_at=now)


def _left(session: Session, call: Call, recording: Recording, *, now: datetime, rules: Rules) -> None:
    recording.ended_at = now
    call.in_voicemail, call.outcome = True, CallOutcome.VOICEMAIL
    _note(session, call, "The caller left a message", now=now)
    work.plan_again(session, WorkKind.PAGE_DEADLINE, recording.id, now=now, due_at=rules.page_due(now))
    calls.watch_end(session, call, now=now)


def absent(session: Session, call: Call, sid: str, *, reason: str, now: datetime, rules: Rules) -> None:
    """There is no sound: too short or silent. It is a recorded outcome like any other."""
    recording = _find_or_add(session, call, sid, now=now)
    if recording.state not in OPEN or recording.media != MediaState.PENDING:
        return
    _without_sound(session, recording, RecordingState.ABSENT, reason=reason, now=now)
    recording.transcript, recording.seconds = TranscriptState.SILENT, 0
    _note(session, call, f"No message: {reason}", now=now)
    no_words(session, recording, call, now=now, rules=rules)


def failed(session: Session, call: Call, sid: str, *, reason: str, now: datetime, rules: Rules) -> None:
    """The carrier could not keep what the caller said: words may be lost, so a person has to hear of it."""
    recording = _find_or_add(session, call, sid, now=now)
    if recording.state in OPEN and recording.media == MediaState.PENDING:
        _without_sound(session, recording, RecordingState.FAILED, reason=reason, now=now)
        call.outcome = CallOutcome.VOICEMAIL
        calls.watch_end(session, call, now=now)
        session.flush()
        transcribed(session, recording.id, Heard(TranscriptState.FAILED, problem=reason), now=now, rules=rules)


def _without_sound(
    session: Session, recording: Recording, state: RecordingState, *, reason: str, now: datetime
) -> None:
    recording.state, recording.media, recording.problem = state, MediaState.NONE, reason[:300]
    recording.ended_at = recording.ended_at or now
    work.cancel(session, WorkKind.FETCH_RECORDING, recording.id, now=now)


def stored(
    session: Session, recording_id: int, *, blob: str, content_type: str | None, now: datetime, rules: Rules
) -> None:
    """We hold the sound ourselves: on to its words."""
    _, recording = lock(session, recording_id)
    recording.media, recording.blob, recording.content_type = MediaState.STORED, blob, content_type
    work.plan_again(session, WorkKind.TRANSCRIBE, recording.id, now=now, due_at=now)
    if rules.delete_at_carrier:
        work.plan(session, WorkKind.DELETE_RECORDING, recording.id, now=now)


def lost(session: Session, recording_id: int, *, media: MediaState, reason: str, now: datetime, rules: Rules) -> None:
    """The sound could not be had after all attempts, or was refused: the client still gets a ticket and a page."""
    _, recording = lock(session, recording_id)
    recording.media, recording.problem = media, reason[:300]
    session.flush()
    transcribed(session, recording_id, Heard(TranscriptState.FAILED, problem=reason), now=now, rules=rules)
