"""Is this request the carrier's? The rules of X-Twilio-Signature, with its client library's pitfalls guarded.

The signed address is the configured public one, never what the request claims: behind a proxy the two differ, and a
Host header is the sender's to choose (carrier-facts §6)."""

import base64
import hmac
from collections.abc import Sequence
from enum import StrEnum

from flask import Request
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

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
        self._validators = [(token.encode(), RequestValidator(token)) for token in tokens]

    def _genuine(self, url: str, form: MultiDict[str, str], signature: str) -> bool:
        for token, validator in self._validators:
            # The address as configured is what nearly every request is signed with; the library's own check, which
            # also tries it with and without a port, costs ten times as much.
            if hmac.compare_digest(_signature(token, url, form), signature.encode()):
                return True
            if validator.validate(url, form, signature):
                return True
        return False

    def reject(self, request: Request) -> Rejection | None:
        """None for a genuine request; never raises. The body is parsed only when there is a signature to check."""
        signature = request.headers.get("X-Twilio-Signature", "")
        if not signature:
            return Rejection.UNSIGNED
        if request.mimetype != "application/x-www-form-urlencoded":
            return Rejection.NOT_A_FORM
        query = request.query_string.decode("latin-1")
        url = self.public_url + _raw_path(request) + (f"?{query}" if query else "")
        form = request.form
        # Of our addresses only this one carries connection overrides. Twilio leaves them out of what it signs; a carrier
        # that only resembles it may not know them and sign the address as it got it.
        overridden = request.path.endswith(RECORDING_PATH) and url + RETRIED
        if self._genuine(url, form, signature) or (overridden and self._genuine(overridden, form, signature)):
            return None
        return Rejection.WRONG_SIGNATURE


def _signature(token: bytes, url: str, form: MultiDict[str, str]) -> bytes:
    """X-Twilio-Signature of a form: the address, then name and value of each parameter by name, a repeated pair once."""
    parts = [name + value for name, value in sorted(set(form.items(multi=True)))]
    return base64.b64encode(hmac.digest(token, (url + "".join(parts)).encode(), "sha1"))


def _raw_path(request: Request) -> str:
    """The path as it was sent, still percent-encoded. A proxy that serves us below a path strips that path, and it is
    part of the configured public address already."""
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.path)
    return raw.split("?", 1)[0] if raw.startswith("/") else request.path
