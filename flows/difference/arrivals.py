"""Where a caller comes to, seen from outside: the words on the way, and the step that waits for the caller.

Steps that only talk or branch are passed through, as the engine does; what they are called, and in how many steps the same
words are said, nobody hears."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from flows.builtin import VOICEMAIL_STEP
from flows.describe import heard
from flows.difference.situations import Situation
from flows.hours import State
from flows.localtime import moment
from flows.routes import silent_exits
from flows.schema import Calls, HelpdeskFlow
from flows.session import Who
from flows.speech import Prompts
from flows.steps import (
    Announce,
    AnnounceStep,
    AskStep,
    CallbackStep,
    ClientStep,
    HoursStep,
    MenuStep,
    MessageStep,
    RingStep,
    SayStep,
    Step,
    TransferStep,
    VoicemailStep,
)

#: Words by language.
Spoken = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Said:
    """Words on the way to a step; of an announcement, the times between which they are said."""

    words: Spoken
    times: tuple[datetime | None, datetime | None] | None = None


@dataclass(frozen=True)
class Arrival:
    """What is said on the way, and the step that then waits for the caller."""

    said: tuple[Said, ...]
    name: str
    step: Step


@dataclass(frozen=True)
class Exit:
    """A way on from a step that waits. `by` tells the ways of a step apart; `subject` begins a sentence about where it leads;
    `place` names it among others; `before` is said on it."""

    by: str
    to: str
    subject: str
    place: str
    before: Prompts = ()


class View:
    """One flow, as callers see it. Languages are those of both versions; words about the desk are those of `called`."""

    def __init__(self, flow: HelpdeskFlow, *, called: HelpdeskFlow, languages: tuple[str, ...], now: datetime) -> None:
        self.flow, self.now, self.languages = flow, now, languages
        self._desk = flow.desk.model_copy(
            update={name: getattr(called.desk, name) for name in ("name", "spoken", "hours")}
        )

    def spoken(self, prompts: Prompts | None) -> Spoken:
        """What is heard of prompts in each language."""
        return tuple((one, " ".join(heard(prompts or (), self._desk, one).split())) for one in self.languages)

    def arrive(self, name: str, situation: Situation, before: Prompts = ()) -> Arrival:
        """Where a caller comes to who is led to step `name`."""
        said = [Said(self.spoken(before))] if before else []
        passed: set[str] = set()
        calls = self.flow.calls
        while True:
            step = None if name in passed else calls.steps.get(name)
            if step is None:
                name, step = voicemail_of(calls, name)
            passed.add(name)
            following = self._passed(step, situation)
            if following is None:
                return Arrival(tuple(said), name, step)
            if isinstance(step, SayStep):
                said.append(Said(self.spoken(step.say)))
            elif isinstance(step, AnnounceStep) and self._comes(step.announce):
                times = (step.announce.begins, step.announce.ends)
                said.append(Said(self.spoken(step.announce.say), times if any(times) else None))
            name = following

    def _passed(self, step: Step, situation: Situation) -> str | None:
        """The step after one that does not wait for the caller; None for one that does."""
        match step:
            case SayStep() | AnnounceStep():
                return step.next
            case HoursStep():
                state = situation.state(step.hours) if step.hours in self.flow.hours else State.CLOSED
                if state is State.OPEN:
                    return step.open
                return step.holiday if state is State.HOLIDAY and step.holiday else step.closed
            case ClientStep():
                branch = step.client
                known = {Who.VIP: branch.vip or branch.known, Who.KNOWN: branch.known, Who.BLOCKED: branch.blocked}
                return known.get(situation.who) or step.otherwise
        return None

    def _comes(self, announce: Announce) -> bool:
        """Whether it is said now or later."""
        begins, ends = announce.begins, announce.ends
        late = ends is not None and moment(ends, self.flow.desk.zone) <= self.now
        return not late and not (begins and ends and begins >= ends)


def voicemail_of(calls: Calls, name: str) -> tuple[str, Step]:
    """The voicemail of a caller who is lost at step `name`: the same as the engine's."""
    for _ in calls.steps:
        step = calls.steps.get(name)
        if isinstance(step, VoicemailStep):
            return name, step
        name = next(iter(silent_exits(name, step)), "") if step is not None else ""
    found = ((key, step) for key, step in calls.steps.items() if isinstance(step, VoicemailStep))
    return next(found, ("voicemail", VOICEMAIL_STEP))


def exits_of(name: str, step: Step) -> Iterator[Exit]:
    """Every way on from a step that waits for the caller. A menu that is repeated leads to itself."""
    match step:
        case MenuStep():
            for key, option in step.menu.keys.items():
                yield Exit(key, option.next, f"key {key}", f"key {key}")
            if step.menu.tries > 1:
                for by, words, miss in (
                    ("silence", "silence", step.menu.silence),
                    ("wrong", "a key that is not in the menu", step.menu.wrong),
                ):
                    yield Exit(by, miss.next or name, words, words, miss.say)
            yield Exit("otherwise", step.otherwise, "staying on the line", "staying on the line")
        case RingStep():
            yield Exit("otherwise", step.otherwise, "when nobody answers, the call", "no answer")
        case TransferStep():
            yield Exit("otherwise", step.otherwise, "when nobody answers there, the call", "no answer there")
        case CallbackStep():
            yield Exit("otherwise", step.otherwise, "whoever wants no call back", "the offer to call back")
        case MessageStep():
            yield Exit("otherwise", step.next, "after the offer of a text, the call", "the offer of a text")
        case AskStep():
            yield Exit("otherwise", step.next, f"after the {step.ask.about}, the call", f"the {step.ask.about}")
