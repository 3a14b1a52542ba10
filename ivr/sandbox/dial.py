"""The Dial verb into a conference room: wait for somebody, talk, leave. To a phone number: `dial_number`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin

from ivr.sandbox.line import HungUp, Redirected
from ivr.sandbox.rooms import HUNG_UP, MOST, UPDATED, Seat, Terms
from ivr.sandbox.stage import CallFailed, Request, Stage
from ivr.sandbox.twiml import Verb

LONGEST = 14400.0
NOT_PLAYED = "Dial without a named Conference or exactly one Number is not played here"
# A wait document that asks for so many others goes in circles without a sound.
MAX_WAITING_DOCUMENTS = 1000


@dataclass(frozen=True)
class Dialled:
    """How a Dial ended: the vendor's DialCallStatus, whether there ever was somebody to talk to, and of a Dial to a number
    the id of the called leg and the seconds for which it was picked up (None: it never was)."""

    status: str
    bridged: bool
    sid: str = ""
    seconds: int | None = None

    @property
    def params(self) -> dict[str, str]:
        """What the Dial's action is told."""
        told = {"DialCallStatus": self.status, "DialBridged": "true" if self.bridged else "false"}
        if self.sid:
            told["DialCallSid"] = self.sid
        if self.seconds is not None:
            told["DialCallDuration"] = str(self.seconds)
        return told


class Reader(Protocol):
    """What a Dial needs of the player whose verb it is."""

    @property
    def url(self) -> str:
        """Where the last document came from."""

    def verbs_of(self, request: Request) -> list[Verb]:
        """Fetch a document. Raises CallFailed."""

    def utter(self, verb: Verb) -> float:
        """Note a Say or Play in the call's story; returns how long it lasts in seconds of the carrier's time."""


class RoomDial:
    """One Dial of one leg into a room. `done` is how it stands, also when an exception came through."""

    def __init__(self, stage: Stage, reader: Reader) -> None:
        self._stage, self._line, self._reader = stage, stage.line, reader
        self._seat: Seat | None = None

    @property
    def done(self) -> Dialled:
        """The vendor answers `answered` for a room, and `failed` when the leg never was in it."""
        return Dialled("answered", self._seat.bridged) if self._seat is not None else Dialled("failed", False)

    def run(self, verb: Verb) -> None:
        """Stay in the room until one side ends it. HungUp, Redirected and Stopped come through."""
        noun = verb.children[0] if len(verb.children) == 1 else None
        if noun is None or noun.name != "Conference" or not noun.text:
            self._stage.event("error", code=13200, text=NOT_PLAYED, url="")
            return
        terms = _terms(noun, self._reader.url)
        self._seat = seat = self._stage.rooms.join(self._stage.row(), terms, wake=self._line.wake)
        if seat is None:
            self._stage.event("error", code=13227, text=f"The conference {terms.room} is full", url="")
            return
        try:
            self._stay(
                noun, terms, seat=seat, until=time.monotonic() + self._real(max(0.0, verb.number("timeLimit", LONGEST)))
            )
        except Redirected:
            self._leave(UPDATED)
            raise
        except HungUp:
            self._leave(HUNG_UP)
            raise
        except CallFailed as failure:
            self._stage.event("error", code=failure.code, text=str(failure), url=failure.url)
            self._seat = None
        self._leave(UPDATED)

    def _real(self, seconds: float) -> float:
        return self._stage.tempo.real(seconds)

    def _leave(self, reason: str) -> None:
        self._stage.rooms.leave(self._stage.row()["sid"], reason=reason)

    def _stay(self, noun: Verb, terms: Terms, *, seat: Seat, until: float) -> None:
        if terms.wait_url and not seat.started and not seat.over:
            self._hold(Request(terms.wait_url, noun.attrs.get("waitMethod", "POST").upper()), seat, until=until)
        while not seat.over:
            if not self._wait(seat, until=until):
                return

    def _wait(self, seat: Seat, *, until: float, seconds: float | None = None) -> bool:
        """Let time pass until something changes in the room; False when the longest time of the Dial is over.

        A caller at a keyboard may talk as long as there are signs of life.
        """
        started = seat.started
        left = until - time.monotonic()
        limit = None if self._line.waits_for_caller else left
        if seconds is not None:
            limit = min(seconds, left)
        if left <= 0 and not self._line.waits_for_caller:
            return False
        doing = "talking" if started else "holding"
        self._line.wait(doing, limit, until=lambda: seat.over or seat.started != started)
        return True

    def _hold(self, first: Request, seat: Seat, *, until: float) -> None:
        """Play the wait document until the conference starts; after its last verb there is silence."""
        request: Request | None = first
        for _count in range(MAX_WAITING_DOCUMENTS):
            if request is None or seat.started or seat.over:
                return
            request = self._played(self._reader.verbs_of(request), seat, until=until)

    def _played(self, verbs: list[Verb], seat: Seat, *, until: float) -> Request | None:
        for verb in verbs:
            if seat.started or seat.over:
                return None
            if verb.name == "Redirect":
                url = urljoin(self._reader.url, verb.text) if verb.text else self._reader.url
                return Request(url, verb.attrs.get("method", "POST").upper())
            if verb.name in {"Say", "Play"}:
                seconds = self._reader.utter(verb)
            elif verb.name == "Pause":
                seconds = max(0.0, verb.number("length", 1))
            else:
                self._stage.event("ignored", what=f"<{verb.name}> is not played to somebody who waits in a room")
                continue
            if not self._wait(seat, until=until, seconds=self._real(seconds)):
                return None
        return None


def _terms(noun: Verb, base_url: str) -> Terms:
    callback, wait = noun.attrs.get("statusCallback", ""), noun.attrs.get("waitUrl")
    return Terms(
        room=noun.text,
        starts=noun.flag("startConferenceOnEnter", True),
        ends=noun.flag("endConferenceOnExit", False),
        muted=noun.flag("muted", False),
        beep=noun.attrs.get("beep", "true"),
        most=int(noun.number("maxParticipants", MOST)),
        wait_url=urljoin(base_url, wait) if wait else wait,
        callback_url=urljoin(base_url, callback) if callback else "",
        callback_method=noun.attrs.get("statusCallbackMethod", "POST").upper(),
        callback_events=tuple(noun.attrs.get("statusCallbackEvent", "").split()),
    )
