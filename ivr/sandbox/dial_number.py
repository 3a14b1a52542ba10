"""The Dial verb to one phone number: the caller hears it ring, talks to whoever picks up, and goes on when that is over.

One number only: of several, the first to pick up would cancel all the others, a mailbox too, and whoever builds on that
here would be surprised there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import urljoin

from ivr.sandbox import wire
from ivr.sandbox.bridge import Bridge, Wanted
from ivr.sandbox.dial import LONGEST, Dialled, Reader
from ivr.sandbox.line import Action, Key, Stopped
from ivr.sandbox.numbers import is_phone_number
from ivr.sandbox.stage import Stage
from ivr.sandbox.store import calls
from ivr.sandbox.twiml import Verb

# The vendor's bounds of `timeout`, and what it is without being written.
SHORTEST_RING, LONGEST_RING, RING = 5.0, 600.0, 30.0
INVALID_CALLER_ID, INVALID_NUMBER = 13214, 13223


def number_of(verb: Verb) -> Verb | None:
    """The one Number of a Dial, also where it stands in the verb itself; None for any other Dial."""
    if not verb.children:
        return Verb("Number", text=verb.text) if verb.text else None
    return verb.children[0] if len(verb.children) == 1 and verb.children[0].name == "Number" else None


def rings_unanswered(verb: Verb) -> bool:
    """Whether a caller's own call stays unanswered while the Dial rings."""
    return verb.name == "Dial" and number_of(verb) is not None and verb.flag("answerOnBridge", False)


class NumberDial:
    """One Dial to one phone. `done` is how it stands, also when an exception came through."""

    def __init__(self, stage: Stage, reader: Reader, noun: Verb) -> None:
        self._stage, self._line, self._reader, self._noun = stage, stage.line, reader, noun
        self._bridge: Bridge | None = None

    @property
    def done(self) -> Dialled:
        """The state of the called leg is the state of the Dial; `failed` when there never was one."""
        bridge = self._bridge
        row = self._stage.store.one(calls, calls.c.sid == bridge.sid) if bridge is not None else None
        if bridge is None or row is None:
            return Dialled("failed", False)
        if bridge.moved:  # the vendor tells no duration of a leg that lives on elsewhere
            return Dialled("completed", True, sid=bridge.sid)
        seconds = wire.call_seconds(row) if row["status"] == "completed" else None
        return Dialled(row["status"], bridge.connected, sid=bridge.sid, seconds=seconds)

    def run(self, verb: Verb) -> None:
        """Call the phone, and stay until one side ends it. HungUp, Redirected and Stopped come through."""
        wanted = self._wanted(verb)
        if wanted is None:
            return
        self._bridge = bridge = self._stage.dial(wanted)
        self._stage.event("dialing", to=wanted.number, call=bridge.sid, seconds=wanted.ring_seconds)
        try:
            self._wait("dialing", self._stage.tempo.real(LONGEST), until=lambda: bridge.connected or bridge.over)
            if bridge.connected:
                self._stage.answer()
                self._stage.event("talking", **{"with": [wanted.number]})
                self._talk(bridge, verb)
        except Stopped:
            raise  # both legs stay as they are until the next start
        except Exception:
            self._end(bridge)
            raise
        self._end(bridge)

    def _end(self, bridge: Bridge) -> None:
        bridge.hang_up()
        done = self.done
        self._stage.event("dialed", call=bridge.sid, status=done.status, seconds=done.seconds)

    def _talk(self, bridge: Bridge, verb: Verb) -> None:
        star = verb.flag("hangupOnStar", False)
        until = time.monotonic() + self._stage.tempo.real(max(0.0, verb.number("timeLimit", LONGEST)))
        while not bridge.over and (left := until - time.monotonic()) > 0:
            pressed = self._wait("talking", left, until=lambda: bridge.over, keys=star)
            if isinstance(pressed, Key):
                self._stage.event("pressed", key=pressed.key)
                if pressed.key == "*":
                    return

    def _wait(self, doing: str, seconds: float, *, until: Callable[[], bool], keys: bool = False) -> Action | None:
        """Let so many seconds pass, or until something happens. A caller at a keyboard may talk as long as there are signs of
        life."""
        return self._line.wait(doing, None if self._line.waits_for_caller else seconds, until=until, keys=keys)

    # -- what the document asks for ----------------------------------------------------------------------------------

    def _wanted(self, verb: Verb) -> Wanted | None:
        """Whom to call; None, with the reason in the call's story, for what the carrier refuses and what is not played."""
        call, noun, number = self._stage.row(), self._noun, in_full(self._noun.text)
        problem = self._problem(number, verb.attrs.get("callerId", ""))
        if problem is not None:
            self._stage.event("error", code=problem[0], text=problem[1], url="")
            return None
        if noun.attrs.get("sendDigits"):
            self._stage.event("ignored", what="sendDigits: nothing listens for keys at the other end")
        callback = noun.attrs.get("statusCallback", "")
        return Wanted(
            parent=call["sid"],
            number=number,
            shown=verb.attrs.get("callerId") or call["from_number"],
            ring_seconds=min(LONGEST_RING, max(SHORTEST_RING, verb.number("timeout", RING))),
            status_url=urljoin(self._reader.url, callback) if callback else "",
            status_method=noun.attrs.get("statusCallbackMethod", "POST").upper(),
            status_events=tuple(noun.attrs.get("statusCallbackEvent", "completed").split()),
        )

    def _problem(self, number: str, caller_id: str) -> tuple[int, str] | None:
        """The vendor's error number, and what is wrong."""
        call = self._stage.row()
        if not is_phone_number(number):
            return INVALID_NUMBER, f"Dial: Invalid phone number format: '{self._noun.text}'"
        if caller_id and caller_id not in {call["from_number"], call["to_number"], self._stage.number}:
            text = f"Dial: Invalid callerId value: '{caller_id}' is neither of the two ends nor a number of the account"
            return INVALID_CALLER_ID, text
        if self._noun.attrs.get("url"):
            return 13200, "A Number with a url (words to whoever picks up, before the talk) is not played here"
        return None


def in_full(number: str) -> str:
    """A number as the carrier dials it: what people of North America write becomes E.164, everything else stays."""
    digits = re.sub(r"[\s().-]", "", number)
    match = re.fullmatch(r"(?:\+?1)?([2-9]\d{9})", digits)
    return f"+1{match[1]}" if match else digits
