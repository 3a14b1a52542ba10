"""Lint of consent: greeting, first reply and HELP answer have to agree with the published notice.

Sources: the notice that the desk publishes with its number; the carrier's registration checks (frequency 30545, rates
30569, opt-in confirmation with brand, rates, HELP and STOP 30540); 47 CFR 64.1200(a)(12) for the one confirmation of an
opt-out.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from flows.problems import Problem
from flows.routes import MOST_WAYS, STEPS, silent_exits, waits, without_keys
from flows.schema import HelpdeskFlow, Wordings
from flows.source import Document, Place
from flows.speech import Prompts, spoken_in
from flows.steps import AnnounceStep, CallbackStep, ClientStep, HoursStep, MenuStep, MessageStep, Step, kind_name
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
#: What a text in another language has to say, where its words are known; in any language it names STOP, HELP and START,
#: the desk and the addresses of the notice.
IN_SPANISH = (
    Element("the consent to texts", r"\bacepta (recibir )?(sms|textos|mensajes)", "Al escribirnos acepta recibir SMS."),
    Element("the rates", r"\btarifas de mensajes y datos", "Pueden aplicarse tarifas de mensajes y datos"),
    Element("the frequency", r"\bfrecuencia (de mensajes )?(puede variar|varia)", "La frecuencia puede variar"),
)
RECORDED_IN_SPANISH = Element("that messages are recorded", r"\bgraba(n|dos|ciones)?\b", "Los mensajes se graban.")
_URL = re.compile(r"https://[^\s;,]+")


def consent_problems(flow: HelpdeskFlow, document: Document, *, languages: Collection[str]) -> Iterator[Problem]:
    """What is missing from the notice, from the texts that callers can have sent, and from the greeting in the
    `languages` that callers have."""
    yield from _missing(flow.consent, NOTICE, place=("consent",), where="the consent notice", document=document)
    yield from _greeting(flow, document, languages)
    for name, step in flow.calls.steps.items():
        if isinstance(step, MessageStep):
            place = (*STEPS, name, "message", "text")
            yield from _missing(step.message.text, (STOP,), place=place, where="the text", document=document)


def wording_problems(
    words: Wordings, place: Place, document: Document, *, language: str, flow: HelpdeskFlow
) -> Iterator[Problem]:
    """What is missing from the automatic texts of one language; `place` is theirs in the file."""
    for name, where in _NAMES.items():
        elements = _required(name, language.partition("-")[0], flow)
        yield from _missing(getattr(words, name), elements, place=(*place, name), where=where, document=document)


_NAMES = {
    "first_reply": "the first reply",
    "help": "the HELP answer",
    "opted_out": "the opt-out answer",
    "opted_in": "the opt-in answer",
}


def _required(name: str, language: str, flow: HelpdeskFlow) -> tuple[Element, ...]:
    """What the automatic text `name` has to mention in a language."""
    notice, opt_in = (NOTICE, OPT_IN) if language == "en" else ((STOP, HELP), (STOP, HELP))
    if language == "es":
        notice, opt_in = (*notice, *IN_SPANISH), (*opt_in, IN_SPANISH[1])
    named = Element("the desk's name", re.escape(flow.desk.name), "{desk}")
    if name in ("first_reply", "help"):
        found = _URL.findall(flow.consent)
        links = (
            Element(f"the address {url}", re.escape(url.removeprefix("https://").rstrip("/.")), url) for url in found
        )
        return (*notice, named, *links)
    return (START, named) if name == "opted_out" else (*opt_in, named)


def greetings(flow: HelpdeskFlow, language: str) -> tuple[str, ...]:
    """What callers of a language hear up to the first wait for a key or the first message, each way that depends on the hour
    or the caller once. A menu that only asks for the language is no such wait: what comes after the caller's own key counts
    too. Announcements come and go, so what only they say does not count."""
    values = spoken_values(flow.desk, number=None, client=None, language=language)
    heard = islice(_heard(flow, flow.calls.start, language), MOST_WAYS)  # choices of a language multiply, too
    return tuple(dict.fromkeys(fill(" ".join(spoken), values) for spoken in heard))


def _heard(flow: HelpdeskFlow, begin: str, language: str, *, passed: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of each way from a step on; `passed` are the menus of languages before it."""
    for way in without_keys(flow.calls, begin):
        until = next((index for index, name in enumerate(way.steps) if waits(flow.calls.steps[name])), len(way.steps))
        said = tuple(_said(flow, way.steps[: until + 1], language))
        last = way.steps[: until + 1][-1]
        onward = _after_choice(flow, last, language) if last not in passed else ()
        if not onward:
            yield said
        for target in onward:
            for more in _heard(flow, target, language, passed=(*passed, last)):
                yield (*said, *more)


def _after_choice(flow: HelpdeskFlow, name: str, language: str) -> tuple[str, ...]:
    """Where callers of a language go on from a menu that only asks for the language; () from any other step."""
    step = flow.calls.steps[name]
    if not isinstance(step, MenuStep):
        return ()
    options = [option for option in step.menu.keys.values() if option.next != name or option.language]
    if not all(option.language and not option.opens and not option.records for option in options):
        return ()
    chosen = [option.next for option in options if _same(option.language, language)]
    silent = silent_exits(name, step) if not chosen or _same(flow.desk.language, language) else ()
    return tuple(dict.fromkeys((*chosen, *silent)))


def _same(one: str | None, other: str) -> bool:
    """Whether two codes are of one language: es and es-US."""
    return one is not None and one.partition("-")[0] == other.partition("-")[0]


def _said(flow: HelpdeskFlow, steps: tuple[str, ...], language: str) -> Iterator[str]:
    for name in steps:
        step = flow.calls.steps[name]
        if not isinstance(step, AnnounceStep | HoursStep | ClientStep | MessageStep | CallbackStep):
            for prompts in _first_words(step):
                yield from (words.say for words in spoken_in(prompts, language, flow.desk.language))


def _first_words(step: Step) -> Iterator[Prompts]:
    """What is said at once. What comes after a silence or a message comes too late to be a notice."""
    block = getattr(step, kind_name(step))
    if isinstance(block, tuple):
        yield block
        return
    for name in ("say", "notice"):
        if (prompts := getattr(block, name, None)) is not None:
            yield prompts


def _greeting(flow: HelpdeskFlow, document: Document, languages: Collection[str]) -> Iterator[Problem]:
    place = (*STEPS, flow.calls.start)
    found: dict[str, Problem] = {}
    for language in languages:
        code = language.partition("-")[0]
        elements = {"en": (RECORDED, *NOTICE), "es": (RECORDED_IN_SPANISH, STOP, HELP, *IN_SPANISH)}.get(
            code, (STOP, HELP)
        )
        where = "the greeting (up to the first menu)"
        where += f" in {language}" if language != flow.desk.language else ""
        for heard in greetings(flow, language):
            for problem in _missing(heard, elements, place=place, where=where, document=document, key=True):
                found.setdefault(problem.message, problem)
    yield from found.values()


def _missing(
    text: str, elements: tuple[Element, ...], *, place: Place, where: str, document: Document, key: bool = False
) -> Iterator[Problem]:
    for element in elements:
        if not re.search(element.pattern, text, re.IGNORECASE):
            entry = document.entry(place)
            message = f"{where} does not mention {element.name}"
            yield Problem(document.file, *(entry.key if key else entry.value), message, f"such as: {element.example}")
