"""Lint of consent: greeting, first reply and HELP answer have to agree with the published notice.

Sources: the notice that the desk publishes with its number; the carrier's registration checks (frequency 30545, rates
30569, opt-in confirmation with brand, rates, HELP and STOP 30540); 47 CFR 64.1200(a)(12) for the one confirmation of an
opt-out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flows.problems import Problem
from flows.prompts import all_prompts
from flows.routes import STEPS, without_keys
from flows.schema import HelpdeskFlow, MenuStep, VoicemailStep
from flows.source import Document, Place
from flows.words import fill, spoken_values


@dataclass(frozen=True)
class Element:
    """A part of the notice: its name, a pattern that finds it (any case), and words that would do."""

    name: str
    pattern: str
    example: str


CONSENT = Element(
    "the consent to texts",
    r"\bconsent to (receive |get )?(sms|texts?|text messages)\b",
    "By messaging us you consent to SMS.",
)
STOP = Element("STOP", r"\bSTOP\b", "Reply STOP to opt-out")
HELP = Element("HELP", r"\bHELP\b", "HELP for support")
RATES = Element("the rates", r"\b(message|msg) ?(&|and) ?data rates may apply", "Message & data rates may apply")
FREQUENCY = Element("the frequency", r"\b(messaging |message |msg )?frequency may vary", "Messaging frequency may vary")
PRIVACY = Element("the privacy policy", r"\bprivacy\b", "https://bitscorps.com/privacy-policy")
TERMS = Element("the terms", r"\bterms\b", "https://bitscorps.com/terms-and-conditions/")
START = Element("START", r"\bSTART\b", "Reply START to opt in again")
RECORDED = Element("that messages are recorded", r"\brecord(ed|ing)\b", "Messages are recorded.")

NOTICE = (CONSENT, STOP, HELP, RATES, FREQUENCY, PRIVACY, TERMS)
OPT_IN = (STOP, HELP, RATES)
_URL = re.compile(r"https://[^\s;,]+")


def consent_problems(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """What is missing from the notice, the greeting and the automatic texts."""
    texts = {name: getattr(flow.texts, name) for name in ("first_reply", "help", "opted_out", "opted_in")}
    yield from _missing(flow.consent, NOTICE, place=("consent",), where="the consent notice", document=document)
    yield from _missing(
        texts["first_reply"], NOTICE, place=("texts", "first_reply"), where="the first reply", document=document
    )
    yield from _missing(texts["help"], NOTICE, place=("texts", "help"), where="the HELP answer", document=document)
    yield from _missing(
        texts["opted_out"], (START,), place=("texts", "opted_out"), where="the opt-out answer", document=document
    )
    yield from _missing(
        texts["opted_in"], OPT_IN, place=("texts", "opted_in"), where="the opt-in answer", document=document
    )
    for name, text in texts.items():
        named = Element("the desk's name", re.escape(flow.desk.name), "{desk}")
        yield from _missing(text, (named,), place=("texts", name), where="this text", document=document)
    for url in _URL.findall(flow.consent):
        bare = url.removeprefix("https://").rstrip("/.")
        link = Element(f"the address {url}", re.escape(bare), url)
        for name in ("first_reply", "help"):
            yield from _missing(texts[name], (link,), place=("texts", name), where="this text", document=document)
    yield from _greeting(flow, document)


def greeting(flow: HelpdeskFlow) -> str:
    """What a caller who presses nothing hears up to the first wait for a key or the first message."""
    spoken: list[str] = []
    values = spoken_values(flow.desk, number=None, client=None)
    for name in without_keys(flow.calls, flow.calls.start)[0]:
        step = flow.calls.steps[name]
        place: Place = (*STEPS, name)
        # What is said after a silence or a message comes too late to be a notice.
        later = {(*place, "menu", part) for part in ("silence", "wrong")}
        later |= {(*place, "voicemail", part) for part in ("again", "thanks", "goodbye")}
        spoken += [words.say for where, words in all_prompts(step, place) if where[:5] not in later]
        if isinstance(step, MenuStep | VoicemailStep):
            break
    return fill(" ".join(spoken), values)


def _greeting(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    place = (*STEPS, flow.calls.start)
    yield from _missing(
        greeting(flow),
        (RECORDED, *NOTICE),
        place=place,
        where="the greeting (up to the first menu)",
        document=document,
        key=True,
    )


def _missing(
    text: str, elements: tuple[Element, ...], *, place: Place, where: str, document: Document, key: bool = False
) -> Iterator[Problem]:
    for element in elements:
        if not re.search(element.pattern, text, re.IGNORECASE):
            entry = document.entry(place)
            message = f"{where} does not mention {element.name}"
            yield Problem(document.file, *(entry.key if key else entry.value), message, f"such as: {element.example}")
