"""A telephone in the terminal: call the desk in the sandbox, hear it as text, press keys, leave a message, answer as the staff.

Everything is printed by one thread, everything is done by another, so a long wait never hides what is being said.
"""

from __future__ import annotations

import mimetypes
import os
import queue
import re
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from ivr.phone_screen import Shown, describe, show
from ivr.sandbox.client import ControlClient
from ivr.sandbox.config import SandboxError
from ivr.staff_phones import StaffPhones

# The sample that `m` alone leaves.
USUAL = "outage"
HELP = """\
  0-9 * #     press keys           s           say nothing
  m           leave a message      m 2 | m my.wav   one of the samples, or a WAV file
  h           hang up              c           call (again)
  t WORDS     text the desk        Sam: ACK 1042    answer as a colleague
  p 1 WORDS | p my.png WORDS       text a picture, with words or without
  a Sam       Sam picks up         a Sam 1     picks up and presses 1 (or only presses it)
  d Sam       Sam declines         h Sam       Sam hangs up
  ?           this help            q           quit"""
# A file name: in quotation marks, or up to a space that has no backslash before it; and the words behind it.
PICTURE = re.compile(r"""(?:"([^"]+)"|'([^']+)'|((?:\\.|[^\s\\])+))(?:\s+(.*))?""", re.DOTALL)


@dataclass(frozen=True)
class Finished:
    """Nothing more will be printed; the phone is put away."""

    code: int


def list_samples(folder: Path) -> list[Path]:
    """The sample voicemails in a folder, in the order of their numbers (1 is the first)."""
    return sorted(folder.glob("*.wav"))


def list_pictures(folder: Path) -> list[Path]:
    """The sample pictures in a folder, in the order of their numbers (1 is the first)."""
    return sorted(path for path in folder.glob("*") if path.suffix in {".png", ".jpg"})


class Keyboard:
    """Lines from a terminal or pipe, read without ever blocking the end of the program."""

    def __init__(self, source: TextIO) -> None:
        self._source = source
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, take: Callable[[str | None], None]) -> None:
        """Read in a thread of its own until `close`."""
        self._thread = threading.Thread(target=self._read, args=(take,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """No more lines are wanted; returns when nobody reads the source any more."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _read(self, take: Callable[[str | None], None]) -> None:
        """Give every line to `take`, and None at the end of the input."""
        file, rest = self._source.fileno(), b""
        while not self._closed.is_set():
            # A blocking read would hold the interpreter back when the phone is put away.
            if not select.select([file], [], [], 0.1)[0]:
                continue
            data = os.read(file, 4096)
            if not data:
                if rest:
                    take(rest.decode("utf-8", "replace"))
                take(None)
                return
            *done, rest = (rest + data).split(b"\n")
            for line in done:
                take(line.decode("utf-8", "replace"))


@dataclass
class Phone:
    """The state of one telephone: who calls, what rings, and the two queues between its threads."""

    sandbox: ControlClient
    number: str
    wav: Path | None
    samples: Sequence[Path]
    staff: Sequence[tuple[str, str]]
    pictures: Sequence[Path] = ()
    out: queue.SimpleQueue[Shown | Finished] = field(default_factory=queue.SimpleQueue)
    todo: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)
    call: str | None = None
    away: threading.Event = field(default_factory=threading.Event)
    colleagues: StaffPhones = field(init=False)

    def __post_init__(self) -> None:
        self.colleagues = StaffPhones(self.sandbox, self.staff, caller=self.number, out=self.out.put, away=self.away)

    def say(self, what: str, style: str = "dim", *, who: str = "") -> None:
        """Put a line on the screen."""
        self.out.put(Shown(who, what, style))

    # -- watching ----------------------------------------------------------------------------------------------------

    def watch_texts(self, who: str, number: str, *, style: str) -> None:
        """Show every text that reaches a phone from now on, until the phone is put away."""
        try:
            after = max((item["seq"] for item in self.sandbox.texts(number)), default=0)
            while not self.away.is_set():
                for item in self.sandbox.texts(number, after=after, wait=2):
                    after = item["seq"]
                    self.say(_text_line(item), style, who=who)
        except SandboxError as error:
            if not self.away.is_set():
                self.say(str(error), "bold red")
                self.out.put(Finished(1))

    def follow(self, call: str) -> None:
        """Show one call until it ends."""
        try:
            for event in self.sandbox.follow(call):
                line = describe(event, self.colleagues.named)
                if line is not None:
                    self.out.put(line)
        except SandboxError as error:
            self.say(str(error), "bold red")
        finally:
            if self.call == call:
                self.call = None
                self.say("c calls again, t WORDS texts the desk, q quits.")

    # -- doing -------------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Carry out one command after the other; the end of the input hangs up."""
        while (line := self.todo.get()) is not None:
            try:
                if not self.obey(line.strip()):
                    break
            except SandboxError as error:
                self.say(str(error), "red")
        self.put_away()
        until = time.monotonic() + 3
        while self.call is not None and time.monotonic() < until:
            time.sleep(0.02)  # the end of the call is still to be shown
        self.out.put(Finished(0))

    def put_away(self) -> None:
        """Hang up if a call is on, and stop watching."""
        self.away.set()
        call = self.call
        if call is None:
            return
        try:
            self.sandbox.hang_up(call)
            self.say("You hung up.", "yellow")
        except SandboxError as error:
            self.say(str(error), "red")

    def obey(self, line: str) -> bool:
        """One command; False when it was the last."""
        word, _, rest = line.partition(" ")
        person, colon, words = line.partition(":")
        if colon and person.strip().lower() in {name.lower() for name, _number in self.staff}:
            self.answer_as(person.strip(), words.strip())
        elif line and re.fullmatch(r"[0-9*#]+", line):
            self.sandbox.press(self.on_call(), line)
        elif word == "q":
            return False
        else:
            commands: Mapping[str, Callable[[], None]] = {
                "s": lambda: self.sandbox.stay_silent(self.on_call()),
                "m": lambda: self.leave_message(rest.strip()),
                "h": lambda: self.hang_up(rest.strip()),
                "a": lambda: self.colleagues.pick_up(rest.strip()),
                "d": lambda: self.colleagues.decline(rest.strip()),
                "c": self.dial,
                "t": lambda: self.send_text(rest.strip()),
                "p": lambda: self.send_picture(rest.strip()),
                "?": lambda: self.say(HELP),
                "": lambda: None,
            }
            commands.get(word, lambda: self.say(f"'{line}' is nothing I know; ? shows what I do.", "red"))()
        return True

    def on_call(self) -> str:
        """The call that is on. Raises SandboxError without one."""
        if self.call is None:
            raise SandboxError("No call is on. c calls the desk.")
        return self.call

    def dial(self) -> None:
        """Call the desk."""
        if self.call is not None:
            raise SandboxError("You are on the phone already. h hangs up.")
        self.call = self.sandbox.call(self.number, pace="caller")
        threading.Thread(target=self.follow, args=(self.call,), daemon=True).start()

    def hang_up(self, who: str) -> None:
        """Hang the caller up, or a colleague."""
        if who:
            self.colleagues.hang_up(who)
        else:
            self.sandbox.hang_up(self.on_call())

    def leave_message(self, choice: str) -> None:
        """Speak a sample by number, a WAV file by path, or without a choice the file given at the start."""
        call = self.on_call()
        path = self.wav
        if choice.isdigit():
            path = _numbered(choice, self.samples, what="samples")
        elif choice:
            path = Path(choice).expanduser()
        elif path is None and self.samples:
            path = next((sample for sample in self.samples if sample.stem == USUAL), self.samples[0])
        if path is None:
            raise SandboxError("Which message? m my.wav speaks a WAV file.")
        self.sandbox.speak_file(call, path)

    def send_text(self, words: str) -> None:
        """Text the desk as the client."""
        if not words:
            raise SandboxError("t needs the words: t our server room is flooded")
        self.sandbox.text(self.number, words)
        self.say(words, "yellow", who="you (text)")

    def send_picture(self, line: str) -> None:
        """Text the desk a picture: a sample by number or a file by path, and the words behind it."""
        found = PICTURE.fullmatch(line)
        if found is None:
            which = f"p 1 sends a sample ({_named(self.pictures)}), " if self.pictures else ""
            raise SandboxError(f"Which picture? {which}p my.png sends a file, p my.png WORDS adds the words.")
        double, single, bare, words = found.groups()
        name = double or single or re.sub(r"\\(.)", r"\1", bare)
        path = _numbered(name, self.pictures, what="pictures") if name.isdigit() else Path(name).expanduser()
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SandboxError(f"Cannot read {path}: {error.strerror}. Give the path of a picture.") from error
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.sandbox.text(self.number, words or "", media=[(path.name, data, kind)])
        self.say(f"{words or ''} [picture {path.name}, {len(data):,} bytes]".strip(), "yellow", who="you (text)")

    def answer_as(self, person: str, words: str) -> None:
        """Text the desk from a colleague's phone."""
        name, number = next(pair for pair in self.staff if pair[0].lower() == person.lower())
        if not words:
            raise SandboxError(f"{name}: needs the words, such as {name}: ACK 1042")
        self.sandbox.text(number, words)
        self.say(words, "yellow", who=f"{name} (text)")


def _named(files: Sequence[Path]) -> str:
    """Files with their numbers."""
    return "  ".join(f"{number} {path.stem}" for number, path in enumerate(files, 1))


def _numbered(choice: str, files: Sequence[Path], *, what: str) -> Path:
    """The file with this number. Raises SandboxError that shows the numbers there are."""
    if not files:
        raise SandboxError(f"There are no {what} here. Give the path of a file.")
    if not 1 <= int(choice) <= len(files):
        raise SandboxError(f"There are {what} 1 to {len(files)}. {_named(files)}")
    return files[int(choice) - 1]


def _text_line(item: Mapping[str, Any]) -> str:
    pictures = "".join(f" [picture {url}]" for url in item["media"])
    return f"{item['body']}{pictures}"


def _start(phone: Phone, keyboard: Keyboard) -> None:
    keyboard.start(phone.todo.put)
    threading.Thread(target=phone.work, daemon=True).start()
    threading.Thread(target=phone.colleagues.watch, daemon=True).start()
    watched = [
        ("your phone", phone.number, "green"),
        *((f"{name}'s phone", number, "magenta") for name, number in phone.staff),
    ]
    for who, number, style in watched:
        threading.Thread(target=phone.watch_texts, args=(who, number), kwargs={"style": style}, daemon=True).start()


def _print_all(phone: Phone, console: Console) -> int:
    width = max([len("your phone"), *(len(f"{name}'s phone") for name, _number in phone.staff)])
    while True:
        line = phone.out.get()
        if isinstance(line, Finished):
            return line.code
        show(console, line, width=width)


def run_phone(
    control_url: str,
    *,
    number: str,
    wav: Path | None,
    samples: Path,
    staff: Sequence[tuple[str, str]],
    console: Console,
    source: TextIO | None = None,
) -> int:
    """Hold a telephone with `number` at the sandbox at `control_url` until the person quits; calls the desk at once.

    `staff` are (name, number) of the phones to watch and to answer from. Commands are read from `source` (standard input);
    its end hangs up. Returns the exit code: 0, or 1 with a message when the sandbox cannot be reached.
    """
    phone = Phone(ControlClient(control_url), number, wav, list_samples(samples), staff, list_pictures(samples))
    keyboard = Keyboard(source or sys.stdin)
    try:
        desk = phone.sandbox.info()["number"]
        phone.say(f"This is the phone {number}. The help desk is {desk}.", "bold")
        phone.say(HELP)
        if phone.samples:
            phone.say(f"Messages to leave: {_named(phone.samples)}")
        if phone.pictures:
            phone.say(f"Pictures to text: {_named(phone.pictures)}")
        phone.dial()
        _start(phone, keyboard)
        return _print_all(phone, console)
    except SandboxError as error:
        console.print(Text(str(error), style="bold red"), soft_wrap=not console.is_terminal)
        return 1
    except KeyboardInterrupt:
        on_call = phone.call is not None
        phone.put_away()
        console.print(Text("You hung up." if on_call else "Good-bye.", style="dim"))
        return 0
    finally:
        phone.away.set()
        keyboard.close()
