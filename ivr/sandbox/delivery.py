"""One webhook on its way: signed, with the vendor's time limits, retries and connection overrides."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from twilio.request_validator import RequestValidator
from urllib3.exceptions import MaxRetryError

from ivr.sandbox import audio
from ivr.sandbox.config import SandboxError

MAX_BODY = 64 * 1024
MAX_REDIRECTS = 10
HEADERS = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*", "Accept-Encoding": "gzip", "X-Home-Region": "us1"}


@dataclass(frozen=True)
class Overrides:
    """Limits in seconds and the retry rule of one webhook.

    Defaults: only a connection that fails is tried again, once.
    """

    connect: float = 5.0
    read: float = 15.0
    total: float = 15.0
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})


@dataclass(frozen=True)
class Reply:
    """What the application answered."""

    status: int
    content_type: str
    text: str
    url: str


class WebhookFailed(Exception):
    """No usable answer; `code` is the vendor's error number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def split_overrides(url: str) -> tuple[str, Overrides]:
    """The URL without its fragment, and the connection overrides that the fragment asks for (out of range: the
    nearest).
    """
    bare, _, fragment = url.partition("#")
    asked = dict(parse_qsl(fragment))

    def within(key: str, low: int, *, high: int, default: int) -> int:
        return min(high, max(low, int(asked[key]))) if asked.get(key, "").isdigit() else default

    policy = frozenset(asked["rp"].split(",")) if asked.get("rp") else frozenset({"ct"})
    return bare, Overrides(
        connect=within("ct", 100, high=10000, default=5000) / 1000,
        read=within("rt", 100, high=15000, default=15000) / 1000,
        total=within("tt", 100, high=15000, default=15000) / 1000,
        retries=within("rc", 0, high=5, default=1),
        retry_on=policy,
    )


def signed_url(url: str, *, voice: bool) -> str:
    """The URL that is signed: without user and password, and for HTTPS voice webhooks without the port."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if voice and parts.scheme == "https" and parts.port is not None:
        host = host.removesuffix(f":{parts.port}")
    return urlunsplit(parts._replace(netloc=host))


def _failure_kind(status: int) -> str | None:
    return "4xx" if 400 <= status < 500 else "5xx" if status >= 500 else None


class Sender:
    """Sends webhooks signed with the account's token. Safe to share between threads."""

    def __init__(self, auth_token: str) -> None:
        self._validator = RequestValidator(auth_token)

    def send(
        self,
        url: str,
        params: Mapping[str, str],
        *,
        method: str = "POST",
        voice: bool = False,
        token: str = "",
        session: requests.Session | None = None,
    ) -> Reply:
        """Deliver one webhook and return the answer, whatever its status below 400.

        The same `token` goes with every attempt. A `session` keeps cookies, as the carrier does within one call.
        Raises WebhookFailed after the last attempt: 11200 no answer, 11205 no connection, 11215 too many redirects,
        11217 answer 4xx or 5xx, 11750 answer too large.
        """
        bare, limits = split_overrides(url)
        if method == "GET" and params:
            bare += ("&" if urlsplit(bare).query else "?") + urlencode(params)
        body = urlencode(params) if method != "GET" else None
        signature = self._validator.compute_signature(
            signed_url(bare, voice=voice), dict(params) if body is not None else {}
        )
        headers = {**HEADERS, "X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": token}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        deadline = time.monotonic() + limits.total
        own = session or requests.Session()
        try:
            return self._attempts(
                own, requests.Request(method, bare, data=body, headers=headers), limits=limits, deadline=deadline
            )
        finally:
            if session is None:
                own.close()

    def sound_seconds(self, url: str, session: requests.Session) -> float:
        """How long the sound file at `url` is, which is fetched as the Play verb fetches it. Raises WebhookFailed."""
        bare, limits = split_overrides(url)
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "X-Twilio-Signature": self._validator.compute_signature(signed_url(bare, voice=True), {}),
        }
        try:
            reply = session.get(bare, headers=headers, timeout=(limits.connect, limits.read))
            reply.raise_for_status()
            return len(audio.to_pcm(reply.content)) / audio.SECOND
        except requests.HTTPError as error:
            raise WebhookFailed(11217, f"HTTP {error.response.status_code} from {bare}") from error
        except requests.RequestException as error:
            raise WebhookFailed(11200, f"No answer from {bare}: {type(error).__name__}") from error
        except SandboxError as error:
            raise WebhookFailed(12300, f"{bare}: {error}") from error

    def _attempts(
        self, session: requests.Session, request: requests.Request, *, limits: Overrides, deadline: float
    ) -> Reply:
        session.trust_env = False
        session.max_redirects = MAX_REDIRECTS
        for left in range(limits.retries, -1, -1):
            try:
                reply = _exchange(session, request, limits=limits, deadline=deadline)
                kind, failure = (
                    _failure_kind(reply.status),
                    WebhookFailed(11217, f"HTTP {reply.status} from {request.url}"),
                )
            except requests.TooManyRedirects:
                raise WebhookFailed(11215, f"Too many redirects at {request.url}") from None
            except requests.ConnectionError as error:
                # Only a connection that was never made counts as one; an answer cut short may have been acted upon.
                refused = isinstance(error, requests.ConnectTimeout) or isinstance(
                    next(iter(error.args), None), MaxRetryError
                )
                kind, code = ("ct", 11205) if refused else ("rt", 11200)
                failure = WebhookFailed(code, f"No connection to {request.url}: {type(error).__name__}")
            except requests.RequestException as error:
                kind, failure = "rt", WebhookFailed(11200, f"No answer from {request.url}: {type(error).__name__}")
            if kind is None:
                return reply
            if not left or not ({kind, "all"} & limits.retry_on) or time.monotonic() >= deadline:
                raise failure
        raise AssertionError("the last attempt returns or raises")


def _exchange(session: requests.Session, request: requests.Request, *, limits: Overrides, deadline: float) -> Reply:
    left = deadline - time.monotonic()
    if left <= 0:
        raise requests.Timeout
    prepared = session.prepare_request(request)
    timeout = (min(limits.connect, left), min(limits.read, left))
    with session.send(prepared, timeout=timeout, stream=True, allow_redirects=True) as response:
        body = b""
        for chunk in response.iter_content(8192):
            body += chunk
            if len(body) > MAX_BODY:
                raise WebhookFailed(11750, f"The answer of {request.url} is larger than 64 kB")
            if time.monotonic() > deadline:
                raise requests.Timeout
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Reply(response.status_code, kind, body.decode("utf-8", "replace"), response.url)
