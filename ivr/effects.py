"""What a turn of a call does beside speaking: open the ticket, note what was typed, send the text that was asked for."""

from datetime import datetime

import structlog
from sqlalchemy.orm import Session as Unit

from flows import keypad
from flows.instructions import CallBack, Choose, Instruction, Note, SendText, TellWhenOver, Typed
from flows.session import Caller, Turn
from flows.ticket_notes import note_of
from ivr.wiring import Helpline
from tickets import calls, consent, offers, outages
from tickets.arrival import can_receive
from tickets.events import note
from tickets.models import Call
from tickets.rules import Rules

log = structlog.get_logger(__name__)


def may_text(session: Unit, number: str | None, *, rules: Rules) -> bool:
    """Whether a caller may be offered a text."""
    return number is not None and can_receive(number) and consent.may_text(session, number, rules.sender)


def caller_of(session: Unit, desk: Helpline, call: Call) -> Caller:
    """Who calls, as far as the flow looks at it."""
    texts = desk.answers.texts_matter and may_text(session, call.from_number, rules=desk.rules)
    return desk.flows.caller(call.from_number, client=call.client, texts=texts)


def carry_out(unit: Unit, desk: Helpline, call: Call, turn: Turn, *, now: datetime) -> None:
    """The effects of a turn, in their order. The call is locked; a turn is carried out once, and stored after it."""
    step = str((call.session or {}).get("step", ""))  # the one that the caller answered, not the one that follows
    for instruction in turn.instructions:
        _one(unit, desk, call, instruction, step, now=now)


def _one(unit: Unit, desk: Helpline, call: Call, effect: Instruction, step: str, *, now: datetime) -> None:
    told = note_of(effect, desk.client_names) or ""
    match effect:
        case TellWhenOver():
            outages.asked(unit, call, now=now, rules=desk.rules)
        case Choose(label=label, key=key, priority=priority):
            ticket = calls.chose(unit, call, label, now=now, priority=priority)
            log.info("option chosen", ticket=ticket.number, option=key)
        case Typed(kind="number", value=value):
            offers.typed_number(unit, call, value, told, now=now)
        case Typed(kind="name", value=value):
            offers.typed_name(unit, call, keypad.matches(value, desk.client_names), told, now=now)
        case Note() | Typed():
            note(unit, call_id=call.id, ticket_id=call.ticket_id, kind="choice", now=now, text=told)
        case CallBack(number=number, label=label):
            offers.call_back(unit, call, number, label, told, now=now)
        case SendText(text=text):
            offers.send(unit, call, text, step=step, rules=desk.rules, now=now)
