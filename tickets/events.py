"""The story of a ticket or call, one line each."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tickets.models import Event


def note(
    session: Session, *, kind: str, text: str, now: datetime, ticket_id: int | None = None, call_id: int | None = None
) -> None:
    """Append a line for people; `kind` is a word to filter by. Lines without ticket and call are not kept."""
    if ticket_id is not None or call_id is not None:
        session.add(Event(ticket_id=ticket_id, call_id=call_id, at=now, kind=kind, text=text[:500]))


def noted(session: Session, ticket_id: int, text: str) -> bool:
    """Whether a ticket's story has this line already."""
    known = select(Event.id).where(Event.ticket_id == ticket_id, Event.text == text)
    return session.scalars(known.limit(1)).first() is not None


def adopt(session: Session, *, call_id: int, ticket_id: int) -> None:
    """What happened in a call before its ticket was opened is part of the ticket's story."""
    session.execute(
        update(Event).where(Event.call_id == call_id, Event.ticket_id.is_(None)).values(ticket_id=ticket_id)
    )
