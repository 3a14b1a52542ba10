"""Which keys the words of a prompt offer, in English and Spanish."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_KEYS_IN_WORDS = {
    "star": "*", "pound": "#", "hash": "#", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "asterisco": "*", "numeral": "#", "cero": "0", "uno": "1",
    "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6", "siete": "7", "ocho": "8", "nueve": "9",
}  # fmt: skip
_KEY = rf"[0-9*#]|{'|'.join(_KEYS_IN_WORDS)}"
_SIGN = "[0-9*#]|star|pound|hash|asterisco|numeral"
_BEFORE = r"(?:(?:either|the|key|button|number|option|el|la|tecla|número|opción) )*"
#: "Dial 9 1 1" and "dial 1 (800)" are numbers; "press 2, or one of us calls you back" and "press 2 times" offer no second key.
_ALONE = (
    rf"(?=\W|$)(?![-.]\d| \(?\d{{3}}\b|[ -](?:{_KEY})(?=\W|$))"
    r"(?! (?:of|de (?:l|est|nuestr)[ao]s|moment|minutes?|times?|digits?|dígitos|números)\b)"
)
#: The end of words that offer a key, without the key.
_PRESS = r"\b(?:press|pressing|dial|oprima|marque|presione|pulse|digite)"
#: "Choose one of these" and "when you were hit 3 times" offer no key: these verbs need the key as a sign, and what follows one.
_CHOOSE = r"\b(?:hit|push|touch|select|choose|toque|elija|seleccione)"
_CHOSEN = r"(?=\s*$|[^\w\s]| (?:for|to|if|or|and|now|para|o|y|si)\b)"
_OFFER = re.compile(rf"{_PRESS} {_BEFORE}({_KEY}){_ALONE}|{_CHOOSE} {_BEFORE}({_SIGN}){_ALONE}{_CHOSEN}", re.IGNORECASE)
#: "press 1 or 2", "press star or 9"
_OR = re.compile(rf"(?:,| or| and| o| y)+ (?:the |el )?({_KEY}){_ALONE}", re.IGNORECASE)
#: "8 to 17", "9 to noon" and "five to ten" are no keys.
_NO_HOUR = rf"(?! (?:\d|(?:{_KEY}|ten|eleven|twelve|fifteen|twenty|thirty|half|noon|midnight|close|closing)\b))"
#: "press 1 for emergencies, 2 for sales, or 3 for bills"
_LISTED = re.compile(
    rf"(?:[,;]|\b(?:or|and|o|y)) (?:(?:or|and|o|y) )?({_BEFORE}({_KEY}) (?:for|to|if|para|si)\b{_NO_HOUR}(?: \w+)?)",
    re.IGNORECASE,
)
#: "for sales press 1, for bills 2"
_TRAILING = re.compile(rf"\b(?:for|para) [^,;.]{{1,40}}? ({_KEY})(?=[,;.]|$)", re.IGNORECASE)

_END = re.compile(r"[.!?]|$")


@dataclass(frozen=True)
class Offer:
    """A key that words offer, the words that do, and where in the prompt they begin and end.

    `sure`: whoever hears them will press it."""

    key: str
    words: str
    begins: int
    ends: int
    sure: bool = True


def offers(text: str) -> list[Offer]:
    """Every key that words offer, in the order in which they are heard: those of "press 1 for sales, 2 for bills" and of
    "press 1 or 2" too."""
    return sorted(_found(text), key=lambda offer: offer.begins)


def _found(text: str) -> Iterator[Offer]:
    until = 0
    for match in _OFFER.finditer(text):
        yield Offer(_key(match[1] or match[2]), match[0], match.start(), match.end())
        yield from _chain(text, match.end())
        if match.end() <= until:
            continue
        # The list goes on to the end of the sentence.
        end = _END.search(text, match.end())
        until = end.start() if end else len(text)
        for listed in _LISTED.finditer(text, match.end(), until):
            yield Offer(_key(listed[2]), listed[1].strip(), listed.start(1), listed.end(2))
        for trailing in _TRAILING.finditer(text, match.end(), until + 1):
            yield Offer(_key(trailing[1]), trailing[0], trailing.start(), trailing.end(), sure=False)


def ends_before_key(text: str) -> bool:
    """Whether words stop right before the key that they were about to offer."""
    return re.search(rf"(?:{_PRESS}|{_CHOOSE})(?: (?:the|key|or|el|la|tecla))*$", text, re.IGNORECASE) is not None


def _chain(text: str, end: int) -> Iterator[Offer]:
    """What comes right behind an offer: "or 2", ", 2 or 3". Without an "or" it may be the beginning of something else."""
    found: list[re.Match[str]] = []
    while (more := _OR.match(text, found[-1].end() if found else end)) is not None:
        found.append(more)
    sure = any(re.search(r"\b(or|o)\b", one[0], re.IGNORECASE) for one in found)
    for one in found:
        yield Offer(_key(one[1]), one[0].lstrip(", "), one.start(1), one.end(), sure=sure)


def _key(written: str) -> str:
    return _KEYS_IN_WORDS.get(written.lower(), written)
