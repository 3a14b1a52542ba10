"""What may not stand in a log line, taken out: telephone numbers, secrets, and the words people said or wrote.

Pure but for the registry of secret values.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from enum import Enum
from pathlib import PurePath
from uuid import UUID

REDACTED = "[redacted]"
# Replacing a very short value would hit innocent text everywhere.
SHORTEST_SECRET = 4
DIGITS_KEPT = 4

_SECRET_PARTS = (
    "token",
    "password",
    "passwd",
    "secret",
    "authorization",
    "credential",
    "apikey",
    "signature",
    "cookie",
)
_SECRET_KEYS = {"auth", "key", "session"}
# Words of a caller, a client or a staff member; `subject` and `prompt` are made of them.
_WORD_KEYS = {
    "body",
    "bodies",
    "text",
    "words",
    "speech",
    "content",
    "transcript",
    "subject",
    "prompt",
    "summary",
    "say",
}
_NUMBER_KEYS = {
    "from",
    "to",
    "number",
    "numbers",
    "phone",
    "phones",
    "caller",
    "called",
    "recipient",
    "sender",
    "callback",
}

_SEPARATOR = r"[\s().\-\u2010-\u2015]{0,3}"
# With a country code: a plus sign (or its URL form) and 7 to 15 digits (ITU-T E.164), however they are grouped.
_WITH_PLUS = re.compile(rf"(?:\+|%2[Bb])\d(?:{_SEPARATOR}\d){{6,14}}")
# As people write them in North America: 3-3-4 digits, grouped.
_GROUPED = re.compile(
    r"(?<![0-9A-Za-z.])(?:1[\s.-]{1,2})?\(?[2-9]\d{2}\)?[\s.-]{1,2}\d{3}[\s.-]{1,2}\d{4}(?![0-9A-Za-z])"
)
_BARE = re.compile(r"(?<![0-9A-Za-z.])\d{10,15}(?![0-9A-Za-z])")
_URL_PASSWORD = re.compile(r"(?<=://)([^\s/:@]*):[^\s/@]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
# SQLAlchemy adds the values of a failed statement to its message.
_SQL_VALUES = re.compile(r"\[parameters: .*")

_secrets: set[str] = set()


def register_secrets(values: Iterable[str]) -> None:
    """From now on these values never appear in a line, wherever they come from."""
    _secrets.update(value for value in values if len(value) >= SHORTEST_SECRET)


def mask_number(text: str) -> str:
    """`+19036892004` becomes `…2004`: enough to tell two callers apart, too little to call one."""
    digits = [character for character in text if character.isdigit()]
    return "…" + "".join(digits[-DIGITS_KEPT:] if len(digits) > 2 * DIGITS_KEPT else digits[-2:])


def scrub(text: str) -> str:
    """The text without telephone numbers, registered secrets, passwords in URLs and values of SQL statements."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    text = _SQL_VALUES.sub("[parameters hidden]", text)
    text = _URL_PASSWORD.sub(rf"\1:{REDACTED}@", text)
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    for pattern in (_WITH_PLUS, _GROUPED):
        text = pattern.sub(lambda found: mask_number(found.group()), text)
    return _BARE.sub(lambda found: found.group() if _is_clock_time(found.group()) else mask_number(found.group()), text)


def clean(key: str, value: object) -> object:
    """The value as it may be logged under this key: plain JSON data, nested as deep as it came."""
    name = key.lower().replace("-", "_")
    kind = name.rsplit("_", 1)[-1]
    if value is None or isinstance(value, bool):
        return value
    if name in _WORD_KEYS or kind in _WORD_KEYS or name in _SECRET_KEYS or kind in _SECRET_KEYS:
        return REDACTED
    if any(part in name.replace("_", "") for part in _SECRET_PARTS):
        return REDACTED
    if isinstance(value, Mapping):
        return {scrub(str(inner)): clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(key, item) for item in value]
    if isinstance(value, str | int) and (name in _NUMBER_KEYS or kind in _NUMBER_KEYS) and _has_number(str(value)):
        return mask_number(str(value))
    return _plain(value)


def _plain(value: object) -> object:
    """A scalar. Of an unknown object only the type is told: its printed form may hold anything."""
    match value:
        case Enum():
            return scrub(str(value.value))
        case str():
            return scrub(value)
        case int() | float():
            return value
        case BaseException():
            return f"{type(value).__name__}: {scrub(str(value))}"
        case date() | time() | timedelta() | PurePath() | UUID():
            return scrub(str(value))
        case bytes():
            return f"<{len(value)} bytes>"
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {item.name: clean(item.name, getattr(value, item.name)) for item in fields(value)}
        case _:
            return f"<{type(value).__name__}>"


def _has_number(text: str) -> bool:
    """Long enough for a telephone number; a ticket number (`number=1042`) is not."""
    return sum(character.isdigit() for character in text) >= 7


def _is_clock_time(digits: str) -> bool:
    """Seconds or milliseconds since 1970; no North American number of these lengths begins with 1."""
    return digits.startswith("1") and len(digits) in {10, 13}
