"""Advice about words: placeholders that exist, and prompts that the carrier takes."""

import re
from collections.abc import Iterator, Sequence

from flows.nearest import did_you_mean
from flows.problems import Problem
from flows.routes import STEPS
from flows.schema import HelpdeskFlow
from flows.source import Document, Place
from flows.speech import Model, Translated, Words
from flows.steps import AskStep, CallbackStep, MenuStep, MessageStep, Step
from flows.words import IN_OUTAGE, IN_PROMPTS, IN_READ_BACK, IN_TEXTS, PLACEHOLDER

# One turn can say every prompt of the file once, and the carrier refuses an answer over 64 kB; & and é take more than
# a byte.
MOST_CHARACTERS = 12_000


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
            yield from placeholder_problems(words.say, place, allowed=allowed, document=document)
        for place, text, allowed in _other_words(step, (*STEPS, name)):
            yield from placeholder_problems(text, place, allowed=allowed, document=document)
    for place, words in all_prompts(flow.calls.outage, ("calls", "outage")):
        total += len(words.say)
        yield from placeholder_problems(words.say, place, allowed=IN_OUTAGE, document=document)
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


def desk_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Placeholders where nothing is filled in."""
    yield from placeholder_problems(flow.consent, ("consent",), allowed=(), document=document)
    for name in ("name", "spoken", "hours"):
        yield from placeholder_problems(getattr(flow.desk, name) or "", ("desk", name), allowed=(), document=document)


def placeholder_problems(text: str, place: Place, *, allowed: Sequence[str], document: Document) -> Iterator[Problem]:
    """Placeholders that are not known here, and single braces."""
    for name in dict.fromkeys(PLACEHOLDER.findall(text)):
        if name not in allowed:
            at = document.position(place, "{" + name + "}")
            names = " ".join("{" + one + "}" for one in allowed) or "none"
            message = f"{{{name}}} is not known here; allowed: {names}"
            hint = did_you_mean(name, allowed)
            if name == "ticket":
                hint = (
                    "a ticket has its number in texts.first_reply, follow_up, over, and replies of routes that open one"
                )
            yield Problem(document.file, *at, message, hint)
    brace = re.search(r"[{}]", PLACEHOLDER.sub("", text))
    if brace:
        at = document.position(place, brace[0])
        yield Problem(
            document.file, *at, f"a single {brace[0]} would be spoken or sent", "write {desk}, with both braces"
        )
