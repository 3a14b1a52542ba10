"""When a drill is due, and how its caller gets through the flow to the voicemail. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows import engine
from flows.engine import Caller, Digits, Silence, Waiting
from flows.instructions import Ring
from flows.listening import lasts
from flows.localtime import moment, wall
from flows.schema import Drill, HelpdeskFlow
from flows.steps import MenuStep

#: Turns after which a flow that leads to no voicemail is given up. The engine leads every call there before that.
TURNS = 60


@dataclass(frozen=True)
class Move:
    """Wait about so many seconds, then press `key`; without a key, do nothing."""

    seconds: float
    key: str | None


def last_slot(drill: Drill, zone: str, now: datetime) -> datetime:
    """The last moment, not after `now`, at which a drill was due. A time that the clocks skip is when they skip it."""
    day = now.astimezone(ZoneInfo(zone)).date()
    if drill.every == "week":
        day -= timedelta(days=day.weekday())
    slot = moment(wall(day, drill.at), zone)
    while slot > now:
        day -= timedelta(days=7 if drill.every == "week" else 1)
        slot = moment(wall(day, drill.at), zone)
    return slot


def way(flow: HelpdeskFlow, now: datetime) -> tuple[Move, ...]:
    """What a caller does to leave a message: in each menu the first key that opens a ticket, silence where there is none.
    The last move presses nothing: after it the recording runs. Empty when the flow leads to no voicemail."""
    caller = Caller(None, None)
    turn, moves, pressed = engine.begin(flow, caller=caller, now=now), list[Move](), False
    for _ in range(TURNS):
        while any(isinstance(one, Ring) for one in turn.instructions):  # a drill rings no phone
            turn = engine.nobody_rings(flow, turn, caller=caller, now=now)
        if turn.session.waiting is Waiting.RECORDING:
            return (*moves, Move(lasts(turn.instructions), None))
        if turn.session.waiting is Waiting.NOTHING:
            break
        key = None if pressed else _opening_key(flow, turn.session.step)
        pressed = pressed or key is not None
        moves.append(Move(lasts(turn.instructions, whole=key is None), key))
        event = Silence() if key is None else Digits(key)
        turn = engine.advance(flow, turn.session, event, caller=caller, now=now)
    return ()


def _opening_key(flow: HelpdeskFlow, step: str) -> str | None:
    menu = flow.calls.steps.get(step)
    if not isinstance(menu, MenuStep):
        return None
    return next((key for key, option in menu.menu.keys.items() if option.opens), None)
