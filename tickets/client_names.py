"""Which client a colleague means: "Piney Woods Dental internet down" to the client and what is wrong. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz

#: How alike what was written and the name have to be: a typing mistake or two.
_ALIKE = 86
#: The same when the name was written with a space more or less ("Pineywoods Dental").
_SPLIT_OTHERWISE = 93
#: One word alone stands for a name of several when it is at least so long ("Lakeside").
_LONG = 5


@dataclass(frozen=True)
class Meant:
    """The clients that words may begin with (one when it is clear), and what follows the name."""

    clients: tuple[str, ...]
    rest: str = ""


def client_meant(text: str, clients: Iterable[str]) -> Meant:
    """The client whose name `text` begins with. The name that takes most words wins, a whole name wins over the beginning of
    another; what is left is what is wrong. No clients: none is named."""
    written = text.split()
    best: dict[str, tuple[int, bool, float]] = {}
    for client in dict.fromkeys(clients):
        found = list(_matches(_words(written), _words(client.split())))
        if found:
            best[client] = max(found)
    if not best:
        return Meant(())
    top = max(rank[:2] for rank in best.values())
    named = [client for client, rank in best.items() if rank[:2] == top]
    if len(named) > 1 and top[1]:  # two whole names of as many words: the one that is nearer
        nearest = max(best[client][2] for client in named)
        named = [client for client in named if best[client][2] == nearest]
    return Meant(tuple(sorted(named)), " ".join(written[top[0] :]).lstrip(" :,.-"))


def _words(written: list[str]) -> list[str]:
    return ["".join(char for char in word.casefold().replace("&", "and") if char.isalnum()) for word in written]


def _matches(written: list[str], name: list[str]) -> Iterable[tuple[int, bool, float]]:
    """How much of the text each beginning of the name takes, with words of its end: (words of the text, whether it is the whole
    name, likeness)."""
    for size in range(1, len(name) + 1):
        whole = size == len(name)
        wanted = "".join(name[:size])
        for taken in {size - 1, size, size + 1} if whole else {size}:
            if 0 < taken <= len(written) and (whole or size > 1 or len(wanted) >= _LONG):
                likeness = fuzz.ratio("".join(written[:taken]), wanted)
                needed = _ALIKE if taken == size else _SPLIT_OTHERWISE
                if likeness >= needed and written[taken - 1]:
                    yield taken + _more(written[taken:], name[size:]), whole, likeness


def _more(written: list[str], name: list[str]) -> int:
    """How many of the next words still belong to the name, of which others were left out ("Lakeside Dental")."""
    taken = 0
    while taken < len(written) and written[taken] and written[taken] in name:
        name = name[name.index(written[taken]) + 1 :]
        taken += 1
    return taken
