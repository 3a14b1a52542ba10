"""A walk in words, for whoever walks it in a terminal: what was heard, what came of it, what can happen next."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from flows.fields import LONGEST_TEXT
from flows.instructions import Gather, Pause, Prompt, Say
from flows.nearest import did_you_mean
from flows.session import Caller, Waiting, Who
from flows.steps import AskStep, CallbackStep, MenuStep, MessageStep, Option, Step, kind_name
from flows.trying.actions import Action, Answer, HangUp, NobodyAnswers, NotNow, Press, Send, Silence, Speak, Talk, Wait
from flows.trying.walk import Point, Walk
from flows.walltimes import seconds

#: How long a message and a talk are when nobody says.
SOME_SECONDS = 12
SOME_TALK = 60

COMMANDS = """\
1  903#   press keys                   answer Sam  a colleague takes the call
silence   nothing (an empty line)      answer      somebody does
speak 12  leave a message, 12 seconds  nobody      nobody answers
hang up   the caller hangs up          talk 60     they talk for 60 seconds
time 30   time passes: 30, 2 minutes   text WORDS  the caller texts
undo      take the last one back       save NAME   keep the walk as a test
help      this list                    quit        leave"""

_WORDS = ("silence", "speak", "hang up", "answer", "nobody", "talk", "time", "text", "undo", "save", "help", "quit")


def action(line: str) -> Action:
    """What a typed line lets happen. Raises NotNow with a hint for what is no action."""
    words = " ".join(line.split())
    verb, _, rest = words.partition(" ")
    verb = verb.casefold()
    if re.fullmatch(r"[0-9*#][0-9*# ]*", words):
        return Press(words.replace(" ", ""))
    whole = words.casefold()
    if whole in ("", "silence"):
        return Silence()
    if whole in ("hang up", "hangup"):
        return HangUp()
    if whole in ("nobody", "nobody answers"):
        return NobodyAnswers()
    if whole in ("answer", "somebody", "somebody answers"):
        return Answer(None)
    if verb == "press" and re.fullmatch(r"[0-9*#][0-9*# ]*", rest):
        return Press(rest.replace(" ", ""))
    if verb in ("text", "send"):
        return _text(line.strip().partition(" ")[2].strip())
    if verb == "answer":
        return Answer(rest)
    if verb in ("speak", "talk", "time", "wait"):
        return _timed(verb, rest)
    hint = did_you_mean(verb, _WORDS) or "help lists what can be typed"
    raise NotNow(f"'{words[:40]}' is nothing that can happen", hint)


def _text(words: str) -> Send:
    if len(words) > LONGEST_TEXT:
        raise NotNow(f"a text has at most {LONGEST_TEXT} characters, not {len(words)}", "send it in parts")
    return Send(words)


def _timed(verb: str, rest: str) -> Action:
    try:
        if verb == "speak":
            return Speak(seconds(rest or SOME_SECONDS))
        if verb == "talk":
            return Talk(seconds(rest or SOME_TALK))
        return Wait(seconds(rest))
    except PydanticCustomError as error:
        context = error.context or {}
        raise NotNow(str(context.get("what")), str(context.get("hint"))) from None


def caller_words(caller: Caller) -> str:
    """Who it is: "+19035550160, Hollis & Wade CPA, known"."""
    parts = [caller.number or "a withheld number", caller.client or "", "" if caller.who is Who.UNKNOWN else caller.who]
    return ", ".join(part for part in parts if part)


def clock(at: datetime, zone: str) -> str:
    """A moment on the wall: "Tue Nov 24 2026, 10:00:05 AM CST"."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a %b} {local.day} {local.year}, " + f"{local:%I:%M:%S %p %Z}".lstrip("0")


#: Where the words of a line begin that `told` gives.
BESIDE = " " * len("  hears  ")


def told(walk: Walk, before: Point | None) -> Iterator[str]:
    """The lines that tell of the last thing that happened."""
    point = walk.point
    if point.passed:
        yield f"  way    {' > '.join(point.passed)}"
    if point.means is not None:
        yield f"  means  {point.means}"
    if point.ticket is not None and (before is None or point.ticket != before.ticket):
        yield f"  ticket {point.ticket.subject} ({point.ticket.priority})"
    yield from (f"  note   {text}" for text in point.notes)
    yield from (f"  sends  {text}" for text in point.gets)
    if walk.done and isinstance(walk.done[-1][0], Send) and not point.gets:
        yield f"  sends  nothing{'; the carrier answers this word itself' if point.by_carrier else ''}"
    if point.rings:
        yield f"  rings  {', '.join(point.rings)}"
    yield from (f"  {line}" for line in _heard(point.heard))
    if point.pages:
        yield f"  pages  {', '.join(point.pages)}"
    if walk.calls:
        yield from _now(walk, point)


def _heard(prompts: Iterable[Prompt]) -> Iterator[str]:
    for prompt, same in groupby(prompts):
        times = sum(1 for _ in same)
        more = f" ({times} times)" if times > 1 else ""
        if isinstance(prompt, Say):
            yield f"hears  {prompt.text}{more} [{prompt.language}]"
        elif isinstance(prompt, Pause):
            yield f"hears  {prompt.seconds} s of silence{more}"
        else:
            yield f"hears  the sound {prompt.url}{more}"


def _now(walk: Walk, point: Point) -> Iterator[str]:
    step = walk.flows.helpdesk.calls.steps.get(point.step or "")
    if point.waiting is Waiting.NOTHING:
        kind = f", a {kind_name(step)} step" if step is not None else ""
        by = " by the caller" if point.hung_up else ""
        yield f"  ends   the call is over, ended{by} at '{point.step}'{kind}"
    elif point.waiting is Waiting.KEYS and point.turn and not point.turn.session.offered:
        yield f"  at     {point.step}: {_keys(step, point)}"
    elif point.waiting is Waiting.KEYS:
        yield "  at     the news of an outage: 1 to be told when it is over, anything else for the menu"
    else:
        yield f"  at     {point.step}: {walk.stands(point)}; possible: {walk.can(point)}"


def _keys(step: Step | None, point: Point) -> str:
    """What the caller could press."""
    wait = f"silence for {point.last.timeout} s" if isinstance(point.last, Gather) else "silence"
    match step:
        case MenuStep():
            keys = [f"{key} {_option(option)}" for key, option in step.menu.keys.items()]
            return f"{'; '.join(keys)}; {wait} (try {_tries(point)} of {step.menu.tries}, then {step.otherwise})"
        case AskStep() if point.turn and point.turn.session.asked:
            return f"2 types another one; {wait} goes on to {step.next}"
        case AskStep():
            return f"keys for the {step.ask.about}, then #; {wait} (try {_tries(point)} of {step.ask.tries})"
        case CallbackStep():
            return f"1 to be called back; anything else or {wait} goes on to {step.otherwise}"
        case MessageStep():
            return f"1 to get the text; anything else or {wait} goes on to {step.next}"
    return wait


def _option(option: Option) -> str:
    parts = [option.opens or "", f"speaks {option.language}" if option.language else "", f"to {option.next}"]
    return ", ".join(part for part in parts if part)


def _tries(point: Point) -> int:
    return point.turn.session.tries + 1 if point.turn else 1
