"""Incidents: what several callers tell of is taken, paged and resolved as one. Every function runs in a unit of work.

An incident is a ticket that leads and those that name it. Whoever forms one, takes one or undoes one stands in one line
(`in_line`), before locking a ticket: a caller who comes in while a colleague takes the incident is wholly before or after."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from tickets import escalating, outbox, paging, work
from tickets.events import note
from tickets.grouping import Told, is_step, leader_for, things_in
from tickets.in_line import in_line
from tickets.models import Message, Outage, Ticket
from tickets.oncall import Person
from tickets.paging import Facts
from tickets.rules import Rules
from tickets.states import Purpose, TicketState, WorkKind

#: The owner of an incident hears of so many tickets one by one; after that like the team, step by step.
ONE_BY_ONE = 5

#: An announcement is heard for so long without a new word of a colleague.
ANNOUNCED_FOR = timedelta(hours=24)


def leader_of(session: Session, ticket: Ticket) -> Ticket | None:
    """The ticket that leads the incident of this one; None for a ticket that stands alone or leads."""
    return session.get(Ticket, ticket.incident_id) if ticket.incident_id is not None else None


def members_of(session: Session, leader: Ticket) -> list[Ticket]:
    """The tickets that belong to this one, the oldest first."""
    return list(session.scalars(select(Ticket).where(Ticket.incident_id == leader.id).order_by(Ticket.id)))


def locked_members(session: Session, leader: Ticket) -> list[Ticket]:
    """The same, locked in the order in which everybody locks tickets, and as they are now."""
    session.flush()
    rows = select(Ticket).where(Ticket.incident_id == leader.id).order_by(Ticket.id)
    return list(session.scalars(rows.with_for_update(key_share=True).execution_options(populate_existing=True)))


def callers(session: Session, leader: Ticket) -> int:
    """How many people called or wrote: numbers, and whoever withheld theirs. The colleague who announced is none."""
    ours = _opened_by_the_team(session, leader)
    return count_callers(
        [one.from_number for one in members_of(session, leader)] + ([] if ours else [leader.from_number])
    )


def count_callers(numbers: list[str | None]) -> int:
    """Different numbers, and each that was withheld."""
    return len({number for number in numbers if number is not None}) + numbers.count(None)


def _opened_by_the_team(session: Session, leader: Ticket) -> bool:
    announced = select(Outage.id).where(Outage.ticket_id == leader.id)
    return leader.from_number is None and session.scalars(announced).first() is not None


def gather(session: Session, ticket: Ticket, *, words: str | None, rules: Rules, now: datetime) -> Ticket | None:
    """Find the incident that a ticket belongs to, now that the team would be paged about it. Returns the leading ticket, None
    when the ticket stands alone."""
    if ticket.state != TicketState.OPEN and ticket.incident_id is None:
        return None
    in_line(session)
    session.flush()
    session.refresh(ticket)  # others may have taken or joined it while we stood in line
    if ticket.incident_id is not None:
        return session.get_one(Ticket, ticket.incident_id, populate_existing=True)
    if ticket.state != TicketState.OPEN:
        return None
    if things := things_in(words, rules.things):
        ticket.things = sorted({*(ticket.things or ()), *things})
    if ticket.apart or _leads(session, ticket):
        return None
    number = leader_for(_told(ticket), _others(session, ticket, rules=rules, now=now), window=rules.incident_window)
    if number is None:
        return None
    found = select(Ticket).where(Ticket.number == number).execution_options(populate_existing=True)
    leader = session.scalars(found).one()
    attach(session, ticket, leader, why=_why(ticket, leader), rules=rules, now=now)
    return leader


def _leads(session: Session, ticket: Ticket) -> bool:
    members = select(Ticket.id).where(Ticket.incident_id == ticket.id)
    announced = select(Outage.ticket_id).where(Outage.ticket_id == ticket.id)
    return session.scalars(members.union(announced).limit(1)).first() is not None


def _others(session: Session, ticket: Ticket, *, rules: Rules, now: datetime) -> list[Told]:
    """Tickets that the team knows of and that may tell of the same thing, as they are in the database now."""
    window = rules.incident_window
    near = Ticket.opened_at.between(ticket.opened_at - window, ticket.opened_at + window)
    alike: list[ColumnElement[bool]] = []
    if ticket.client is not None:
        alike.append(Ticket.client == ticket.client)
    if ticket.from_number is not None:
        alike.append(Ticket.from_number == ticket.from_number)
    if ticket.things:
        alike.append(Ticket.things.is_not(None))
    if not alike:
        return []
    lead = select(Ticket.id, Ticket.number).subquery()
    columns = (
        Ticket.number,
        Ticket.opened_at,
        Ticket.client,
        Ticket.from_number,
        Ticket.things,
        Outage.id,
        lead.c.number,
    )
    rows = session.execute(
        select(*columns)
        .outerjoin(lead, lead.c.id == Ticket.incident_id)
        .outerjoin(Outage, and_(Outage.ticket_id == Ticket.id, heard(now)))
        .where(
            Ticket.id != ticket.id,
            ~Ticket.drill,
            Ticket.state != TicketState.RESOLVED,
            or_(Ticket.paged_at.is_not(None), Ticket.state == TicketState.CLAIMED),
            or_(near, Outage.id.is_not(None)),
            or_(*alike),
        )
    )
    return [
        Told(number, at, leads or number, client, caller, frozenset(things or ()), outage is not None)
        for number, at, client, caller, things, outage, leads in rows
    ]


def heard(now: datetime) -> ColumnElement[bool]:
    """Announcements that callers still hear, if their ticket is not resolved."""
    return and_(Outage.over_at.is_(None), Outage.said_at > now - ANNOUNCED_FOR)


def _told(ticket: Ticket) -> Told:
    things = frozenset(ticket.things or ())
    return Told(ticket.number, ticket.opened_at, ticket.number, ticket.client, ticket.from_number, things)


def _why(ticket: Ticket, leader: Ticket) -> str:
    if ticket.client is not None and ticket.client == leader.client:
        return "the same client"
    if ticket.from_number is not None and ticket.from_number == leader.from_number:
        return "the same number"
    shared = sorted({*(ticket.things or ())} & {*(leader.things or ())})
    return f"they name {shared[0]}" if shared else "it tells of the same"


def attach(session: Session, ticket: Ticket, leader: Ticket, *, why: str, rules: Rules, now: datetime) -> None:
    """A ticket becomes part of an incident, with whatever belonged to it. Its pages that wait are withheld, the incident is
    urgent, and what the incident's owner has, they have. `leader` leads, and is not resolved."""
    joining = [ticket, *locked_members(session, ticket)]
    for one in joining:
        one.incident_id, one.apart, one.updated_at = leader.id, False, now
        one.paged_at = one.paged_at or now
        escalating.stop(session, one, now=now)
        text = f"Belongs to {leader.number} ({why}). SPLIT {one.number} takes it out"
        note(session, ticket_id=one.id, kind="incident", now=now, text=text)
        for raised in (one, leader):
            if raised.priority != "urgent":
                raised.priority = "urgent"
                note(session, ticket_id=raised.id, kind="incident", now=now, text="Urgent now: several callers")
                if raised is leader and leader.state == TicketState.OPEN:
                    escalating.begin_anew(session, leader, rules=rules, now=now)
        if leader.state == TicketState.CLAIMED and one.state == TicketState.OPEN:
            follow(session, one, leader, now=now)
    session.flush()
    numbers = ", ".join(str(one.number) for one in joining)
    count = callers(session, leader)
    text = f"{numbers} belongs to this ({why}): {count} caller{'' if count == 1 else 's'} now"
    note(session, ticket_id=leader.id, kind="incident", now=now, text=text)


def follow(session: Session, member: Ticket, leader: Ticket, *, now: datetime) -> None:
    """What happened to the leading ticket happens to this one: it is claimed or resolved by the same person."""
    member.state, member.updated_at = leader.state, now
    member.claimed_by, member.claimed_at = member.claimed_by or leader.claimed_by, member.claimed_at or now
    escalating.stop(session, member, now=now)
    work.cancel(session, WorkKind.ASK_OWNER, member.id, now=now)
    kind, what, who = "claimed", "took", leader.claimed_by
    if leader.state == TicketState.RESOLVED:
        member.resolved_by, member.resolved_at = leader.resolved_by, now
        kind, what, who = "resolved", "resolved", leader.resolved_by
    note(session, ticket_id=member.id, kind=kind, now=now, text=f"{who} {what} the ticket, with {leader.number}")


def tell(
    session: Session, member: Ticket, leader: Ticket, *, facts: Facts, about: str, rules: Rules, now: datetime
) -> int:
    """One more caller, or the words of one: whoever has the incident hears it; while nobody has, the team gets an updated page
    at each step of the count, and else after a pause. Returns how many texts are new."""
    unowned = leader.state == TicketState.OPEN
    # An owner who is not in the team any more reads nothing: then it is a matter for those on duty.
    owner = () if unowned else tuple(person for person in rules.team if person.name == leader.claimed_by)
    people: tuple[Person, ...] = owner or rules.paged(now)
    told = _told_of(session, leader)
    count = len(members_of(session, leader)) + (0 if _opened_by_the_team(session, leader) else 1)
    first = f"{member.number}:{about}"
    words_follow = first in told.occasions and first not in told.words and bool(facts.words)
    step = is_step(count) or (not unowned and count <= ONE_BY_ONE)
    due = told.last is None or now - told.last >= rules.incident_pause or (step and count > told.count)
    if not words_follow and (first in told.occasions or not due):
        return 0
    say = paging.update_body if unowned else paging.update_to_owner
    body = say(facts, paging.Several(leader.number, leader.client, count, callers(session, leader)))
    occasion = f"{first}:{'words' if facts.words else 'told'}:{count}"
    written = sum(
        outbox.write(
            session,
            key=f"update:{leader.number}:{occasion}:{person.number}",
            purpose=Purpose.UPDATE if unowned else Purpose.NOTICE,
            to=person.number,
            body=body,
            desk=rules.desk_number,
            now=now,
            ticket=leader,
            person=person.name,
        )
        for person in people
    )
    if written:
        leader.updated_at = now
        text = f"{', '.join(person.name for person in people)} heard of {member.number}"
        note(session, ticket_id=leader.id, kind="page", now=now, text=text)
    return written


class _Heard:
    """What whoever has an incident was told: the greatest count, when last, and the occasions."""

    def __init__(self) -> None:
        self.count, self.occasions, self.words = 0, set[str](), set[str]()
        self.last: datetime | None = None


def _told_of(session: Session, leader: Ticket) -> _Heard:
    heard = _Heard()
    start = f"update:{leader.number}:"
    rows = select(Message.key, Message.created_at).where(
        Message.ticket_id == leader.id, Message.key.startswith(start, autoescape=True)
    )
    for key, at in session.execute(rows):
        first, kind, count, _person = key.removeprefix(start).rsplit(":", 3)
        heard.count, heard.last = max(heard.count, int(count)), max(heard.last or at, at)
        heard.occasions.add(first)
        if kind == "words":
            heard.words.add(first)
    if heard.last is None:
        pages = (Message.ticket_id == leader.id, Message.purpose.in_((Purpose.PAGE, Purpose.MISSED, Purpose.WORDS)))
        heard.last = session.scalar(select(func.max(Message.created_at)).where(*pages)) or leader.claimed_at
    return heard


def split(session: Session, member: Ticket, leader: Ticket, *, now: datetime) -> None:
    """Undo a wrong grouping: the ticket stands alone again and is not grouped by itself any more. Nobody has taken it for its
    own sake, so one that was taken with the incident is open again."""
    member.incident_id, member.apart, member.updated_at = None, True, now
    if member.state == TicketState.CLAIMED and member.claimed_by == leader.claimed_by:
        member.state, member.claimed_by, member.claimed_at = TicketState.OPEN, None, None
    note(
        session, ticket_id=member.id, kind="incident", now=now, text=f"On its own again; it was part of {leader.number}"
    )
    note(session, ticket_id=leader.id, kind="incident", now=now, text=f"{member.number} is not part of this any more")
