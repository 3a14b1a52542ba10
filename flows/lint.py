"""Advice beyond the shape of the files: would this flow serve a caller, and are its texts lawful and short?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from flows.consent import consent_problems, wording_problems
from flows.loader import CLIENTS, HELPDESK, ONCALL, Flows, language_of_file, load_all
from flows.oncall_lint import schedule_problems
from flows.people import callable_number, people_problems, twice
from flows.problems import Problem
from flows.prompts import desk_problems, prompt_problems, text_problems
from flows.routes import STEPS, Way, reachable, without_keys
from flows.schema import Calls, Wordings
from flows.segments import Alphabet
from flows.source import Document, Place
from flows.steps import HangupStep, VoicemailStep


def check(directory: Path, *, alphabet: Alphabet, now: datetime | None = None) -> tuple[Problem, ...]:
    """Everything that is wrong with the flow files of `directory`, in the order of the files; () when they are good.

    Notes are among it. `now` (this moment, when left out) decides which override is over and which clock change is next."""
    loaded = load_all(directory)
    if loaded.flows is None:
        return loaded.problems
    return tuple(sorted(set(lint(loaded.flows, loaded.documents, alphabet=alphabet, now=now or datetime.now(UTC)))))


def lint(
    flows: Flows, documents: dict[str, Document], *, alphabet: Alphabet, now: datetime | None = None
) -> Iterator[Problem]:
    """The problems of flows that have loaded; without `now` none that depends on the day."""
    helpdesk = documents[HELPDESK]
    yield from _routes(flows.helpdesk.calls, helpdesk)
    yield from prompt_problems(flows.helpdesk, helpdesk)
    yield from desk_problems(flows.helpdesk, helpdesk)
    yield from consent_problems(flows.helpdesk, helpdesk)
    yield from _texts(flows, documents, alphabet=alphabet)
    yield from callable_number(flows.helpdesk.desk.number, ("desk", "number"), document=helpdesk)
    yield from people_problems(flows.oncall.team, documents[ONCALL], desk=flows.helpdesk.desk.number)
    yield from schedule_problems(flows.oncall, documents[ONCALL], now=now)
    if CLIENTS in documents:
        yield from _clients(flows, documents[CLIENTS])


def _texts(flows: Flows, documents: dict[str, Document], *, alphabet: Alphabet) -> Iterator[Problem]:
    """The automatic texts: the desk's own, and each translation in its file."""
    found: list[tuple[Wordings, Place, Document, str]] = [
        (flows.helpdesk.texts, ("texts",), documents[HELPDESK], flows.helpdesk.desk.language)
    ]
    for name, document in documents.items():
        if (code := language_of_file(name)) in flows.translations:
            found.append((flows.translations[code], (), document, code))
    for words, place, document, language in found:
        yield from text_problems(words, place, document, alphabet=alphabet)
        yield from wording_problems(words, place, document, language=language, flow=flows.helpdesk)


def _at(document: Document, place: Place, *, message: str, hint: str, key: bool = False) -> Problem:
    entry = document.entry(place)
    return Problem(document.file, *(entry.key if key else entry.value), message, hint)


def _routes(calls: Calls, document: Document) -> Iterator[Problem]:
    """Steps nobody comes to, and callers who come to no voicemail."""
    if not any(isinstance(step, VoicemailStep) for step in calls.steps.values()):
        yield _at(
            document,
            STEPS,
            message="there is no voicemail step",
            hint="a caller who reaches nobody has to be able to leave words",
            key=True,
        )
        return
    found, told = reachable(calls), set[str]()
    for name in calls.steps:
        place = (*STEPS, name)
        if name not in found:
            hint = "lead a key, `next` or `otherwise` to it, or delete it"
            yield _at(document, place, message=f"no caller ever comes to step '{name}'", hint=hint, key=True)
            continue
        for way in without_keys(calls, name):
            yield from _silent(way, place, document, told)
    if isinstance(calls.steps[calls.start], HangupStep):
        yield _at(
            document,
            ("calls", "start"),
            message="every call is hung up on at once",
            hint="begin with a say or menu step",
        )


def _silent(way: Way, place: Place, document: Document, told: set[str]) -> Iterator[Problem]:
    """What is wrong with the way of a caller who presses nothing. `told` keeps each circle from being told twice."""
    steps = way.steps
    if way.end == "circle":
        circle = " ".join(sorted(steps[steps.index(steps[-1]) :][1:]))
        if circle not in told:
            told.add(circle)
            message = f"a caller who presses nothing goes in circles: {' > '.join(steps)}"
            yield _at(document, place, message=message, hint="let one of them lead to the voicemail", key=True)
    elif way.end == "hangup" and len(steps) == 2:
        message = f"a caller who presses nothing is hung up on by '{steps[1]}' without leaving a message"
        hint = "a hangup step is for callers who chose it with a key, or are blocked"
        yield _at(document, place, message=message, hint=hint, key=True)


def _clients(flows: Flows, document: Document) -> Iterator[Problem]:
    numbers: list[tuple[str, Place]] = []
    for index, client in enumerate(flows.clients):
        for inner, number in enumerate(client.numbers):
            place: Place = ("clients", index, "numbers", inner)
            numbers.append((number, place))
            yield from callable_number(number, place, document=document)
    names = [(client.name.casefold(), ("clients", index, "name")) for index, client in enumerate(flows.clients)]
    yield from twice(
        names, document, message="two clients have this name", hint="put all numbers of one client under one name"
    )
    yield from twice(
        numbers, document, message="this number is listed twice", hint="a call from it would belong to two clients"
    )
