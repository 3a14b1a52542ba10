"""What others may read of a ticket: the shape of the JSON API, from rows. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from tickets import consent, incident_views, rings
from tickets.arrival import can_receive
from tickets.models import Call, Event, Leg, Media, Message, Recording, Ring, Ticket
from tickets.outbox import NO_REPORT
from tickets.sniffing import UNKNOWN
from tickets.states import MessageState, Purpose


@dataclass(frozen=True)
class Cursor:
    """Where a page of the list ends: the last ticket shown."""

    opened_at: datetime
    number: int


def iso(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def find(session: Session, number: int, *, sender: str) -> dict[str, Any] | None:
    """One ticket, whole. `sender` is what we would text its client from."""
    ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one_or_none()
    return _whole(session, [ticket], sender)[0] if ticket else None


def newest(
    session: Session,
    *,
    sender: str,
    limit: int,
    state: str | None = None,
    since: datetime | None = None,
    after: Cursor | None = None,
) -> tuple[list[dict[str, Any]], Cursor | None]:
    """Tickets opened at or after `since`, the newest first, and where the next page begins (None at the end)."""
    rows = select(Ticket).order_by(Ticket.opened_at.desc(), Ticket.number.desc()).limit(limit + 1)
    if state is not None:
        rows = rows.where(Ticket.state == state)
    if since is not None:
        rows = rows.where(Ticket.opened_at >= since)
    if after is not None:
        same = and_(Ticket.opened_at == after.opened_at, Ticket.number < after.number)
        rows = rows.where(or_(Ticket.opened_at < after.opened_at, same))
    found = list(session.scalars(rows))
    shown = found[:limit]
    following = Cursor(shown[-1].opened_at, shown[-1].number) if len(found) > limit else None
    return _whole(session, shown, sender), following


def _whole(session: Session, tickets: Sequence[Ticket], sender: str) -> list[dict[str, Any]]:
    """A handful of queries for any number of tickets."""
    ids = [ticket.id for ticket in tickets]
    calls = list(session.scalars(select(Call).where(Call.ticket_id.in_(ids)).order_by(Call.id)))
    tickets_of = {call.id: call.ticket_id for call in calls}
    recordings = session.scalars(select(Recording).where(Recording.call_id.in_(tickets_of)).order_by(Recording.id))
    messages = list(session.scalars(select(Message).where(Message.ticket_id.in_(ids)).order_by(Message.id)))
    digests = {message.merged_into for message in messages if message.merged_into is not None}
    # What went out in one text with others is shown as it went out.
    said = {
        row.id: row.body for row in session.execute(select(Message.id, Message.body).where(Message.id.in_(digests)))
    }
    events = session.scalars(select(Event).where(Event.ticket_id.in_(ids)).order_by(Event.at, Event.id))
    rings = select(Ring).where(Ring.call_id.in_(tickets_of)).order_by(Ring.number)
    by_ring = _grouped(session.scalars(rings), _call_id)
    rung = select(Leg, Ring.call_id).join(Ring, Leg.ring_id == Ring.id).where(Ring.call_id.in_(tickets_of))
    by_leg = _grouped(session.execute(rung.order_by(Leg.id)), _call_id)
    by_call = _grouped(calls, lambda c: c.ticket_id)
    by_recording = _grouped(recordings, lambda r: tickets_of[r.call_id])
    came_with = select(Media).join(Message, Media.message_id == Message.id).where(Message.ticket_id.in_(ids))
    by_text = _grouped(session.scalars(came_with.order_by(Media.position)), lambda m: m.message_id)
    by_message, by_event = _grouped(messages, lambda m: m.ticket_id), _grouped(events, lambda e: e.ticket_id)
    together = incident_views.of(session, tickets)
    silent = consent.opted_out(session, [ticket.from_number for ticket in tickets if ticket.from_number], sender)
    return [
        {
            **_ticket(
                ticket,
                calls=[_call(call, by_ring[call.id], by_leg[call.id]) for call in by_call[ticket.id]],
                recordings=by_recording[ticket.id],
                messages=by_message[ticket.id],
                media=by_text,
                events=by_event[ticket.id],
                said=said,
            ),
            "texting": _texting(ticket, silent),
            "incident": _incident(together.get(ticket.id)),
        }
        for ticket in tickets
    ]


def _incident(known: dict[str, Any] | None) -> dict[str, Any] | None:
    if known is None or known["announced"] is None:
        return known
    said = known["announced"]
    announced = {"words": said["words"], "said_at": iso(said["said_at"]), "over_at": iso(said["over_at"])}
    return {**known, "announced": announced}


def _texting(ticket: Ticket, silent: dict[str, consent.Standing]) -> dict[str, Any]:
    """Whether the client can be texted, and why not; calling still works."""
    if not can_receive(ticket.from_number):
        return {"possible": False, "why": "the number is withheld or takes no texts", "since": None}
    standing = silent.get(ticket.from_number or "")
    if standing is None:
        return {"possible": True, "why": None, "since": None}
    return {"possible": False, "why": standing.why, "since": iso(standing.since)}


def _grouped(rows: Iterable[Any], key: Any) -> "defaultdict[int, list[Any]]":
    groups: defaultdict[int, list[Any]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _ticket(
    ticket: Ticket,
    *,
    calls: Sequence[dict[str, Any]],
    recordings: Sequence[Recording],
    messages: Sequence[Message],
    media: Mapping[int, Sequence[Media]],
    events: Sequence[Event],
    said: Mapping[int, str],
) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "state": ticket.state,
        "priority": ticket.priority,
        "channel": ticket.channel,
        "from_number": ticket.from_number,
        "client": ticket.client,
        "subject": ticket.subject,
        "opened_at": iso(ticket.opened_at),
        "claimed_by": ticket.claimed_by,
        "claimed_at": iso(ticket.claimed_at),
        "resolved_by": ticket.resolved_by,
        "resolved_at": iso(ticket.resolved_at),
        "calls": list(calls),
        "recordings": [_recording(recording) for recording in recordings],
        "messages": [_message(message, media.get(message.id, ())) for message in messages if _with_client(message)],
        "pages": [_page(message, said) for message in messages if _is_shown_page(message)],
        "events": [{"at": iso(event.at), "kind": event.kind, "text": event.text} for event in events],
    }


def _call_id(row: Any) -> int:
    return int(row.call_id)


def _call(call: Call, rung: Sequence[Ring], legs: Sequence[Any]) -> dict[str, Any]:
    talk = next((ring for ring in rung if ring.bridged_at is not None), None)
    return {
        "sid": call.sid,
        "outcome": call.outcome,
        "choice": call.choice,
        "callback_number": call.callback_number,
        "answered_by": call.answered_by,
        "answered_at": iso(talk.bridged_at) if talk else None,
        "talked_seconds": rings.seconds_of(talk) if talk else None,
        "rung": [{"person": leg.person, "outcome": leg.state} for leg, _ in legs],
        "started_at": iso(call.started_at),
        "ended_at": iso(call.ended_at),
    }


def _recording(recording: Recording) -> dict[str, Any]:
    return {
        "sid": recording.sid,
        "seconds": recording.seconds,
        "url": f"/api/v1/recordings/{recording.sid}" if recording.blob else None,
        "media": recording.media,
        "problem": recording.problem,
        "transcript": {
            "state": recording.transcript,
            "text": recording.text or "",
            "language": recording.language,
            "confidence": recording.confidence,
            "callback_number": recording.callback_number,
            "segments": recording.segments or [],
        },
    }


_CONVERSATION = (Purpose.CLIENT, Purpose.RECEIPT, Purpose.CONFIRM, Purpose.REPLY)


def _with_client(message: Message) -> bool:
    """The conversation with the client: neither pages nor anything else that goes to or comes from staff."""
    return message.person is None and Purpose(message.purpose) in _CONVERSATION


def _message(message: Message, media: Sequence[Media]) -> dict[str, Any]:
    return {
        "sid": message.sid,
        "direction": message.direction,
        "from": message.from_number,
        "to": message.to_number,
        "body": message.body,
        "media": [_media(one) for one in media],
        "state": message.state,
        "error": _error(message),
        "at": iso(message.created_at),
    }


def _media(one: Media) -> dict[str, Any]:
    return {
        "id": one.id,
        # What it is; until that is known, what it was announced as.
        "type": one.content_type or one.declared or UNKNOWN,
        "url": f"/api/v1/media/{one.id}",
        "thumbnail": f"/api/v1/media/{one.id}/thumbnail" if one.thumbnail else None,
        "state": one.state,
        "bytes": one.size,
        "problem": one.problem,
    }


def _is_shown_page(message: Message) -> bool:
    return Purpose(message.purpose).is_page and message.state != MessageState.WITHHELD


def _page(message: Message, said: Mapping[int, str]) -> dict[str, Any]:
    return {
        "person": message.person,
        "number": message.to_number,
        "by": message.by,
        # Without a report in time it counts as not delivered; a late one sets it right.
        "state": MessageState.FAILED if message.error == NO_REPORT else message.state,
        "error": _error(message),
        "body": message.body if message.merged_into is None else said[message.merged_into],
        "at": iso(message.created_at),
    }


def _error(message: Message) -> str | None:
    return f"{message.error_code}: {message.error}" if message.error_code else message.error
