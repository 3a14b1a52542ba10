"""Telephone numbers at the edge: what the carrier sends becomes E.164, or nothing."""

import re

import phonenumbers

from tickets.arrival import UNKNOWN_SENDER

#: What nearly every caller id looks like: North America in E.164. It needs no library to be read.
_PLAIN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")

#: Longest caller id that is kept as it came; carriers pass on whatever the other network sent.
RAW_LIMIT = 64


def caller_number(raw: str) -> str | None:
    """E.164 of a caller id, or None for a withheld or odd one ("anonymous", "unknown", "266696687", "Restricted").

    National numbers are read as North American, which is where the desk is."""
    if _PLAIN.fullmatch(raw):
        return raw
    try:
        number = phonenumbers.parse(raw, "US")
    except phonenumbers.NumberParseException:
        return None
    # Not "possible locally": seven digits without an area code would become a number that is somebody else's.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    # The carrier spells a withheld number as keypad digits of ANONYMOUS, RESTRICTED, UNAVAILABLE or UNKNOWN.
    if raw.lstrip("+") in {"266696687", "7378742833", "86282452253", "8656696"}:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def calling_number(raw: str, to: str) -> str | None:
    """`caller_number` of a call. A forwarded call may come with the number that it was forwarded from, our own: nobody can
    be called back there, so it counts as withheld."""
    number = caller_number(raw)
    return None if number is not None and number == to else number


def sender(raw: str) -> str:
    """The sender of a text: E.164, or a short code or name as it came, so that it can be recognised again."""
    return caller_number(raw) or clean(raw).strip() or UNKNOWN_SENDER


def clean(raw: str, limit: int = RAW_LIMIT) -> str:
    """Text from outside that is fit for a column: no NUL, which PostgreSQL refuses, and cut to its length."""
    return raw.replace("\x00", "")[:limit]
