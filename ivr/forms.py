"""Webhook forms to frozen data. Unknown and extra parameters are ignored, ids are never judged by their shape."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ivr.numbers import calling_number, clean, sender
from tickets.arrival import InboundText

#: Longest text that is kept; the carrier delivers 1,600 characters at most.
BODY_LIMIT = 4000
#: Most pictures of one text that are written down; the carrier sends ten at most.
MEDIA_LIMIT = 500


class Malformed(ValueError):
    """A signed request without what makes it one; the message names the missing parameter."""


@dataclass(frozen=True)
class CallForm:
    """A request about a call: the first webhook, a step's action, or a status callback. `bridged`: the Dial that is over had
    somebody at its other end."""

    sid: str
    status: str
    from_raw: str
    from_number: str | None
    to_number: str
    digits: str
    recording_sid: str | None
    recording_seconds: int | None
    dial_status: str = ""
    bridged: bool = False


@dataclass(frozen=True)
class RecordingForm:
    """An event of a recording. `status` is in-progress, completed, absent or failed."""

    sid: str
    call_sid: str
    status: str
    seconds: int | None
    error_code: str | None


@dataclass(frozen=True)
class DeliveryForm:
    """A report about a text that we sent."""

    sid: str
    status: str
    error_code: str | None


@dataclass(frozen=True)
class RoomForm:
    """An event of a conference: participant-join, participant-leave, conference-start, conference-end; `call_sid` is whose,
    "" for those of the room itself."""

    event: str
    call_sid: str
    at: datetime | None


def _required(form: Mapping[str, str], *names: str) -> str:
    for name in names:
        value = clean(form.get(name, "")).strip()
        if value:
            return value
    raise Malformed(f"parameter {names[0]} is missing")


def _seconds(form: Mapping[str, str]) -> int | None:
    value = form.get("RecordingDuration", "").strip()
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 8 else None


def _recording_sid(form: Mapping[str, str]) -> str | None:
    """The action request of a recording has its id in its own parameter or as the end of the address only."""
    given = clean(form.get("RecordingSid", "")).strip()
    if given:
        return given
    path = clean(form.get("RecordingUrl", ""), 500).split("?", 1)[0].split("#", 1)[0]
    return path.rstrip("/").rsplit("/", 1)[-1].split(".", 1)[0][:64] or None


def call_form(form: Mapping[str, str]) -> CallForm:
    """Raises Malformed without a CallSid."""
    raw, to = clean(form.get("From", ""), 200).strip(), clean(form.get("To", ""))
    return CallForm(
        sid=_required(form, "CallSid"),
        status=clean(form.get("CallStatus", ""), 32).strip().lower(),
        from_raw=raw,
        from_number=calling_number(raw, to),
        to_number=to,
        digits=clean(form.get("Digits", ""), 32),
        recording_sid=_recording_sid(form),
        recording_seconds=_seconds(form),
        dial_status=clean(form.get("DialCallStatus", ""), 32).strip().lower(),
        bridged=clean(form.get("DialBridged", ""), 16).strip().lower() == "true",
    )


def recording_form(form: Mapping[str, str]) -> RecordingForm:
    """Raises Malformed without the ids of recording and call."""
    return RecordingForm(
        sid=_required(form, "RecordingSid"),
        call_sid=_required(form, "CallSid"),
        status=_required(form, "RecordingStatus").lower(),
        seconds=_seconds(form),
        error_code=clean(form.get("ErrorCode", ""), 16) or None,
    )


def delivery_form(form: Mapping[str, str]) -> DeliveryForm:
    """Raises Malformed without the id and the status."""
    return DeliveryForm(
        sid=_required(form, "MessageSid", "SmsSid"),
        status=_required(form, "MessageStatus", "SmsStatus").lower()[:32],
        error_code=clean(form.get("ErrorCode", ""), 16) or None,
    )


def room_form(form: Mapping[str, str]) -> RoomForm:
    """Raises Malformed without the kind of event."""
    event = _required(form, "StatusCallbackEvent").lower()[:32]
    return RoomForm(event, clean(form.get("CallSid", "")).strip(), _moment(form.get("Timestamp", "")))


def _moment(value: str) -> datetime | None:
    """A date as the carrier writes it (RFC 2822); None for anything else."""
    try:
        moment = parsedate_to_datetime(value)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def text_form(form: Mapping[str, str]) -> InboundText:
    """Raises Malformed without the id of the text. One without a sender was sent by somebody all the same."""
    count = form.get("NumMedia", "0").strip()
    pictures = min(int(count[:9]), MEDIA_LIMIT) if count.isascii() and count.isdecimal() else 0
    return InboundText(
        sid=_required(form, "MessageSid", "SmsSid", "SmsMessageSid"),
        from_number=sender(form.get("From", "")),
        to_number=clean(form.get("To", "")),
        body=clean(form.get("Body", ""), BODY_LIMIT),
        opt_out_type=clean(form.get("OptOutType", ""), 16).upper() or None,
        media=tuple(_media(form, index) for index in range(pictures)),
    )


def _media(form: Mapping[str, str], index: int) -> tuple[str, str]:
    kind = clean(form.get(f"MediaContentType{index}", ""), 100)
    url = clean(form.get(f"MediaUrl{index}", ""), 500)
    return kind, url.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1][:64]
