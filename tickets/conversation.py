"""A client's texts: one ticket, one first reply, pages while nobody owns it, then its owner."""

from datetime import timedelta

from sqlalchemy import func, select

from tickets import consent, desk, paging
from tickets.arrival import Arrival
from tickets.consent import ConsentKind
from tickets.events import note
from tickets.models import ConsentEvent, Message, Ticket
from tickets.rules import Wording
from tickets.states import Channel, Purpose, TicketState

#: What a client adds reaches each person so often in an hour; a flood is in the ticket, not on the phones.
FOLLOW_UPS = 5


def take(arrival: Arrival, *, unclear: bool) -> None:
    """A text of a client joins the client's ticket or opens one. `unclear`: it may be an opt-out, a person decides."""
    ticket = arrival.current_ticket()
    first = ticket is None
    if ticket is None:
        ticket = _open(arrival)
    arrival.attach(ticket)
    ticket.updated_at = arrival.now
    _note(arrival, ticket, "text", "The client sent a text")
    if unclear:
        _note(arrival, ticket, "consent", "The client may want no more texts: please read and decide")
    if _opts_in(arrival) or first:
        body = arrival.rules.wording(Wording.FIRST_REPLY, ticket.number)
        arrival.reply(body, key=f"receipt:{ticket.number}", purpose=Purpose.RECEIPT, ticket=ticket)
    _tell_team(arrival, ticket, first=first)


def _note(arrival: Arrival, ticket: Ticket, kind: str, text: str) -> None:
    note(arrival.session, ticket_id=ticket.id, kind=kind, now=arrival.now, text=text)


def _open(arrival: Arrival) -> Ticket:
    words = " ".join(arrival.text.body.split())
    return desk.open_ticket(
        arrival.session,
        channel=Channel.TEXT,
        from_number=None if arrival.withheld else arrival.number,
        client=arrival.rules.client_of(arrival.number),
        subject=words or ("Picture" if arrival.text.media else "Empty text"),
        now=arrival.now,
    )


def _opts_in(arrival: Arrival) -> bool:
    """The first text of a number is its consent, shown the notice by the first reply. True when this one is it."""
    if arrival.withheld:
        return False
    seen = select(ConsentEvent.id).where(ConsentEvent.number == arrival.number).limit(1)
    if arrival.session.scalars(seen).first() is not None:
        return False
    consent.record(
        arrival.session,
        arrival.number,
        ConsentKind.OPT_IN,
        source="first text",
        evidence=arrival.text.sid,
        words=arrival.text.body,
        now=arrival.now,
    )
    return True


def _tell_team(arrival: Arrival, ticket: Ticket, *, first: bool) -> None:
    words = arrival.text.body.strip() or ("(a picture)" if arrival.text.media else "(an empty text)")
    facts = paging.Facts(number=ticket.number, client=ticket.client, caller=ticket.from_number, words=words)
    if ticket.state == TicketState.OPEN:
        purpose = Purpose.PAGE if first else Purpose.WORDS
        if first or _told(arrival, ticket, Purpose.WORDS) < FOLLOW_UPS * len(arrival.rules.team):
            about = f"text{arrival.message.id}"
            desk.page(arrival.session, ticket, purpose, facts, about=about, rules=arrival.rules, now=arrival.now)
        return
    owners = [person for person in arrival.rules.team if person.name == ticket.claimed_by]
    # An owner who is not in the team any more reads nothing: then it is everybody's.
    told = owners or arrival.rules.team
    if _told(arrival, ticket, Purpose.NOTICE) < FOLLOW_UPS * len(told):
        for person in told:
            key = f"followup:{arrival.text.sid}:{person.number}"
            arrival.tell(person, paging.words_to_owner(facts), key=key, ticket=ticket)


def _told(arrival: Arrival, ticket: Ticket, purpose: Purpose) -> int:
    texts = select(func.count()).where(
        Message.ticket_id == ticket.id,
        Message.purpose == purpose,
        Message.created_at > arrival.now - timedelta(hours=1),
    )
    return arrival.session.scalar(texts) or 0
