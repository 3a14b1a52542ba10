"""Outages that a colleague announces: callers of the client hear of it, can ask to be told when it is over, and are."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from tickets import calls, consent, desk, incidents, outbox
from tickets.arrival import Arrival, can_receive
from tickets.client_names import client_meant
from tickets.db import insert_once
from tickets.events import note
from tickets.in_line import in_line
from tickets.models import Call, Outage, OutageAsker, Ticket
from tickets.paging import sentence
from tickets.replies import LONGEST
from tickets.rules import Rules, Wording
from tickets.sms import fit, spoken_number
from tickets.states import Channel, Purpose, TicketState

#: The subject of the ticket of a caller who wants nothing but to be told.
ASKED = "Asked to be told when it is over"
_HOW = "Write OUTAGE, the client's name, and what is wrong."


@dataclass(frozen=True)
class Announced:
    """What the callers of a client hear, and whether this one can be told by text when it is over."""

    words: str
    tell: bool


_HEARD = (
    select(Outage.words)
    .join(Ticket, Ticket.id == Outage.ticket_id)
    .where(Outage.client == bindparam("client_is"), Outage.over_at.is_(None), Outage.said_at > bindparam("since"))
    .where(Ticket.state != TicketState.RESOLVED)
    .order_by(Outage.said_at.desc(), Outage.id.desc())
    .limit(1)
)


def heard_by(
    session: Session, caller: str | None, client: str | None, *, rules: Rules, now: datetime
) -> Announced | None:
    """The announcement for a caller of this client, if there is one. Reads only; one query for most callers."""
    if client is None:
        return None
    # Every first webhook of a known client asks this: a statement that is made once, and no objects.
    since = now - incidents.ANNOUNCED_FOR
    outage = session.connection().execute(_HEARD, {"client_is": client, "since": since}).first()
    if outage is None:
        return None
    number = caller if caller is not None and can_receive(caller) else None
    return Announced(outage.words, number is not None and consent.may_text(session, number, rules.sender))


def _current(session: Session, client: str, *, now: datetime) -> Outage | None:
    live = (
        select(Outage)
        .join(Ticket, Ticket.id == Outage.ticket_id)
        .where(Outage.client == client, incidents.heard(now), Ticket.state != TicketState.RESOLVED)
        .order_by(Outage.said_at.desc(), Outage.id.desc())
    )
    return session.scalars(live.limit(1)).one_or_none()


def asked(session: Session, call: Call, *, now: datetime, rules: Rules) -> None:
    """The caller pressed 1: keep the wish and the consent that it is, and count the caller. Nobody is paged. Safe to run
    twice; an announcement that has ended meanwhile leaves a ticket like any other choice."""
    in_line(session)
    if call.client is None or call.from_number is None:
        return
    outage = _current(session, call.client, now=now)
    if outage is None:
        calls.chose(session, call, ASKED, priority="urgent", now=now)
        return
    new = insert_once(
        session, OutageAsker, outage_id=outage.id, number=call.from_number, call_id=call.id, asked_at=now, told_at=None
    )
    if not new:  # who was told, and asks again because it came back
        waits = (OutageAsker.outage_id == outage.id, OutageAsker.number == call.from_number)
        session.execute(update(OutageAsker).where(*waits).values(call_id=call.id, told_at=None))
    if consent.may_text(session, call.from_number, rules.sender):
        consent.record(
            session,
            call.from_number,
            consent.ConsentKind.OPT_IN,
            source="key in a call",
            evidence=call.sid,
            words=f"Pressed 1 to be told by text when it is over: {outage.words}",
            now=now,
        )
    ticket = calls.ticket_of(session, call)
    if ticket is None:
        ticket = calls.ensure_ticket(session, call, now=now)
        ticket.subject = ASKED
    note(session, call_id=call.id, ticket_id=ticket.id, kind="choice", now=now, text=ASKED)
    leader = session.get_one(Ticket, outage.ticket_id, populate_existing=True)
    if ticket.incident_id is None and ticket.id != leader.id:
        incidents.attach(session, ticket, leader, why="heard the announcement", rules=rules, now=now)


def announce(arrival: Arrival, words: str, number: int | None) -> tuple[str, Ticket | None]:
    """A colleague announces an outage to the callers of a client: with a ticket of the client, or by its name. Returns the
    reply with the ticket."""
    session, rules, person = arrival.session, arrival.rules, arrival.person
    assert person is not None  # only the team has commands
    in_line(session)
    ticket: Ticket | None = None
    if number is not None:
        ticket = desk.by_number(session, number)
        if ticket is None:
            return f"Ticket {number} does not exist. {_HOW}", None
        ticket = incidents.leader_of(session, ticket) or ticket
        client, problem = ticket.client, f"{number} has no known client, so nobody would hear it."
        if ticket.state == TicketState.RESOLVED:
            return f"{number} is resolved. {_HOW}", None
    else:
        client, words, problem = _named(session, words, rules)
    if client is None:
        return problem, None
    words = " ".join(words.split())[:300]
    if not words:
        return f"What is wrong at {client}? Write OUTAGE {client} and a few words that callers will hear.", None
    ticket = ticket or _ticket_for(session, client, words, rules=rules, now=arrival.now)
    if ticket.state == TicketState.OPEN:
        desk.claim(session, ticket, person, rules=rules, now=arrival.now)
    _say(session, ticket, client, words, now=arrival.now)
    text = f"{person.name} announced to the callers of {client}: {words}"
    note(session, ticket_id=ticket.id, kind="outage", now=arrival.now, text=text)
    whose = "yours" if ticket.claimed_by == person.name else f"{ticket.claimed_by}'s"
    before, after = f"{ticket.number} is {whose}: callers of {client} now hear ", f" OVER {ticket.number} ends it."
    if client not in rules.clients:
        after = f" But no number of theirs is in clients.yml: nobody can hear it.{after}"
    return fit(before, f'"{words}".', after), ticket


def _named(session: Session, words: str, rules: Rules) -> tuple[str | None, str, str]:
    """The client that a text begins with, what is left of it, and the question when it is not clear."""
    unsolved = select(Ticket.client).where(Ticket.state != TicketState.RESOLVED, Ticket.client.is_not(None)).distinct()
    names = [*rules.clients, *(name for name in session.scalars(unsolved) if name is not None)]
    meant = client_meant(words, names)
    if len(meant.clients) == 1:
        return meant.clients[0], meant.rest, ""
    if meant.clients:
        return None, "", f"Which client: {' or '.join(meant.clients[:4])}? {_HOW}"
    return None, "", f"Nothing announced: I know no client of that name. {_HOW}"


def _ticket_for(session: Session, client: str, words: str, *, rules: Rules, now: datetime) -> Ticket:
    """The ticket that leads what is known of this client's trouble, or a new one."""
    if (outage := _current(session, client, now=now)) is not None:
        return session.get_one(Ticket, outage.ticket_id)
    known = select(Ticket).where(
        Ticket.client == client,
        Ticket.state != TicketState.RESOLVED,
        Ticket.incident_id.is_(None),
        Ticket.opened_at >= now - rules.incident_window,
    )
    ticket = session.scalars(known.order_by(Ticket.number).limit(1).with_for_update(key_share=True)).one_or_none()
    return ticket or desk.open_ticket(
        session, channel=Channel.TEXT, from_number=None, client=client, subject=words, now=now
    )


def _say(session: Session, ticket: Ticket, client: str, words: str, *, now: datetime) -> None:
    new = insert_once(session, Outage, ticket_id=ticket.id, client=client, words=words, said_at=now, over_at=None)
    if not new:
        outage = session.scalars(select(Outage).where(Outage.ticket_id == ticket.id)).one()
        outage.client, outage.words, outage.said_at, outage.over_at = client, words, now, None


def over(arrival: Arrival, ticket: Ticket, words: str) -> str:
    """An announced outage is over: tell everyone who asked, resolve the incident, and say who could not be told."""
    session, person = arrival.session, arrival.person
    assert person is not None  # only the team has commands
    number = ticket.number
    outage = session.scalars(select(Outage).where(Outage.ticket_id == ticket.id)).one_or_none()
    if outage is None:
        return f"{number}: nothing was announced. DONE {number} resolves it."
    waiting = _waiting(session, outage)
    if outage.over_at is not None and not waiting:
        return f"{number}: it is over already, and everyone who asked was told."
    told, refused = [], []
    for asker in waiting:
        standing = consent.of(session, asker.number, arrival.rules.sender)
        if standing.may_text:
            _write(arrival, ticket, outage, asker=asker, words=words)
            told.append(asker.number)
        else:
            refused.append(asker.number)
        asker.told_at = arrival.now
    outage.over_at = arrival.now
    if ticket.state != TicketState.RESOLVED:
        desk.resolve(session, ticket, person, rules=arrival.rules, now=arrival.now)
    report = f"{len(told)} {'caller' if len(told) == 1 else 'callers'} told"
    if refused:
        report += f", {len(refused)} not: opted out of texts ({', '.join(map(spoken_number, refused[:4]))})"
    note(session, ticket_id=ticket.id, kind="outage", now=arrival.now, text=f"{person.name}: it is over. {report}")
    return f"{number} is over and resolved: {report}."


def _waiting(session: Session, outage: Outage) -> list[OutageAsker]:
    untold = select(OutageAsker).where(OutageAsker.outage_id == outage.id, OutageAsker.told_at.is_(None))
    return list(session.scalars(untold.order_by(OutageAsker.id)))


def _write(arrival: Arrival, ticket: Ticket, outage: Outage, *, asker: OutageAsker, words: str) -> None:
    language = arrival.rules.language_of(asker.number)
    own = arrival.session.scalars(
        select(Ticket).join(Call, Call.ticket_id == Ticket.id).where(Call.id == asker.call_id)
    ).one_or_none()
    template = arrival.rules.wording(Wording.OVER, (own or ticket).number, language) or ""
    body = template.replace("{client}", outage.client).replace("{words}", sentence(words) if words.strip() else "")
    outbox.write(
        arrival.session,
        key=f"over:{outage.id}:{int(outage.said_at.timestamp())}:{asker.number}",
        purpose=Purpose.REPLY,
        to=asker.number,
        body=" ".join(body.split())[:LONGEST],
        desk=arrival.rules.desk_number,
        now=arrival.now,
        ticket=own or ticket,
    )


def still_waiting(session: Session, ticket: Ticket) -> int:
    """How many asked to be told that this ticket's outage is over, and were not yet."""
    outage = session.scalars(select(Outage).where(Outage.ticket_id == ticket.id)).one_or_none()
    return len(_waiting(session, outage)) if outage is not None else 0


def announced(session: Session, *, now: datetime) -> list[int]:
    """The tickets whose announcements callers hear at this moment."""
    live = select(Ticket.number).join(Outage, Ticket.id == Outage.ticket_id)
    return list(session.scalars(live.where(incidents.heard(now), Ticket.state != TicketState.RESOLVED)))
