"""The staff's phones on the same terminal: they ring while the caller waits, and are picked up, declined and put down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ivr.phone_screen import Shown, describe_leg
from ivr.sandbox.client import ControlClient, Json
from ivr.sandbox.config import SandboxError

# What the carrier says of a call that is not over.
LIVE = ("queued", "ringing", "in-progress")


class StaffPhones:
    """Every phone that the desk calls, by the name of its owner (a number that is nobody's is its own name).

    `out` takes lines to print; nothing is shown any more once `away` is set.
    """

    def __init__(
        self,
        sandbox: ControlClient,
        staff: Sequence[tuple[str, str]],
        *,
        caller: str,
        out: Callable[[Shown], None],
        away: threading.Event,
    ) -> None:
        self._sandbox, self._out, self._away = sandbox, out, away
        self._names, self._caller = {number: name for name, number in staff}, caller
        self._calls: dict[str, list[str]] = {}

    def named(self, number: str) -> str:
        """Whose phone it is, as the person at the terminal calls them."""
        return "you" if number == self._caller else self._names.get(number, number)

    def watch(self) -> None:
        """Show every phone that rings, and what is heard on it, until the phones are put away."""
        after = 0
        try:
            while not self._away.is_set():
                for call in self._sandbox.placed(after=after, wait=2):
                    after = call["seq"]
                    if call["status"] in LIVE:
                        self._begin(call)
        except SandboxError:
            # The watcher of the texts says that the sandbox is gone; once is enough.
            return

    def _begin(self, call: Json) -> None:
        number = str(call["to"])
        name = self._names.get(number, number)
        self._calls.setdefault(name, []).append(call["sid"])
        threading.Thread(target=self._follow, args=(name, call["sid"]), daemon=True).start()

    def _follow(self, name: str, call: str) -> None:
        try:
            for event in self._sandbox.follow(call):
                line = describe_leg(event, name, self.named)
                if line is not None and not self._away.is_set():
                    self._out(line)
        except SandboxError:
            return
        finally:
            self._calls[name].remove(call)

    # -- doing -------------------------------------------------------------------------------------------------------

    def pick_up(self, words: str) -> None:
        """`Sam` picks up, `Sam 1` picks up and presses 1, or only presses it when the phone is picked up already."""
        name, keys = self._whose(words)
        if keys and set(keys) - set("0123456789*#"):
            raise SandboxError(f"Keys are 0-9, * and #, not '{keys}'.")
        call = self._call(name)
        if self._sandbox.status(call)["status"] != "in-progress":
            self._sandbox.answer(call)
        elif not keys:
            raise SandboxError(f"{name} is on the phone already: a {name} 1 presses a key, h {name} hangs up.")
        if keys:
            self._sandbox.press(call, keys)

    def decline(self, words: str) -> None:
        """Let a phone that rings be busy."""
        name, _rest = self._whose(words)
        self._sandbox.decline(self._call(name))

    def hang_up(self, words: str) -> None:
        """Hang a colleague up."""
        name, _rest = self._whose(words)
        self._sandbox.hang_up(self._call(name))

    def _call(self, name: str) -> str:
        """The call on somebody's phone, the last one if there are several. Raises SandboxError without any."""
        calls = self._calls.get(name)
        if not calls:
            raise SandboxError(f"{name}'s phone does not ring.")
        return calls[-1]

    def _whose(self, words: str) -> tuple[str, str]:
        """The owner and the rest of a command: by full name, first name or number; without one, whose phone it must be.

        Raises SandboxError.
        """
        live = [name for name, calls in self._calls.items() if calls]
        known = {label.lower(): name for name in {*self._names.values(), *live} for label in (name.split()[0], name)}
        for label in sorted(known, key=len, reverse=True):
            rest = words[len(label) :]
            if words.lower().startswith(label) and (not rest or rest[0] == " "):
                return known[label], rest.replace(" ", "")
        if len(live) == 1 and not set(words) - set("0123456789*# "):
            return live[0], words.replace(" ", "")
        ringing = f" On the phone or ringing: {', '.join(live)}." if live else " No phone of the staff rings."
        raise SandboxError(f"Whose phone?{ringing}")
