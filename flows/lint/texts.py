"""Advice about texts: placeholders that are known, and two segments at most."""

from collections.abc import Iterator

from flows.lint.prompts import placeholder_problems
from flows.lint.segments import Alphabet
from flows.problems import Problem
from flows.routes import STEPS
from flows.schema import HelpdeskFlow, Wordings
from flows.source import Document, Place
from flows.steps import MessageStep
from flows.words import IN_FIRST_REPLY, IN_OVER, IN_TEXTS, fill

MOST_SEGMENTS = 2
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


def text_problems(words: Wordings, place: Place, document: Document, *, alphabet: Alphabet) -> Iterator[Problem]:
    """Problems of texts that go out by themselves, in one language; `place` is theirs in the file."""
    for name, allowed in _TEXTS.items():
        if (template := getattr(words, name)) is not None:
            yield from placeholder_problems(template, (*place, name), allowed=allowed, document=document)
            yield from _length(template, (*place, name), document=document, alphabet=alphabet)


def other_text_problems(flow: HelpdeskFlow, document: Document, *, alphabet: Alphabet) -> Iterator[Problem]:
    """Problems of the texts that a caller can have sent, and of the replies of text routes."""
    for name, step in flow.calls.steps.items():
        if isinstance(step, MessageStep):
            text = fill(step.message.text, {"desk": flow.desk.name, "hours": flow.desk.hours})
            place: Place = (*STEPS, name, "message", "text")
            yield from _length(text, place, document=document, alphabet=alphabet)
    for index, route in enumerate(flow.texts.routes):
        place = ("texts", "routes", index)
        # Without a ticket there is no number.
        allowed = IN_TEXTS if route.ticket == "none" else IN_FIRST_REPLY
        if route.reply is not None:
            yield from placeholder_problems(route.reply, (*place, "reply"), allowed=allowed, document=document)
            yield from _length(route.reply, (*place, "reply"), document=document, alphabet=alphabet)
        yield from placeholder_problems(route.opens or "", (*place, "opens"), allowed=(), document=document)


def _length(template: str, place: Place, *, document: Document, alphabet: Alphabet) -> Iterator[Problem]:
    text = alphabet.to_gsm(fill(template, {"ticket": _LONG_TICKET}))
    if (count := alphabet.segments(text)) > MOST_SEGMENTS:
        special = alphabet.costly(text)
        hint = f"cut it to {153 * MOST_SEGMENTS} characters"
        if special:
            hint = f"'{special}' halves the room of a text: write it with plain letters, else cut it to 134 characters"
        message = f"this text takes {count} segments ({len(text)} characters); {MOST_SEGMENTS} are allowed"
        yield document.problem(place, message, hint=hint)
