"""What staff get back for a command: act on the ticket, name it, and say what is the case."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import claims, consent, desk, digests, grouped, handover, incidents, outages, paging, replies
from tickets.arrival import Arrival
from tickets.commands import Command, Verb
from tickets.events import note
from tickets.models import Call, Ticket
from tickets.oncall import Person
from tickets.rules import Rules
from tickets.sms import fit, spoken_number
from tickets.states import TicketState
from tickets.voicemails import recordings_of

STAFF_HELP = (
    "ACK 1042 takes a ticket, DONE 1042 resolves it, 1042 and words texts its client, WHO says who is on call. "
    "ACK alone takes the only open one. TAKE 4h puts you on call, GIVE Sam until 8am hands it over, UNDO takes that back."
)


def answer(arrival: Arrival, command: Command) -> tuple[str, Ticket | None]:
    """Do what a colleague asked for and return the reply with the ticket it is about."""
    session, rules, now, person = arrival.session, arrival.rules, arrival.now, arrival.person
    assert person is not None  # only the team has commands
    if command.verb is Verb.WHO:
        return handover.who_is(session, rules, now=now), None
    if command.verb is Verb.OUTAGE:
        return outages.announce(arrival, command.words, command.ticket)
    ticket, problem = _meant(session, command, person, rules=rules, now=now)
    if ticket is None:
        return problem, None
    match command.verb:
        case Verb.ACK:
            return _with_words(arrival, command, ticket, acknowledge(session, ticket, person, rules=rules, now=now))
        case Verb.DONE:
            return _with_words(arrival, command, ticket, _done(session, ticket, person, rules=rules, now=now))
        case Verb.SPLIT:
            return grouped.split(arrival, ticket), ticket
        case Verb.JOIN:
            return grouped.join(arrival, ticket, command.words), ticket
        case Verb.OVER:
            return outages.over(arrival, incidents.leader_of(session, ticket) or ticket, command.words), ticket
        case Verb.REPLY:
            return replies.send(arrival, ticket, command.words), ticket
        case Verb.NO_TEXTS:
            return _no_texts(arrival, ticket, command.words), ticket
        case Verb.UNSURE:
            verb = command.words.split()[0].strip(".,:!").upper()
            return (
                f"{ticket.number}: nothing done. Write {verb} {ticket.number}, or REPLY {ticket.number} and words.",
                None,
            )
        case _:
            return _shown(ticket, rules, now), ticket


def _with_words(arrival: Arrival, command: Command, ticket: Ticket, body: str) -> tuple[str, Ticket]:
    """Words behind a command stay with the ticket; the client does not get them."""
    if command.words and arrival.person is not None:
        text = f"{arrival.person.name}: {command.words}"
        note(arrival.session, ticket_id=ticket.id, kind="remark", now=arrival.now, text=text)
    return body, ticket


def _no_texts(arrival: Arrival, ticket: Ticket, reason: str) -> str:
    """A client has said in another way that no texts are wanted: a colleague enters it, with the reason."""
    number, person = ticket.number, arrival.person
    assert person is not None  # only the team has commands
    if not reason:
        return f"{number}: nothing done. Say why: NOTEXTS {number} asked on the phone"
    if ticket.from_number is None:
        return f"{number}: the client's number is withheld, nobody can text it."
    words = f"{person.name}: {reason}"
    consent.record(
        arrival.session,
        ticket.from_number,
        consent.ConsentKind.OPT_OUT,
        source=consent.STAFF,
        evidence=arrival.text.sid,
        words=words,
        now=arrival.now,
    )
    note(arrival.session, ticket_id=ticket.id, kind="consent", now=arrival.now, text=f"No more texts, says {words}")
    return f"{number}: no more texts to {_label(ticket).split(' ', 1)[1]}.{replies.call_hint(ticket)}"


def _shown(ticket: Ticket, rules: Rules, now: datetime) -> str:
    number = ticket.number
    standing = f"{number} is open." if ticket.state == TicketState.OPEN else _standing(ticket, rules, now)
    who = _label(ticket).split(" ", 1)[1]
    return fit(f"{standing} {who}: ", ticket.subject, f". To text the client: {number} and your words.")


def _meant(
    session: Session, command: Command, person: Person, *, rules: Rules, now: datetime
) -> tuple[Ticket | None, str]:
    if command.ticket is not None:
        ticket = desk.by_number(session, command.ticket)
        return ticket, f"Ticket {command.ticket} does not exist; {_open_list(session)}."
    if command.verb not in (Verb.ACK, Verb.DONE):
        if command.verb is Verb.OVER and len(current := outages.announced(session, now=now)) == 1:
            return desk.by_number(session, current[0]), ""
        example = f"{command.verb.upper()} 1042 and your words"
        return None, f"Which ticket? Write {example}; {_open_list(session)}."
    if command.verb is Verb.ACK:
        opened = desk.open_tickets(session)
        # A page is what can be answered; a caller who is still speaking has a ticket that nobody was paged about.
        candidates = [ticket for ticket in opened if ticket.paged_at is not None] or opened
        candidates = candidates or claims.asked_of(session, person, now=now)
    else:
        mine = select(Ticket).where(
            Ticket.state == TicketState.CLAIMED, Ticket.claimed_by == person.name, Ticket.incident_id.is_(None)
        )
        candidates = list(session.scalars(mine.order_by(Ticket.number)))
    word = command.verb.upper()
    if len(candidates) == 1:
        return desk.by_number(session, candidates[0].number), ""
    if candidates:
        listed = ", ".join(_label(ticket) for ticket in candidates[:4])
        more = f" and {len(candidates) - 4} more" if len(candidates) > 4 else ""
        return None, f"Which one? {listed}{more}. Reply {word} {candidates[-1].number}."
    if command.verb is Verb.DONE:
        return None, f"You hold no ticket; {_open_list(session)}."
    return None, _nothing_open(session, rules, now)


def _nothing_open(session: Session, rules: Rules, now: datetime) -> str:
    newest = select(Ticket).where(~Ticket.drill).order_by(Ticket.number.desc()).limit(1)
    last = session.scalars(newest).one_or_none()
    return f"No ticket is open. {_standing(last, rules, now)}" if last else "No ticket is open."


def _open_list(session: Session) -> str:
    numbers = [str(ticket.number) for ticket in desk.open_tickets(session)]
    return f"open: {', '.join(numbers[:8])}" if numbers else "none is open"


def _label(ticket: Ticket) -> str:
    name = ticket.client or (spoken_number(ticket.from_number) if ticket.from_number else "number withheld")
    return f"{ticket.number} {name}"


def _standing(ticket: Ticket, rules: Rules, now: datetime) -> str:
    if ticket.state == TicketState.RESOLVED:
        when = f" at {rules.clock_time(ticket.resolved_at, now)}" if ticket.resolved_at else ""
        return f"{ticket.number} was resolved by {ticket.resolved_by}{when}."
    when = f" since {rules.clock_time(ticket.claimed_at, now)}" if ticket.claimed_at else ""
    return f"{ticket.number} is taken by {ticket.claimed_by}{when}."


def acknowledge(session: Session, ticket: Ticket, person: Person, *, rules: Rules, now: datetime) -> str:
    """Take a ticket that nobody has, and say so; or who has it. Its owner keeps it."""
    if (leader := incidents.leader_of(session, ticket)) is not None and ticket.state != TicketState.RESOLVED:
        return grouped.acknowledge(session, ticket, leader, person, rules=rules, now=now) or _standing(
            leader, rules, now
        )
    if ticket.state == TicketState.OPEN:
        desk.claim(session, ticket, person, rules=rules, now=now)
        who = _label(ticket).split(" ", 1)[1]
        call_back, number = _call_back(session, ticket) + grouped.others(session, ticket), ticket.number
        yours, done = f"{number} is yours: {who}.{call_back}", f" Reply DONE {number} when it is solved."
        words = digests.unread_words(session, ticket, person)
        return fit(f"{yours} The words: ", paging.sentence(words), done) if words else yours + done
    if ticket.state == TicketState.CLAIMED and ticket.claimed_by == person.name:
        if claims.is_asked(session, ticket, now=now):
            return f"{ticket.number} stays yours. Reply DONE {ticket.number} when it is solved."
        return f"{ticket.number} is already yours. Reply DONE {ticket.number} when it is solved."
    return _standing(ticket, rules, now)


def _call_back(session: Session, ticket: Ticket) -> str:
    callbacks = [recording.callback_number for recording in recordings_of(session, ticket) if recording.callback_number]
    typed = session.scalars(
        select(Call.callback_number)
        .where(Call.ticket_id == ticket.id, Call.callback_number.is_not(None))
        .order_by(Call.id)
    ).all()
    number = next((one for one in (*reversed(typed), *reversed(callbacks), ticket.from_number) if one), None)
    return f" Call {spoken_number(number)}." if number else ""


def _done(session: Session, ticket: Ticket, person: Person, *, rules: Rules, now: datetime) -> str:
    if ticket.state == TicketState.RESOLVED:
        return _standing(ticket, rules, now)
    owner = ticket.claimed_by if ticket.state == TicketState.CLAIMED else None
    desk.resolve(session, ticket, person, rules=rules, now=now)
    whose = f" It was {owner}'s." if owner and owner != person.name else ""
    return f"{ticket.number} is resolved. Thank you.{whose}{grouped.after_done(session, ticket)}"
