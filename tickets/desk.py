"""The desk's own acts on tickets: open, page, claim, resolve. Every function runs inside the caller's unit of work."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from tickets import drills, escalating, incidents, outbox, paging, voicepages, work
from tickets.escalation import SMS, VOICE
from tickets.events import note
from tickets.in_line import in_line
from tickets.models import Counter, Event, Message, Ticket
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.states import Channel, MessageState, Purpose, TicketState, WorkKind


def _next_number(session: Session) -> int:
    return session.execute(
        update(Counter).where(Counter.name == "ticket").values(value=Counter.value + 1).returning(Counter.value)
    ).scalar_one()


def open_ticket(
    session: Session,
    *,
    channel: Channel,
    from_number: str | None,
    client: str | None,
    subject: str,
    now: datetime,
    priority: str = "urgent",
) -> Ticket:
    """A new ticket with the next number. Calls, voicemails and texts are urgent (mission) unless the flow file says that
    what was chosen, or the words of a text, are not."""
    ticket = Ticket(
        number=_next_number(session),
        state=TicketState.OPEN,
        priority=priority,
        channel=channel,
        from_number=from_number,
        client=client,
        subject=subject[:300],
        opened_at=now,
        updated_at=now,
    )
    session.add(ticket)
    session.flush()
    note(session, ticket_id=ticket.id, kind="opened", now=now, text=f"Ticket {ticket.number} opened: {ticket.subject}")
    return ticket


def by_number(session: Session, number: int) -> Ticket | None:
    """The ticket with this number, locked for the rest of the unit of work; its incident can be locked after it."""
    in_line(session)
    found = (
        select(Ticket)
        .where(Ticket.number == number)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(found).one_or_none()


def open_tickets(session: Session) -> list[Ticket]:
    """Tickets that nobody owns, the oldest first; drills are none. What belongs to an incident is taken with the one that
    leads it."""
    unowned = select(Ticket).where(Ticket.state == TicketState.OPEN, ~Ticket.drill, Ticket.incident_id.is_(None))
    return list(session.scalars(unowned.order_by(Ticket.number)))


def page(
    session: Session, ticket: Ticket, purpose: Purpose, facts: paging.Facts, *, about: str, rules: Rules, now: datetime
) -> int:
    """Page everyone on duty about an open ticket, once for each purpose and occasion. Returns how many pages are new.

    Whoever wants to be called first is called. Unless somebody takes the ticket, its escalation follows. When the schedule
    has nobody on duty, everyone is paged and the ticket says so. A ticket that has an owner pages nobody. Who has quiet hours
    is not paged about what is not urgent; when all have, the first page comes when one of them has not. The pages of a
    drill are written, so that it is seen that they would go out, and withheld from all who did not ask. A ticket that tells
    of what the team knows already becomes part of that incident, and what is told is its matter."""
    if not ticket.drill:
        leader = incidents.gather(session, ticket, words=facts.words, rules=rules, now=now)
        if leader is not None:
            return incidents.tell(session, ticket, leader, facts=facts, about=about, rules=rules, now=now)
    if ticket.state != TicketState.OPEN:
        return 0
    written, asked = 0, drills.asked_for(session, ticket)
    paged = rules.paged(now)
    people = escalating.awake(ticket, paged, now=now) if asked is None else drills.people(paged, rules.team, asked)
    if not people:
        if paged and asked is None:  # without any team there is nobody to wait for: the watcher shouts
            _wait_for(session, ticket, paged, rules=rules, now=now)
        return 0
    facts = replace(facts, urgent=ticket.priority == "urgent")
    for text, person in zip(paging.plan(purpose, facts, people, about=about), people, strict=True):
        written += _page_one(session, ticket, text, person, asked=asked, rules=rules, now=now)
    if written:
        if asked is None:
            escalating.begin(session, ticket, rules=rules, now=now)
        ticket.paged_at = ticket.paged_at or now
        ticket.updated_at = now
        if asked is None:
            _note_page(session, ticket, purpose, people, rules=rules, now=now)
    return written


def _page_one(
    session: Session,
    ticket: Ticket,
    text: paging.PlannedText,
    person: Person,
    *,
    asked: tuple[str, ...] | None,
    rules: Rules,
    now: datetime,
) -> bool:
    """True when it is new. Somebody who is called only gets no words that follow; `asked` as in `drills.asked_for`."""
    way = person.page_by[0] if text.purpose in escalating.ANNOUNCES and asked is None else SMS
    if way == VOICE:
        key = f"{text.key}:{VOICE}"
        return voicepages.write(session, ticket, person, key=key, body=text.body, rules=rules, now=now)
    if SMS not in person.page_by and asked is None:
        return False
    return outbox.write(
        session,
        key=text.key,
        purpose=text.purpose,
        to=text.number,
        body=text.body,
        desk=rules.desk_number,
        now=now,
        ticket=ticket,
        person=text.person,
        withheld=None if asked is None or text.person in asked else drills.WITHHELD,
    )


def _wait_for(session: Session, ticket: Ticket, people: tuple[Person, ...], *, rules: Rules, now: datetime) -> None:
    if escalating.begin(session, ticket, rules=rules, now=now, at=escalating.wake_at(people, now=now)):
        names = ", ".join(person.name for person in people)
        text = f"Not urgent, and quiet hours for {names}: nobody is paged before they are over"
        ticket.paged_at = ticket.paged_at or now  # it will be put before them: others of its kind can join it
        note(session, ticket_id=ticket.id, kind="page", now=now, text=text)


def _note_page(
    session: Session, ticket: Ticket, purpose: Purpose, people: tuple[Person, ...], *, rules: Rules, now: datetime
) -> None:
    names = ", ".join(person.name for person in people)
    what = {Purpose.WORDS: "The words went", Purpose.MISSED: "A missed-call page went"}.get(purpose, "A page went")
    note(session, ticket_id=ticket.id, kind="page", now=now, text=f"{what} to {names}")
    if not rules.on_duty(now):
        problem = "Nobody was on duty, so it went to everyone. `helpline flow check` names the gap in oncall.yml"
        note(session, ticket_id=ticket.id, kind="problem", now=now, text=problem)


def was_told(session: Session, ticket: Ticket, purpose: Purpose, *, about: str) -> bool:
    """Whether texts of this purpose and occasion were written."""
    start = f"{purpose}:{ticket.number}:{about}:"
    known = select(Message.id).where(Message.ticket_id == ticket.id, Message.key.startswith(start, autoescape=True))
    return session.scalars(known.limit(1)).first() is not None


def reopen(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """A resolved ticket is nobody's again: its client wrote about it once more."""
    note(session, ticket_id=ticket.id, kind="reopened", now=now, text=f"Reopened; {ticket.resolved_by} had resolved it")
    ticket.state, ticket.updated_at, ticket.incident_id = TicketState.OPEN, now, None
    ticket.claimed_by, ticket.claimed_at, ticket.resolved_by, ticket.resolved_at = None, None, None, None


def open_again(session: Session, ticket: Ticket, *, why: str, now: datetime) -> None:
    """A claimed ticket is nobody's again, and so is what was taken with it."""
    note(session, ticket_id=ticket.id, kind="reopened", now=now, text=f"Open again: {why}")
    for member in incidents.locked_members(session, ticket):
        if member.state == TicketState.CLAIMED and member.claimed_by == ticket.claimed_by:
            text = f"Open again, with {ticket.number}"
            note(session, ticket_id=member.id, kind="reopened", now=now, text=text)
            member.state, member.claimed_by, member.claimed_at = TicketState.OPEN, None, None
    ticket.state, ticket.claimed_by, ticket.claimed_at, ticket.updated_at = TicketState.OPEN, None, None, now


def _paged_people(session: Session, ticket: Ticket) -> Iterable[tuple[str, str]]:
    rows = session.execute(
        select(Message.person, Message.to_number)
        .where(
            Message.ticket_id == ticket.id,
            Message.purpose.in_([purpose for purpose in Purpose if purpose.is_page]),
            or_(
                Message.state.in_([MessageState.SENDING, MessageState.SENT, MessageState.DELIVERED]),
                # A phone that rang, whoever or whatever picked it up: its owner sees the missed call.
                and_(Message.by == VOICE, Message.state == MessageState.FAILED, Message.attempted_at.is_not(None)),
            ),
        )
        .distinct()
        .order_by(Message.person)
    )
    return [(person, number) for person, number in rows if person is not None]


def _tell_others(session: Session, ticket: Ticket, person: Person, *, body: str, rules: Rules, now: datetime) -> None:
    # A reopened ticket is taken again, and its colleagues hear that too.
    session.flush()
    taken = select(func.count()).where(Event.ticket_id == ticket.id, Event.kind.in_(("claimed", "resolved")))
    occasion = session.scalar(taken) or 0
    never = {one.number for one in rules.team if SMS not in one.page_by}
    for name, number in _paged_people(session, ticket):
        if number not in person.numbers and number not in never:
            outbox.write(
                session,
                key=f"taken:{ticket.number}:{occasion}:{number}",
                purpose=Purpose.TAKEN,
                to=number,
                body=body,
                desk=rules.desk_number,
                now=now,
                ticket=ticket,
                person=name,
            )


def claim(session: Session, ticket: Ticket, person: Person, *, rules: Rules, now: datetime) -> None:
    """An open ticket gets its owner, and with it all of its incident: the escalation ends, pages that wait are withheld,
    phones stop ringing, and everybody who was paged hears who has it. After a while without a sign of work its owner is
    asked."""
    in_line(session)
    ticket.state, ticket.claimed_by, ticket.claimed_at, ticket.updated_at = TicketState.CLAIMED, person.name, now, now
    escalating.stop(session, ticket, now=now)
    if rules.ask_owner_after:
        work.plan_again(session, WorkKind.ASK_OWNER, ticket.id, now=now, due_at=now + rules.ask_owner_after)
    note(session, ticket_id=ticket.id, kind="claimed", now=now, text=f"{person.name} took the ticket")
    for member in incidents.locked_members(session, ticket):
        if member.state == TicketState.OPEN:
            incidents.follow(session, member, ticket, now=now)
    body = f"{ticket.number} is taken by {person.name}. Nothing to do for you."
    _tell_others(session, ticket, person, body=body, rules=rules, now=now)


def resolve(session: Session, ticket: Ticket, person: Person, *, rules: Rules, now: datetime) -> None:
    """The ticket is done, and all of its incident. When nobody owned it, everybody who was paged is told; a claimed one stays
    quiet."""
    in_line(session)
    unowned = ticket.state == TicketState.OPEN
    ticket.state, ticket.resolved_by, ticket.resolved_at, ticket.updated_at = (
        TicketState.RESOLVED,
        person.name,
        now,
        now,
    )
    if unowned:
        ticket.claimed_by, ticket.claimed_at = person.name, now
        escalating.stop(session, ticket, now=now)
    work.cancel(session, WorkKind.ASK_OWNER, ticket.id, now=now)
    note(session, ticket_id=ticket.id, kind="resolved", now=now, text=f"{person.name} resolved the ticket")
    for member in incidents.locked_members(session, ticket):
        if member.state != TicketState.RESOLVED:
            incidents.follow(session, member, ticket, now=now)
    if unowned:
        body = f"{ticket.number} is resolved by {person.name}. Nothing to do for you."
        _tell_others(session, ticket, person, body=body, rules=rules, now=now)
