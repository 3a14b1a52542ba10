"""Which tickets tell of the same thing. Pure: what is known of tickets in, the ticket that leads out.

Grouping too much hides a second outage behind the first; so one client's tickets belong together within the window, and those
of several clients only when both say that something is down and name the same thing: a street, a carrier, a product."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rapidfuzz import fuzz

#: How alike a heard name has to be ("sudden link", "Suddenlinc"); short ones have to be the same.
_ALIKE = 90
_SHORT = 6
_STREET = re.compile(
    r"\b(?P<name>[a-z]{3,}|\d+(?:st|nd|rd|th)) (?P<kind>street|st|avenue|ave|road|rd|boulevard|blvd|lane|drive|parkway)\b"
)
_HIGHWAY = re.compile(r"\b(?P<kind>highway|hwy|loop|interstate|fm) (?P<name>\d{1,4})\b")
_SAME_KIND = {"st": "street", "ave": "avenue", "rd": "road", "blvd": "boulevard", "hwy": "highway"}
_NO_NAMES = frozenset(
    {"the", "this", "that", "our", "your", "their", "same", "whole", "entire", "down", "across", "hard"}
)
_TROUBLE = re.compile(
    r"\b(?:down|out|outage|offline|dead|unavailable|unreachable|disconnect\w*|crash\w*|"
    r"(?:not|isn t|aren t|doesn t|stopped|quit) working|"
    r"no (?:internet|power|phones?|service|signal|connection|dial tone|network)|"
    r"(?:lost|losing) (?:internet|power|phones?|service|connection|network|our|the)|"
    r"(?:cannot|can t|can not|couldn t) (?:get|connect|reach|log|access|work|open|use|send|make))\b"
)


@dataclass(frozen=True)
class Told:
    """What a ticket tells of. `leads` is the number of the ticket that leads the incident it is in, its own when it is in
    none; `announced` is set for a ticket whose outage a colleague announced."""

    number: int
    at: datetime
    leads: int
    client: str | None = None
    caller: str | None = None
    things: frozenset[str] = frozenset()
    announced: bool = False


def leader_for(ticket: Told, others: Iterable[Told], *, window: timedelta) -> int | None:
    """The number of the ticket that leads the incident which this one belongs to; None when it stands alone.

    It does not matter in which order the others come. A window of nothing groups only with what a colleague announced."""
    found: list[tuple[int, int]] = []
    for other in others:
        near = window > timedelta(0) and abs(ticket.at - other.at) <= window
        if ticket.number in (other.number, other.leads) or not (near or other.announced):
            continue
        if same_client(ticket, other):
            found.append((0 if other.announced else 1, other.leads))
        elif near and ticket.things & other.things:
            found.append((2, other.leads))
    return min(found)[1] if found else None


def same_client(one: Told, other: Told) -> bool:
    """The same known client, or the same telephone; two known clients are never the same."""
    if one.client is not None and other.client is not None:
        return one.client == other.client
    return one.caller is not None and one.caller == other.caller


def things_in(words: str | None, known: Iterable[str]) -> frozenset[str]:
    """What these words name that others could name too: of the `known` things, and streets and highways. Nothing when the
    words do not say that something is down."""
    plain = _plain(words or "")
    if not _TROUBLE.search(plain):
        return frozenset()
    found = {thing for thing in known if _names(plain.split(), thing)}
    for match in _STREET.finditer(plain):
        if match["name"] not in _NO_NAMES:
            found.add(f"{match['name']} {_SAME_KIND.get(match['kind'], match['kind'])}")
    found.update(
        f"{_SAME_KIND.get(match['kind'], match['kind'])} {match['name']}" for match in _HIGHWAY.finditer(plain)
    )
    return frozenset(found)


def _names(tokens: list[str], thing: str) -> bool:
    wanted = _plain(thing).replace(" ", "")
    for size in (1, 2, 3):
        for start in range(len(tokens) - size + 1):
            heard = "".join(tokens[start : start + size])
            if heard == wanted or (len(wanted) > _SHORT and fuzz.ratio(heard, wanted) >= _ALIKE):
                return True
    return False


def _plain(words: str) -> str:
    folded = words.casefold()
    return " ".join("".join(char if char.isalnum() else " " for char in folded).split())


def is_step(count: int) -> bool:
    """Whether so many tickets are news by themselves: 2, 3, 5, 10, 20, 50, 100, ..."""
    digits = str(count)
    return count in (2, 3) or (count > 3 and digits[0] in "125" and not digits[1:].strip("0"))
