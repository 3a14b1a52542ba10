"""What a single setting may look like.

Every rule raises `ValueError` with a text for the person who set it: what is allowed, and an example. The text repeats
the value only where the value cannot be a secret.
"""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import SplitResult, urlsplit, urlunsplit

import phonenumbers
from pydantic import BeforeValidator, SecretStr
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError


class SmsKeywords(StrEnum):
    """Who answers STOP, START and HELP texts."""

    CARRIER = "carrier"  # the sender hears the carrier's own words; helpline records and stays silent
    HELPLINE = "helpline"  # the carrier's handling is switched off; the sender hears helpline's words


class WhisperEngine(StrEnum):
    """Which library turns sound into words."""

    OPENAI = "openai-whisper"
    FASTER = "faster-whisper"


class WhisperDevice(StrEnum):
    """Where the model computes."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


_Word = TypeVar("_Word", bound=StrEnum)
_POSTGRES = {"postgres", "postgresql", "postgresql+psycopg"}
_SQLITE = {"sqlite", "sqlite+pysqlite"}


def folder(value: object) -> Path:
    """An absolute path; `~` is the home folder, a relative path counts from the working folder."""
    text = str(value)
    if "\0" in text:
        raise ValueError("is not a path. Name a folder, for example /var/lib/helpline")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as unknown_user:
        raise ValueError(f'"{text}" names an unknown home folder. Write the path in full') from unknown_user


def host(value: object) -> str:
    """A host name or address to listen on, without scheme, port or brackets."""
    text = str(value).strip().strip("[]")
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", text) or re.fullmatch(r"[^:]+:\d+", text):
        raise ValueError(f'"{value}" is not a host name or address. Example: 127.0.0.1, or 0.0.0.0 for every interface')
    return text


def port(value: object) -> int:
    """A TCP port."""
    text = str(value).strip()
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ValueError(f'"{value}" is not a port. Allowed: a whole number from 1 to 65535, for example 8000')
    return int(text)


def public_url(value: object) -> str:
    """The base that carrier webhooks are signed with: scheme, host, optional port and path; no slash at the end.

    User, query and fragment are refused: the carrier signs without them, so every webhook would be rejected.
    """
    allowed = "Allowed: https://host, with a port and a path if needed, for example https://help.example.com"
    parts = _web_url(value, allowed)
    if parts.username is not None or parts.query or parts.fragment or str(value).rstrip().endswith(("?", "#")):
        raise ValueError(f"must not hold a user, a query or a fragment. {allowed}")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def api_url(value: object) -> str:
    """The base URL of the carrier's REST API; no slash at the end."""
    allowed = "Allowed: http(s)://host, for example https://api.twilio.com"
    parts = _web_url(value, allowed)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"must not hold a user, a query or a fragment. {allowed}")
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def heartbeat_url(value: object) -> str:
    """An address that is asked for with GET. Path and query may hold a secret, so no message repeats them."""
    allowed = "Allowed: http(s)://host/path, as your monitoring service gives it"
    parts = _web_url(value, allowed)
    if parts.username is not None or parts.fragment:
        raise ValueError(f"must not hold a user or a fragment. {allowed}")
    return urlunsplit(parts)


def _web_url(value: object, allowed: str) -> SplitResult:
    text = str(value).strip()
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", text):
        raise ValueError(f"is not a web address. {allowed}")
    return parts


def database_url(value: object) -> str:
    """A SQLAlchemy URL of SQLite or PostgreSQL, with the driver that is installed (psycopg 3)."""
    allowed = "Allowed: sqlite:////folder/helpline.db or postgresql://user:password@host/name"
    try:
        url: URL = make_url(str(value).strip())
    except (ArgumentError, ValueError):
        raise ValueError(f"is not a database URL. {allowed}") from None
    if url.drivername in _SQLITE:
        if url.database in {None, "", ":memory:"}:
            raise ValueError(f"is a database in memory, which the roles cannot share. {allowed}")
        return url.render_as_string(hide_password=False)
    if url.drivername in _POSTGRES:
        return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    raise ValueError(f'names "{url.drivername}", which is not supported. {allowed}')


def redis_url(value: object) -> str:
    """A URL redis-py understands."""
    text = str(value).strip()
    allowed = "Allowed: redis://host:6379/0, rediss://host:6380/0 or unix:///path/to/socket; unset: embedded broker"
    try:
        parts = urlsplit(text)
        usable = bool(parts.path.strip("/")) if parts.scheme == "unix" else bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError(f"is not a Redis URL. {allowed}")
    return text


def blob_url(value: object) -> str:
    """`file:///folder` or `s3://bucket/prefix`, without a slash at the end."""
    text = str(value).strip()
    allowed = "Allowed: file:///absolute/folder or s3://bucket/prefix"
    parts = urlsplit(text)
    if parts.username is not None:
        raise ValueError(f"must not hold a user or password; S3 reads them from AWS_ACCESS_KEY_ID and so on. {allowed}")
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.startswith("/"):
        return f"file://{parts.path.rstrip('/') or '/'}"
    if parts.scheme == "s3" and parts.netloc:
        return text.rstrip("/")
    raise ValueError(f"is not a place for recordings. {allowed}")


def e164(value: object) -> str:
    """A telephone number in E.164. Spaces and dashes are taken out; the country code must be there.

    Only the length is judged: carriers give out test numbers that no numbering plan knows.
    """
    text = str(value).strip()
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not text.startswith("+") or not phonenumbers.is_possible_number(number):
        raise ValueError(f'"{text}" is not a telephone number with country code. Example: +19036892004')
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def sid(value: object) -> str:
    """An id given by the carrier. Only blanks are refused: compatible carriers use ids of other shapes."""
    text = str(value).strip()
    if re.search(r"\s", text):
        raise ValueError("has blanks inside. Copy it again from the carrier's console")
    return text


def secret(value: object) -> SecretStr:
    """A key, token or password, kept out of every printed form."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value).strip()
    if re.search(r"\s", text) or not text.isprintable():
        raise ValueError("has blanks or unprintable characters inside. Copy it again (the value is not shown here)")
    return SecretStr(text)


def text(value: object) -> str:
    """Any one line of text."""
    line = str(value).strip()
    if not line.isprintable():
        raise ValueError("has unprintable characters inside")
    return line


def _one_of(words: type[_Word]) -> BeforeValidator:
    def check(value: object) -> _Word:
        given = str(value).strip().lower()
        for word in words:
            if word == given:
                return word
        raise ValueError(f'"{value}" is not known. Allowed: {", ".join(words)}')

    return BeforeValidator(check)


def _rule(check: Any) -> BeforeValidator:
    return BeforeValidator(check)


Folder = Annotated[Path, _rule(folder)]
Host = Annotated[str, _rule(host)]
Port = Annotated[int, _rule(port)]
PublicUrl = Annotated[str, _rule(public_url)]
HeartbeatUrl = Annotated[str, _rule(heartbeat_url)]
ApiUrl = Annotated[str, _rule(api_url)]
DatabaseUrl = Annotated[str, _rule(database_url)]
RedisUrl = Annotated[str, _rule(redis_url)]
BlobUrl = Annotated[str, _rule(blob_url)]
E164 = Annotated[str, _rule(e164)]
Sid = Annotated[str, _rule(sid)]
Secret = Annotated[SecretStr, _rule(secret)]
Text = Annotated[str, _rule(text)]
Keywords = Annotated[SmsKeywords, _one_of(SmsKeywords)]
Engine = Annotated[WhisperEngine, _one_of(WhisperEngine)]
Device = Annotated[WhisperDevice, _one_of(WhisperDevice)]
