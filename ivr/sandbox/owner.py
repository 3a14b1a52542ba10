"""The owner of a phone that the application calls: lets it ring, picks it up or not, presses keys, loses the network.

All times are of the carrier's time: they go faster with the sandbox.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum, auto

from ivr.sandbox.behaviour import Answers, Behaviour
from ivr.sandbox.config import Tempo
from ivr.sandbox.line import FOR_KEYS, Answer, Decline, HungUp, Key, Line

# The vendor lets a phone ring this much longer than it was told.
EXTRA_RING = 5.0
# Seconds that a phone rings before its owner, its mailbox or the network does something, unless told otherwise.
RINGS = {Answers.AT_ONCE: 1.0, Answers.BUSY: 1.0, Answers.DECLINES: 3.0, Answers.MAILBOX: 20.0}
# A mailbox records for so long, greeting included, and hangs up.
MAILBOX_LISTENS = 120.0
# Real seconds for which an owner waits to be asked for a key; then it is pressed to nobody.
ASKED_WITHIN = 30.0


class Pickup(Enum):
    """What became of the ringing."""

    BY_ITSELF = auto()
    BY_HAND = auto()
    BUSY = auto()
    NOBODY = auto()


class Owner:
    """The owner of one phone during one call."""

    def __init__(self, behaviour: Behaviour, line: Line, tempo: Tempo) -> None:
        self._behaviour, self._line, self._tempo = behaviour, line, tempo

    def ring(self, seconds: float) -> Pickup:
        """Let the phone ring for at most so long. Raises HungUp when the application gives up before."""
        answers, limit = self._behaviour.answers, seconds + EXTRA_RING
        rings = self._behaviour.rings
        if rings is None or answers not in RINGS:
            rings = RINGS.get(answers, limit)
        action = self._line.wait("ringing", self._tempo.real(min(rings, limit)))
        if isinstance(action, Decline):
            return Pickup.BUSY
        if isinstance(action, Answer):
            return Pickup.BUSY if answers is Answers.BUSY else Pickup.BY_HAND
        if rings >= limit:
            return Pickup.NOBODY
        return Pickup.BUSY if answers in {Answers.BUSY, Answers.DECLINES} else Pickup.BY_ITSELF

    def begin(self, *, by_hand: bool) -> None:
        """The phone was picked up: everything that its owner and the network will do takes its course.

        Whoever picked up by hand presses the keys by hand as well.
        """
        behaviour = self._behaviour
        ends = [(behaviour.hangs_up_after, "caller"), (behaviour.loses_network_after, "network")]
        if behaviour.answers is Answers.MAILBOX and not by_hand:
            ends.append((MAILBOX_LISTENS, "caller"))
        for after, by in ends:
            if after is not None:
                self._aside(lambda after=after, by=by: self._end(after, by))  # type: ignore[misc]
        if behaviour.presses and not by_hand:
            self._aside(self._press)

    def _aside(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, name="owner", daemon=True).start()

    def _end(self, after: float, by: str) -> None:
        if self._line.lasts(self._tempo.real(after)):
            self._line.order(HungUp(by))

    def _press(self) -> None:
        """Press the keys in turn: each its time after the one before, and as soon as the call listens then."""
        for press in self._behaviour.presses:
            if not self._line.lasts(self._tempo.real(press.after)):
                return
            for key in press.keys:
                if not self._line.post(Key(key), when=FOR_KEYS, wait=ASKED_WITHIN):
                    return
