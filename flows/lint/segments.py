"""What the lint has to know of the carrier's alphabets. Counting segments is the desk's knowledge (`tickets.sms`); the edge
hands it in, because this package knows no other."""

from typing import Protocol


class Alphabet(Protocol):
    """How texts are counted. A module with these three functions will do."""

    def to_gsm(self, text: str, /) -> str:
        """The text as it is sent: with plain characters for typography and accents that cost room."""

    def segments(self, text: str, /) -> int:
        """How many segments a text takes."""

    def costly(self, text: str, /) -> str | None:
        """The first character that halves the room of a text, or None."""
