"""What follows from a voicemail: its ticket, its page, and the words as a second text when they came late."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import calls, desk, paging, work
from tickets.events import note
from tickets.in_line import in_line
from tickets.models import Call, Recording, Ticket
from tickets.rules import Rules
from tickets.states import Channel, MediaState, Purpose, TranscriptState, WorkKind
from tickets.wishes import spoken_wish

#: When the call of a silent recording has not reported its end, the carrier is asked after this.
ASK_AFTER = timedelta(seconds=2)


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


def lock(session: Session, recording_id: int) -> tuple[Call, Recording]:
    """A recording and its call, both locked, the call first."""
    call_id = session.scalars(select(Recording.call_id).where(Recording.id == recording_id)).one()
    call = calls.lock_by_id(session, call_id)
    return call, session.get_one(Recording, recording_id, with_for_update=True)


def recordings_of(session: Session, ticket: Ticket) -> list[Recording]:
    """The recordings of a ticket's calls, the oldest first."""
    rows = select(Recording).join(Call, Recording.call_id == Call.id).where(Call.ticket_id == ticket.id)
    return list(session.scalars(rows.order_by(Recording.id)))


def sound_of(session: Session, recording_id: int) -> tuple[str | None, int | None, str | None]:
    """The blob of a recording, None while we do not hold it; its length in seconds, as the carrier said; and the client
    that its caller is known as."""
    row = select(Recording.blob, Recording.seconds, Call.client).join(Call, Recording.call_id == Call.id)
    blob, seconds, client = session.execute(row.where(Recording.id == recording_id)).one()
    return blob, seconds, client


def transcribed(session: Session, recording_id: int, heard: Heard, *, now: datetime, rules: Rules) -> int | None:
    """The words are there, or it is certain that they will not be: ticket, and page or second text.

    The first result stands; a second one changes nothing. Returns the ticket's number, None when there is no ticket."""
    call, recording = lock(session, recording_id)
    in_line(session)
    if recording.transcript != TranscriptState.PENDING:
        return _number(session, call)
    recording.transcript, recording.transcribed_at = heard.state, now
    recording.text, recording.language, recording.confidence = heard.text or None, heard.language, heard.confidence
    recording.callback_number, recording.segments = heard.callback_number, list(heard.segments)
    recording.problem = recording.problem or (heard.problem[:300] if heard.problem else None)
    session.flush()
    if heard.state is TranscriptState.SILENT:
        _note(session, call, "transcript", "The recording has no words", now=now)
        no_words(session, recording, call, now=now, rules=rules)
        return _number(session, call)
    if heard.state is TranscriptState.FAILED:
        _note(session, call, "problem", f"No transcript: {heard.problem}", now=now)
    ticket = _voicemail_ticket(session, call, now=now)
    if heard.state is TranscriptState.DONE:
        ticket.client = ticket.client or heard.client
        if heard.subject and not ticket.drill:
            ticket.subject = (f"{call.choice}: {heard.subject}" if call.choice else heard.subject)[:300]
        _note(
            session, call, "transcript", f"The words are there{f' ({heard.problem})' if heard.problem else ''}", now=now
        )
        if spoken_wish(heard.text) is not None:
            how = f"NOTEXTS {ticket.number} and a reason stops them"
            text = f"The caller may want no more texts: please listen and decide. {how}"
            _note(session, call, "consent", text, now=now)
    occasion = f"re{recording.id}"
    purpose = Purpose.PAGE
    if desk.was_told(session, ticket, Purpose.PAGE, about=occasion):
        purpose = Purpose.WORDS
        if desk.was_told(session, ticket, Purpose.WORDS, about=occasion):  # that there were none, which was wrong
            occasion = f"{occasion}:again"
    desk.page(session, ticket, purpose, _facts(recording, call, ticket, rules), about=occasion, rules=rules, now=now)
    work.cancel(session, WorkKind.PAGE_DEADLINE, recording.id, now=now)
    return ticket.number


def _note(session: Session, call: Call, kind: str, text: str, *, now: datetime) -> None:
    note(session, call_id=call.id, ticket_id=call.ticket_id, kind=kind, now=now, text=text)


def _number(session: Session, call: Call) -> int | None:
    ticket = calls.ticket_of(session, call)
    return ticket.number if ticket else None


def deadline(session: Session, held: work.Claim, *, now: datetime, rules: Rules) -> None:
    """The words are late: the page goes out without them. Or they came while the ticket had an owner, who is gone again."""
    call, recording = lock(session, held.ref)
    if recording.transcript != TranscriptState.SILENT:
        in_line(session)
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


def no_words(session: Session, recording: Recording, call: Call, *, now: datetime, rules: Rules) -> None:
    """A recording without words is no message: what remains is the choice, if there was one. `recording` says SILENT."""
    session.flush()
    ticket = calls.ticket_of(session, call)
    if ticket is not None and desk.was_told(
        session, ticket, Purpose.PAGE, about=f"re{recording.id}"
    ):  # it said "words follow"
        calls.no_message(call)
        facts = _facts(recording, call, ticket, rules)
        desk.page(session, ticket, Purpose.WORDS, facts, about=f"re{recording.id}", rules=rules, now=now)
    elif call.ended_at is None:
        work.plan_again(session, WorkKind.LOOK_UP_CALL, call.id, now=now, due_at=now + ASK_AFTER)
    else:
        calls.settle(session, call, now=now, rules=rules)
    work.cancel(session, WorkKind.PAGE_DEADLINE, recording.id, now=now)


def _facts(recording: Recording, call: Call, ticket: Ticket, rules: Rules) -> paging.Facts:
    playable = recording.media in (MediaState.PENDING, MediaState.STORED)
    return paging.Facts(
        number=ticket.number,
        client=ticket.client,
        caller=ticket.from_number,
        callback=call.callback_number or recording.callback_number,  # typed and read back, or what it sounded like
        about=call.choice,
        words=recording.text,
        seconds=recording.seconds,
        link=rules.listen_link(recording.sid) if playable else None,
        waiting=recording.transcript == TranscriptState.PENDING,
    )
