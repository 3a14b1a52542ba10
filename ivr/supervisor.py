"""Keeps a set of processes running in one terminal: starts, shows what they say, starts again what died, stops all.

Why not a library: docs/decisions/0002-own-supervisor.md.
"""

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from types import FrameType
from typing import Any

import click

from ivr.lifeline import PARENT_PID
from ivr.readable import parse, prefixed, readable

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
# A process that ran this long was well: its next pause is the first one again.
HEALTHY_AFTER = 30.0
# Together below the ten seconds that process managers give by default.
STOPS_WITHIN = 7.0
LAST_STOPS_WITHIN = 2.0
# The exit code of wrong settings, flow files, weights or schema: starting again cannot help before someone mends them.
NOT_USABLE = 2


@dataclass(frozen=True)
class Role:
    """A process to keep running. `label` stands before its lines; `essential`: without it, helpline is of no use."""

    label: str
    command: tuple[str, ...]
    essential: bool = True
    stops_last: bool = False


@dataclass
class _Child:
    role: Role
    place: int
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    pause: float = 0.0
    start_at: float | None = None
    lines: threading.Thread | None = field(default=None, repr=False)


Event = dict[str, Any]
LINES_PER_TURN = 500


def next_pause(last: float, ran_for: float) -> float:
    """Seconds to wait before a dead process is started again; `last` is the pause before, 0 for none yet."""
    if last == 0 or ran_for >= HEALTHY_AFTER:
        return FIRST_PAUSE
    return min(last * 2, LONGEST_PAUSE)


def how_it_ended(code: int) -> str:
    """`killed by SIGKILL`, or `exit code 3`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


class Supervisor:
    """Runs roles until `stop` or a signal. Use from the main thread only: the kernel ties children to their thread.

    `on_event` hears each log event (role label, event) after it was shown.
    """

    def __init__(
        self,
        roles: Sequence[Role],
        *,
        say: Callable[[str], None],
        colour: bool,
        on_event: Callable[[str, Event], None] = lambda _label, _event: None,
    ) -> None:
        self._children = [_Child(role, place) for place, role in enumerate(roles)]
        self._width = max(len(role.label) for role in roles)
        self._say = say
        self._colour = colour
        self._on_event = on_event
        self._mail: queue.Queue[Callable[[], None]] = queue.Queue()
        self._stop_asked = 0
        self.usable = False
        self._code = 0

    def run(self) -> int:
        """Start everything, keep it running, and stop it; returns the exit code (0: stopped as asked)."""
        # A hang-up that is ignored (nohup) stays ignored.
        wanted = [signal.SIGINT, signal.SIGTERM]
        wanted += [signal.SIGHUP] if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN else []
        handlers = {number: signal.signal(number, self._on_signal) for number in wanted}
        try:
            for child in self._children:
                self._start(child)
            while not self._stop_asked:
                self._turn()
        finally:
            self._stop_all()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return self._code

    def stop(self, code: int = 0) -> None:
        """End `run` soon."""
        self._code = code
        self._stop_asked += 1

    def post(self, task: Callable[[], None]) -> None:
        """Have `task` done by the thread of `run`; for other threads."""
        self._mail.put(task)

    def pids(self) -> dict[str, int]:
        """The running processes by label."""
        return {c.role.label: c.process.pid for c in self._children if c.process is not None}

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked += 1

    def _turn(self) -> None:
        """One round: what was said, who died, who is due."""
        self._read(0.2)
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, child.process)
            elif child.start_at is not None and now >= child.start_at:
                self._start(child)

    def _read(self, wait: float) -> None:
        with suppress(queue.Empty):
            self._mail.get(timeout=wait)()
            # A talkative process must not keep the others from being looked after.
            for _ in range(LINES_PER_TURN):
                self._mail.get_nowait()()

    def _start(self, child: _Child) -> None:
        child.start_at = None
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            child.role.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C reaches this process only, and what a killed role left running can be ended.
            process_group=0,
            env={**os.environ, PARENT_PID: str(os.getpid()), "PYTHONUNBUFFERED": "1"},
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        child.lines = threading.Thread(target=self._listen, args=(child, child.process), daemon=True)
        child.lines.start()

    def _listen(self, child: _Child, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                self._mail.put(partial(self._show, child, line.rstrip("\n")))

    def _show(self, child: _Child, line: str) -> None:
        event = parse(line)
        text = readable(event, colour=self._colour) if event else line
        self._say(prefixed(child.role.label, text, width=self._width, place=child.place, colour=self._colour))
        if event:
            self._on_event(child.role.label, event)

    def _ended(self, child: _Child, process: subprocess.Popen[str]) -> None:
        _signal_group(process, signal.SIGKILL)
        self._let_finish(child)
        child.process = None
        code = process.returncode
        if code == NOT_USABLE and child.role.essential and not self.usable:
            self._note(f"{child.role.label} cannot run (see above); stopping.", "red")
            self.stop(NOT_USABLE)
            return
        child.pause = next_pause(child.pause, time.monotonic() - child.started)
        if code == NOT_USABLE:
            child.pause = LONGEST_PAUSE
        child.start_at = time.monotonic() + child.pause
        self._note(
            f"{child.role.label} ended ({how_it_ended(code)}); starting it again in {child.pause:.0f} s", "yellow"
        )

    def _let_finish(self, child: _Child) -> None:
        """Show what a dead process still said."""
        if child.lines is not None:
            child.lines.join(1.0)
        self._read(0.0)

    def _stop_all(self) -> None:
        asked = self._stop_asked
        self._note("stopping ...", None)
        self._end([c for c in self._children if not c.role.stops_last], STOPS_WITHIN, asked)
        self._end([c for c in self._children if c.role.stops_last], LAST_STOPS_WITHIN, asked)
        self._note("stopped.", None)

    def _end(self, children: list[_Child], within: float, asked: int) -> None:
        """SIGTERM, then, after `within` seconds or when asked again, SIGKILL to each whole group."""
        running = [(c, c.process) for c in children if c.process is not None]
        for _, process in running:
            with suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + within
        while any(process.poll() is None for _, process in running):
            self._read(0.05)
            if time.monotonic() > deadline or self._stop_asked > asked:
                break
        for child, process in running:
            if process.poll() is None:
                self._note(f"{child.role.label} does not stop by itself; ending it.", "yellow")
            _signal_group(process, signal.SIGKILL)
            process.wait()
            self._let_finish(child)
            child.process = None

    def _note(self, text: str, colour: str | None) -> None:
        shown = click.style(text, fg=colour) if self._colour and colour else text
        self._say(prefixed("helpline", shown, width=self._width, place=len(self._children), colour=self._colour))


def _signal_group(process: subprocess.Popen[str], number: signal.Signals) -> None:
    # macOS answers EPERM for a group of zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
