"""Voicemails: every event of a recording in any order and number, our own copy of the sound, its words, and its page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import calls, desk, paging, work
from tickets.db import insert_once
from tickets.events import note
from tickets.models import Call, Recording, Ticket
from tickets.rules import Rules
from tickets.states import CallOutcome, Channel, MediaState, Purpose, RecordingState, TranscriptState, WorkKind

#: When only the `action` request told us of a recording, its own callback usually follows at once: fetch after this.
ACTION_GRACE = timedelta(seconds=2)


#: A timer is noticed by the next sweep, up to a second late: the page is due so much earlier.
SWEEP = timedelta(seconds=1)


@dataclass(frozen=True)
class Heard:
    """What the transcriber found. `state` is final; `text` is empty unless done; `problem` says why it failed."""

    state: TranscriptState
    text: str = ""
    language: str | None = None
    confidence: float | None = None
    callback_number: str | None = None
    segments: tuple[dict[str, Any], ...] = ()
    client: str | None = None
    subject: str | None = None
    problem: str | None = None


def recordings_of(session: Session, ticket: Ticket) -> list[Recording]:
    """The recordings of a ticket's calls, the oldest first."""
    rows = select(Recording).join(Call, Recording.call_id == Call.id).where(Call.ticket_id == ticket.id)
    return list(session.scalars(rows.order_by(Recording.id)))


def lock(session: Session, recording_id: int) -> tuple[Call, Recording]:
    """A recording and its call, both locked, the call first."""
    call_id = session.scalars(select(Recording.call_id).where(Recording.id == recording_id)).one()
    call = session.get_one(Call, call_id, with_for_update=True)
    return call, session.get_one(Recording, recording_id, with_for_update=True)


def sound_of(session: Session, recording_id: int) -> tuple[str | None, str | None]:
    """The blob of a recording, None while we do not hold it, and the client that its caller is known as."""
    row = (
        select(Recording.blob, Call.client).join(Call, Recording.call_id == Call.id).where(Recording.id == recording_id)
    )
    blob, client = session.execute(row).one()
    return blob, client


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
    return session.scalars(select(Recording).where(Recording.sid == sid).with_for_update()).one()


def began(session: Session, call: Call, sid: str, *, now: datetime) -> None:
    """The carrier records: the caller is in the voicemail."""
    _find_or_add(session, call, sid, now=now)
    call.in_voicemail = True


def completed(
    session: Session, call: Call, sid: str, *, seconds: int | None, now: datetime, rules: Rules, sure: bool = True
) -> None:
    """The recording is over and has sound: fetch it, and page in time with its words or without.

    `sure` is False for the `action` request, which comes before the file exists and whose length is not final."""
    recording = _find_or_add(session, call, sid, now=now)
    if recording.state in (RecordingState.ABSENT, RecordingState.FAILED):
        return
    if seconds is not None and (sure or recording.seconds is None):
        recording.seconds = seconds
    if recording.state == RecordingState.IN_PROGRESS:
        recording.state, recording.ended_at = RecordingState.COMPLETED, now
        call.in_voicemail, call.outcome = True, CallOutcome.VOICEMAIL
        note(
            session,
            call_id=call.id,
            ticket_id=call.ticket_id,
            kind="voicemail",
            now=now,
            text="The caller left a message",
        )
        work.plan(
            session, WorkKind.PAGE_DEADLINE, recording.id, now=now, due_at=now + rules.wait_for_transcript - SWEEP
        )
        work.cancel(session, WorkKind.LOOK_UP_CALL, call.id, now=now)
    if recording.media == MediaState.PENDING:
        due = now if sure else now + ACTION_GRACE
        work.plan(session, WorkKind.FETCH_RECORDING, recording.id, now=now, due_at=due)


def absent(session: Session, call: Call, sid: str, *, reason: str, now: datetime, rules: Rules) -> None:
    """There is no sound: too short, silent, or failed at the carrier. It is a recorded outcome like any other."""
    recording = _find_or_add(session, call, sid, now=now)
    if recording.state != RecordingState.IN_PROGRESS:
        return
    recording.state, recording.ended_at = RecordingState.ABSENT, now
    recording.media, recording.transcript, recording.problem = MediaState.NONE, TranscriptState.SILENT, reason[:300]
    recording.seconds = recording.seconds or 0
    note(session, call_id=call.id, ticket_id=call.ticket_id, kind="voicemail", now=now, text=f"No message: {reason}")
    session.flush()
    calls.settle(session, call, now=now, rules=rules)
    if call.ended_at is None:  # should the last status of the call never come, its end is found by asking
        work.plan(session, WorkKind.LOOK_UP_CALL, call.id, now=now, due_at=now + calls.LOOK_UP_AFTER)


def stored(
    session: Session, recording_id: int, *, blob: str, content_type: str | None, now: datetime, rules: Rules
) -> None:
    """We hold the sound ourselves: on to its words."""
    _, recording = lock(session, recording_id)
    recording.media, recording.blob, recording.content_type = MediaState.STORED, blob, content_type
    work.plan(session, WorkKind.TRANSCRIBE, recording.id, now=now)
    if rules.delete_at_carrier:
        work.plan(session, WorkKind.DELETE_RECORDING, recording.id, now=now)


def lost(session: Session, recording_id: int, *, media: MediaState, reason: str, now: datetime, rules: Rules) -> None:
    """The sound could not be had after all attempts, or was refused: the client still gets a ticket and a page."""
    _, recording = lock(session, recording_id)
    recording.media, recording.problem = media, reason[:300]
    transcribed(session, recording_id, Heard(TranscriptState.FAILED, problem=reason), now=now, rules=rules)


def transcribed(session: Session, recording_id: int, heard: Heard, *, now: datetime, rules: Rules) -> int | None:
    """The words are there, or it is certain that they will not be: ticket, and page or second text.

    The first result stands; a second one changes nothing. Returns the ticket's number, None when there is no ticket."""
    call, recording = lock(session, recording_id)
    if recording.transcript != TranscriptState.PENDING:
        return _number(session, call)
    recording.transcript, recording.transcribed_at = heard.state, now
    recording.text, recording.language, recording.confidence = heard.text or None, heard.language, heard.confidence
    recording.callback_number, recording.segments = heard.callback_number, list(heard.segments)
    recording.problem = recording.problem or (heard.problem[:300] if heard.problem else None)
    session.flush()
    if heard.state is TranscriptState.SILENT:
        _silent(session, recording, call, now=now, rules=rules)
        return _number(session, call)
    if heard.state is TranscriptState.FAILED:
        note(
            session,
            call_id=call.id,
            ticket_id=call.ticket_id,
            kind="problem",
            now=now,
            text=f"No transcript: {heard.problem}",
        )
    ticket = _voicemail_ticket(session, call, now=now)
    if heard.state is TranscriptState.DONE:
        ticket.client = ticket.client or heard.client
        if heard.subject:
            ticket.subject = (f"{call.choice}: {heard.subject}" if call.choice else heard.subject)[:300]
        note(session, call_id=call.id, ticket_id=ticket.id, kind="transcript", now=now, text="The words are there")
    occasion = f"re{recording.id}"
    paged = work.is_over(session, WorkKind.PAGE_DEADLINE, recording.id)
    purpose = Purpose.WORDS if paged else Purpose.PAGE
    desk.page(session, ticket, purpose, _facts(recording, call, ticket, rules), about=occasion, rules=rules, now=now)
    work.cancel(session, WorkKind.PAGE_DEADLINE, recording.id, now=now)
    return ticket.number


def _number(session: Session, call: Call) -> int | None:
    ticket = calls.ticket_of(session, call)
    return ticket.number if ticket else None


def deadline(session: Session, held: work.Claim, *, now: datetime, rules: Rules) -> None:
    """The words are late: the page goes out without them."""
    call, recording = lock(session, held.ref)
    if recording.transcript == TranscriptState.PENDING:
        ticket = _voicemail_ticket(session, call, now=now)
        facts = _facts(recording, call, ticket, rules)
        desk.page(session, ticket, Purpose.PAGE, facts, about=f"re{recording.id}", rules=rules, now=now)
    work.finish(session, held, now=now)


def _voicemail_ticket(session: Session, call: Call, *, now: datetime) -> Ticket:
    ticket = calls.ensure_ticket(session, call, now=now)
    if ticket.channel == Channel.CALL:
        ticket.channel = Channel.VOICEMAIL
    ticket.updated_at = now
    return ticket


def _silent(session: Session, recording: Recording, call: Call, *, now: datetime, rules: Rules) -> None:
    """A recording without words is no message: what remains is the choice, if there was one."""
    note(
        session,
        call_id=call.id,
        ticket_id=call.ticket_id,
        kind="transcript",
        now=now,
        text="The recording has no words",
    )
    ticket = calls.ticket_of(session, call)
    if ticket is not None and ticket.paged_at is not None:
        facts = _facts(recording, call, ticket, rules)
        desk.page(session, ticket, Purpose.WORDS, facts, about=f"re{recording.id}", rules=rules, now=now)
    elif call.ended_at is None:
        work.plan_again(session, WorkKind.LOOK_UP_CALL, call.id, now=now, due_at=now + ACTION_GRACE)
    else:
        calls.settle(session, call, now=now, rules=rules)
    work.cancel(session, WorkKind.PAGE_DEADLINE, recording.id, now=now)


def _facts(recording: Recording, call: Call, ticket: Ticket, rules: Rules) -> paging.Facts:
    playable = recording.media in (MediaState.PENDING, MediaState.STORED)
    return paging.Facts(
        number=ticket.number,
        client=ticket.client,
        caller=ticket.from_number,
        callback=recording.callback_number,
        about=call.choice,
        words=recording.text,
        seconds=recording.seconds,
        link=rules.listen_link(recording.sid) if playable else None,
        waiting=recording.transcript == TranscriptState.PENDING,
    )
