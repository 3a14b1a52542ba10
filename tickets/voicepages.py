"""Pages that are spoken: a row like that of a text, and a call of ours that speaks it. The call's end becomes the page's."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import legs
from tickets.db import insert_once
from tickets.in_line import in_line
from tickets.models import Leg, Message, Ticket
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.sms import to_gsm
from tickets.states import Direction, LegPurpose, LegState, MessageState, Purpose, TicketState


def write(
    session: Session, ticket: Ticket, person: Person, *, key: str, body: str, rules: Rules, now: datetime
) -> bool:
    """Plan to call a person about a ticket, once for the key. True when it is new. `body` is what the page says until it
    is picked up; then it is what was spoken."""
    if person.number == rules.desk_number:  # the desk would take its own call for a client's
        return False
    new = insert_once(
        session,
        Message,
        key=key,
        direction=Direction.OUT,
        purpose=Purpose.PAGE,
        state=MessageState.PENDING,
        by="voice",
        person=person.name,
        from_number=rules.desk_number,
        to_number=person.number,
        body=to_gsm(body),
        created_at=now,
        updated_at=now,
        ticket_id=ticket.id,
    )
    if new:
        page = session.scalars(select(Message.id).where(Message.key == key)).one()
        legs.write(
            session,
            key=key,
            purpose=LegPurpose.PAGE,
            person=person.name,
            number=person.number,
            message_id=page,
            ticket_id=ticket.id,
            now=now,
        )
    return new


def wanted(session: Session, leg: Leg) -> bool:
    """Whether a person may still be called about a ticket: nobody owns it. Locks the ticket, as the gate of texts does."""
    found = select(Ticket.state).where(Ticket.id == leg.ticket_id).with_for_update(read=True)
    return session.scalars(found).one() == TicketState.OPEN


def lock_ticket(session: Session, leg: Leg) -> Ticket:
    """The ticket that a call is about, locked before the call, as those do who claim it."""
    in_line(session)
    found = select(Ticket).where(Ticket.id == leg.ticket_id).with_for_update(key_share=True)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def is_calling(session: Session, ticket: Ticket, person: Person) -> bool:
    """Whether a call about this ticket is on its way to this person, or going on."""
    under_way = (LegState.PENDING, LegState.CALLING, LegState.RINGING, LegState.PICKED_UP)
    mine = (Leg.ticket_id == ticket.id, Leg.purpose == LegPurpose.PAGE, Leg.number == person.number)
    return session.scalars(select(Leg.id).where(*mine, Leg.state.in_(under_way)).limit(1)).first() is not None


def stop(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """Somebody has the ticket: calls about it are not placed any more, and phones stop ringing. Whoever has picked up
    already hears who has it."""
    ringing = (LegState.PENDING, LegState.CALLING, LegState.RINGING)
    rows = select(Leg).where(Leg.ticket_id == ticket.id, Leg.purpose == LegPurpose.PAGE, Leg.state.in_(ringing))
    for leg in session.scalars(rows.order_by(Leg.id).with_for_update().execution_options(populate_existing=True)):
        legs.cancel(session, leg, now=now)
