"""STOP, START and HELP as the carrier itself understands them, and its list of the numbers that it blocks."""

from __future__ import annotations

from enum import StrEnum

from ivr.sandbox.store import Store, blocked


class Word(StrEnum):
    """What a keyword means; the members are the values of `OptOutType`."""

    STOP = "STOP"
    START = "START"
    HELP = "HELP"


# The vendor's lists for long codes (two words added 2025-05-14). A match is the whole text, whatever its case; spaces
# around it are stripped (not documented), anything else, also a full stop, makes it an ordinary text.
WORDS = {
    Word.STOP: frozenset(["stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"]),
    Word.START: frozenset(["start", "yes", "unstop"]),
    Word.HELP: frozenset(["help", "info"]),
}
ANSWER_OUT = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
ANSWER_IN = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
ANSWER_HELP = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


def meaning(body: str) -> Word | None:
    """What a text means to the carrier; None for an ordinary text."""
    said = body.strip().lower()
    return next((word for word, spellings in WORDS.items() if said in spellings), None)


class BlockList:
    """The numbers that texted STOP. Nothing is sent to them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def holds(self, phone: str) -> bool:
        """Whether this number opted out."""
        return self._store.one(blocked, blocked.c.phone == phone) is not None

    def obey(self, phone: str, word: Word | None) -> str:
        """Block or unblock the number; returns what the carrier answers, "" for nothing.

        HELP from a blocked number gets nothing, and a second STOP or START is passed over in silence.
        """
        held = self.holds(phone)
        if word is Word.STOP and not held:
            self._store.insert(blocked, phone=phone)
            return ANSWER_OUT
        if word is Word.START and held:
            self._store.delete(blocked, blocked.c.phone == phone)
            return ANSWER_IN
        return ANSWER_HELP if word is Word.HELP and not held else ""
