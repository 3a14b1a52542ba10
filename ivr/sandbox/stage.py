"""What plays a call: the tools that its player has, the requests it makes, and how it can end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from ivr.sandbox.config import Tempo
from ivr.sandbox.delivery import Sender
from ivr.sandbox.line import Line
from ivr.sandbox.recorder import Recorder
from ivr.sandbox.rooms import Rooms
from ivr.sandbox.store import Row, Store

if TYPE_CHECKING:
    from ivr.sandbox.bridge import Bridge, Wanted


@dataclass(frozen=True)
class Request:
    """The next instructions: fetched from a URL with these further parameters, or given inline."""

    url: str
    method: str = "POST"
    extra: Mapping[str, str] = field(default_factory=dict)
    twiml: str = ""


@dataclass(frozen=True)
class End:
    """The document ended the call; `status` is what the call is then."""

    by: str = "application"
    status: str = "completed"


class CallFailed(Exception):
    """Instructions could not be had; `code` is the vendor's error number."""

    def __init__(self, code: int, text: str, *, url: str) -> None:
        super().__init__(text)
        self.code, self.url = code, url


@dataclass(frozen=True)
class Stage:
    """What a player works with. `row()` is the call as it is now; `answer()` takes it from ringing to in-progress;
    `phones_ring()` says whether the application is calling somebody at this moment; `dial()` calls a phone for this call,
    `number` is the account's own."""

    account: str
    number: str
    store: Store
    sender: Sender
    line: Line
    recorder: Recorder
    rooms: Rooms
    tempo: Tempo
    row: Callable[[], Row]
    answer: Callable[[], None]
    phones_ring: Callable[[], bool]
    dial: Callable[[Wanted], Bridge]
    session: requests.Session
    copies: Callable[[Request, Mapping[str, str]], None]

    def event(self, kind: str, **data: object) -> None:
        """Write one line of the call's story."""
        self.store.event(self.row()["sid"], kind, **data)
