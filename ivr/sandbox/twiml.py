"""TwiML as the carrier reads it: strict about the document, tolerant about its verbs."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field

PARSE_ERROR = 12100
SCHEMA_WARNING = 12200

_CALL = frozenset({"method"})
# Verb (or noun) -> its attributes. Anything else is worth a schema warning and is passed over.
KNOWN: Mapping[str, frozenset[str]] = {
    "Say": frozenset({"voice", "language", "loop"}),
    "Play": frozenset({"loop", "digits"}),
    "Pause": frozenset({"length"}),
    "Gather": _CALL
    | {
        "input",
        "action",
        "timeout",
        "finishOnKey",
        "numDigits",
        "actionOnEmptyResult",
        "language",
        "hints",
        "speechTimeout",
        "speechModel",
        "enhanced",
        "profanityFilter",
        "partialResultCallback",
        "partialResultCallbackMethod",
        "bargeIn",
        "debug",
    },
    "Record": _CALL
    | {
        "action",
        "timeout",
        "finishOnKey",
        "maxLength",
        "playBeep",
        "trim",
        "recordingStatusCallback",
        "recordingStatusCallbackMethod",
        "recordingStatusCallbackEvent",
        "transcribe",
        "transcribeCallback",
        "recordingTrack",
    },
    "Dial": _CALL
    | {"action", "timeout", "timeLimit", "callerId", "hangupOnStar", "answerOnBridge", "ringTone", "record"},
    "Conference": frozenset(
        {
            "muted",
            "beep",
            "startConferenceOnEnter",
            "endConferenceOnExit",
            "waitUrl",
            "waitMethod",
            "maxParticipants",
            "statusCallback",
            "statusCallbackMethod",
            "statusCallbackEvent",
            "participantLabel",
            "region",
            "record",
            "trim",
            "jitterBufferSize",
        }
    ),
    "Number": _CALL | {"url", "sendDigits", "byoc", "statusCallback", "statusCallbackMethod", "statusCallbackEvent"},
    "Redirect": _CALL,
    "Hangup": frozenset(),
    "Reject": frozenset({"reason"}),
    "Message": _CALL | {"to", "from", "action", "statusCallback"},
    "Body": frozenset(),
    "Media": frozenset(),
}
_NESTED = {"Gather": {"Say", "Play", "Pause"}, "Dial": {"Conference", "Number"}, "Message": {"Body", "Media"}}


class TwimlError(Exception):
    """A document the carrier refuses; the text says why."""


@dataclass(frozen=True)
class Verb:
    """One element with its attributes as written, its words and the elements inside it."""

    name: str
    attrs: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple[Verb, ...] = ()

    def number(self, attr: str, default: float) -> float:
        """A numeric attribute; what is not a number counts as the default, as with the real carrier."""
        try:
            found = float(self.attrs.get(attr, default))
        except ValueError:
            return default
        return found if math.isfinite(found) else default

    def flag(self, attr: str, default: bool) -> bool:
        """A true/false attribute."""
        return self.attrs.get(attr, str(default)).lower() == "true"


@dataclass(frozen=True)
class Document:
    """The verbs in order, and one sentence for each schema warning."""

    verbs: tuple[Verb, ...]
    warnings: tuple[str, ...] = ()


def parse(text: str) -> Document:
    """The document in `text`. Raises TwimlError for what the carrier answers with error 12100."""
    try:
        root = ET.fromstring(text.encode())  # noqa: S314 - at most 64 kB from the application, and expat refuses entity bombs
    except ET.ParseError as error:
        line, column = error.position
        raise TwimlError(f"Document parse failure in line {line}, column {column}: {error}") from error
    if root.tag != "Response":
        raise TwimlError(f"Document parse failure: the root element is <{root.tag}>, it has to be <Response>")
    warnings: list[str] = []
    verbs = tuple(_verb(child, warnings) for child in root)
    allowed = set(KNOWN) - {"Body", "Media", "Conference", "Number"}
    return Document(tuple(verb for verb in verbs if verb.name in allowed), tuple(warnings))


def _verb(element: ET.Element, warnings: list[str]) -> Verb:
    name = element.tag
    if name not in KNOWN:
        warnings.append(f"Schema validation warning: <{name}> is not a verb this carrier plays; it was passed over.")
        return Verb(name)
    for attribute in set(element.attrib) - KNOWN[name]:
        warnings.append(f"Schema validation warning: <{name}> has no attribute '{attribute}'.")
    inside = _NESTED.get(name)
    if inside is None:
        return Verb(name, dict(element.attrib), " ".join("".join(element.itertext()).split()))
    for child in element:
        if child.tag not in inside:
            warnings.append(f"Schema validation warning: <{child.tag}> may not stand in <{name}>; it was passed over.")
    children = tuple(_verb(child, warnings) for child in element if child.tag in inside)
    # A text's own words keep their line breaks.
    return Verb(name, dict(element.attrib), (element.text or "").strip(), children)
