"""Texts that come in: consent first, then staff commands, then clients. Each is taken once, by the carrier's id."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tickets import answers, conversation, keywords
from tickets.arrival import Arrival, InboundText
from tickets.commands import Command, Verb, parse
from tickets.consent import Wish
from tickets.db import insert_once, serialise
from tickets.models import Message
from tickets.oncall import person_of
from tickets.rules import Rules
from tickets.states import Direction, MessageState, Purpose

STRANGER = "This number is not on our on-call list, so it cannot take tickets. Need help? Text us what is wrong."


def receive(session: Session, text: InboundText, *, rules: Rules, now: datetime) -> bool:
    """Take a text in. False when it has been taken before; then nothing happens again.

    Texts of one number are taken one after the other, so that two at once are one ticket and one confirmation."""
    serialise(session, text.from_number)
    arrival = _arrive(session, text, rules=rules, now=now)
    if arrival is None:
        return False
    if text.from_number != rules.desk_number:  # a forwarded text of our own: answering it would be talking to ourselves
        _dispatch(arrival)
    return True


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
        media=[{"type": kind, "id": id_} for kind, id_ in text.media] or None,
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
    if wish in (Wish.STOP, Wish.START, Wish.HELP):
        keywords.take(arrival, wish)
        return
    command = parse(arrival.text.body)
    if arrival.person is not None:
        _staff(arrival, command)
    elif command is not None and (command.ticket is not None or command.verb is Verb.ACK):
        key = f"stranger:{arrival.number}:{arrival.now:%Y%m%d%H}"
        arrival.reply(STRANGER, key=key, purpose=Purpose.ANSWER)
    else:
        conversation.take(arrival, unclear=wish is Wish.UNCLEAR)


def _staff(arrival: Arrival, command: Command | None) -> None:
    assert arrival.person is not None  # the caller looked
    ticket = None
    if command is None:
        body = f"Not understood. {answers.STAFF_HELP}"
    else:
        body, ticket = answers.answer(arrival.session, command, arrival.person, rules=arrival.rules, now=arrival.now)
    if ticket is not None:
        arrival.attach(ticket)
    arrival.reply(body, key=f"answer:{arrival.text.sid}", purpose=Purpose.ANSWER, ticket=ticket)
