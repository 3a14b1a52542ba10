"""Addresses at which staff hear a recording, or see the pictures of a text, without logging in: signed, of one thing, for
a limited time."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

#: How long a link in a page works.
LIFETIME = timedelta(days=7)
_EPOCH = 1_700_000_000
_TAG_BYTES = 12


class Links:
    """Makes and reads the tokens. They are short, because every character of a page is paid for. Each kind has a key of its
    own, so that none opens the other's door."""

    def __init__(self, secret_key: str, public_url: str) -> None:
        self._sounds = hashlib.sha256(b"helpline listen link" + secret_key.encode()).digest()
        self._pictures = hashlib.sha256(b"helpline pictures link" + secret_key.encode()).digest()
        self._public_url = public_url

    def listen(self, sid: str, now: datetime) -> str:
        """The complete address for a recording, good for LIFETIME."""
        return f"{self._public_url}/listen/{_token(self._sounds, sid, now)}"

    def pictures(self, message_id: int, now: datetime) -> str:
        """The complete address for what came with a text, good for LIFETIME."""
        return f"{self._public_url}/look/{_token(self._pictures, f'{message_id:x}', now)}"

    def read(self, token: str, now: datetime) -> str | None:
        """The id of the recording, or None for a token that is forged, damaged or too old."""
        return _read(self._sounds, token, now)

    def read_pictures(self, token: str, now: datetime) -> int | None:
        """The row of the text, or None for a token that is forged, damaged or too old."""
        found = _read(self._pictures, token, now)
        return None if found is None else int(found, 16)


def _tag(key: bytes, what: str, hours: str) -> str:
    mac = hmac.new(key, f"{what}.{hours}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac[:_TAG_BYTES]).decode().rstrip("=")


def _token(key: bytes, what: str, now: datetime) -> str:
    hours = f"{int((now + LIFETIME).timestamp() - _EPOCH) // 3600:x}"
    return f"{what}.{hours}.{_tag(key, what, hours)}"


def _read(key: bytes, token: str, now: datetime) -> str | None:
    what, _, rest = token.partition(".")
    hours, _, tag = rest.partition(".")
    if not hmac.compare_digest(tag.encode(), _tag(key, what, hours).encode()):
        return None
    expires = int(hours, 16) * 3600 + _EPOCH
    return what if now.timestamp() < expires else None
