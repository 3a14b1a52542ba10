"""The small types of the schema, each with a message that says what is allowed.

Every check raises `PydanticCustomError` of type "helpline" with the message and, in its context, the hint.
"""

import re
import unicodedata
from functools import cache
from typing import Annotated, cast
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from flows.nearest import did_you_mean

# Carrier limits are wider (4,096 characters of speech); a stressed caller's patience is not.
LONGEST_PROMPT = 800
LONGEST_TEXT = 1600
#: A file in the folder `sounds` beside the flow files.
FILE_FORM = r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.(wav|mp3)"
URL_FORM = r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[!-~]{0,400}"
#: Our own sound: the ringing tone of a telephone.
RINGING = "ringing"
VOICE_FORM = r"[A-Za-z][A-Za-z0-9._-]{0,59}"
LANGUAGE_FORM = r"[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})?"
STEP_FORM = r"[a-z][a-z0-9_]{0,39}"
KEY_FORM = r"[0-9*#]"
#: What people call the clocks of the United States: by its letters CST is most like CET, which is seven hours off.
_US_CLOCKS = {
    "America/New_York": ("est", "edt", "et", "eastern"),
    "America/Chicago": ("cst", "cdt", "ct", "central"),
    "America/Denver": ("mst", "mdt", "mt", "mountain"),
    "America/Los_Angeles": ("pst", "pdt", "pt", "pacific"),
}
E164_FORM = r"\+[1-9][0-9]{6,14}"


def wrong(message: str, hint: str) -> PydanticCustomError:
    """An error whose words are ready for the person who edits the file."""
    return PydanticCustomError("helpline", "{what}", {"what": message, "hint": hint})


def _clean(text: str) -> str:
    """`text` without characters that neither a voice, XML nor a phone can carry (controls, surrogates, unassigned)."""
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"} and character != "\n":
            raise wrong(
                f"the text holds the character U+{ord(character):04X}", "type the text anew, without that character"
            )
    if not text.strip():
        raise wrong("the text is empty", "write at least one word")
    return text


def _one_line(text: str) -> str:
    return " ".join(_clean(text.replace("\t", " ")).split())


def _lines(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in _clean(text.replace("\t", " ")).strip().split("\n"))


def _e164(number: str) -> str:
    if not re.fullmatch(E164_FORM, number):
        raise wrong(
            f"{shown(number)} is not a phone number in E.164 form",
            'plus, country code and number, no spaces or dashes: "+19035550147"',
        )
    return number


def _key(key: str) -> str:
    if not re.fullmatch(KEY_FORM, key):
        raise wrong(
            f"{shown(key)} is not a key of a phone", 'one of 0 1 2 3 4 5 6 7 8 9 "*" "#" (star and pound in quotes)'
        )
    return key


def _step_name(name: str) -> str:
    if not re.fullmatch(STEP_FORM, name):
        raise wrong(f"{shown(name)} cannot be the name of a step", "lower-case letters, digits and _: other_ways")
    return name


def _language(language: str) -> str:
    if not re.fullmatch(LANGUAGE_FORM, language):
        raise wrong(f"{shown(language)} is not a language", "language and country, such as en-US or es-US")
    return language


def _voice(voice: str) -> str:
    if not re.fullmatch(VOICE_FORM, voice):
        raise wrong(f"{shown(voice)} is not a voice", "a name from the carrier's list, such as Polly.Joanna")
    return voice


def _url(url: str) -> str:
    if url != RINGING and not re.fullmatch(f"{URL_FORM}|{FILE_FORM}", url):
        hint = (
            f"hello.wav or hello.mp3 in the folder sounds, a full address: https://example.com/hello.wav, or {RINGING}"
        )
        raise wrong(f"{shown(url)} is not the address of a sound file", hint)
    return url


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(zone: str) -> str:
    if zone not in _zones():
        raise wrong(f"{shown(zone)} is not a time zone", zone_meant(zone) or "such as America/Chicago")
    return zone


def zone_meant(written: str) -> str:
    """A hint for something that is no time zone; "" when nobody can tell what was meant."""
    name = written.casefold().removesuffix(" time")
    clock = next((zone for zone, names in _US_CLOCKS.items() if name in names), None)
    return f"did you mean '{clock}'?" if clock else did_you_mean(written, _zones())


def shown(value: object) -> str:
    """`value` in quotes as it was written, cut to a length that fits a terminal line."""
    text = str(value).replace("\n", " ")
    text = "".join(character if character.isprintable() else "?" for character in text)
    return f"'{text if len(text) <= 40 else text[:37] + '...'}'"


def _written_as(form: str) -> FieldInfo:
    """Let editors check the form too; in the loader our own message does."""
    return cast(FieldInfo, Field(json_schema_extra={"pattern": f"^{form}$"}))


Spoken = Annotated[str, Field(max_length=LONGEST_PROMPT), AfterValidator(_one_line)]
PlainText = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_lines)]
Name = Annotated[str, Field(max_length=80), AfterValidator(_one_line)]
E164 = Annotated[str, AfterValidator(_e164), _written_as(E164_FORM)]
Key = Annotated[str, AfterValidator(_key), _written_as(KEY_FORM)]
StepName = Annotated[str, AfterValidator(_step_name), _written_as(STEP_FORM)]
Language = Annotated[str, AfterValidator(_language), _written_as(LANGUAGE_FORM)]
Voice = Annotated[str, AfterValidator(_voice), _written_as(VOICE_FORM)]
Sound = Annotated[str, AfterValidator(_url), _written_as(f"({RINGING}|{FILE_FORM}|{URL_FORM})")]
Zone = Annotated[str, AfterValidator(_zone)]
