"""A carrier that a test can drive, and the clock that both share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ivr.carrier.base import CallInfo, CarrierError, Media, NotThere, NumberInfo, RecordingInfo
from tests.fake_pictures import FakePictures
from tickets.arrival import InboundText
from tickets.calls import ENDED
from tickets.outbox import Handed, NotSent, TextRefused

START = datetime(2026, 11, 23, 14, 5, 11, tzinfo=UTC)
PATIENCE = 10.0  # seconds after which a carrier that does not answer counts as timed out: longer than a test may wait


class FakeClock:
    """Time that passes when a test says so."""

    moment = START

    def __call__(self) -> datetime:
        return self.moment


@dataclass
class Sent:
    """A text that the carrier got."""

    sid: str
    to: str
    body: str
    at: datetime


@dataclass
class Placed:
    """A call to a colleague that the carrier got."""

    sid: str
    to: str
    url: str
    status_url: str
    ring_seconds: int
    at: datetime


@dataclass
class FakeCarrier(FakePictures):
    """A carrier that does what the test told it. `refuse` and `refuse_calls` map a number to the errors of its next texts and
    calls, `refuse_search` are those of the next look-ups of texts. While `answers` is cleared, nothing that is asked gets an
    answer."""

    now: FakeClock
    sent: list[Sent] = field(default_factory=list)
    refuse: dict[str, list[BaseException]] = field(default_factory=dict)
    refuse_search: list[Exception] = field(default_factory=list)
    sounds: dict[str, bytes] = field(default_factory=dict)
    calls: dict[str, CallInfo] = field(default_factory=dict)
    recordings: list[RecordingInfo] = field(default_factory=list)
    texts: list[InboundText] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    refuse_calls: dict[str, list[BaseException]] = field(default_factory=dict)
    redirected: list[tuple[str, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    compared: list[tuple[int, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    down: bool = False
    answers: threading.Event = field(default_factory=threading.Event)
    timed_out: list[str] = field(default_factory=list)
    created_although_unknown: bool = True

    def __post_init__(self) -> None:
        self.answers.set()

    def send_text(self, *, to: str, body: str) -> Handed:
        if self.down:
            raise NotSent("the carrier did not answer: ConnectionError")
        errors = self.refuse.get(to, [])
        error = errors.pop(0) if errors else None
        if isinstance(error, TextRefused | NotSent):
            raise error
        if error is None or self.created_although_unknown:
            self.sent.append(Sent(f"SM{len(self.sent) + 1:04}", to, body, self.now()))
        if error is not None:  # an unknown outcome, or the end of the worker
            raise error
        return Handed(self.sent[-1].sid, "queued")

    def find_texts(self, *, to: str, body: str, since: datetime) -> list[Handed]:
        if self.down:
            raise NotSent("the carrier did not answer: ConnectionError")
        self.asked.append(f"texts {to}")
        if self.refuse_search:
            raise self.refuse_search.pop(0)
        return [Handed(one.sid, "sent") for one in self.sent if (one.to, one.body) == (to, body) and one.at >= since]

    def call(self, sid: str) -> CallInfo:
        self._ask(f"call {sid}")
        if sid not in self.calls:
            raise NotThere("404")
        return self.calls[sid]

    def place_call(self, *, to: str, url: str, status_url: str, ring_seconds: int) -> Handed:
        if self.down:
            raise NotSent("the carrier did not answer: ConnectionError")
        errors = self.refuse_calls.get(to, [])
        error = errors.pop(0) if errors else None
        if isinstance(error, TextRefused | NotSent):
            raise error
        if error is None or self.created_although_unknown:
            sid = f"CAout{len(self.placed) + 1}"
            self.placed.append(Placed(sid, to, url, status_url, ring_seconds, self.now()))
            self.calls[sid] = CallInfo(sid, "ringing", "", to)
        if error is not None:  # an unknown outcome, or the end of the worker
            raise error
        return Handed(self.placed[-1].sid, "queued")

    def find_calls(self, *, to: str, since: datetime) -> list[Handed]:
        if self.down:
            raise NotSent("the carrier did not answer: ConnectionError")
        return [Handed(one.sid, self.calls[one.sid].status) for one in self.placed if one.to == to and one.at >= since]

    def redirect_call(self, sid: str, url: str) -> None:
        self._going_on(f"redirect {sid}", sid)
        self.redirected.append((sid, url))

    def end_call(self, sid: str) -> None:
        self._going_on(f"end {sid}", sid)
        self.ended.append(sid)
        self.calls[sid] = replace(self.calls[sid], status="completed")

    def _going_on(self, what: str, sid: str) -> None:
        self._ask(what)
        if sid not in self.calls or self.calls[sid].status in ENDED:
            raise NotThere("code 21220")

    def recordings_of(self, call_sid: str) -> list[RecordingInfo]:
        self._ask(f"recordings {call_sid}")
        return [one for one in self.recordings if one.call_sid == call_sid]

    def recordings_since(self, since: datetime) -> list[RecordingInfo]:
        self.compared.append((since.day, since.hour))
        self._ask("recordings")
        return list(self.recordings)

    def texts_since(self, since: datetime) -> list[InboundText]:
        self._ask(f"texts since {since:%H:%M}")
        return list(self.texts)

    @contextmanager
    def open_recording(self, sid: str) -> Iterator[Media]:
        self._ask(f"media {sid}")
        if sid not in self.sounds:
            raise NotThere("404")
        yield Media("audio/x-wav", iter([self.sounds[sid]]))

    def delete_recording(self, sid: str) -> None:
        self.deleted.append(sid)

    def number_info(self, e164: str) -> NumberInfo | None:
        return None

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if not self.answers.wait(PATIENCE):
            self.timed_out.append(what)
            raise CarrierError("timed out")
        if self.down:
            raise CarrierError("the carrier did not answer")
