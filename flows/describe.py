"""What the steps of a call do, in words: for drawings of a flow, and for what has changed in one."""

from dataclasses import dataclass

from flows.fields import RINGING
from flows.schema import Desk
from flows.speech import Clip, Prompts, Translated, Words
from flows.steps import (
    EVERYONE,
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
)
from flows.words import IN_OUTAGE, TYPED, fill

_KEPT = {name: "{" + name + "}" for name in (*IN_OUTAGE, TYPED)}
#: How many characters of a prompt stand for all of it.
SHORT = 44


@dataclass(frozen=True)
class Deed:
    """What a step does to a call, in two forms: "rings the team", "ringing the team"."""

    does: str
    doing: str


def heard(prompts: Prompts, desk: Desk, language: str = "") -> str:
    """What is heard of `prompts` in a language (the desk's for ""), with what is said of the desk filled in."""
    return " ".join(_one(prompt, desk, language or desk.language) for prompt in prompts)


def _one(prompt: object, desk: Desk, language: str) -> str:
    if isinstance(prompt, Translated):
        _, prompt = prompt.best(language, desk.language)
    if isinstance(prompt, Clip):
        return "[ringing tone]" if prompt.play == RINGING else f"[sound {prompt.play}]"
    if isinstance(prompt, Words):
        values = {**_KEPT, "desk": desk.spoken or desk.name, "hours": desk.hours}
        spoken = ", ".join(one for one in (prompt.language, prompt.voice) if one)
        return (f"[{spoken}] " if spoken else "") + fill(prompt.say, values)
    return f"[{getattr(prompt, 'pause', 0)} s of silence]"


def first_words(words: str, most: int = SHORT) -> str:
    """The beginning of `words`, in quotes."""
    if len(words) <= most:
        return f"“{words}”"
    cut = words[: most - 2]
    return f"“{cut[: cut.rfind(' ')] if ' ' in cut else cut} …”"


def whom(team: str) -> str:
    """Whose phones a ring step rings."""
    return "everyone on duty" if team == EVERYONE else team


def deed(step: Step, desk: Desk) -> Deed:
    """What a step does, without its details."""
    match step:
        case VoicemailStep():
            return Deed("goes to the voicemail", "going to the voicemail")
        case RingStep():
            return Deed(f"rings {whom(step.ring.team)}", f"ringing {whom(step.ring.team)}")
        case MenuStep():
            menu = f"the menu {first_words(heard(step.menu.say, desk))}"
            return Deed(f"leads to {menu}", f"leading to {menu}")
        case HangupStep():
            goodbye = f"with {first_words(heard(step.hangup, desk))}"
            return Deed(f"ends the call {goodbye}", f"ending the call {goodbye}")
        case TransferStep():
            return Deed(f"transfers to {step.transfer.to}", f"transferring to {step.transfer.to}")
        case CallbackStep():
            return Deed("offers to call back", "offering to call back")
        case MessageStep():
            offer = first_words(heard(step.message.say, desk))
            return Deed(f"offers a text: {offer}", f"offering a text: {offer}")
        case AskStep():
            return Deed(f"asks for the {step.ask.about}", f"asking for the {step.ask.about}")
        case SayStep() | AnnounceStep() | HoursStep() | ClientStep():
            return Deed("goes on", "going on")


def many(count: int, thing: str) -> str:
    """ "1 day", "2 days"."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
