"""Lint of words: placeholders that exist, keys that are spoken and bound, languages that are spoken, texts that fit into two
segments."""

import re
from collections.abc import Collection, Iterator, Sequence

from flows.nearest import did_you_mean
from flows.problems import Problem
from flows.routes import STEPS
from flows.schema import HelpdeskFlow, Wordings
from flows.segments import Alphabet
from flows.source import Document, Place
from flows.speech import Model, Prompts, Translated, Words, same_language
from flows.steps import LEAVE_KEY, AskStep, CallbackStep, MenuStep, MessageStep, Step, kind_name
from flows.words import IN_FIRST_REPLY, IN_OUTAGE, IN_OVER, IN_PROMPTS, IN_READ_BACK, IN_TEXTS, PLACEHOLDER, fill

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
_SPOKEN_KEYS = {
    "star": "*", "pound": "#", "hash": "#", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "asterisco": "*", "cero": "0", "uno": "1", "dos": "2", "tres": "3",
    "cuatro": "4", "cinco": "5", "seis": "6", "siete": "7", "ocho": "8", "nueve": "9",
}  # fmt: skip
#: What says that a key can be pressed, in English and Spanish.
OFFER = re.compile(
    rf"\b(?:press|dial|oprima|marque|presione|pulse) (?:the |el |la tecla )?([0-9*#]|{'|'.join(_SPOKEN_KEYS)})(?=\W|$)",
    re.IGNORECASE,
)


def key_offered(match: re.Match[str]) -> str:
    """The key that words offer, where OFFER has found them."""
    return _SPOKEN_KEYS.get(match[1].lower(), match[1])


def all_prompts(model: Model, place: Place) -> Iterator[tuple[Place, Words]]:
    """Every spoken prompt inside of `model`, in every language, with its place. `place` is the model's own."""
    if isinstance(model, Words):
        yield place, model
        return
    if isinstance(model, Translated):
        for language, prompt in model.spoken.items():
            yield from all_prompts(prompt, (*place, language))
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
        elif isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, Model):
                    yield from all_prompts(item, (*inner, key))


def prompt_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Problems of what callers hear."""
    total = 0
    for name, step in flow.calls.steps.items():
        for place, words in all_prompts(step, (*STEPS, name)):
            total += len(words.say)
            allowed: Sequence[str] = IN_READ_BACK if "read_back" in place else IN_PROMPTS
            yield from _placeholders(words.say, place, allowed=allowed, document=document)
        for place, text, allowed in _other_words(step, (*STEPS, name)):
            yield from _placeholders(text, place, allowed=allowed, document=document)
        yield from _keys_of_step(step, (*STEPS, name), document)
    for place, words in all_prompts(flow.calls.outage, ("calls", "outage")):
        total += len(words.say)
        yield from _placeholders(words.say, place, allowed=IN_OUTAGE, document=document)
    yield from _unknown_languages(flow, document)
    if total > MOST_CHARACTERS * (1 + len(flow.desk.languages)):
        message = f"all prompts together are {total} characters, more than {MOST_CHARACTERS} in each language"
        yield Problem(document.file, *document.entry(STEPS).key, message, "callers are stressed: shorten them")


def _other_words(step: Step, place: Place) -> Iterator[tuple[Place, str, Sequence[str]]]:
    """Words of a step that go elsewhere than to the caller's ear, and the placeholders that they may have."""
    if isinstance(step, MenuStep):
        for key, option in step.menu.keys.items():
            yield (*place, "menu", "keys", key, "opens"), option.opens or "", ()
            yield (*place, "menu", "keys", key, "records"), option.records or "", ()
    elif isinstance(step, MessageStep):
        yield (*place, "message", "text"), step.message.text, IN_TEXTS
    elif isinstance(step, AskStep):
        yield (*place, "ask", "about"), step.ask.about, ()
    elif isinstance(step, CallbackStep):
        yield (*place, "callback", "opens"), step.callback.opens, ()


def _unknown_languages(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Languages of prompts that the desk does not speak: nobody would ever hear them, or a key of a prompt is mistyped."""
    spoken = (flow.desk.language, *flow.desk.languages)
    for name, step in flow.calls.steps.items():
        place = (*STEPS, name)
        keys = step.menu.keys.items() if isinstance(step, MenuStep) else ()
        chosen = [((*place, "menu", "keys", key, "language"), one.language) for key, one in keys if one.language]
        for where, language in (*chosen, *_languages(step, place)):
            written = document.written(where)[-1:] == where[-1:]  # the words that come with us are in more languages
            if written and not any(same_language(language, one) for one in spoken):
                message = f"'{language}' is no language of this desk: {', '.join(spoken)}"
                hint = did_you_mean(language, _KINDS) or "desk.languages has each with its voice: {es-US: Polly.Lupe}"
                yield Problem(document.file, *document.entry(where).key, message, hint)


_KINDS = ("say", "play", "pause")


def _languages(model: Model, place: Place) -> Iterator[tuple[Place, str]]:
    """Every language in which a prompt inside of `model` is written, with its place."""
    if isinstance(model, Translated):
        yield from (((*place, language), language) for language in model.spoken)
        return
    for name in type(model).model_fields:
        value = getattr(model, name)
        items = {name: value} if isinstance(value, Model) else {}
        if isinstance(value, tuple):
            items = {index: item for index, item in enumerate(value) if isinstance(item, Model)}  # type: ignore[misc]
        for key, item in items.items():
            where = (*place, name) if isinstance(value, Model) else (*place, name, key)
            yield from _languages(item, where)


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


#: By kind of step, the prompts that a key interrupts.
_WITH_KEYS = {"menu": ("say", "notice"), "ring": ("say", "hold", "still"), "callback": ("say",), "message": ("say",)}


def _keys_of_step(step: Step, place: Place, document: Document) -> Iterator[Problem]:
    """Keys that the words of a step offer and that do nothing there, in each language that is spoken."""
    kind = kind_name(step)
    names = _WITH_KEYS.get(kind, ())
    keys = tuple(step.menu.keys) if isinstance(step, MenuStep) else (LEAVE_KEY,)
    for name in names:
        prompts: Prompts = getattr(getattr(step, kind), name) or ()
        yield from _keys(prompts, keys, (*place, kind, name), document)


def _keys(prompts: Prompts, keys: Collection[str], place: Place, document: Document) -> Iterator[Problem]:
    for index, prompt in enumerate(prompts):
        for where, words in all_prompts(prompt, (*place, index)):
            for match in OFFER.finditer(words.say):
                if (key := key_offered(match)) not in keys:
                    at = document.position(where, match[0])
                    message = f"the words say '{match[0]}', but key {key} does nothing"
                    yield Problem(document.file, *at, message, f"the keys are {' '.join(keys)}")
