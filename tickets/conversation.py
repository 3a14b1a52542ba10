"""A client's texts: one ticket, one first reply, pages while nobody owns it, then its owner."""

from datetime import timedelta

from sqlalchemy import func, select

from tickets import consent, desk, paging
from tickets.arrival import Arrival, can_receive
from tickets.automatic import is_thanks
from tickets.consent import ConsentKind
from tickets.events import note
from tickets.in_line import in_line
from tickets.models import ConsentEvent, Message, Ticket
from tickets.oncall import Person
from tickets.rules import ORDINARY, TextRoute, Wording
from tickets.states import Channel, Purpose, TicketState

#: What a client adds reaches each person so often in an hour; a flood is in the ticket, not on the phones.
FOLLOW_UPS = 5


def take(arrival: Arrival, *, unclear: bool) -> None:
    """A text of a client joins the client's ticket, reopens or opens one. `unclear`: it may be an opt-out, a person decides."""
    in_line(arrival.session)
    ticket, first = arrival.current_ticket(), False
    if ticket is None and (resolved := arrival.resolved_ticket()) is not None:
        if is_thanks(arrival.text.body) and not arrival.text.media:
            _append(arrival, resolved, "The client sent a text; it asks for nothing")
            return
        ticket, first = resolved, True
        desk.reopen(arrival.session, ticket, now=arrival.now)
    opened, route = ticket is None, ORDINARY
    if ticket is None:
        route = arrival.rules.route(arrival.text.body, arrival.now)
        if route.priority is None and not unclear and not arrival.text.media:
            _answer_only(arrival, route)
            return
        ticket, first = _open(arrival, route), True
    _append(arrival, ticket, "The client sent a text")
    if unclear:
        text = f"The client may want no more texts: please read and decide. NOTEXTS {ticket.number} and a reason stops them"
        note(arrival.session, ticket_id=ticket.id, kind="consent", now=arrival.now, text=text)
    # Until a person has read an unclear text, nothing goes out by itself and nothing counts as consent.
    if not unclear:
        _answer(arrival, ticket, route if opened else None)
    _tell_team(arrival, ticket, first=first)


def _answer(arrival: Arrival, ticket: Ticket, route: TextRoute | None) -> None:
    """The answer to a text; `route` is that of one which opened its ticket. The notice goes out whatever a route says."""
    notice, reply = _opts_in(arrival), route.reply if route else None
    if notice or (route is not None and reply is None):
        arrival.answer(Wording.FIRST_REPLY, key=f"receipt:{ticket.number}", purpose=Purpose.RECEIPT, ticket=ticket)
    if reply is not None:
        body = reply.replace("{ticket}", str(ticket.number))
        arrival.reply(body, key=f"route:{ticket.number}", purpose=Purpose.RECEIPT, ticket=ticket)
    elif not notice and route is None:
        key = f"followup:{arrival.text.sid}"
        arrival.answer(Wording.FOLLOW_UP, key=key, purpose=Purpose.RECEIPT, ticket=ticket)


def file(arrival: Arrival) -> None:
    """An automatic reply is kept with the ticket it belongs to, if any. It wakes nobody and is never answered."""
    ticket = arrival.current_ticket() or arrival.resolved_ticket()
    if ticket is not None:
        _append(arrival, ticket, "An automatic reply came; nobody was told", touch=False)


def _append(arrival: Arrival, ticket: Ticket, text: str, *, touch: bool = True) -> None:
    arrival.attach(ticket)
    if touch:
        ticket.updated_at = arrival.now
    note(arrival.session, ticket_id=ticket.id, kind="text", now=arrival.now, text=text)


def _answer_only(arrival: Arrival, route: TextRoute) -> None:
    """A text that is answered and opens no ticket. A number that has never written gets the notice first."""
    if _opts_in(arrival):
        key = f"notice:{arrival.text.sid}"
        arrival.answer(Wording.HELP, key=key, purpose=Purpose.RECEIPT)
    if route.reply is not None:
        arrival.reply(route.reply, key=f"route:{arrival.text.sid}", purpose=Purpose.RECEIPT)


def _open(arrival: Arrival, route: TextRoute) -> Ticket:
    words = " ".join(arrival.text.body.split())
    return desk.open_ticket(
        arrival.session,
        channel=Channel.TEXT,
        from_number=None if arrival.withheld else arrival.number,
        client=arrival.rules.client_of(arrival.number),
        subject=route.subject or words or ("Picture" if arrival.text.media else "Empty text"),
        priority=route.priority or "urgent",
        now=arrival.now,
    )


def _opts_in(arrival: Arrival) -> bool:
    """The first text of a number is its consent, shown the notice by the first reply. True when this one is it."""
    if arrival.withheld:
        return False
    seen = select(ConsentEvent.id).where(ConsentEvent.number == arrival.number).limit(1)
    if not can_receive(arrival.number) or arrival.session.scalars(seen).first() is not None:
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
    pictures = len(arrival.text.media)
    facts = paging.Facts(
        number=ticket.number,
        client=ticket.client,
        caller=ticket.from_number,
        words=arrival.text.body.strip() or ("(no words)" if pictures else "(an empty text)"),
        pictures=pictures,
        pictures_link=arrival.rules.pictures_link(arrival.message.id) if pictures else None,
    )
    if ticket.state == TicketState.OPEN:
        purpose, told = (Purpose.PAGE if first else Purpose.WORDS), arrival.rules.paged(arrival.now)
    else:
        # An owner who is not in the team any more reads nothing: then it is a matter for those on duty.
        owners = tuple(person for person in arrival.rules.team if person.name == ticket.claimed_by)
        purpose, told = Purpose.NOTICE, owners or arrival.rules.paged(arrival.now)
    if not first and _told(arrival, ticket, purpose) >= FOLLOW_UPS * len(told):
        _flooded(arrival, ticket, told)
    elif purpose.is_page:
        about = f"text{arrival.message.id}"
        desk.page(arrival.session, ticket, purpose, facts, about=about, rules=arrival.rules, now=arrival.now)
    else:
        for person in told:
            key = f"followup:{arrival.text.sid}:{person.number}"
            arrival.tell(person, paging.words_to_owner(facts), key=key, ticket=ticket)


def _flooded(arrival: Arrival, ticket: Ticket, told: tuple[Person, ...]) -> None:
    """The one notice of a flood, once an hour."""
    body = f"{ticket.number}: many texts are coming in. From here on they are in the ticket only."
    for person in told:
        key = f"flood:{ticket.number}:{arrival.now:%Y%m%d%H}:{person.number}"
        arrival.tell(person, body, key=key, ticket=ticket)


def _told(arrival: Arrival, ticket: Ticket, purpose: Purpose) -> int:
    texts = select(func.count()).where(
        Message.ticket_id == ticket.id,
        Message.purpose == purpose,
        Message.created_at > arrival.now - timedelta(hours=1),
    )
    return arrival.session.scalar(texts) or 0
