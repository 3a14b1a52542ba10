"""Put values into prompts and texts: "Ticket {ticket} is open" becomes "Ticket 1042 is open"."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from flows.schema import Desk, HelpdeskFlow, Texts, Wordings

W = TypeVar("W", bound=Wordings)

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# A ticket's number is not known while the caller listens, so no prompt may use it.
IN_PROMPTS = ("desk", "client", "caller", "hours")
IN_TEXTS = ("desk", "hours")
IN_FIRST_REPLY = (*IN_TEXTS, "ticket")
IN_OUTAGE = (*IN_PROMPTS, "outage")
IN_OVER = (*IN_FIRST_REPLY, "client", "words")
#: What a caller has just typed, in `read_back` of an ask step.
TYPED = "typed"
IN_READ_BACK = (*IN_PROMPTS, TYPED)
#: Who is no known client, and whose number is withheld, in the languages that the desk is shipped with.
NO_CLIENT = {"en": "your office", "es": "su oficina"}
NO_NUMBER = {"en": "your number", "es": "su número"}


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with every {name} replaced once; a name without a value becomes "". Braces in values stay."""
    return "".join(values.get(part, "") if named else part for part, named in _parts(template))


@lru_cache(maxsize=1024)
def _parts(template: str) -> tuple[tuple[str, bool], ...]:
    """Words (False) and names (True) in turn: the same few templates are said to every caller."""
    return tuple((part, place % 2 == 1) for place, part in enumerate(PLACEHOLDER.split(template)))


def spoken_values(desk: Desk, *, number: str | None, client: str | None, language: str | None = None) -> dict[str, str]:
    """Values for prompts, in the desk's language or another. A number is spelled ("9 0 3, 5 5 5, 0 1 6 0"); withheld and
    odd ones become "your number"."""
    code = (language or desk.language).partition("-")[0]
    return {
        "desk": desk.spoken or desk.name,
        "client": client or NO_CLIENT.get(code, NO_CLIENT["en"]),
        "caller": spelled(number) or NO_NUMBER.get(code, NO_NUMBER["en"]),
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
    changed: dict[str, object] = {name: _fill_known(text, values) for name, text in texts.items() if text}
    if isinstance(words, Texts):
        changed["routes"] = tuple(
            one.model_copy(update={"reply": _fill_known(one.reply, values)}) if one.reply else one
            for one in words.routes
        )
    return words.model_copy(update=changed)


def _fill_known(template: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)


def spelled(number: str | None) -> str | None:
    """An E.164 number digit by digit; in groups of three, three and four for +1. None for anything else."""
    if number is None or not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        return None
    digits = number[1:]
    if len(digits) == 11 and digits[0] == "1":
        return ", ".join(" ".join(part) for part in (digits[1:4], digits[4:7], digits[7:]))
    return " ".join(digits)
