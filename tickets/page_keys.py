"""What a key does on the phone of a colleague who is called about a ticket: take it, or pass it on."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from tickets import answers, escalating, outbox, voiced
from tickets.legs import accept
from tickets.models import Leg, Message, Ticket
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.states import LEG_OVER, Purpose, TicketState


@dataclass(frozen=True)
class Taken:
    """How a ticket stands for somebody on the phone: `mine`, or `by` another; `now` when it became theirs just now."""

    by: str | None
    mine: bool
    now: bool
    resolved: bool


def colleague(leg: Leg, rules: Rules) -> Person:
    """Who is called; somebody who has left the team since keeps name and number."""
    return next((one for one in rules.team if one.name == leg.person), Person(leg.person, leg.number))


def heard(session: Session, leg: Leg, *, now: datetime) -> None:
    """A key was pressed, whichever: a person is there, and the page has reached them."""
    if leg.state not in LEG_OVER:
        accept(leg, now=now)
        voiced.follow(session, leg, now=now)


def standing(ticket: Ticket, person: Person, *, taken: bool = False) -> Taken:
    """Who has the ticket."""
    resolved = ticket.state == TicketState.RESOLVED
    by = ticket.resolved_by if resolved else ticket.claimed_by
    return Taken(by, mine=by == person.name, now=taken, resolved=resolved)


def take(session: Session, leg: Leg, ticket: Ticket, *, rules: Rules, now: datetime) -> Taken:
    """The key that acknowledges: the same as ACK by text, whose answer is texted as well, for the number in it."""
    person = colleague(leg, rules)
    if ticket.state != TicketState.OPEN:
        return standing(ticket, person)
    body = answers.acknowledge(session, ticket, person, rules=rules, now=now)
    if "sms" in person.page_by:
        outbox.write(
            session,
            key=f"answer:leg{leg.id}",
            purpose=Purpose.ANSWER,
            to=leg.number,
            body=body,
            desk=rules.desk_number,
            now=now,
            ticket=ticket,
            person=person.name,
        )
    return standing(ticket, person, taken=True)


def pass_on(session: Session, leg: Leg, ticket: Ticket, *, rules: Rules, now: datetime) -> bool:
    """The key that escalates. False when nobody further will be paged."""
    return escalating.pass_on(session, ticket, colleague(leg, rules), now=now)


def spoken(session: Session, leg: Leg, words: str) -> None:
    """The page says in the API what was spoken."""
    page = session.get_one(Message, leg.message_id)
    page.body = words
