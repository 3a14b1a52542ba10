"""What goes on when flow files cannot be used and no earlier version of them is known: the built-in voicemail, with the
people and the clients of those files that can be used by themselves. Whoever calls is heard, and the team is paged."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from flows.builtin import voicemail_only
from flows.loader import CLIENTS, ONCALL, Flows, version_of
from flows.oncall_schema import OnCall
from flows.schema import ClientList
from flows.source import parse
from flows.unusable import unusable

#: What the names of such versions begin with.
BUILT_IN = "builtin-"

_Model = TypeVar("_Model", bound=BaseModel)


def fallback(files: Mapping[str, str]) -> Flows:
    """The built-in flow beside what can be saved of `files` (texts by name). Never raises. Nobody is on the team when
    oncall.yml is missing or cannot be used at all; when only its schedule is wrong, everyone is on duty at all hours."""
    helpdesk = voicemail_only()
    oncall, clients = _team(files.get(ONCALL, "")), _part(files.get(CLIENTS, ""), ClientList)
    return Flows(
        helpdesk=helpdesk,
        oncall=oncall.model_copy(update={"zone": oncall.zone or helpdesk.desk.zone}),
        clients=clients.clients if clients else (),
        translations={},
        version=BUILT_IN + version_of(savable(files)),
        blocked=frozenset(clients.blocked) if clients else frozenset(),
    )


def savable(files: Mapping[str, str]) -> dict[str, str]:
    """The part of `files` that `fallback` looks at."""
    return {name: files[name] for name in (ONCALL, CLIENTS) if files.get(name)}


def _team(text: str) -> OnCall:
    document, found = parse(ONCALL, text)
    whole = None if found else _valid(document.data, OnCall)
    if whole is not None and next(unusable(whole, document), None) is None:
        return whole
    people = document.data.get("team") if isinstance(document.data, dict) else None
    return _valid({"team": people}, OnCall) or OnCall.model_construct(team=())


def _part(text: str, model: type[_Model]) -> _Model | None:
    document, found = parse(CLIENTS, text)
    return None if found else _valid(document.data, model)


def _valid(data: Any, model: type[_Model]) -> _Model | None:
    try:
        return model.model_validate(data)
    except ValidationError:
        return None
