"""Is this request the carrier's? The rules of X-Twilio-Signature, with its client library's pitfalls guarded.

The signed address is the configured public one, never what the request claims: behind a proxy the two differ, and a
Host header is the sender's to choose (docs/carrier.md, signatures)."""

import base64
import hmac
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any
from urllib.parse import urlparse

from twilio.request_validator import add_port, remove_port
from werkzeug.wsgi import get_path_info

from ivr.body import WebhookRequest, is_form
from ivr.twiml import RECORDING_PATH, RETRIED


class Rejection(StrEnum):
    """Why a webhook was not taken; the label of helpline_webhooks_rejected_total."""

    UNSIGNED = "unsigned"
    WRONG_SIGNATURE = "wrong-signature"
    TOO_LARGE = "too-large"
    NOT_A_FORM = "not-a-form"
    MALFORMED = "malformed"


class SignatureCheck:
    """Checks against each accepted token; there are two while a token is being rotated."""

    def __init__(self, public_url: str, tokens: Sequence[str]) -> None:
        self.public_url = public_url
        self._tokens = [token.encode() for token in tokens]

    def _genuine(self, addresses: Iterable[str], signed: str, signature: bytes) -> bool:
        return any(
            hmac.compare_digest(_signature(token, address + signed), signature)
            for address in addresses
            for token in self._tokens
        )

    def reject(self, request: WebhookRequest) -> Rejection | None:
        """None for a genuine request; never raises but for a body that is too large. The body is read only when there is a
        signature to check."""
        environ = request.environ
        signature = environ.get("HTTP_X_TWILIO_SIGNATURE", "").encode()
        if not signature:
            return Rejection.UNSIGNED
        if not is_form(environ.get("CONTENT_TYPE", "")):
            return Rejection.NOT_A_FORM
        query = environ.get("QUERY_STRING", "")
        url = self.public_url + _raw_path(environ) + (f"?{query}" if query else "")
        signed = request.sent.signed
        # The address as configured is what nearly every request is signed with, so the others wait until it failed.
        if self._genuine([url], signed, signature) or self._genuine(_with_and_without_port(url), signed, signature):
            return None
        # Of our addresses only this one carries connection overrides. Twilio leaves them out of what it signs; a carrier
        # that only resembles it may not know them and sign the address as it got it.
        if request.path.endswith(RECORDING_PATH):
            overridden = url + RETRIED
            if self._genuine([overridden, *_with_and_without_port(overridden)], signed, signature):
                return None
        return Rejection.WRONG_SIGNATURE


def _signature(token: bytes, text: str) -> bytes:
    """X-Twilio-Signature over the address with what is signed of the form, in the bytes that came."""
    return base64.b64encode(hmac.digest(token, text.encode("utf-8", "surrogateescape"), "sha1"))


def _with_and_without_port(url: str) -> tuple[str, str]:
    """Which of the two the carrier signs depends on the kind of webhook (docs/carrier.md); its own client tries both."""
    parsed = urlparse(url)
    return remove_port(parsed), add_port(parsed)


def _raw_path(environ: dict[str, Any]) -> str:
    """The path as it was sent, still percent-encoded. A proxy that serves us below a path strips that path, and it is
    part of the configured public address already."""
    raw = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "")
    return raw.split("?", 1)[0] if raw.startswith("/") else get_path_info(environ)
