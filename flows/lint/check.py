"""Advice beyond the shape of the files: would this flow serve a caller, and are its texts lawful and short?"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from flows.lint.clients import client_problems
from flows.lint.consent import consent_problems, wording_problems
from flows.lint.folder import unread_files
from flows.lint.hours import hours_problems
from flows.lint.keys import key_problems
from flows.lint.languages import language_problems, languages_heard
from flows.lint.oncall import schedule_problems
from flows.lint.patience import patience_problems
from flows.lint.people import callable_number, people_problems
from flows.lint.prompts import desk_problems, prompt_problems
from flows.lint.rings import ring_problems
from flows.lint.routes import route_problems
from flows.lint.segments import Alphabet
from flows.lint.sounds import sound_problems
from flows.lint.textroutes import textroute_problems
from flows.lint.texts import other_text_problems, text_problems
from flows.loader import CLIENTS, HELPDESK, ONCALL, Flows, language_of_file, load_all
from flows.problems import Problem
from flows.schema import Wordings
from flows.source import Document, Place


def check(directory: Path, *, alphabet: Alphabet, now: datetime | None = None) -> tuple[Problem, ...]:
    """Everything that is wrong with the flow files of `directory`, in the order of the files; () when they are good.

    Notes are among it. `now` (this moment, when left out) decides which override is over and which clock change is next."""
    loaded = load_all(directory)
    found = {*loaded.problems, *unread_files(directory)}
    if loaded.flows is not None:
        found.update(lint(loaded.flows, loaded.documents, alphabet=alphabet, now=now or datetime.now(UTC)))
    return tuple(sorted(found))


def lint(
    flows: Flows, documents: dict[str, Document], *, alphabet: Alphabet, now: datetime | None = None
) -> Iterator[Problem]:
    """The problems of flows that have loaded; without `now` none that depends on the day.

    What is certain to go wrong is a problem, and what only may is a note, so that a harmless edit is never refused. The
    passing of time makes notes of what stands in helpdesk.yml and clients.yml, and no problems."""
    flow, helpdesk = flows.helpdesk, documents[HELPDESK]
    yield from route_problems(flow.calls, helpdesk)
    yield from prompt_problems(flow, helpdesk)
    yield from desk_problems(flow, helpdesk)
    yield from key_problems(flow, helpdesk)
    yield from language_problems(flow, flows.clients, helpdesk)
    yield from patience_problems(flow, helpdesk)
    yield from sound_problems(flow, helpdesk)
    yield from hours_problems(flow, helpdesk, now=now)
    yield from consent_problems(flow, helpdesk, languages=languages_heard(flow, flows.clients))
    yield from _texts(flows, documents, alphabet=alphabet)
    yield from other_text_problems(flow, helpdesk, alphabet=alphabet)
    yield from textroute_problems(flow, helpdesk)
    yield from callable_number(flow.desk.number, ("desk", "number"), document=helpdesk)
    yield from ring_problems(flow, flows.oncall, helpdesk)
    yield from people_problems(flows.oncall.team, documents[ONCALL], desk=flow.desk.number)
    yield from schedule_problems(flows.oncall, documents[ONCALL], now=now)
    if CLIENTS in documents:
        yield from client_problems(flows, documents[CLIENTS])


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
