"""Texts that come in: consent first, then staff commands, then clients. Each is taken once, by the carrier's id."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tickets import answers, conversation, desk, handover, handover_words, keywords, pictures
from tickets.arrival import Arrival, InboundText
from tickets.commands import Command, Verb, parse
from tickets.db import insert_once, serialise
from tickets.events import note, noted
from tickets.in_line import in_line
from tickets.models import Message
from tickets.oncall import person_of
from tickets.rules import Rules
from tickets.states import Direction, MessageState, Purpose
from tickets.wishes import Wish

#: How often in an hour a colleague hears that a text was not understood.
LOST_PER_HOUR = 5

STRANGER = "This number is not on our on-call list, so it cannot take tickets. Need help? Text us what is wrong."


class Taken(StrEnum):
    """What became of a text that came in."""

    NEW = "new"
    AGAIN = "again"  # taken before: nothing happens
    CONFLICT = "conflict"  # the same id with other words: the first words stand


def receive(session: Session, text: InboundText, *, rules: Rules, now: datetime) -> Taken:
    """Take a text in, once for its id, however often it is delivered.

    Texts of one number are taken one after the other, so that two at once are one ticket and one confirmation."""
    serialise(session, text.from_number)
    arrival = _arrive(session, text, rules=rules, now=now)
    if arrival is None:
        return _again(session, text, now=now)
    if text.from_number != rules.desk_number:  # a forwarded text of our own: answering it would be talking to ourselves
        _dispatch(arrival)
        pictures.take(session, arrival.message, text.media, rules=rules, now=now)
    return Taken.NEW


def _again(session: Session, text: InboundText, *, now: datetime) -> Taken:
    first = session.scalars(select(Message).where(Message.sid == text.sid)).one_or_none()
    if first is None or (first.body, first.from_number) == (text.body, text.from_number):
        return Taken.AGAIN
    words = "The carrier delivered a text again with other words; the first ones stand"
    if first.ticket_id is not None and not noted(session, first.ticket_id, words):
        note(session, ticket_id=first.ticket_id, kind="problem", now=now, text=words)
    return Taken.CONFLICT


def is_known(session: Session, sid: str) -> bool:
    """Whether the text with this id has been taken in."""
    return session.scalars(select(Message.id).where(Message.sid == sid)).first() is not None


def _arrive(session: Session, text: InboundText, *, rules: Rules, now: datetime) -> Arrival | None:
    person = person_of(rules.team, text.from_number)
    new = insert_once(
        session,
        Message,
        key=f"in:{text.sid}",
        sid=text.sid,
        direction=Direction.IN,
        purpose=Purpose.COMMAND if person else Purpose.CLIENT,
        person=person.name if person else None,
        state=MessageState.RECEIVED,
        by="sms",
        from_number=text.from_number,
        to_number=text.to_number,
        body=text.body,
        created_at=now,
        updated_at=now,
    )
    if not new:
        return None
    message = session.scalars(select(Message).where(Message.sid == text.sid)).one()
    return Arrival(session, text, message, person, rules, now)


def _dispatch(arrival: Arrival) -> None:
    wish = keywords.wish(arrival)
    if arrival.withheld:  # whatever it says, there is nobody to do it for: a person reads it
        conversation.take(arrival, unclear=wish in (Wish.STOP, Wish.UNCLEAR))
        return
    command = parse(arrival.text.body)
    if wish in (Wish.STOP, Wish.START, Wish.HELP):
        keywords.take(arrival, wish)
    elif arrival.person is not None:
        _staff(arrival, command)
    elif _wants_a_ticket(arrival, command):
        key = f"stranger:{arrival.number}:{arrival.now:%Y%m%d%H}"
        arrival.reply(STRANGER, key=key, purpose=Purpose.ANSWER)
    elif arrival.is_automatic():
        conversation.file(arrival)
    else:
        conversation.take(arrival, unclear=wish is Wish.UNCLEAR)


def _wants_a_ticket(arrival: Arrival, command: Command | None) -> bool:
    """Whether somebody who is not in the team commands. "Done", "Done 1042" and "done with 2" are also what a client answers
    whose ticket it is, to a colleague."""
    if command is None or command.verb not in (Verb.ACK, Verb.DONE) or command.words:
        return False
    in_line(arrival.session)
    own = arrival.current_ticket() or arrival.resolved_ticket()
    if own is None or command.ticket is None:
        return own is None
    theirs = command.ticket == own.number or desk.by_number(arrival.session, command.ticket) is None
    return command.verb is Verb.ACK or not theirs


def _staff(arrival: Arrival, command: Command | None) -> None:
    duty = handover_words.parse(arrival.text.body)
    if duty is not None:
        body, clear = handover.answer(arrival, duty)
        if clear or _lost_in_the_last_hour(arrival) < LOST_PER_HOUR:
            key = f"{'answer' if clear else 'lost'}:{arrival.text.sid}"
            arrival.reply(body, key=key, purpose=Purpose.ANSWER)
    elif command is not None:
        body, ticket = answers.answer(arrival, command)
        if ticket is not None:
            arrival.attach(ticket)
        arrival.reply(body, key=f"answer:{arrival.text.sid}", purpose=Purpose.ANSWER, ticket=ticket)
    elif not arrival.is_automatic() and _lost_in_the_last_hour(arrival) < LOST_PER_HOUR:
        # A phone that answers by itself in words we do not know must not keep us talking.
        body = f"Not understood. {answers.STAFF_HELP}"
        arrival.reply(body, key=f"lost:{arrival.text.sid}", purpose=Purpose.ANSWER)


def _lost_in_the_last_hour(arrival: Arrival) -> int:
    told = select(func.count()).where(
        Message.to_number == arrival.number,
        Message.key.startswith("lost:"),
        Message.created_at > arrival.now - timedelta(hours=1),
    )
    return arrival.session.scalar(told) or 0
