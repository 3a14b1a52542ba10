"""What is known of a ticket when it is put before people once more: the words of this opening, or that there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tickets.models import Call, Event, Media, Message, Recording, Ticket
from tickets.paging import Facts
from tickets.rules import Rules
from tickets.states import CallOutcome, MediaState, Purpose, RecordingState, TranscriptState


@dataclass(frozen=True)
class Known:
    """`purpose` is the kind of page that says it; `sound` the id of a recording that we hold; `language` that of the words."""

    facts: Facts
    purpose: Purpose
    sound: str | None
    language: str | None


def of(session: Session, ticket: Ticket, *, rules: Rules) -> Known:
    """The first words since the ticket was opened, or reopened with new ones."""
    session.flush()
    since = _reopened_at(session, ticket)
    recordings, texts = _recordings(session, ticket, since), _texts(session, ticket, since)
    if not recordings and not texts and since is not None:  # it was not its client who opened it again
        recordings, texts = _recordings(session, ticket, None), _texts(session, ticket, None)
    spoken = next((one for one in recordings if one.text), recordings[-1] if recordings else None)
    written = texts[0] if texts else None
    calls = list(session.scalars(select(Call).where(Call.ticket_id == ticket.id).order_by(Call.id.desc())))
    more = _of_calls(calls)
    if spoken is not None and (written is None or spoken.text):
        playable = spoken.media in (MediaState.PENDING, MediaState.STORED)
        more |= {
            "words": spoken.text,
            "callback": more["callback"] or spoken.callback_number,
            "seconds": spoken.seconds,
            "link": rules.listen_link(spoken.sid) if playable else None,
            "waiting": spoken.transcript == TranscriptState.PENDING,
        }
    elif written is not None:
        pictures = session.scalar(select(func.count()).where(Media.message_id == written.id)) or 0
        more |= {
            "words": written.body.strip() or ("(no words)" if pictures else "(an empty text)"),
            "pictures": pictures,
            "pictures_link": rules.pictures_link(written.id) if pictures else None,
        }
    elif not calls:  # a colleague opened it
        more["words"] = ticket.subject
    urgent = ticket.priority == "urgent"
    facts = Facts(number=ticket.number, client=ticket.client, caller=ticket.from_number, urgent=urgent, **more)
    held = next((one.sid for one in reversed(recordings) if one.media == MediaState.STORED and one.blob), None)
    left_nothing = bool(calls) and spoken is None and written is None
    purpose = Purpose.MISSED if left_nothing else Purpose.PAGE
    return Known(facts, purpose, held, spoken.language if spoken is not None and spoken.text else None)


def _of_calls(calls: Sequence[Call]) -> dict[str, Any]:
    """What callers chose and typed; the last one is the first of these."""
    return {
        "about": next((call.choice for call in calls if call.choice), None),
        "callback": next((call.callback_number for call in calls if call.callback_number), None),
        "call_back": any(call.wants_callback for call in calls),
        "transferred": bool(calls) and calls[0].outcome == CallOutcome.TRANSFERRED,
    }


def _reopened_at(session: Session, ticket: Ticket) -> datetime | None:
    found = select(Event.at).where(Event.ticket_id == ticket.id, Event.kind == "reopened").order_by(Event.id.desc())
    return session.scalars(found.limit(1)).first()


def _recordings(session: Session, ticket: Ticket, since: datetime | None) -> list[Recording]:
    """Those that are messages, the oldest first: not the empty ones."""
    rows = (
        select(Recording)
        .join(Call, Recording.call_id == Call.id)
        .where(
            Call.ticket_id == ticket.id,
            Recording.state != RecordingState.ABSENT,
            Recording.transcript != TranscriptState.SILENT,
        )
    )
    if since is not None:
        rows = rows.where(Recording.created_at >= since)
    return list(session.scalars(rows.order_by(Recording.id)))


def _texts(session: Session, ticket: Ticket, since: datetime | None) -> list[Message]:
    rows = select(Message).where(Message.ticket_id == ticket.id, Message.purpose == Purpose.CLIENT)
    if since is not None:
        rows = rows.where(Message.created_at >= since)
    return list(session.scalars(rows.order_by(Message.id)))
