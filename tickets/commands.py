"""What staff text to the number: words to command. Pure.

Case, spaces and punctuation do not matter. Words of the carrier's opt-out and opt-in lists are never commands."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """The commands of the contract that concern tickets and the team."""

    ACK = "ack"
    DONE = "done"
    WHO = "who"


@dataclass(frozen=True)
class Command:
    """A command with the ticket number that was named, if any."""

    verb: Verb
    ticket: int | None = None


_ALIASES = {"ack": Verb.ACK, "acknowledge": Verb.ACK, "ak": Verb.ACK, "done": Verb.DONE, "who": Verb.WHO}
_SHAPES = re.compile(r"(?:(?P<verb>[a-z]+)\s*(?P<after>\d{1,9})?|(?P<before>\d{1,9})\s*(?P<last>[a-z]+))")


def plain_words(body: str) -> str:
    """The text without anything but letters, digits and single spaces, in lower case (NFKC, casefold)."""
    folded = unicodedata.normalize("NFKC", body).casefold()
    return " ".join("".join(char if char.isalnum() else " " for char in folded).split())


def parse(body: str) -> Command | None:
    """The command in a text ("ACK 1042", "ack#1042!", "1042 done"), or None when it is anything else."""
    match = _SHAPES.fullmatch(plain_words(body))
    if match is None:
        return None
    verb = _ALIASES.get(match["verb"] or match["last"])
    number = match["after"] or match["before"]
    if verb is None or (verb is Verb.WHO and number):
        return None
    return Command(verb, int(number) if number else None)
