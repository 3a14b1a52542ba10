"""The pure engine of a call: (flow, session, event) to (session, instructions). No clock, no I/O, no chance.

Promises: `begin` and `advance` never raise, whatever the event is and whatever became of the flow file since the last
turn. Every turn ends with `Gather`, `Record` or `Hangup`, or with nothing when the caller is gone. After at most
`calls.limits.turns` turns, or `calls.limits.minutes`, the call is at a voicemail, and two turns later it has ended.

A `ring` step is passed straight to its `otherwise`: ringing the team live comes later, the place for it is in the flow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from flows.builtin import VOICEMAIL_STEP, voicemail_only
from flows.instructions import Choose, Gather, Hangup, Instruction, Pause, Play, Prompt, Record, Say, TellWhenOver
from flows.schema import (
    Clip,
    HangupStep,
    HelpdeskFlow,
    MenuStep,
    Miss,
    Prompts,
    RingStep,
    SayStep,
    Step,
    Voicemail,
    VoicemailStep,
    Words,
)
from flows.words import fill, spoken_values

__all__ = [
    "Caller", "Digits", "Event", "Flow", "HungUp", "Known", "Recorded", "Session", "Silence", "Turn", "Waiting",
    "advance", "begin", "said_of_callers", "voicemail_only",
]  # fmt: skip

Flow = HelpdeskFlow
# Any of these ends a message; a digit does not, because callers fumble with their phones while they speak.
FINISH_KEYS = "*#"
TELL_ME = "1"
HANGUP_KEY = "hangup"


@dataclass(frozen=True)
class Caller:
    """Who calls: the caller id in E.164 (None or odd text when withheld) and the client known by it."""

    number: str | None
    client: str | None


@dataclass(frozen=True)
class Known:
    """An outage that a colleague announced to the callers of this client: `words` about it, and whether this caller can be
    told by text when it is over (`offer`).
    """

    words: str
    offer: bool


@dataclass(frozen=True)
class Digits:
    """The caller pressed `keys`."""

    keys: str


@dataclass(frozen=True)
class Silence:
    """The caller pressed nothing in time."""


@dataclass(frozen=True)
class Recorded:
    """The recording ended: its length (None or 0 when there is none) and the key that ended it, "hangup" or ""."""

    seconds: int | None
    key: str


@dataclass(frozen=True)
class HungUp:
    """The caller is gone."""


Event = Digits | Silence | Recorded | HungUp


class Waiting(StrEnum):
    """What the call waits for between two turns."""

    KEYS = "keys"
    RECORDING = "recording"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Session:
    """Where a call is. `steps` counts the turns so far, `tries` the misses at this step, `began` is epoch seconds,
    `heard` names the menus whose notice was said, `offered` that the caller was asked about an outage just now.
    """

    step: str
    waiting: Waiting
    steps: int
    tries: int
    choice: str | None
    language: str
    ended: bool
    began: int
    heard: tuple[str, ...] = ()
    offered: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The session as JSON types."""
        return {**self.__dict__, "waiting": self.waiting.value, "heard": list(self.heard)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Session":
        """The session of `to_dict`. Missing or odd values are replaced such that the call goes to the voicemail."""
        waiting, heard = data.get("waiting"), data.get("heard")
        return cls(
            step=_text(data.get("step")) or "",
            waiting=next((one for one in Waiting if one.value == waiting), Waiting.KEYS),
            steps=_count(data.get("steps")),
            tries=_count(data.get("tries")),
            choice=_text(data.get("choice")),
            language=_text(data.get("language")) or "en-US",
            ended=data.get("ended") is True,
            began=_count(data.get("began")),
            heard=tuple(name for name in heard if isinstance(name, str)) if isinstance(heard, list | tuple) else (),
            offered=data.get("offered") is True,
        )


@dataclass(frozen=True)
class Turn:
    """The answer to one event: keep `session`, carry out `instructions` in order."""

    session: Session
    instructions: tuple[Instruction, ...]


def begin(flow: Flow, *, caller: Caller, now: datetime, known: Known | None = None) -> Turn:
    """The first turn of a call. The moment `now` is seen in `session.began` only; a `known` outage is said after the
    greeting, before the caller has to do anything.
    """
    session = Session(
        step=flow.calls.start,
        waiting=Waiting.KEYS,
        steps=1,
        tries=0,
        choice=None,
        language=flow.desk.language,
        ended=False,
        began=int(now.timestamp()),
    )
    return _Call(flow, session, caller=caller, now=now, known=known).enter(flow.calls.start)


def said_of_callers(flow: Flow) -> frozenset[str]:
    """Which of "caller" and "client" any prompt names. Who differs only in the others hears the same."""
    said = flow.calls.model_dump_json(exclude={"outage"}) + VOICEMAIL_STEP.model_dump_json()
    return frozenset(name for name in ("caller", "client") if f"{{{name}}}" in said)


def advance(flow: Flow, session: Session, event: Event, *, caller: Caller, now: datetime) -> Turn:
    """The next turn. Unexpected events have answers too.

    A message is thanked for wherever it arrives, any other event that does not fit counts as a miss, a step that the
    flow no longer has leads to the voicemail, and after the end there is only the hang-up.
    """
    if session.ended or session.waiting is Waiting.NOTHING:
        over = replace(session, ended=True, waiting=Waiting.NOTHING)
        return Turn(over, () if isinstance(event, HungUp) else (Hangup(),))
    call = _Call(flow, replace(session, steps=session.steps + 1), caller=caller, now=now)
    match event:
        case HungUp():
            return call.gone()
        case Recorded(seconds=seconds, key=key) if key == HANGUP_KEY or (seconds or 0) > 0:
            return call.gone() if key == HANGUP_KEY else call.thank()
        case Digits(keys=keys) if keys and session.waiting is Waiting.KEYS:
            return call.press(keys)
        case _:
            return call.miss("silence") if session.waiting is Waiting.KEYS else call.nothing_recorded()


class _Call:
    """One turn in the making: the session so far and the instructions collected."""

    def __init__(
        self, flow: Flow, session: Session, *, caller: Caller, now: datetime, known: Known | None = None
    ) -> None:
        self.flow, self.session, self.known = flow, session, known
        self.values = spoken_values(flow.desk, number=caller.number, client=caller.client)
        self.minutes = (now.timestamp() - session.began) / 60
        self.out: list[Instruction] = []

    def press(self, keys: str) -> Turn:
        """A key of the menu, or a wrong one."""
        if self.session.offered:
            return self.answered(keys)
        step = self.flow.calls.steps.get(self.session.step)
        if not isinstance(step, MenuStep):
            return self.enter(self.session.step, lost=True)
        option = step.menu.keys.get(keys)
        if option is None:
            return self.miss("wrong")
        if option.opens is not None:
            label = option.opens
            note = f"The caller pressed {keys} at '{self.session.step}': {label}"
            self.out.append(Choose(self.session.step, keys, label, option.priority, note))
            self.session = replace(self.session, choice=label)
        return self.enter(option.next)

    def miss(self, kind: str) -> Turn:
        """Silence or a wrong key at a menu: their own words, then the menu again, their own step, or `otherwise`."""
        if self.session.offered:
            return self.answered("")
        step = self.flow.calls.steps.get(self.session.step)
        if not isinstance(step, MenuStep):
            return self.enter(self.session.step, lost=True)
        miss: Miss = step.menu.silence if kind == "silence" else step.menu.wrong
        tries = self.session.tries + 1
        if tries >= step.menu.tries:
            return self.enter(step.otherwise)
        self._say(miss.say)
        if miss.next is not None and miss.next != self.session.step:
            return self.enter(miss.next)
        return self.enter(self.session.step, tries=tries)

    def answered(self, keys: str) -> Turn:
        """After the offer about an outage: 1 is a wish, everything else leads to the menu that the caller came for."""
        self.session = replace(self.session, offered=False)
        if keys == TELL_ME:
            self.out.append(TellWhenOver())
            self._say(self.flow.calls.outage.thanks)
        return self.enter(self.session.step)

    def enter(self, name: str, *, tries: int = 0, lost: bool = False) -> Turn:
        """Go on from step `name` to the first that waits for the caller. Circles and limits lead to the voicemail."""
        passed: set[str] = set()
        while True:
            step: Step | None = None if lost or name in passed else self.flow.calls.steps.get(name)
            if step is None or (self._at_limit() and not isinstance(step, VoicemailStep | HangupStep)):
                name, step = self._voicemail_for(name)
            passed.add(name)
            if self.known is not None and not isinstance(step, SayStep):
                known, self.known = self.known, None
                if (turn := self._announce(name, known)) is not None:
                    return turn
            match step:
                case SayStep():
                    self._say(step.say)
                    name = step.next
                case RingStep():
                    name = step.otherwise
                case MenuStep():
                    return self._ask(name, step, tries=tries)
                case VoicemailStep():
                    self._say(step.voicemail.say)
                    return self._record(name, step.voicemail, tries=0)
                case HangupStep():
                    self._say(step.hangup)
                    return self._end(name, Hangup())

    def thank(self) -> Turn:
        """A message was left: thanks and the end."""
        name, step = self._voicemail_for(self.session.step)
        self._say(step.voicemail.thanks)
        return self._end(name, Hangup())

    def nothing_recorded(self) -> Turn:
        """No message: once more with a short prompt, then goodbye."""
        name, step = self._voicemail_for(self.session.step)
        if self.session.tries == 0:
            self._say(step.voicemail.again)
            return self._record(name, step.voicemail, tries=1)
        self._say(step.voicemail.goodbye)
        return self._end(name, Hangup())

    def gone(self) -> Turn:
        """The caller hung up: nobody is left to be told anything."""
        return self._end(self.session.step)

    def _ask(self, name: str, step: MenuStep, *, tries: int) -> Turn:
        menu, heard = step.menu, self.session.heard
        prompts = self._prompts(menu.say)
        if menu.notice is not None and name not in heard:
            prompts, heard = prompts + self._prompts(menu.notice), (*heard, name)
        # One digit per key and no finish key: # and * arrive as keys of their own instead of looking like silence.
        gather = Gather(prompts=prompts, digits=1, timeout=menu.wait, finish_on_key="")
        self.session = replace(self.session, step=name, waiting=Waiting.KEYS, tries=tries, heard=heard)
        return Turn(self.session, (*self.out, gather))

    def _announce(self, name: str, known: Known) -> Turn | None:
        """Say what is known of an outage; whoever can be texted is asked, and goes on to step `name` afterwards."""
        outage = self.flow.calls.outage
        self.values = {**self.values, "outage": known.words.rstrip(" .!")}
        if not known.offer:
            self._say(outage.say)
            return None
        prompts = self._prompts(outage.say) + self._prompts(outage.offer)
        gather = Gather(prompts=prompts, digits=1, timeout=outage.wait, finish_on_key="")
        self.session = replace(self.session, step=name, waiting=Waiting.KEYS, tries=0, offered=True)
        return Turn(self.session, (*self.out, gather))

    def _record(self, name: str, voicemail: Voicemail, *, tries: int) -> Turn:
        record = Record(voicemail.max_seconds, voicemail.silence_seconds, FINISH_KEYS, voicemail.beep)
        self.session = replace(self.session, step=name, waiting=Waiting.RECORDING, tries=tries)
        return Turn(self.session, (*self.out, record))

    def _end(self, name: str, *last: Instruction) -> Turn:
        self.session = replace(self.session, step=name, waiting=Waiting.NOTHING, ended=True)
        return Turn(self.session, (*self.out, *last))

    def _at_limit(self) -> bool:
        limits = self.flow.calls.limits
        return self.session.steps > limits.turns or self.minutes >= limits.minutes

    def _voicemail_for(self, name: str) -> tuple[str, VoicemailStep]:
        """The voicemail a caller at `name` comes to without a key, else the first of the flow, else the built-in."""
        steps = self.flow.calls.steps
        for _ in steps:
            step = steps.get(name)
            if isinstance(step, VoicemailStep):
                return name, step
            name = step.next if isinstance(step, SayStep) else getattr(step, "otherwise", "")
        found = ((key, step) for key, step in steps.items() if isinstance(step, VoicemailStep))
        return next(found, ("voicemail", VOICEMAIL_STEP))

    def _say(self, prompts: Prompts) -> None:
        self.out.extend(self._prompts(prompts))

    def _prompts(self, prompts: Prompts) -> tuple[Prompt, ...]:
        return tuple(self._prompt(prompt) for prompt in prompts)

    def _prompt(self, prompt: Any) -> Prompt:
        if isinstance(prompt, Words):
            language = prompt.language or self.session.language
            return Say(self._fill(prompt.say), language, prompt.voice or self.flow.desk.voice)
        return Play(prompt.play) if isinstance(prompt, Clip) else Pause(prompt.pause)

    def _fill(self, words: str) -> str:
        return " ".join(fill(words, self.values).split())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**40 else 0
