"""From a folder of YAML files to checked, frozen data."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from flows.escalation import unknown_people, unknown_teams
from flows.explain import explain
from flows.fields import LANGUAGE_FORM
from flows.oncall_schema import OnCall
from flows.problems import FlowErrors, Problem
from flows.routes import unknown_steps
from flows.schema import Client, ClientList, HelpdeskFlow, Wordings
from flows.session import Caller, Who
from flows.source import Document, parse, read
from flows.unusable import unusable, unusable_hours
from flows.words import filled, with_desk

HELPDESK, ONCALL, CLIENTS = "helpdesk.yml", "oncall.yml", "clients.yml"
#: Automatic texts in another language: texts.es.yml. The name says which.
TRANSLATION = re.compile(rf"texts\.({LANGUAGE_FORM})\.yml")

_Model = TypeVar("_Model", bound=BaseModel)

__all__ = ["FlowErrors", "Flows", "Loaded", "Problem", "load", "load_all", "version_of"]


@dataclass(frozen=True)
class Flows:
    """Everything the admins wrote; the texts have {desk} and {hours} filled in, {ticket} not, and `oncall.zone` is set.

    `version` (12 hex digits) changes when any character of the files does.
    """

    helpdesk: HelpdeskFlow
    oncall: OnCall
    clients: tuple[Client, ...]
    translations: dict[str, Wordings]
    version: str
    blocked: frozenset[str] = frozenset()

    def client_of(self, number: str | None) -> str | None:
        """The name of the client who owns `number` (E.164), or None."""
        client = self._client(number)
        return client.name if client else None

    def language_of(self, number: str | None) -> str | None:
        """The language that the client who owns `number` is written to in, when the admins have said."""
        client = self._client(number)
        return client.language if client else None

    def caller(self, number: str | None, *, client: str | None = None, texts: bool = False) -> Caller:
        """Who calls from `number`. `client` is the name that the call already has, which an edit may have changed."""
        known = self._client(number)
        standing = Who.UNKNOWN if known is None else Who.VIP if known.vip else Who.KNOWN
        return Caller(
            number,
            client or (known.name if known else None),
            who=Who.BLOCKED if number in self.blocked else standing,
            language=known.language if known else None,
            texts=texts,
        )

    def _client(self, number: str | None) -> Client | None:
        return self._by_number.get(number) if number else None

    @cached_property
    def _by_number(self) -> dict[str, Client]:
        return {number: client for client in reversed(self.clients) for number in client.numbers}


@dataclass(frozen=True)
class Loaded:
    """The outcome of reading a folder: `flows` is None when there are problems."""

    flows: Flows | None
    documents: dict[str, Document]
    problems: tuple[Problem, ...]


def load(directory: Path) -> Flows:
    """The flow files of `directory`. Raises FlowErrors with every problem of every file, and nothing else.

    What it loads the engine can run. Advice about wording and reach is `flows.lint.check.check`'s.
    """
    loaded = load_all(directory)
    if loaded.flows is None:
        raise FlowErrors(loaded.problems)
    return loaded.flows


def load_all(directory: Path, kept: Mapping[str, str] | None = None) -> Loaded:
    """Like `load`, with the places of everything for further checks, and problems as data instead of an exception.

    With `kept`, the texts of flow files by their names, these are loaded instead of what is in `directory` now."""
    documents: dict[str, Document] = {}
    problems: list[Problem] = []
    helpdesk = _file(directory / HELPDESK, HelpdeskFlow, kept=kept, documents=documents, problems=problems)
    oncall = _file(directory / ONCALL, OnCall, kept=kept, documents=documents, problems=problems)
    clients: ClientList | None = ClientList(clients=())
    if _exists(directory / CLIENTS) if kept is None else CLIENTS in kept:
        clients = _file(directory / CLIENTS, ClientList, kept=kept, documents=documents, problems=problems)
    translations: dict[str, Wordings] = {}
    for path in _translations(directory, kept):
        if (words := _file(path, Wordings, kept=kept, documents=documents, problems=problems)) is not None:
            translations[language_of_file(path.name)] = words
    if helpdesk is not None:
        problems += unknown_steps(helpdesk, documents[HELPDESK])
        problems += unusable_hours(helpdesk, documents[HELPDESK])
    if oncall is not None:
        problems += unusable(oncall, documents[ONCALL])
    if helpdesk is not None and oncall is not None:
        problems += unknown_people(helpdesk.escalation, oncall, documents[HELPDESK])
        problems += unknown_teams(helpdesk.calls, oncall, documents[HELPDESK])
    if problems or helpdesk is None or oncall is None or clients is None:
        return Loaded(None, documents, tuple(sorted(set(problems))))
    version = version_of({name: document.text for name, document in documents.items()})
    if oncall.zone is None:  # so that who is on duty is a matter of this file alone
        oncall = oncall.model_copy(update={"zone": helpdesk.desk.zone})
    translations = {code: filled(words, helpdesk.desk) for code, words in translations.items()}
    blocked = frozenset(clients.blocked)
    flows = Flows(with_desk(helpdesk), oncall, clients.clients, translations, version, blocked)
    return Loaded(flows, documents, ())


def version_of(files: Mapping[str, str]) -> str:
    """What the version of these texts by file name is called."""
    texts = "\0".join(f"{name}\0{text}" for name, text in sorted(files.items()))
    return hashlib.sha256(texts.encode()).hexdigest()[:12]


def language_of_file(name: str) -> str:
    """ "es" for texts.es.yml; "" for any other file."""
    match = TRANSLATION.fullmatch(name)
    return match[1] if match else ""


def _translations(directory: Path, kept: Mapping[str, str] | None) -> list[Path]:
    if kept is not None:
        return [directory / name for name in sorted(kept) if TRANSLATION.fullmatch(name)]
    try:
        return sorted(path for path in directory.iterdir() if TRANSLATION.fullmatch(path.name))
    except (OSError, ValueError):
        return []  # reading helpdesk.yml says what is wrong with the folder


def _file(
    path: Path,
    model: type[_Model],
    *,
    kept: Mapping[str, str] | None,
    documents: dict[str, Document],
    problems: list[Problem],
) -> _Model | None:
    """One file as `model`; None, and more `problems`, when something is wrong with it."""
    document, found = read(path) if kept is None else parse(str(path), kept.get(path.name, ""))
    documents[path.name] = document
    problems += found
    if document.data is None and found:
        return None
    try:
        checked = model.model_validate(document.data)
    except ValidationError as error:
        # A line that is already known to be wrong (written twice, an alias) needs no second complaint.
        lines = {problem.line for problem in found}
        problems += (problem for problem in explain(error, model, document=document) if problem.line not in lines)
        return None
    return None if found else checked


def _exists(path: Path) -> bool:
    """Whether the optional file is there; one that cannot even be looked at counts, so that reading it says why."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return True
