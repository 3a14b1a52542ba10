"""What a walk has to know of the desk's texts. What becomes of a text is the desk's knowledge (`tickets.inbox`); the edge hands
it in, because this package knows no other."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flows.loader import Flows
from flows.session import Caller


@dataclass(frozen=True)
class Ticket:
    """The ticket of a call or of texts, as far as the flow files decide it."""

    subject: str
    priority: str


@dataclass(frozen=True)
class Texted:
    """What became of one text. `means` is stop, start or help where it counts as one, unclear where a person has to judge;
    `gets` are the texts that go back (`by_carrier`: its own, so that none of ours does), `pages` the names of those who are
    told."""

    means: str | None
    gets: tuple[str, ...]
    ticket: Ticket | None
    pages: tuple[str, ...]
    notes: tuple[str, ...]
    by_carrier: bool = False


class Texting(Protocol):
    """The desk's side of a conversation by text, from one number."""

    def receive(self, words: str, *, at: datetime) -> Texted:
        """Take a text in."""


#: Opens a desk without tickets for the texts of one caller.
OpenTexting = Callable[[Flows, Caller], Texting]
