"""Put values into prompts and texts: "Ticket {ticket} is open" becomes "Ticket 1042 is open"."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from flows.schema import Desk, HelpdeskFlow, Wordings

W = TypeVar("W", bound=Wordings)

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# A ticket's number is not known while the caller listens, so no prompt may use it.
IN_PROMPTS = ("desk", "client", "caller", "hours")
IN_TEXTS = ("desk", "hours")
IN_FIRST_REPLY = (*IN_TEXTS, "ticket")
IN_OUTAGE = (*IN_PROMPTS, "outage")
IN_OVER = (*IN_FIRST_REPLY, "client", "words")
NO_CLIENT = "your office"
NO_NUMBER = "your number"


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with every {name} replaced once; a name without a value becomes "". Braces in values stay."""
    return "".join(values.get(part, "") if named else part for part, named in _parts(template))


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[tuple[str, bool], ...]:
    """Words (False) and names (True) in turn: the same few templates are said to every caller."""
    return tuple((part, place % 2 == 1) for place, part in enumerate(PLACEHOLDER.split(template)))


def spoken_values(desk: Desk, *, number: str | None, client: str | None) -> dict[str, str]:
    """Values for prompts. A number is spelled ("9 0 3, 5 5 5, 0 1 6 0"); withheld and odd ones become "your number"."""
    return {
        "desk": desk.spoken or desk.name,
        "client": client or NO_CLIENT,
        "caller": _spelled(number),
        "hours": desk.hours,
    }


def with_desk(flow: HelpdeskFlow) -> HelpdeskFlow:
    """`flow` with {desk} and {hours} of its texts filled in. {ticket} stays for the one who knows the ticket."""
    return flow.model_copy(update={"texts": filled(flow.texts, flow.desk)})


def filled(words: W, desk: Desk) -> W:
    """The same texts with what they say of the desk. Copied, not validated anew: a text that grew too long is the lint's
    to report, and loading must not fail on it."""
    values = {"desk": desk.name, "hours": desk.hours}
    texts = {name: getattr(words, name) for name in Wordings.model_fields}
    return words.model_copy(update={name: _fill_known(text, values) for name, text in texts.items() if text})


def _fill_known(template: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)


def _spelled(number: str | None) -> str:
    """An E.164 number digit by digit; in groups of three, three and four for +1."""
    if number is None or not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        return NO_NUMBER
    digits = number[1:]
    if len(digits) == 11 and digits[0] == "1":
        return ", ".join(" ".join(part) for part in (digits[1:4], digits[4:7], digits[7:]))
    return " ".join(digits)
