"""Spoken and written telephone numbers in a transcript (pure): the one to call back, as E.164."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import phonenumbers

_DIGITS: Mapping[str, str] = {
    "zero": "0", "oh": "0", "o": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
    "seven": "7", "eight": "8", "nine": "9", "niner": "9", "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13",
    "fourteen": "14", "fifteen": "15", "sixteen": "16", "seventeen": "17", "eighteen": "18", "nineteen": "19",
    "cero": "0", "uno": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6", "siete": "7", "ocho": "8",
    "nueve": "9", "diez": "10", "once": "11", "doce": "12", "trece": "13", "catorce": "14", "quince": "15",
    "dieciséis": "16", "diecisiete": "17", "dieciocho": "18", "diecinueve": "19",
}  # fmt: skip

_TENS: Mapping[str, str] = {
    "twenty": "2", "thirty": "3", "forty": "4", "fifty": "5", "sixty": "6", "seventy": "7", "eighty": "8", "ninety": "9",
    "veinte": "2", "treinta": "3", "cuarenta": "4", "cincuenta": "5", "sesenta": "6", "setenta": "7", "ochenta": "8",
    "noventa": "9",
}  # fmt: skip

_ZEROS: Mapping[str, str] = {"hundred": "00", "thousand": "000", "cien": "100", "mil": "000"}
_TIMES: Mapping[str, int] = {"double": 2, "triple": 3, "doble": 2}
_BETWEEN = {"area", "code", "dash", "and", "uh", "um", "then", "guion", "y", "plus"}

_MOST_GROUPS = 11
_PART = re.compile(r"\d+(?::\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?|[^\w\s]")

_ASKED = re.compile(
    r"call|reach|number|cell|mobile|phone|text me|get me|contact|ring me|back at|dial"
    r"|llám|llam|número|teléfono|celular|comun|marc",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"call (?:me|us|back)|reach (?:me|us)|my (?:\w+ )?(?:number|cell|phone|line)|call ?back|(?:get|text|contact|ring) me|"
    r"our number|lláme(?:me|nos)|llame|mi (?:número|teléfono|celular)",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\bfax|(?:account|serial|ticket|case|invoice|order|model|license|tracking)(?: \w+)? (?:number|#)|called (?:me|us)? ?from|"
    r"(?:their|his|her|the scammer'?s?) number|told (?:me|us) to call|says? to call|call from",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Run:
    """Digits said one after the other: ``groups`` as they were grouped, ``start`` is where they begin in the text."""

    groups: tuple[str, ...]
    start: int


def callback_number(text: str) -> str | None:
    """The number the caller wants to be called at, as E.164, or None when no plausible North American one was said.

    Written and spoken forms are read ("903-555-0147", "903 555 01 47", "nine oh three five five five ..."). The number said
    with "call me", "reach me" or "my number" goes before others, the later before the earlier; one that is plainly something
    else (a fax, an account, the number of somebody who called) is not taken.
    """
    best: tuple[int, int, str] | None = None
    end = 0
    for run in _runs(text):
        before = text[max(end, run.start - 70) : run.start]
        score = 2 * bool(_OWN.search(before)) + bool(_ASKED.search(before)) - 4 * bool(_OTHERS.search(before))
        for number in _numbers(run.groups):
            if score >= 0 and (best is None or (score, run.start) >= best[:2]):
                best = (score, run.start, number)
        end = run.start + 1
    return best[2] if best else None


def _runs(text: str) -> Iterator[_Run]:
    """Every run of digits, however they were said; a word that belongs to no number ends it."""
    groups: list[str] = []
    start, times, tens = 0, 1, False
    for match in _PART.finditer(text):
        word = match.group().casefold()
        if word in _TIMES:
            times = _TIMES[word]
            continue
        digits = _as_digits(word, after_tens=tens)
        if digits is None:
            tens = tens and _joins(word)
            if groups and not _joins(word):
                yield _Run(tuple(groups), start)
                groups = []
            times = 1
            continue
        if not groups:
            start = match.start()
        if tens and word not in _TENS and len(digits) == 1 and word in _DIGITS and digits != "0":
            groups[-1] = groups[-1][:-1] + digits
        elif word in _ZEROS and groups:
            groups[-1] += digits
        else:
            groups.append(digits * times)
        tens, times = word in _TENS, 1
    if groups:
        yield _Run(tuple(groups), start)


def _as_digits(word: str, *, after_tens: bool) -> str | None:
    if word.isdecimal():
        return word
    if word in _TENS:
        return _TENS[word] + "0"
    if word == "o" and after_tens:
        return None
    return _DIGITS.get(word) or _ZEROS.get(word)


def _joins(word: str) -> bool:
    """Whether a number goes on after this: punctuation between groups, "area code", "dash", a filler."""
    return word in _BETWEEN or (not word[0].isalnum() and word not in {"?", "!", ";", ":", "$", "%", "#"})


def _numbers(groups: Sequence[str]) -> Iterator[str]:
    """Every whole number that consecutive groups make up, in order; a group is never cut.

    Of overlapping ones the best shaped stays: "2026. 903-555-0147" is a year and a number, not a number and "0147".
    """
    spans = [
        (first, last, number)
        for first in range(len(groups))
        for last in range(first + 1, min(len(groups), first + _MOST_GROUPS) + 1)
        if (number := _valid("".join(groups[first:last]))) is not None
    ]
    chosen: list[tuple[int, int, str]] = []
    for span in sorted(spans, key=lambda span: (not _well_shaped(groups[span[0] : span[1]]), span[0])):
        if all(span[1] <= other[0] or span[0] >= other[1] for other in chosen):
            chosen.append(span)
    yield from (number for _, _, number in sorted(chosen))


def _well_shaped(groups: Sequence[str]) -> bool:
    """Whether the number is written as one, or as area code, exchange and line."""
    lengths = [len(group) for group in groups]
    return lengths in ([10], [11], [3, 3, 4], [1, 3, 3, 4], [3, 7], [6, 4])


def _valid(digits: str) -> str | None:
    """The digits as E.164 when they are a North American number somebody can have."""
    national = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    if len(national) != 10:
        return None
    number = phonenumbers.PhoneNumber(country_code=1, national_number=int(national))
    if national[0] in "01" or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
