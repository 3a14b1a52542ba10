"""What staff text to the number: words to command. Pure.

Case, spaces and punctuation do not matter. Words of the carrier's opt-out and opt-in lists are never commands."""

import re
import string
import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """What a colleague can ask for."""

    ACK = "ack"
    DONE = "done"
    WHO = "who"
    REPLY = "reply"  # words for the client of a ticket
    SHOW = "show"  # the number of a ticket alone
    SPLIT = "split"  # a ticket is not part of its incident
    JOIN = "join"  # a ticket is part of another one's incident
    OUTAGE = "outage"  # announce to the callers of a client, with the words
    OVER = "over"  # the outage is over: tell who asked
    NO_TEXTS = "notexts"  # the client does not want texts, with the reason
    UNSURE = "unsure"  # "1042 done with the update": a command, or words for the client?


@dataclass(frozen=True)
class Command:
    """A command with the ticket number that was named, if any, and the words that came with it, as they were written."""

    verb: Verb
    ticket: int | None = None
    words: str = ""


_ALIASES = {
    "ack": Verb.ACK, "acknowledge": Verb.ACK, "acknowledged": Verb.ACK, "ak": Verb.ACK, "done": Verb.DONE, "who": Verb.WHO,
    "reply": Verb.REPLY, "re": Verb.REPLY, "notexts": Verb.NO_TEXTS, "notext": Verb.NO_TEXTS, "split": Verb.SPLIT,
    "join": Verb.JOIN, "over": Verb.OVER,
}  # fmt: skip
_SHORT = re.compile(r"(?:(?P<verb>[a-z]+)\s*(?P<after>\d{1,9})?|(?P<before>\d{1,9})\s*(?P<last>[a-z]+))")
_EDGE = r"[^\w]*"
_FILLER = rf"(?P<filler>(?i:with ticket|with|ticket)\b{_EDGE})?"  # "ack ticket #1042", "done with 1042"
_VERB_FIRST = re.compile(
    rf"{_EDGE}(?P<verb>[A-Za-z]+){_EDGE}{_FILLER}(?P<ticket>\d{{1,9}})\b{_EDGE}(?P<words>.*)", re.DOTALL
)
_OUTAGE = re.compile(
    rf"{_EDGE}outage\b{_EDGE}(?:(?P<ticket>\d{{3,9}})\b{_EDGE})?(?P<words>.*)", re.DOTALL | re.IGNORECASE
)
_NUMBER_FIRST = re.compile(r"[\s#(]*(?P<ticket>\d{1,9})(?:\s*[:,.!?)\-]*\s+(?P<words>.*)|[:,.!?)\s]*)", re.DOTALL)


def plain_words(body: str) -> str:
    """The text without anything but letters, digits and single spaces, in lower case (NFKC, casefold)."""
    folded = unicodedata.normalize("NFKC", body).casefold()
    return " ".join("".join(char if char.isalnum() else " " for char in folded).split())


def parse(body: str) -> Command | None:
    """The command in a text ("ACK 1042", "ack#1042!", "1042 we are on it"), or None when it is anything else."""
    text = unicodedata.normalize("NFKC", body).strip()
    if match := _OUTAGE.fullmatch(text):
        ticket = int(match["ticket"]) if match["ticket"] else None
        return Command(Verb.OUTAGE, ticket, match["words"].strip())
    return _short(body) or _long(text)


def _short(body: str) -> Command | None:
    """A verb with or without a number, and nothing else."""
    match = _SHORT.fullmatch(plain_words(body))
    verb = _ALIASES.get(match["verb"] or match["last"]) if match else None
    if match is None or verb is None:
        return None
    number = match["after"] or match["before"]
    return None if verb is Verb.WHO and number else Command(verb, int(number) if number else None)


def _long(text: str) -> Command | None:
    """A number with words behind it, or a number alone."""
    if match := _VERB_FIRST.fullmatch(text):
        verb = _ALIASES.get(match["verb"].casefold())
        if match["filler"] and match["verb"].casefold() == "re":
            return None  # "Re: ticket 1042, who is on it?" asks the team, no client
        # "ack 1042 on my way" is an acknowledgement; the words stay with the ticket.
        return Command(verb, int(match["ticket"]), match["words"].strip()) if verb not in (None, Verb.WHO) else None
    match = _NUMBER_FIRST.fullmatch(text)
    if match is None:
        return None
    number, words = int(match["ticket"]), (match["words"] or "").strip()
    if not words or all(char in string.punctuation for char in words):
        return Command(Verb.SHOW, number)
    first = re.match(r"\w+", words)
    doubtful = first is not None and first[0].casefold() in _ALIASES
    return Command(Verb.UNSURE if doubtful else Verb.REPLY, number, words)
