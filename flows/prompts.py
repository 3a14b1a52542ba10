"""Lint of words: placeholders that exist, keys that are spoken and bound, texts that fit into two segments."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from flows.nearest import did_you_mean
from flows.problems import Problem
from flows.routes import STEPS
from flows.schema import LEAVE_KEY, HelpdeskFlow, Menu, MenuStep, Model, Prompts, Ring, RingStep, Wordings, Words
from flows.segments import Alphabet
from flows.source import Document, Place
from flows.words import IN_FIRST_REPLY, IN_OUTAGE, IN_OVER, IN_PROMPTS, IN_TEXTS, PLACEHOLDER, fill

MOST_SEGMENTS = 2
# One turn can say every prompt of the file once, and the carrier refuses an answer over 64 kB; & and é take more than
# a byte.
MOST_CHARACTERS = 12_000
# Not known yet, so guessed on the long side.
_LONG_TICKET = "100000"
_TEXTS = {
    "first_reply": IN_FIRST_REPLY,
    "help": IN_TEXTS,
    "opted_out": IN_TEXTS,
    "opted_in": IN_TEXTS,
    "follow_up": IN_FIRST_REPLY,
    "over": IN_OVER,
}
_SPOKEN_KEYS = {"star": "*", "pound": "#", "hash": "#", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4",
                "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9"}  # fmt: skip
_PRESS = re.compile(rf"\bpress (?:the )?([0-9*#]|{'|'.join(_SPOKEN_KEYS)})(?=\W|$)", re.IGNORECASE)


def all_prompts(model: Model, place: Place) -> Iterator[tuple[Place, Words]]:
    """Every spoken prompt inside of `model`, with its place in the file. `place` is the model's own."""
    if isinstance(model, Words):
        yield place, model
        return
    for name in type(model).model_fields:
        value = getattr(model, name)
        inner = (*place, name)
        if isinstance(value, Model):
            yield from all_prompts(value, inner)
        elif isinstance(value, tuple):
            for index, item in enumerate(value):
                if isinstance(item, Model):
                    yield from all_prompts(item, (*inner, index))


def prompt_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Problems of what callers hear."""
    total = 0
    for name, step in flow.calls.steps.items():
        for place, words in all_prompts(step, (*STEPS, name)):
            total += len(words.say)
            yield from _placeholders(words.say, place, allowed=IN_PROMPTS, document=document)
        if isinstance(step, MenuStep):
            yield from _menu_keys(step.menu, (*STEPS, name, "menu"), document=document)
            for key, option in step.menu.keys.items():
                where = (*STEPS, name, "menu", "keys", key, "opens")
                yield from _placeholders(option.opens or "", where, allowed=(), document=document)
        if isinstance(step, RingStep):
            yield from _hold_keys(step.ring, (*STEPS, name, "ring"), document=document)
    for place, words in all_prompts(flow.calls.outage, ("calls", "outage")):
        total += len(words.say)
        yield from _placeholders(words.say, place, allowed=IN_OUTAGE, document=document)
    if total > MOST_CHARACTERS:
        message = f"all prompts together are {total} characters, more than {MOST_CHARACTERS}"
        yield Problem(document.file, *document.entry(STEPS).key, message, "callers are stressed: shorten them")


def text_problems(words: Wordings, place: Place, document: Document, *, alphabet: Alphabet) -> Iterator[Problem]:
    """Problems of texts that go out by themselves, in one language; `place` is theirs in the file."""
    for name, allowed in _TEXTS.items():
        if (template := getattr(words, name)) is not None:
            yield from _placeholders(template, (*place, name), allowed=allowed, document=document)
            yield from _length(template, (*place, name), document=document, alphabet=alphabet)


def desk_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Placeholders where nothing is filled in."""
    yield from _placeholders(flow.consent, ("consent",), allowed=(), document=document)
    for name in ("name", "spoken", "hours"):
        yield from _placeholders(getattr(flow.desk, name) or "", ("desk", name), allowed=(), document=document)


def _length(template: str, place: Place, *, document: Document, alphabet: Alphabet) -> Iterator[Problem]:
    text = alphabet.to_gsm(fill(template, {"ticket": _LONG_TICKET}))
    if (count := alphabet.segments(text)) > MOST_SEGMENTS:
        special = alphabet.costly(text)
        hint = f"cut it to {153 * MOST_SEGMENTS} characters"
        if special:
            hint = f"'{special}' halves the room of a text: write it with plain letters, else cut it to 134 characters"
        message = f"this text takes {count} segments ({len(text)} characters); {MOST_SEGMENTS} are allowed"
        yield Problem(document.file, *document.entry(place).value, message, hint)


def _placeholders(text: str, place: Place, *, allowed: Sequence[str], document: Document) -> Iterator[Problem]:
    """Placeholders that are not known here, and single braces."""
    for name in dict.fromkeys(PLACEHOLDER.findall(text)):
        if name not in allowed:
            at = document.position(place, "{" + name + "}")
            names = " ".join("{" + one + "}" for one in allowed) or "none"
            message = f"{{{name}}} is not known here; allowed: {names}"
            hint = did_you_mean(name, allowed)
            if name == "ticket":
                hint = "the number of a ticket is known in texts.first_reply only"
            yield Problem(document.file, *at, message, hint)
    brace = re.search(r"[{}]", PLACEHOLDER.sub("", text))
    if brace:
        at = document.position(place, brace[0])
        yield Problem(
            document.file, *at, f"a single {brace[0]} would be spoken or sent", "write {desk}, with both braces"
        )


def _menu_keys(menu: Menu, place: Place, *, document: Document) -> Iterator[Problem]:
    spoken: list[tuple[str, Prompts]] = [("say", menu.say)] + ([("notice", menu.notice)] if menu.notice else [])
    yield from _keys(spoken, menu.keys, place, document=document)


def _hold_keys(ring: Ring, place: Place, *, document: Document) -> Iterator[Problem]:
    spoken = [("say", ring.say), ("hold", ring.hold), ("still", ring.still)]
    yield from _keys(spoken, (LEAVE_KEY,), place, document=document)


def _keys(
    spoken: Iterable[tuple[str, Prompts]], keys: Collection[str], place: Place, *, document: Document
) -> Iterator[Problem]:
    """A key that the words offer and that does nothing."""
    for name, prompts in spoken:
        for index, prompt in enumerate(prompts):
            if not isinstance(prompt, Words):
                continue
            for match in _PRESS.finditer(prompt.say):
                key = _SPOKEN_KEYS.get(match[1].lower(), match[1])
                if key not in keys:
                    at = document.position((*place, name, index), match[0])
                    yield Problem(
                        document.file,
                        *at,
                        f"the words say '{match[0]}', but key {key} does nothing",
                        f"the keys are {' '.join(keys)}",
                    )
