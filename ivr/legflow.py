"""One step of a call to a colleague: the carrier's request in, the answer of what the call is for out, and its record."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session as Unit

from flows.instructions import Hangup, Instruction, Say
from ivr import calling
from ivr.forms import CallForm
from ivr.twiml import Addresses, render
from ivr.wiring import Helpline
from tickets import legs, work
from tickets.models import Leg
from tickets.states import LegPurpose

#: Larger numbers are nobody's, and PostgreSQL refuses to compare them.
LARGEST = 2**31 - 1

GONE = render((Hangup(),), Addresses(""))


@dataclass(frozen=True)
class Script:
    """What the calls of one purpose do. Each function locks what it needs, in the order of `tickets.calls.lock`.

    `wanted`: may the call still be placed? `answer`: what the colleague hears at this turn, by what the form says (keys, ""
    for none; the end of a Dial). `reported`: the carrier has said how the call goes; the leg has its new state."""

    wanted: legs.Wanted
    lock: Callable[[Unit, Leg], None]
    answer: Callable[[Unit, Helpline, Leg, int, CallForm], tuple[Instruction, ...]]
    reported: Callable[[Unit, Helpline, Leg], None]


Scripts = dict[LegPurpose, Script]


def answer(desk: Helpline, scripts: Scripts, form: CallForm, leg_id: int, turn: int) -> str:
    """The TwiML for this turn of a leg; the same turn again gets the same TwiML, and nothing happens twice."""
    now = desk.now()
    with desk.database.unit() as unit:
        leg = _locked(unit, scripts, leg_id)
        if leg is None or (leg.sid is not None and leg.sid != form.sid):
            return GONE
        leg.sid = form.sid
        before = legs.stored_turn(leg, turn)
        if before is not None:
            return before
        instructions = scripts[LegPurpose(leg.purpose)].answer(unit, desk, leg, turn, form)
        twiml = render(instructions, addresses(desk, leg, turn))
        legs.store_turn(leg, turn, heard=f"keys {form.digits}" if form.digits else "nothing", twiml=twiml, now=now)
        return twiml


def without_database(desk: Helpline) -> str:
    """What a colleague hears while our database does not answer. The key did nothing; the caller is taken care of."""
    voice = desk.flows.helpdesk.desk
    words = "Your key could not be taken just now. You get the call by text. Goodbye."
    return render((Say(words, voice.language, voice.voice), Hangup()), Addresses(""))


def addresses(desk: Helpline, leg: Leg, turn: int) -> Addresses:
    """Where the carrier goes after this turn of a leg."""
    room = f"{desk.settings.public_url}/twilio/room/{leg.ring_id}" if leg.ring_id is not None else ""
    return Addresses(action=calling.leg_url(desk, leg.id, turn + 1), room=room)


def status_event(desk: Helpline, scripts: Scripts, leg_id: int, sid: str, status: str) -> None:
    """The carrier reports how a leg goes: in any order, any number of times."""
    with desk.database.unit() as unit:
        if _locked(unit, scripts, leg_id) is None:
            return
        leg = legs.report(unit, leg_id, sid=sid, status=status, now=desk.now())
        if leg is not None:
            unit.flush()
            scripts[LegPurpose(leg.purpose)].reported(unit, desk, leg)


def _locked(unit: Unit, scripts: Scripts, leg_id: int) -> Leg | None:
    seen = unit.get(Leg, leg_id) if leg_id <= LARGEST else None
    if seen is None:
        return None
    scripts[LegPurpose(seen.purpose)].lock(unit, seen)
    return legs.lock(unit, leg_id)


def place_call(desk: Helpline, scripts: Scripts, held: work.Claim) -> None:
    """Do one piece of PLACE_CALL work."""
    calling.place_call(desk, held, {purpose: script.wanted for purpose, script in scripts.items()})


def check_call(desk: Helpline, scripts: Scripts, held: work.Claim) -> None:
    """Do one piece of CHECK_CALL work."""
    calling.check_call(desk, held, lambda leg, sid, status: status_event(desk, scripts, leg, sid, status))
