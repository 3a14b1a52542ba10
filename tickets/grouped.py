"""What staff get back for commands about incidents: taking, splitting and joining."""

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import desk, incidents, known, outages
from tickets.arrival import Arrival
from tickets.models import Outage, Ticket
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.states import TicketState

#: The ticket that another one is joined to, as people write it: "JOIN 1043 1042", "join 1043 to ticket #1042".
_NAMED = re.compile(r"\W*(?:(?:to|with|into|and)\b\W*)?(?:ticket\b\W*)?(\d{1,9})\W*", re.IGNORECASE)


def _callers(session: Session, leader: Ticket) -> str:
    count = incidents.callers(session, leader)
    return f"{count} caller{'' if count == 1 else 's'}"


def acknowledge(
    session: Session, ticket: Ticket, leader: Ticket, person: Person, *, rules: Rules, now: datetime
) -> str | None:
    """Taking one ticket of an incident takes the incident. None when somebody else has it."""
    if leader.state == TicketState.OPEN:
        desk.claim(session, leader, person, rules=rules, now=now)
        standing = "yours now"
    elif leader.state == TicketState.CLAIMED and leader.claimed_by == person.name:
        standing = "already yours"
    else:
        return None
    number, many = leader.number, _callers(session, leader)
    return f"{ticket.number} belongs to {number}: {standing}, {many}. Reply DONE {number} when it is solved."


def others(session: Session, leader: Ticket) -> str:
    """The other tickets that somebody takes with this one."""
    members = incidents.members_of(session, leader)
    if not members:
        return ""
    listed = ", ".join(str(member.number) for member in members[:6])
    more = f" and {len(members) - 6} more" if len(members) > 6 else ""
    return f" With {listed}{more}: {_callers(session, leader)}."


def after_done(session: Session, ticket: Ticket) -> str:
    """What else is resolved with a ticket, what goes on without it, and who still waits for a word."""
    leader = incidents.leader_of(session, ticket)
    if leader is not None and leader.state != TicketState.RESOLVED:
        return f" {leader.number}, which it belongs to, goes on: DONE {leader.number} resolves all."
    members = incidents.members_of(session, ticket)
    with_it = f" Its {len(members) + 1} tickets are." if members else ""
    waiting = outages.still_waiting(session, ticket)
    asked = f" {waiting} asked to be told: OVER {ticket.number} tells them." if waiting else ""
    return with_it + asked


def split(arrival: Arrival, ticket: Ticket) -> str:
    """Undo a wrong grouping: the ticket stands alone, and pages as new while nobody has it."""
    session, number = arrival.session, ticket.number
    leader = incidents.leader_of(session, ticket)
    if leader is None:
        members = incidents.members_of(session, ticket)
        listed = " or ".join(f"SPLIT {member.number}" for member in members[:4])
        return f"{number} leads: {listed} takes one out." if members else f"{number} is on its own already."
    incidents.split(session, ticket, leader, now=arrival.now)
    if ticket.state != TicketState.OPEN:
        return f"{number} is on its own again, and {ticket.state}."
    about = f"split:{arrival.text.sid}"
    told = known.of(session, ticket, rules=arrival.rules)
    desk.page(session, ticket, told.purpose, told.facts, about=about, rules=arrival.rules, now=arrival.now)
    return f"{number} is on its own again, not part of {leader.number}. It is open and the team is paged."


def join(arrival: Arrival, ticket: Ticket, words: str) -> str:
    """A colleague knows that two tickets tell of the same."""
    session, number, named = arrival.session, ticket.number, _NAMED.fullmatch(words)
    if named is None:
        return f"{number}: nothing done. Write JOIN {number} and the number of the ticket that it belongs to."
    other = desk.by_number(session, int(named[1]))
    if other is None:
        return f"{number}: nothing done, ticket {named[1]} does not exist."
    leader = incidents.leader_of(session, other) or other
    if ticket.incident_id == leader.id:
        return f"{number} belongs to {leader.number} already."
    if leader.id == ticket.id:
        return f"{number}: nothing done, {number} leads already."
    for one in (ticket, leader):
        if one.state == TicketState.RESOLVED:
            return f"{number}: nothing done, {one.number} is resolved."
    if session.scalars(select(Outage.id).where(Outage.ticket_id == ticket.id)).first() is not None:
        return f"{number}: nothing done, callers hear of it. Write JOIN {leader.number} {number}."
    by = arrival.person.name if arrival.person else "the team"
    incidents.attach(session, ticket, leader, why=f"says {by}", rules=arrival.rules, now=arrival.now)
    whose = f" {leader.claimed_by} has it." if leader.state == TicketState.CLAIMED else ""
    return f"{number} belongs to {leader.number} now: {_callers(session, leader)}.{whose}"
