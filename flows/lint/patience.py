"""Advice about how long callers listen: to a prompt, until the key for an emergency, and until somebody is there."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from flows.lint.offering import offers
from flows.listening import filled_in, heard, speaking, spoken_to
from flows.problems import Problem
from flows.routes import STEPS, reachable, silent_exits
from flows.schema import HelpdeskFlow
from flows.source import Document
from flows.speech import Gap, Prompts, Words
from flows.steps import (
    AnnounceStep,
    AskStep,
    CallbackStep,
    Menu,
    MenuStep,
    MessageStep,
    RingStep,
    SayStep,
    Step,
    TransferStep,
    VoicemailStep,
    kind_name,
)

#: Seconds of one prompt; until the words offer the first key that opens a ticket; from that key to phones that ring or the
#: tone of the voicemail; and until then for a caller who presses nothing.
PROMPT, OPENING_KEY, AFTER_KEY, SILENT = 30, 30, 60, 120


def patience_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Notes only: all of it is estimated."""
    languages = (flow.desk.language, *flow.desk.languages)
    found = [name for name in flow.calls.steps if name in reachable(flow.calls)]
    for name in found:
        yield from _long_prompts(flow, name, languages, document)
    yield from _first(_waits(flow, language, document) for language in languages)


def _first(by_language: Iterator[Iterator[Problem]]) -> Iterator[Problem]:
    """Of the same complaint in several languages only the first."""
    told = set[tuple[int, int]]()
    for problems in by_language:
        for problem in problems:
            if (problem.line, problem.column) not in told:
                told.add((problem.line, problem.column))
                yield problem


def _long_prompts(flow: HelpdeskFlow, name: str, languages: tuple[str, ...], document: Document) -> Iterator[Problem]:
    step = flow.calls.steps[name]
    kind = kind_name(step)
    for place, prompts in prompts_of(step):
        where = (*STEPS, name, *place)
        seconds, language = max((heard(prompts, flow.desk, one), one) for one in languages)
        if seconds > PROMPT:
            spoken = f" in {language}" if language != flow.desk.language else ""
            message = f"this takes about {seconds:.0f} seconds to hear{spoken}; {PROMPT} is much for one prompt"
            hint = "shorten it: callers are stressed"
            if kind == "say":
                hint += ", and no key interrupts a say step"
            yield document.problem(where, message, hint=hint, note=True)


def prompts_of(step: Step) -> Iterator[tuple[tuple[str, ...], Prompts]]:
    """Every prompt of a step that has words, with its place in the step."""
    kind = kind_name(step)
    block = getattr(step, kind)
    if isinstance(block, tuple):
        yield (kind,), block
    elif not isinstance(block, str):
        for name in type(block).model_fields:
            value = getattr(block, name)
            if isinstance(value, tuple):
                yield (kind, name), value
            elif name in ("silence", "wrong"):
                yield (kind, name, "say"), value.say


def _waits(flow: HelpdeskFlow, language: str, document: Document) -> Iterator[Problem]:
    """How long a caller with this language listens before anything happens."""
    ways, calls = _Ways(flow, language), flow.calls
    if (seconds := ways.until_somebody(calls.start)) > SILENT:
        message = f"who presses nothing hears about {seconds:.0f} seconds of words before a phone rings or a tone comes"
        hint = f"{SILENT} is much: shorten the words, or give the menus fewer tries"
        yield document.problem(("calls", "start"), message, hint=hint, note=True)
    if (seconds := ways.until_key(calls.start)) > OPENING_KEY:
        message = f"about {seconds:.0f} seconds pass before the words offer the first key that opens a ticket"
        hint = f"{OPENING_KEY} is much for an emergency: say that key first, everything else after it"
        yield document.problem(("calls", "start"), message, hint=hint, note=True)
    for name, step in calls.steps.items():
        for key, option in step.menu.keys.items() if isinstance(step, MenuStep) else ():
            seconds = ways.until_somebody(option.next) if option.opens else 0
            if seconds > AFTER_KEY:
                message = f"after key {key} about {seconds:.0f} seconds pass before a phone rings or a tone comes"
                hint = f"{AFTER_KEY} is much for somebody who has said what is wrong"
                place = (*STEPS, name, "menu", "keys", key)
                yield document.problem(place, message, hint=hint, note=True)


@dataclass
class _Ways:
    """The longest ways of a caller who presses nothing. A circle counts once: it is told elsewhere."""

    flow: HelpdeskFlow
    language: str
    _known: dict[tuple[str, bool], float] = field(default_factory=dict)

    def until_somebody(self, name: str) -> float:
        """Seconds from step `name` to phones that ring or the tone of a voicemail."""
        return self._until(name, to_key=False)

    def until_key(self, name: str) -> float:
        """Seconds from step `name` until the words have offered a key that opens a ticket; where none does, 0 from there."""
        return self._until(name, to_key=True)

    def _until(self, name: str, *, to_key: bool) -> float:
        if (name, to_key) in self._known:
            return self._known[name, to_key]
        self._known[name, to_key] = 0.0  # while it is worked out
        step = self.flow.calls.steps[name]
        if to_key and isinstance(step, MenuStep) and any(one.opens for one in step.menu.keys.values()):
            seconds = self._offer(step.menu)
        elif isinstance(step, RingStep | VoicemailStep | TransferStep):
            seconds = 0.0 if to_key or isinstance(step, RingStep) else self._heard(_words(step))
        else:
            ahead = max((self._until(target, to_key=to_key) for target in silent_exits(name, step)), default=0.0)
            seconds = self._at(name, step) + ahead if ahead or not to_key else 0.0
        self._known[name, to_key] = seconds
        return seconds

    def _at(self, name: str, step: Step) -> float:
        """Seconds at a step for a caller who presses nothing there."""
        match step:
            case SayStep() | AnnounceStep():
                return self._heard(_words(step))
            case MenuStep(menu=menu):
                once = self._heard(menu.say) + menu.wait
                first, miss = once + self._heard(menu.notice or ()), self._heard(menu.silence.say)
                if menu.tries > 1 and menu.silence.next not in {None, name}:
                    return first + miss
                return first + (menu.tries - 1) * (miss + once)
            case AskStep(ask=ask):
                once = self._heard(ask.say) + ask.wait
                return ask.tries * once + (ask.tries - 1) * self._heard(ask.again)
            case MessageStep(message=block) | CallbackStep(callback=block):
                return self._heard(block.say) + block.wait
        return 0.0

    def _offer(self, menu: Menu) -> float:
        """Seconds of a menu up to the words that offer its first key that opens a ticket."""
        seconds, desk = 0.0, self.flow.desk
        for piece in spoken_to(menu.say, desk, self.language):
            if isinstance(piece, Words):
                text = filled_in(piece, desk, self.language)
                for offer in offers(text):
                    option = menu.keys.get(offer.key)
                    if option is not None and option.opens:
                        return seconds + speaking(text[: offer.ends])
                seconds += speaking(text)
            else:
                seconds += float(piece.pause) if isinstance(piece, Gap) else self._heard((piece,))
        return seconds

    def _heard(self, prompts: Prompts) -> float:
        return heard(prompts, self.flow.desk, self.language)


def _words(step: SayStep | AnnounceStep | VoicemailStep | TransferStep) -> Prompts:
    block = getattr(step, kind_name(step))
    return block if isinstance(block, tuple) else block.say
