"""A caller and the one phone that a Dial calls: what the threads of the two calls know of each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ivr.sandbox.line import HungUp, Line, Redirected
from ivr.sandbox.stage import Request

# Who ended a leg whose other one is gone.
OTHER_SIDE = "other side"
# The called leg looks up so often (seconds) while it talks; what ends the talk wakes it before.
LOOK_UP = 3600.0
# Real seconds in which a leg that was told to hang up has done so.
HANGS_UP_WITHIN = 10.0


@dataclass(frozen=True)
class Wanted:
    """The phone that a Dial is to call for the call `parent`: the number, the caller id that it shows, how long it rings,
    and where its Number noun wants the callbacks of this leg."""

    parent: str
    number: str
    shown: str
    ring_seconds: float
    status_url: str = ""
    status_method: str = "POST"
    status_events: tuple[str, ...] = field(default=("completed",))


class Bridge:
    """The two legs of one Dial. `connected`: the phone was picked up. `over`: the called leg has nothing to do with the Dial
    any more, because it has ended or (`moved`) because the application has led it elsewhere."""

    def __init__(self, sid: str, called: Line, *, wake: Callable[[], None]) -> None:
        self.sid = sid
        self.connected, self.over, self.moved = False, False, False
        self._called, self._wake = called, wake
        self._done = threading.Event()

    # -- the called leg ----------------------------------------------------------------------------------------------

    def talk(self) -> Request:
        """The phone was picked up: talk until one side hangs up (HungUp). Returns where the application leads the leg."""
        self.connected = True
        self._wake()
        while True:
            try:
                self._called.wait("talking", LOOK_UP)
            except Redirected as order:
                self.end(moved=True)
                return Request(order.url, order.method, twiml=order.twiml)

    def end(self, *, moved: bool = False) -> None:
        """The called leg is no part of the Dial any more, and its row says how it ended. The first time counts."""
        if not self.over:
            self.moved, self.over = moved, True
            self._done.set()
            self._wake()

    # -- the caller's leg --------------------------------------------------------------------------------------------

    def hang_up(self) -> None:
        """The Dial is over: hang the called leg up, and wait until its row says so. Doing it twice is no error."""
        if not self.over:
            self._called.order(HungUp(OTHER_SIDE))
            self._done.wait(HANGS_UP_WITHIN)
