"""Advice about keys: those that the words offer and that do nothing, and those that work and that no words offer."""

import re
from collections.abc import Collection, Iterator

from flows.lint.prompts import all_prompts
from flows.listening import spoken_to
from flows.problems import Problem
from flows.routes import STEPS, closure, exits, reachable
from flows.schema import Calls, HelpdeskFlow
from flows.source import Document, Place
from flows.speech import Prompts, Words
from flows.steps import (
    LEAVE_KEY,
    AnnounceStep,
    AskStep,
    CallbackStep,
    ClientStep,
    HoursStep,
    Menu,
    MenuStep,
    MessageStep,
    Option,
    RingStep,
    SayStep,
    Step,
    VoicemailStep,
    kind_name,
)

_KEYS_IN_WORDS = {
    "star": "*", "pound": "#", "hash": "#", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "asterisco": "*", "cero": "0", "uno": "1", "dos": "2", "tres": "3",
    "cuatro": "4", "cinco": "5", "seis": "6", "siete": "7", "ocho": "8", "nueve": "9",
}  # fmt: skip
_KEY = rf"[0-9*#]|{'|'.join(_KEYS_IN_WORDS)}"
#: What says that a key can be pressed, in English and Spanish. "Dial 9 1 1" is a number.
OFFER = re.compile(
    rf"\b(?:press|dial|oprima|marque|presione|pulse) (?:the |el |la tecla )?({_KEY})(?=\W|$)(?![ -](?:{_KEY})(?=\W|$))",
    re.IGNORECASE,
)
#: "press 1 or 2", "press star or 9"
_OR = re.compile(rf"(?:,| or| and| o| y)+ (?:the |el )?({_KEY})(?=\W|$)", re.IGNORECASE)
#: The languages in which OFFER finds what is offered.
_READ = ("en", "es")

#: Steps at which nobody waits for anything.
_PASSED = SayStep | AnnounceStep | HoursStep | ClientStep

#: By kind of step, the prompts that a key interrupts or that come right before its words.
_WITH_KEYS = {"menu": ("say", "notice"), "ring": ("say", "hold", "still"), "callback": ("say",), "message": ("say",)}


def key_offered(match: re.Match[str]) -> str:
    """The key that words offer, where OFFER has found them."""
    return _KEYS_IN_WORDS.get(match[1].lower(), match[1])


def offered(text: str) -> set[str]:
    """Every key that words offer, the second of "press 1 or 2" too."""
    found = set[str]()
    for match in OFFER.finditer(text):
        found.add(key_offered(match))
        more, end = _OR.match(text, match.end()), match.end()
        while more is not None:
            found.add(key_offered(more))
            end = more.end()
            more = _OR.match(text, end)
    return found


def key_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Keys offered and not handled are problems; keys handled and not offered are notes, since words are hard to read."""
    found = reachable(flow.calls)
    for name, step in flow.calls.steps.items():
        place = (*STEPS, name)
        yield from _not_handled(step, place, document)
        if isinstance(step, MenuStep) and name in found:
            yield from _not_offered(flow, name, step.menu, document)
        if isinstance(step, SayStep | AnnounceStep) and name in found:
            yield from _too_early(flow.calls, name, document)


def _not_handled(step: Step, place: Place, document: Document) -> Iterator[Problem]:
    kind = kind_name(step)
    keys = tuple(step.menu.keys) if isinstance(step, MenuStep) else (LEAVE_KEY,)
    for name in _WITH_KEYS.get(kind, ()):
        prompts: Prompts = getattr(getattr(step, kind), name) or ()
        yield from _does_nothing(prompts, keys, (*place, kind, name), document)
    if isinstance(step, MenuStep):
        for name in ("silence", "wrong"):
            miss = getattr(step.menu, name)
            if miss.next is None:  # then the menu comes again
                yield from _does_nothing(miss.say, keys, (*place, kind, name, "say"), document)


def _does_nothing(prompts: Prompts, keys: Collection[str], place: Place, document: Document) -> Iterator[Problem]:
    for index, prompt in enumerate(prompts):
        for where, words in all_prompts(prompt, (*place, index)):
            for match in OFFER.finditer(words.say):
                if (key := key_offered(match)) not in keys:
                    at = document.position(where, match[0])
                    message = f"the words say '{match[0]}', but key {key} does nothing"
                    yield Problem(document.file, *at, message, f"the keys are {' '.join(keys)}")


def _too_early(calls: Calls, name: str, document: Document) -> Iterator[Problem]:
    """Words before a step, which no key interrupts, that offer a key which that step does not know."""
    passing = {
        one: tuple(exits(step).values()) if isinstance(step, _PASSED) else () for one, step in calls.steps.items()
    }
    keys = set[str]().union(*(_keys_at(calls.steps[one]) for one in closure(passing, [name])))
    for where, words in all_prompts(calls.steps[name], (*STEPS, name)):
        for match in OFFER.finditer(words.say):
            if (key := key_offered(match)) not in keys:
                message = f"the words say '{match[0]}', but no step right after them knows key {key}"
                hint = f"the keys are {' '.join(sorted(keys))}" if keys else "keys belong into a menu"
                yield Problem(document.file, *document.position(where, match[0]), message, hint, note=True)


def _keys_at(step: Step) -> Collection[str]:
    """The keys that do something while a caller waits at a step."""
    match step:
        case MenuStep(menu=menu):
            return set(menu.keys)
        case AskStep():
            return set("0123456789*#")
        case VoicemailStep():
            return set("*#")
        case RingStep() | CallbackStep() | MessageStep():
            return {LEAVE_KEY}
    return ()


def _not_offered(flow: HelpdeskFlow, name: str, menu: Menu, document: Document) -> Iterator[Problem]:
    """Keys that no words offer, in each language that is spoken. A recording says we do not know what."""
    told = set[str]()
    before = _words_before(flow, name)
    for language in (flow.desk.language, *flow.desk.languages):
        pieces = [
            one for prompts in (*before, menu.say, menu.notice or ()) for one in spoken_to(prompts, flow.desk, language)
        ]
        if language.partition("-")[0] not in _READ or not all(isinstance(one, Words) for one in pieces if _sounds(one)):
            continue
        said = set[str]().union(*(offered(one.say) for one in pieces if isinstance(one, Words)))
        for key, option in menu.keys.items():
            if key not in said | told and not _repeats(option, name):
                told.add(key)
                spoken = f" in {language}" if flow.desk.languages else ""
                message = f"key {key} works, but no words offer it{spoken}"
                hint = f'say it: "For ..., press {key}.", or delete the key'
                yield document.problem((*STEPS, name, "menu", "keys", key), message, hint=hint, key=True, note=True)


def _sounds(piece: object) -> bool:
    return not hasattr(piece, "pause")


def _repeats(option: Option, name: str) -> bool:
    return option.next == name and option.opens is None and option.language is None and option.records is None


def _words_before(flow: HelpdeskFlow, name: str) -> list[Prompts]:
    """The words of the steps that lead straight to the menu `name`."""
    steps, found, left = flow.calls.steps, list[Prompts](), [name]
    seen = {name}
    while left:
        target = left.pop()
        for before, step in steps.items():
            passes = isinstance(step, _PASSED)
            if before not in seen and passes and target in exits(step).values():
                seen.add(before)
                left.append(before)
                if isinstance(step, SayStep | AnnounceStep):
                    found.append(step.say if isinstance(step, SayStep) else step.announce.say)
    return found
