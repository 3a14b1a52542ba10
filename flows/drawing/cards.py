"""A flow as it is drawn: cards for its steps, and the ways from one to the next. The terminal, Mermaid and SVG draw these."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flows.describe import heard, many, whom
from flows.loader import Flows
from flows.routes import exits, reachable
from flows.schema import Desk, HelpdeskFlow, TextRoute
from flows.source import Place
from flows.steps import (
    AnnounceStep,
    AskStep,
    CallbackStep,
    ClientStep,
    HangupStep,
    HoursStep,
    MenuStep,
    MessageStep,
    RingStep,
    SayStep,
    Step,
    TransferStep,
    VoicemailStep,
    kind_name,
)


@dataclass(frozen=True)
class Way:
    """A way on from a step: what it takes ("1", "closed", "" for nothing), the step it leads to, and what happens on it."""

    by: str
    to: str
    note: str = ""


@dataclass(frozen=True)
class Card:
    """A step: its name and kind, what it does beside the words, the words, and the ways on."""

    name: str
    kind: str
    does: str
    words: str
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class TextWay:
    """What becomes of texts that open a ticket: which ones, the ticket, and the answer ("" for the first reply alone)."""

    texts: str
    ticket: str
    answer: str


@dataclass(frozen=True)
class Drawing:
    """The whole flow. `cards` are in the order in which a caller comes to them; `unreached` names those that none comes to."""

    start: str
    cards: tuple[Card, ...]
    unreached: tuple[str, ...]
    texts: tuple[TextWay, ...]


def draw(flows: Flows) -> Drawing:
    """The drawing of these flow files."""
    flow = flows.helpdesk
    calls = flow.calls
    found = reachable(calls)
    order = [name for name in _in_order(flow) if name in found]
    unreached = tuple(name for name in calls.steps if name not in found)
    cards = tuple(_card(name, calls.steps[name], flow.desk) for name in (*order, *unreached))
    return Drawing(calls.start, cards, unreached, tuple(_texts(flow)))


def _in_order(flow: HelpdeskFlow) -> Iterator[str]:
    """The steps in the order in which callers come to them, the nearest first."""
    found, left = set[str](), [flow.calls.start]
    while left:
        name = left.pop(0)
        if name in flow.calls.steps and name not in found:
            found.add(name)
            left += exits(flow.calls.steps[name]).values()
            yield name


def _card(name: str, step: Step, desk: Desk) -> Card:
    does, words = _does(step, desk)
    ways = tuple(_way(step, place, target) for place, target in exits(step).items())
    return Card(name, kind_name(step), does, words, tuple(dict.fromkeys(_heard_of(step, ways))))


def _heard_of(step: Step, ways: tuple[Way, ...]) -> Iterator[Way]:
    """The ways that a caller can take: with one try only, a menu's silence and wrong keys are those of `otherwise`."""
    for way in ways:
        if not (isinstance(step, MenuStep) and step.menu.tries == 1 and way.by in ("silence", "wrong key")):
            yield way


def _way(step: Step, place: Place, target: str) -> Way:
    """A way in words, from where in the step it is written."""
    if isinstance(step, MenuStep) and place[:2] == ("menu", "keys"):
        option = step.menu.keys[str(place[2])]
        notes = [
            f"opens {'a normal ticket ' if option.priority == 'normal' else ''}“{option.opens}”"
            if option.opens
            else "",
            f"in {option.language}" if option.language else "",
            f"notes “{option.records}”" if option.records else "",
        ]
        return Way(str(place[2]), target, ", ".join(note for note in notes if note))
    if isinstance(step, MenuStep):
        by = {"silence": "silence", "wrong": "wrong key"}.get(str(place[1]) if len(place) > 1 else "", "")
        return Way(by or ("no key" if step.menu.tries == 1 else f"{step.menu.tries} times no key"), target)
    by = {
        RingStep: "nobody answers, or 1",
        TransferStep: "nobody answers",
        CallbackStep: "no, or no number",
        ClientStep: "others" if place == ("otherwise",) else str(place[-1]),
        HoursStep: str(place[-1]),
    }.get(type(step), "")
    return Way(by, target)


def _does(step: Step, desk: Desk) -> tuple[str, str]:
    """What a step does beside talking, and the words that it begins with."""
    match step:
        case SayStep():
            return "", heard(step.say, desk)
        case AnnounceStep():
            return when(step.announce.begins, step.announce.ends), heard(step.announce.say, desk)
        case MenuStep():
            return f"{many(step.menu.wait, 'second')} for a key", heard(
                (*step.menu.say, *(step.menu.notice or ())), desk
            )
        case HoursStep():
            return step.hours, ""
        case ClientStep():
            return "who calls?", ""
        case AskStep():
            return step.ask.about, heard(step.ask.say, desk)
        case RingStep():
            order = "" if step.ring.order == "all" else ", one by one"
            return f"{whom(step.ring.team)}, {step.ring.seconds} s{order}", heard(step.ring.say, desk)
        case TransferStep():
            return f"to {step.transfer.to}, {step.transfer.seconds} s", heard(step.transfer.say, desk)
        case CallbackStep():
            return f"1: ticket “{step.callback.opens}”", heard(step.callback.say, desk)
        case MessageStep():
            return "1: a text", heard(step.message.say, desk)
        case VoicemailStep():
            return f"{step.voicemail.max_seconds} s at most", heard(step.voicemail.say, desk)
        case HangupStep():
            return "", heard(step.hangup, desk)


def when(begins: datetime | None, ends: datetime | None) -> str:
    """ "from Thu Dec 24 2026, 08:00 to Sat Dec 26 2026, 08:00"."""
    words = [f"from {spoken_time(begins)}" if begins else "", f"to {spoken_time(ends)}" if ends else ""]
    return " ".join(word for word in words if word) or "always"


def spoken_time(local: datetime) -> str:
    """A time on the wall."""
    return f"{local:%a %b} {local.day} {local.year}, {local:%H:%M}"


def _texts(flow: HelpdeskFlow) -> Iterator[TextWay]:
    for route in flow.texts.routes:
        yield TextWay(which_texts(route), becomes(route), route.reply or "")
    yield TextWay("any other text" if flow.texts.routes else "any text", becomes(None), "")


def which_texts(route: TextRoute) -> str:
    """The texts that a route takes."""
    words = "says " + " or ".join(f"“{word}”" for word in route.words) if route.words else "any text"
    return f"{words}, {route.hours} {route.when}" if route.hours else words


def becomes(route: TextRoute | None) -> str:
    """The ticket of a text that takes this route, or none."""
    if route is None:
        return "urgent ticket"
    if route.ticket == "none":
        return "no ticket"
    return f"{route.ticket} ticket" + (f" “{route.opens}”" if route.opens else "")
