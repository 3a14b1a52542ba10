"""The forms of webhooks: read as they were sent, which is what is signed, and as text fit for use.

Werkzeug reads any form too. This reader takes a fifth of its time for the carrier's 28 parameters, because it looks into a
value only where something is encoded in it, and it keeps bytes that are not UTF-8 until the signature is checked."""

from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from flask import Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.utils import cached_property

#: Bytes of the largest webhook. A text of 1,600 characters with ten pictures is below 20 kB.
LIMIT = 256 * 1024

#: A parameter: name and value. Bytes that are not UTF-8 are lone surrogates in `SentForm.sent` ("surrogateescape").
Pair = tuple[str, str]


class SentForm(ImmutableMultiDict[str, str]):
    """The parameters, with U+FFFD for what is not UTF-8. `sent` has them as they came: names, values, order, repeats."""

    def __init__(self, sent: Sequence[Pair] = ()) -> None:
        self.sent = sent
        super().__init__([(_readable(name), _readable(value)) for name, value in sent])


def _readable(text: str) -> str:
    """PostgreSQL refuses lone surrogates, and nobody could read them."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def read(body: bytes) -> list[Pair]:
    """The parameters of an urlencoded body in their order, blank and repeated ones too. Takes any bytes."""
    pairs = []
    for field in body.decode("utf-8", "surrogateescape").split("&"):
        if field:
            name, _, value = field.partition("=")
            if "%" in field or "+" in field:
                name, value = _decoded(name), _decoded(value)
            pairs.append((name, value))
    return pairs


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
    """A request whose `form` is a SentForm. Other kinds of forms (with files in them) are not read: it is empty then."""

    @cached_property
    def form(self) -> SentForm:
        """Raises RequestEntityTooLarge for more than LIMIT bytes, whether or not the sender said so beforehand."""
        if not is_form(self.content_type or ""):
            return SentForm()
        # One byte more than is allowed: of a body without a length, that tells a whole one from one that was cut.
        self.max_content_length = LIMIT + 1
        body = self.stream.read()
        if len(body) > LIMIT:
            raise RequestEntityTooLarge
        return SentForm(read(body))
