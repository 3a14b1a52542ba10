"""What helpline needs of a carrier. One Protocol; the sandbox speaks the real carrier's HTTP, so one client serves both."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tickets.arrival import InboundText
from tickets.outbox import Handed, TextSender


class CarrierError(Exception):
    """The carrier did not do it; trying again later may help. The message holds no secret."""


class NotThere(CarrierError):
    """The carrier does not have it, or not yet (a recording's file appears seconds after its callback)."""


@dataclass(frozen=True)
class CallInfo:
    """A call as the carrier knows it; `status` is its own word."""

    sid: str
    status: str
    from_raw: str
    to_number: str


@dataclass(frozen=True)
class RecordingInfo:
    """A recording as the carrier knows it; `seconds` is None until it is known."""

    sid: str
    call_sid: str
    status: str
    seconds: int | None


@dataclass(frozen=True)
class Media:
    """A download under way: its declared type and its bytes, in pieces."""

    content_type: str | None
    chunks: Iterator[bytes]


@dataclass(frozen=True)
class NumberInfo:
    """How the carrier has configured a number of ours."""

    sid: str
    voice_url: str
    sms_url: str
    status_callback: str


class Carrier(TextSender, Protocol):
    """All methods raise CarrierError, or what TextSender says for the two about texts. Nothing blocks for longer than
    the client's time-out."""

    def call(self, sid: str) -> CallInfo:
        """Look up a call. Raises NotThere."""

    def place_call(self, *, to: str, url: str, status_url: str, ring_seconds: int) -> Handed:
        """Call a phone; `url` is asked for TwiML when it is picked up. Raises like TextSender's methods."""

    def find_calls(self, *, to: str, since: datetime) -> list[Handed]:
        """Calls that we placed to this number at or after a moment, the oldest first. Raises like TextSender's methods."""

    def redirect_call(self, sid: str, url: str) -> None:
        """A call that goes on asks `url` for TwiML now. Raises NotThere for one that is over."""

    def end_call(self, sid: str) -> None:
        """Hang up, whether it rings or is talking. Raises NotThere for one that is over."""

    def recordings_of(self, call_sid: str) -> list[RecordingInfo]:
        """Every recording of a call, the oldest first."""

    def recordings_since(self, since: datetime) -> list[RecordingInfo]:
        """Recordings created at or after a moment, of all calls of the account."""

    def texts_since(self, since: datetime) -> list[InboundText]:
        """Texts that phones sent to the desk's number at or after a moment, the oldest first. Their pictures are counted
        and not named: (empty, empty) each."""

    def open_recording(self, sid: str) -> AbstractContextManager[Media]:
        """Download by id, always from the configured address. Raises NotThere."""

    def pictures_of(self, message_sid: str) -> list[tuple[str, str]]:
        """What came with a text, in the carrier's order: (content type, id) each. Raises NotThere."""

    def open_picture(self, message_sid: str, sid: str) -> AbstractContextManager[Media]:
        """Download by ids, always from the configured address. Raises NotThere."""

    def delete_recording(self, sid: str) -> None:
        """Remove a recording from the carrier; done when it is not there."""

    def number_info(self, e164: str) -> NumberInfo | None:
        """How a number of the account is configured, None when the account does not have it."""
