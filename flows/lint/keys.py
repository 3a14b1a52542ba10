"""Advice about keys: those that the words offer and that do nothing, and those that work and that no words offer."""

import re
from collections.abc import Collection, Iterator

from flows.lint.offering import ends_before_key, offers
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

#: The languages in which we find what is offered.
_READ = ("en", "es")

#: Steps at which nobody waits for anything.
_PASSED = SayStep | AnnounceStep | HoursStep | ClientStep

#: By kind of step, the prompts that a key interrupts or that come right before its words.
_WITH_KEYS = {"menu": ("say", "notice"), "ring": ("say", "hold", "still"), "callback": ("say",), "message": ("say",)}


def key_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Keys offered and not handled are problems; keys handled and not offered are notes, since words are hard to read."""
    found = reachable(flow.calls)
    for name, step in flow.calls.steps.items():
        place = (*STEPS, name)
        yield from _not_handled(step, place, document)
        yield from _hidden(step, place, document)
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
            for offer in offers(words.say):
                if offer.sure and offer.key not in keys:
                    at = document.position(where, offer.words)
                    message = f"the words say '{offer.words}', but key {offer.key} does nothing"
                    yield Problem(document.file, *at, message, f"the keys are {' '.join(keys)}")


def _hidden(step: Step, place: Place, document: Document) -> Iterator[Problem]:
    """ "To go back press # or wait" in plain words: what begins with # is a comment, and callers hear "To go back press".
    Behind words in quotes, and between two prompts, it is meant as one."""
    for where, words in all_prompts(step, place):
        end = document.entry(where).end
        comment = re.compile(r"(?<=\w)[ \t]+(#)").match(document.text, end)
        if comment and ends_before_key(words.say) and not _goes_on(where, document):
            message = f"this # hides the rest of the line: callers hear '... {words.say.split()[-1]}'"
            hint = 'write "pound", or put the words in double quotes'
            yield Problem(document.file, *document.spot(comment.start(1)), message, hint)


def _goes_on(where: Place, document: Document) -> bool:
    """Whether another prompt of the same list follows, such as the sound of the key's name."""
    return any(isinstance(part, int) and document.has((*where[:at], part + 1)) for at, part in enumerate(where))


def _too_early(calls: Calls, name: str, document: Document) -> Iterator[Problem]:
    """Words before a step, which no key interrupts, that offer a key which that step does not know."""
    passing = {
        one: tuple(exits(step).values()) if isinstance(step, _PASSED) else () for one, step in calls.steps.items()
    }
    keys = set[str]().union(*(_keys_at(calls.steps[one]) for one in closure(passing, [name])))
    for where, words in all_prompts(calls.steps[name], (*STEPS, name)):
        for offer in offers(words.say):
            if offer.sure and offer.key not in keys:
                message = f"the words say '{offer.words}', but no step right after them knows key {offer.key}"
                hint = f"the keys are {' '.join(sorted(keys))}" if keys else "keys belong into a menu"
                yield Problem(document.file, *document.position(where, offer.words), message, hint, note=True)


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
        said = {offer.key for one in pieces if isinstance(one, Words) for offer in offers(one.say)}
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
