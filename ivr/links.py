"""Addresses at which staff hear a recording without logging in: signed, of one recording, for a limited time."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

#: How long a link in a page works.
LIFETIME = timedelta(days=7)
_EPOCH = 1_700_000_000
_TAG_BYTES = 12


class Links:
    """Makes and reads the tokens. They are short, because every character of a page is paid for."""

    def __init__(self, secret_key: str, public_url: str) -> None:
        self._key = hashlib.sha256(b"helpline listen link" + secret_key.encode()).digest()
        self._public_url = public_url

    def _tag(self, sid: str, hours: str) -> str:
        mac = hmac.new(self._key, f"{sid}.{hours}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac[:_TAG_BYTES]).decode().rstrip("=")

    def listen(self, sid: str, now: datetime) -> str:
        """The complete address for a recording, good for LIFETIME."""
        hours = f"{int((now + LIFETIME).timestamp() - _EPOCH) // 3600:x}"
        return f"{self._public_url}/listen/{sid}.{hours}.{self._tag(sid, hours)}"

    def read(self, token: str, now: datetime) -> str | None:
        """The id of the recording, or None for a token that is forged, damaged or too old."""
        sid, _, rest = token.partition(".")
        hours, _, tag = rest.partition(".")
        if not hmac.compare_digest(tag.encode(), self._tag(sid, hours).encode()):
            return None
        expires = int(hours, 16) * 3600 + _EPOCH
        return sid if now.timestamp() < expires else None
