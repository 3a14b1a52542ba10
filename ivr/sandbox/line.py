"""The telephone line of one call: what the caller does goes in, the player takes it out when it listens."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

# A caller at a keyboard who gave no sign for so long is gone (seconds).
PATIENCE = 60.0
# What the player does when keys, words and silence mean something to it.
FOR_KEYS = frozenset({"gathering", "recording"})
FOR_WORDS = frozenset({"recording"})
FOR_SILENCE = frozenset({"gathering", "recording", "pausing"})


@dataclass(frozen=True)
class Key:
    """One key, 0-9, * or #."""

    key: str


@dataclass(frozen=True)
class Silence:
    """The caller says nothing until the time-out passes; it passes now."""


@dataclass(frozen=True)
class Speech:
    """Words as PCM; or, with `raw_seconds`, bytes that become the recording as they are."""

    sound: bytes
    raw_seconds: float | None = None


@dataclass(frozen=True)
class Answer:
    """The phone is picked up."""


@dataclass(frozen=True)
class Decline:
    """The phone is not picked up: its owner pressed the red button."""


Action = Key | Silence | Speech | Answer | Decline


class HungUp(Exception):
    """The call is over; `by`: caller, application (by the REST API) or network."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


class Redirected(Exception):
    """The application gave the running call new instructions by the REST API."""

    def __init__(self, url: str, method: str, *, twiml: str) -> None:
        super().__init__(url)
        self.url, self.method, self.twiml = url, method, twiml


class Stopped(Exception):
    """The sandbox itself is stopping; the call stays as it is in the database."""


class Line:
    """Mailbox between the threads of the control API and the thread that plays the call."""

    def __init__(self, *, waits_for_caller: bool, placed: bool = False) -> None:
        self.waits_for_caller = waits_for_caller
        # Whether the application called the phone, not the phone the desk.
        self.placed = placed
        self.doing = "ringing"
        self._cond = threading.Condition()
        self._actions: deque[Action] = deque()
        self._order: HungUp | Redirected | Stopped | None = None
        self._over = False
        self._keys = False
        self._contact = time.monotonic()

    def touch(self) -> None:
        """The phone gave a sign of life."""
        self._contact = time.monotonic()

    def order(self, order: HungUp | Redirected | Stopped) -> bool:
        """Interrupt whatever the player waits for. The first hang-up counts. False: the call is over already."""
        with self._cond:
            if not isinstance(self._order, HungUp):
                self._order = order
            self._cond.notify_all()
            return not self._over

    def wake(self) -> None:
        """Let the player look again whether what it waits for has come."""
        with self._cond:
            self._cond.notify_all()

    def lasts(self, seconds: float) -> bool:
        """Wait so long, or until the call is over; whether it is still on then."""
        with self._cond:
            return not self._cond.wait_for(lambda: self._over, timeout=seconds)

    def post(self, action: Action, *, when: Collection[str], wait: float) -> bool:
        """Hand over an action once the player is at one of `when` and has taken the action before.

        False: it never was.
        """
        with self._cond:
            ready = self._cond.wait_for(
                lambda: self._over or (self._listens(action, when) and not self._actions), timeout=wait
            )
            if not ready or self._over:
                return False
            self._actions.append(action)
            self._cond.notify_all()
            return True

    def _listens(self, action: Action, when: Collection[str]) -> bool:
        return self.doing in when or (self._keys and isinstance(action, Key))

    def end(self) -> None:
        """The player has finished; nobody waits for it any more."""
        with self._cond:
            self._over, self.doing = True, "over"
            self._cond.notify_all()

    def check(self) -> None:
        """Raise what was ordered: HungUp, Redirected or Stopped."""
        with self._cond:
            order, self._order = self._order, None
        if order is not None:
            raise order

    def wait(
        self, doing: str, seconds: float | None, *, until: Callable[[], bool] | None = None, keys: bool = False
    ) -> Action | None:
        """What the caller does next, or None when `seconds` passed (None: no limit but PATIENCE) or `until()` is true.

        `until` is asked after every wake() and once a second, and must not wait for anything. With `keys` a key means
        something whatever the player does. Raises like check().
        """
        end = None if seconds is None else time.monotonic() + seconds
        with self._cond:
            self.doing, self._keys = doing, keys
            self._cond.notify_all()
            while not self._actions and self._order is None and not (until is not None and until()):
                left = min(1.0, PATIENCE) if end is None else end - time.monotonic()
                if left <= 0:
                    break
                self._cond.wait(min(left, 1.0))
                if end is None and time.monotonic() - self._contact > PATIENCE:
                    self._order = HungUp("network")
            self.doing, self._keys = "working", False
            # What a caller did before hanging up has been done: the hang-up waits until it is taken.
            first = isinstance(self._order, HungUp) and self._order.by == "caller"
            action = self._actions.popleft() if self._actions and (first or self._order is None) else None
            if action is not None:
                return action
        self.check()
        return None
