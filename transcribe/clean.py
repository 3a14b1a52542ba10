"""Tidy what was heard, and find in it who calls and what for (pure). The callback number is :mod:`transcribe.numbers`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rapidfuzz import fuzz

from transcribe.numbers import callback_number

__all__ = ["callback_number", "client_named", "summary", "tidy"]

SUMMARY_LENGTH = 160

_FILLER = re.compile(
    r"(?:(?<=^)|(?<=[\s,]))(?:u+h+m*|u+m+|e+r+m+|h+m+|m{2,})\b(?:,|\.{2,}|(?=[.?!]))?\s*", re.IGNORECASE
)

_INVENTED = re.compile(
    r"(?:^|(?<=[.?!]))\s*(?:"
    r"(?:thanks|thank you)(?: (?:so|very) much)? for (?:watching|viewing)(?: (?:this|the|my|our) videos?)?"
    r"|(?:please |don't forget to )?(?:like,? (?:and|share)|subscribe)[^.?!]*"
    r"|see you (?:in the )?next (?:video|time)[^.?!]*"
    r"|(?:subtitles|captions|captioning|transcription|transcribed|translated) by[^?!]*"
    r"|subtítulos (?:realizados |hechos )?por[^?!]*"
    r"|¡?gracias por ver(?: el| este)? v[ií]deo"
    r"|www\.\S+"
    r")[.?!]*\s*$",
    re.IGNORECASE,
)

_GREETING = re.compile(
    r"^(?:(?:hi|hello|hey|yeah|yes|ok(?:ay)?|good (?:morning|afternoon|evening|day)|hola|buen[oa]s (?:días|dias|tardes|noches)"
    r"|there|everyone|team|guys|folks|so|well|um+|uh+)\b[\s,.!]*)+",
    re.IGNORECASE,
)
_INTRODUCTION = re.compile(
    r"^(?:this is|it's|it is|my name is|my name's|i am|i'm|(?:le |les )?habla|soy|me llamo|mi nombre es)\s+",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"^(?:please |por favor,? |just |can you |could you |could (?:some|any)(?:one|body) |you can |so |and |if you could )*"
    r"(?:give me a call|(?:call|reach|contact|ring|get|text)(?: (?:me|us|my|back))*|my (?:\w+ )?(?:number|cell|phone)"
    r"|(?:the|our) (?:best )?(?:call ?back )?number|thank(?:s| you)|bye|goodbye|have a (?:good|great|nice)"
    r"|lláme(?:me|nos)?|llame(?:me|nos)?|mi (?:número|teléfono|celular)|gracias|adiós)\b",
    re.IGNORECASE,
)
_LEGAL_FORM = {"llc", "inc", "ltd", "co", "corp", "lp", "llp", "pllc", "pc", "pa", "the"}

_DIGIT_WORDS = {
    "zero", "oh", "o", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    "cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve",
}  # fmt: skip
"""Said again and again in numbers, where repeating is no loop."""

_WHOLE_NAME, _AHEAD, _SHORTEST_NAME = 84.0, 10.0, 5


def tidy(text: str) -> str:
    """The words without fillers, loops and invented endings; nothing is added, and the order stays."""
    while (tidier := _tidier(text)) != text:  # what is taken away may bring its neighbours together
        text = tidier
    return text


def _tidier(text: str) -> str:
    text = " ".join(text.split())
    while (shorter := _INVENTED.sub("", text).strip()) != text:
        text = shorter
    text = _without_loops(" ".join(_FILLER.sub("", text).split()))
    text = re.sub(r"\s+(?=[.,?!])", "", text).lstrip(" .,")
    return text[:1].upper() + text[1:] if text[:1].islower() else text


def client_named(text: str, clients: Iterable[str]) -> str | None:
    """The client whose name is said in the text, in the list's spelling; None when none or more than one may be meant.

    Small mishearings are forgiven ("Piney Wood Dental"); a name's first two words alone count when they fit exactly.
    """
    words = _plain(text).split()
    scored = sorted(((_likeness(words, _plain(name).split()), name) for name in dict.fromkeys(clients)), reverse=True)
    if not scored or scored[0][0] < _WHOLE_NAME:
        return None
    if len(scored) > 1 and scored[0][0] - scored[1][0] < _AHEAD:
        return None
    return scored[0][1]


def summary(text: str) -> str:
    """One line with the words that matter: who and what, without greeting, courtesies and callback number.

    Only words of the text, in its order; at most :data:`SUMMARY_LENGTH` characters. Text of nothing else stays as it is.
    """
    kept: list[str] = []
    for sentence in _sentences(tidy(text)):
        words = sentence if kept else _INTRODUCTION.sub("", _GREETING.sub("", sentence))
        if not words.strip(" .,!?") or _COURTESY.match(words):
            continue
        if kept and callback_number(sentence) is not None and len(sentence.split()) < 12:
            continue
        kept.append(words if kept else words[:1].upper() + words[1:])
    return _shortened(" ".join(kept) or " ".join(text.split()))


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.?!])\s+(?=\D)", text)


def _shortened(line: str) -> str:
    if len(line) <= SUMMARY_LENGTH:
        return line
    return line[: SUMMARY_LENGTH - 1].rsplit(" ", 1)[0].rstrip(" ,;:-") + "…"


def _plain(text: str) -> str:
    """Lower-case words only; "&" is read as "and"."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold().replace("&", " and ").replace("'", "").replace("’", "")))


def _likeness(words: list[str], name: list[str]) -> float:
    """0..100: how well the best stretch of ``words`` fits ``name``."""
    name = [word for word in name if word not in _LEGAL_FORM] or name
    whole = " ".join(name)
    if len(whole) < _SHORTEST_NAME:
        return 100.0 if _contains(words, name) else 0.0
    best = 0.0
    for size in {max(1, len(name) - 1), len(name), len(name) + 1}:
        for start in range(len(words) - size + 1):
            best = max(best, fuzz.ratio(" ".join(words[start : start + size]), whole))
    short = name[:2]
    if len(name) > 2 and len(" ".join(short)) >= 9 and short[1] != "and" and _contains(words, short):
        best = max(best, 95.0)
    return best


def _contains(words: list[str], part: list[str]) -> bool:
    return any(words[start : start + len(part)] == part for start in range(len(words) - len(part) + 1))


def _without_loops(text: str) -> str:
    """A phrase of up to eight words that comes three times or more in a row stays once; digits may repeat as they like."""
    words = text.split(" ")
    done: list[str] = []
    at = 0
    while at < len(words):
        size, times = _loop(words, at)
        done += words[at : at + size]
        at += size * times
    return " ".join(done)


def _loop(words: list[str], at: int) -> tuple[int, int]:
    """The length of the phrase that begins here and how often it follows itself: (1, 1) when nothing repeats."""
    bare = [_plain(word) for word in words[at : at + 400]]
    for size in range(1, 9):
        phrase = bare[:size]
        if len(phrase) < size or any(word.isdecimal() or word in _DIGIT_WORDS for word in phrase):
            break
        times = 1
        while bare[times * size : (times + 1) * size] == phrase:
            times += 1
        if times >= 3 and any(phrase):
            return size, times
    return 1, 1
