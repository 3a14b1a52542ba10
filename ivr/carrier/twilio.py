"""The carrier through its own client: the same code talks to Twilio and to the sandbox."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from ivr.carrier.base import CallInfo, CarrierError, Media, NotThere, NumberInfo, RecordingInfo
from ivr.forms import BODY_LIMIT, MEDIA_LIMIT
from ivr.numbers import clean, sender
from tickets.arrival import InboundText
from tickets.outbox import Handed, NotSent, OutcomeUnknown, Refusal, TextRefused

#: Seconds for one request to the REST API. The vendor's client waits for ever unless told (docs/carrier.md).
TIMEOUT = 10.0
#: Seconds of silence after which a download is given up; the whole may take much longer.
MEDIA_TIMEOUT = (5.0, 20.0)
CHUNK = 64 * 1024
#: The carrier redirects a download once, to a signed address; more than a few is a circle.
REDIRECTS = 3
#: Seconds for a whole picture: a sender of single bytes must not hold a worker.
PICTURE_WITHIN = 120.0

#: Error codes of a refused text (docs/carrier.md, texts). Anything else of the 400s is permanent, of the 500s unknown.
_REFUSALS = {
    "21610": Refusal.OPTED_OUT,
    # Wrong credentials are retried: they are what a token that is being rotated looks like, and the page must not be lost.
    **dict.fromkeys(("20003", "20429", "21611", "30001", "14107"), Refusal.RETRY),
    **dict.fromkeys(("21212", "21606", "21408", "21608", "30002", "30034", "21603", "21660"), Refusal.CONFIG),
}

#: What a proxy, a login or an error page calls itself, whatever its status: never sound.
_PAGES = ("text/html", "application/json", "application/xml", "text/xml", "text/plain")

T = TypeVar("T")


def _never_reached(error: requests.RequestException) -> bool:
    """True when no byte of the request got to the carrier, so that repeating it is safe."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError | ConnectTimeoutError)


class TwilioCarrier:
    """Implements `ivr.carrier.base.Carrier`. Safe to share between threads."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        api_url: str,
        number: str,
        status_callback: str,
        messaging_service_sid: str | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self.account_sid, self._token, self.number = account_sid, auth_token, number
        self.api_url = api_url.rstrip("/")
        self.status_callback, self.messaging_service_sid = status_callback, messaging_service_sid
        http = TwilioHttpClient(timeout=timeout)
        self._client = Client(account_sid, auth_token, http_client=http)
        self._client.api.base_url = self.api_url
        self._media = requests.Session()
        for scheme in ("http://", "https://"):
            self._media.mount(scheme, HTTPAdapter(pool_maxsize=8))

    def send_text(self, *, to: str, body: str) -> Handed:
        """As the Protocol promises."""
        sender: dict[str, Any] = {"from_": self.number}
        if self.messaging_service_sid:
            sender = {"messaging_service_sid": self.messaging_service_sid}
        message = _texting(
            lambda: self._client.messages.create(to=to, body=body, status_callback=self.status_callback, **sender)
        )
        return Handed(str(message.sid), str(message.status))

    def find_texts(self, *, to: str, body: str, since: datetime) -> list[Handed]:
        """As the Protocol promises. The two clocks may differ by a few minutes; texts that have an owner are sorted out
        by the outbox."""
        floor = since - timedelta(minutes=5)
        messages = _texting(lambda: self._client.messages.list(to=to, limit=200, page_size=100))
        return [
            Handed(str(message.sid), str(message.status))
            for message in reversed(messages)
            if message.body == body
            and str(message.direction).startswith("outbound")
            and (message.date_created is None or message.date_created.astimezone(UTC) >= floor)
        ]

    def call(self, sid: str) -> CallInfo:
        """As the Protocol promises."""
        call: Any = _asking(lambda: self._client.calls(sid).fetch())
        return CallInfo(sid, str(call.status), str(getattr(call, "from_", None) or ""), str(call.to or ""))

    def place_call(self, *, to: str, url: str, status_url: str, ring_seconds: int) -> Handed:
        """As the Protocol promises."""
        call = _texting(
            lambda: self._client.calls.create(
                to=to,
                from_=self.number,
                url=url,
                method="POST",
                status_callback=status_url,
                status_callback_method="POST",
                status_callback_event=["initiated", "ringing", "answered", "completed"],
                timeout=ring_seconds,
            )
        )
        return Handed(str(call.sid), str(call.status))

    def find_calls(self, *, to: str, since: datetime) -> list[Handed]:
        """As the Protocol promises. The two clocks may differ by a few minutes; calls that have an owner are sorted out
        by `tickets.legs`."""
        floor = since - timedelta(minutes=2)
        found = _texting(lambda: self._client.calls.list(to=to, from_=self.number, limit=50))
        return [
            Handed(str(call.sid), str(call.status))
            for call in reversed(found)
            if str(call.direction) == "outbound-api"  # not the far side of a transfer
            and (call.date_created is None or call.date_created.astimezone(UTC) >= floor)
        ]

    def redirect_call(self, sid: str, url: str) -> None:
        """As the Protocol promises."""
        _changing(lambda: self._client.calls(sid).update(url=url, method="POST"))

    def end_call(self, sid: str) -> None:
        """As the Protocol promises. `completed` ends a call that rings as well as one that talks."""
        _changing(lambda: self._client.calls(sid).update(status="completed"))

    def recordings_of(self, call_sid: str) -> list[RecordingInfo]:
        """As the Protocol promises."""
        found = _asking(lambda: self._client.recordings.list(call_sid=call_sid, limit=50))
        return [_recording(one) for one in reversed(found)]

    def recordings_since(self, since: datetime) -> list[RecordingInfo]:
        """As the Protocol promises."""
        found = _asking(lambda: self._client.recordings.list(date_created_after=since, limit=500))
        return [_recording(one) for one in reversed(found)]

    def texts_since(self, since: datetime) -> list[InboundText]:
        """As the Protocol promises."""
        found = _asking(lambda: self._client.messages.list(to=self.number, date_sent_after=since, limit=500))
        return [
            InboundText(
                sid=str(one.sid),
                from_number=sender(str(getattr(one, "from_", None) or "")),
                to_number=str(one.to),
                body=clean(one.body or "", BODY_LIMIT),
                media=(("", ""),) * _count(one.num_media),
            )
            for one in reversed(found)
            if str(one.direction) == "inbound"
        ]

    @contextmanager
    def open_recording(self, sid: str) -> Iterator[Media]:
        """As the Protocol promises."""
        with self._download(f"Recordings/{_in_path(sid)}.wav", f"recording {sid}") as media:
            if (media.content_type or "").startswith(_PAGES):
                raise CarrierError(f"the carrier answered 200 {media.content_type} for recording {sid}")
            yield media

    def pictures_of(self, message_sid: str) -> list[tuple[str, str]]:
        """As the Protocol promises."""
        found = _asking(lambda: self._client.messages(message_sid).media.list(limit=500))
        return [(clean(str(one.content_type or ""), 100), clean(str(one.sid))) for one in found]

    @contextmanager
    def open_picture(self, message_sid: str, sid: str) -> Iterator[Media]:
        """As the Protocol promises. A picture may be anything, a web page too."""
        place = f"Messages/{_in_path(message_sid)}/Media/{_in_path(sid)}"
        with self._download(place, f"picture {sid}") as media:
            yield Media(media.content_type, _within(media.chunks, PICTURE_WITHIN))

    @contextmanager
    def _download(self, place: str, what: str) -> Iterator[Media]:
        """A file of the account. Credentials go to the configured address only: redirects are followed without them, and
        never from https to http."""
        url = f"{self.api_url}/2010-04-01/Accounts/{self.account_sid}/{place}"
        try:
            response = self._media.get(
                url, auth=(self.account_sid, self._token), stream=True, timeout=MEDIA_TIMEOUT, allow_redirects=False
            )
            for _ in range(REDIRECTS):
                if not response.is_redirect:
                    break
                target = requests.compat.urljoin(response.url, response.headers["location"])
                response.close()
                if urlsplit(response.url).scheme == "https" and urlsplit(target).scheme != "https":
                    raise CarrierError(f"the carrier redirects {what} to an address that is not https")
                response = requests.get(target, auth=_nobody, stream=True, timeout=MEDIA_TIMEOUT, allow_redirects=False)
            with response:
                if response.status_code in (404, 410):
                    raise NotThere(f"{what} is not at the carrier ({response.status_code})")
                kind = response.headers.get("content-type", "").lower()
                if response.status_code != 200:
                    raise CarrierError(f"the carrier answered {response.status_code} {kind} for {what}".strip())
                yield Media(kind or None, response.iter_content(CHUNK))
        except requests.RequestException as error:
            raise CarrierError(f"{what} could not be fetched: {type(error).__name__}") from error

    def delete_recording(self, sid: str) -> None:
        """As the Protocol promises."""
        try:
            _asking(lambda: self._client.recordings(sid).delete())
        except NotThere:
            return

    def number_info(self, e164: str) -> NumberInfo | None:
        """As the Protocol promises."""
        found = _asking(lambda: self._client.incoming_phone_numbers.list(phone_number=e164, limit=1))
        if not found:
            return None
        number: Any = found[0]
        return NumberInfo(
            str(number.sid),
            number.voice_url or "",
            number.sms_url or "",
            getattr(number, "status_callback", None) or "",
        )


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials at all; without this, the library would look for some in the user's .netrc."""
    return request


def _in_path(sid: str) -> str:
    """An id as one part of an address. One that is nothing but dots would lead elsewhere. Raises NotThere."""
    if not sid.strip("."):
        raise NotThere("the carrier knows no such id (404)")
    return quote(sid, safe="")


def _within(chunks: Iterator[bytes], seconds: float) -> Iterator[bytes]:
    end = time.monotonic() + seconds
    for chunk in chunks:
        if time.monotonic() > end:
            raise CarrierError(f"the download took longer than {seconds:.0f} s")
        yield chunk


def _count(pictures: Any) -> int:
    """The carrier counts in words of digits."""
    return min(int(pictures), MEDIA_LIMIT) if str(pictures or "").isdecimal() else 0


def _recording(one: Any) -> RecordingInfo:
    seconds = str(one.duration or "")
    return RecordingInfo(
        str(one.sid), str(one.call_sid), str(one.status), int(seconds) if seconds.isdecimal() else None
    )


def _asking(request: Callable[[], T]) -> T:
    """A request that may be repeated without harm."""
    try:
        return request()
    except TwilioRestException as error:
        if error.status == 404:
            raise NotThere(f"not at the carrier (404, code {error.code})") from error
        raise CarrierError(f"the carrier answered {error.status}, code {error.code}: {error.msg}") from error
    except (TwilioException, requests.RequestException, ValueError) as error:
        # Of a list, the vendor's client says only in passing what the carrier answered.
        status = getattr(error.args[1], "status_code", None) if len(error.args) > 1 else None
        if status == 404:
            raise NotThere("not at the carrier (404)") from error
        raise CarrierError(f"the carrier did not answer: {type(error).__name__}") from error


def _changing(request: Callable[[], Any]) -> None:
    """A change of a call: 21220 says that it is over already, which is as good as not there."""
    try:
        _asking(request)
    except CarrierError as error:
        if "code 21220" in str(error):
            raise NotThere(str(error)) from error
        raise


def _texting(request: Callable[[], T]) -> T:
    """A request about a text: what is known of its outcome decides what may be done next."""
    try:
        return request()
    except TwilioRestException as error:
        raise _refused(error.status, error.code, error.msg) from error
    except TwilioServiceException as error:
        raise _refused(error.status, error.code, error.title) from error
    except requests.RequestException as error:
        kind = NotSent if _never_reached(error) else OutcomeUnknown
        raise kind(f"the carrier did not answer: {type(error).__name__}") from error
    except (TwilioException, ValueError) as error:
        raise OutcomeUnknown(f"the carrier's answer makes no sense: {type(error).__name__}") from error


def _refused(status: int, code: int | None, message: str) -> Exception:
    if status in (401, 429):
        return TextRefused(Refusal.RETRY, str(code or status), message)
    if status >= 500:
        return OutcomeUnknown(f"the carrier answered {status}", answered=True)
    return TextRefused(_REFUSALS.get(str(code), Refusal.PERMANENT), str(code or status), message)
