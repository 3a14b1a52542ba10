"""Who a tried call or text comes from: a number, a client of clients.yml, or somebody of whom only the standing matters."""

import re

from flows.fields import E164_FORM, shown
from flows.loader import Flows
from flows.nearest import did_you_mean
from flows.session import Caller, Who

#: Whoever has nothing said about them: a number that no client has.
STRANGER = "+19035550147"
WITHHELD = "withheld"
#: What `as` can say beside a client's name.
WORDS = ("stranger", "known", "vip", "blocked", WITHHELD)
#: Somebody of this standing where clients.yml lists nobody: tried all the same, because tomorrow it may.
_INVENTED = {
    Who.KNOWN: Caller("+19035550148", "Some Known Client", who=Who.KNOWN, texts=True),
    Who.VIP: Caller("+19035550149", "Some VIP Client", who=Who.VIP, texts=True),
    Who.BLOCKED: Caller("+19035550146", None, who=Who.BLOCKED, texts=True),
}


class UnknownCaller(ValueError):
    """`what` is no caller; `hint` says what is."""

    def __init__(self, what: str, hint: str) -> None:
        self.hint = hint
        super().__init__(what)


def from_number(flows: Flows, number: str) -> Caller:
    """Whoever calls from this number. Raises UnknownCaller for what is no number."""
    if number.casefold() == WITHHELD:
        return Caller(None, None)
    if not re.fullmatch(E164_FORM, number):
        hint = "plus, country code and number, no spaces or dashes: +19035550147; names go behind `as`"
        raise UnknownCaller(f"{shown(number)} is not a phone number in E.164 form", hint)
    return flows.caller(number, texts=True)


def known_as(flows: Flows, name: str) -> Caller:
    """A client by name, or one of WORDS; the first of clients.yml that fits. Raises UnknownCaller for any other name."""
    word = " ".join(name.split()).casefold()
    client = next((one for one in flows.clients if one.name.casefold() == word), None)
    if client is not None:
        return flows.caller(client.numbers[0], texts=True)
    if word == WITHHELD:
        return Caller(None, None)
    if word == "stranger":
        return flows.caller(STRANGER, texts=True)
    if word not in WORDS:
        names = [*WORDS, *(one.name for one in flows.clients)]
        hint = did_you_mean(name, names) or f"a client of clients.yml, or one of {', '.join(WORDS)}"
        raise UnknownCaller(f"nobody is known as {shown(name)}", hint)
    return _of_standing(flows, Who(word))


def _of_standing(flows: Flows, who: Who) -> Caller:
    numbers = [number for client in flows.clients for number in client.numbers[:1]]
    listed = (flows.caller(number, texts=True) for number in [*numbers, *sorted(flows.blocked)])
    return next((one for one in listed if one.who is who), _INVENTED[who])
