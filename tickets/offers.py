"""What callers type and take in a call beside the menu: a number, an office's name, the call back, a text."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from tickets import calls, consent, outbox
from tickets.arrival import can_receive
from tickets.consent import ConsentKind
from tickets.events import note
from tickets.models import Call
from tickets.rules import Rules
from tickets.states import Purpose


def _tell(session: Session, call: Call, text: str, *, now: datetime) -> None:
    note(session, call_id=call.id, ticket_id=call.ticket_id, kind="choice", now=now, text=text)


def typed_number(session: Session, call: Call, number: str, told: str, *, now: datetime) -> None:
    """The caller typed a phone number (E.164): pages name it. `told` is the line of the ticket's history."""
    call.callback_number = number
    _tell(session, call, told, now=now)


def typed_name(session: Session, call: Call, names: Sequence[str], told: str, *, now: datetime) -> None:
    """The caller typed a name on the keys, which fits these clients. Exactly one is taken for the caller's, unless the
    number is already known as a client's."""
    if len(names) == 1 and call.client is None:
        call.client = names[0]
        ticket = calls.ticket_of(session, call)
        if ticket is not None and ticket.client is None:
            ticket.client = names[0]
    _tell(session, call, told, now=now)


def call_back(session: Session, call: Call, number: str, label: str, told: str, *, now: datetime) -> None:
    """The caller wants to be called back instead of waiting. The page goes out when the call is over."""
    call.callback_number, call.wants_callback = number, True
    if call.choice is None:
        calls.chose(session, call, label, now=now)
    else:
        calls.ensure_ticket(session, call, now=now)
    _tell(session, call, told, now=now)


def send(session: Session, call: Call, text: str, *, step: str, rules: Rules, now: datetime) -> None:
    """The caller pressed the key for a text: keep the consent that it is, and send it once for each step of a call."""
    number = call.from_number
    if number is None or not can_receive(number) or not consent.may_text(session, number, rules.sender):
        _tell(session, call, "The caller asked for a text, and cannot get one", now=now)
        return
    words = f"Pressed 1 for a text: {text}"
    consent.record(session, number, ConsentKind.OPT_IN, source="key in a call", evidence=call.sid, words=words, now=now)
    outbox.write(
        session,
        key=f"offer:{call.sid}:{step}",
        purpose=Purpose.RECEIPT,
        to=number,
        body=text,
        desk=rules.desk_number,
        now=now,
        ticket=calls.ticket_of(session, call),
    )
    _tell(session, call, "The caller asked for a text and gets it", now=now)
