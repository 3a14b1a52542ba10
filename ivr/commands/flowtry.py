"""`helpline flow try`: walk a call, or a conversation by text, in the terminal; undo; keep the walk as a test."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
from pydantic_core import PydanticCustomError

from flows.loader import HELPDESK, Flows
from flows.session import Caller
from flows.source import Document, read
from flows.trying.actions import NotNow
from flows.trying.callers import WITHHELD, UnknownCaller, from_number, known_as
from flows.trying.testfile import FOLDER
from flows.trying.testwrite import Kept, NotSaved, appended
from flows.trying.walk import Walk
from flows.trying.words import BESIDE, COMMANDS, action, caller_words, clock, told
from flows.walltimes import written
from ivr.commands.failures import FAILED, NOT_USABLE, Failure
from ivr.commands.flowfiles import in_width, read_flows
from ivr.commands.flowtest import open_texting

#: What `flow test` runs, and where a walk is kept when no file is named.
ENDING = ".yml"
TRIED = f"tried{ENDING}"


@dataclass(frozen=True)
class Asked:
    """What the command line says of a walk."""

    at: str | None = None
    number: str | None = None
    known_as: str | None = None
    outage: str | None = None
    texts: tuple[str, ...] = ()
    keys: str | None = None
    save: Path | None = None


def try_flow(directory: Path, asked: Asked) -> int:
    """Walk through the flow of a folder; returns 1 when something that was asked for could not happen, and with the messages
    of `flow check` when the flow files are broken. Raises Failure for options that mean nothing."""
    flows = read_flows(directory, as_json=False)
    if flows is None:
        return FAILED
    at, remark = _moment(flows, asked.at)
    caller = _caller(flows, asked)
    if asked.outage is not None and (caller.client is None or asked.texts):
        raise Failure("--outage: only a known client's callers hear of it: add --as with a client", code=NOT_USABLE)
    if asked.save is not None and asked.save.suffix != ENDING:
        raise Failure(f"--save: the name of a file of tests ends in {ENDING}: tried{ENDING}", code=NOT_USABLE)
    walk = Walk(flows, caller, at, open_texting, calls=not asked.texts, outage=asked.outage)
    trial = Trial(walk, directory, asked)
    if remark:
        click.echo(remark)
    trial.begin()
    for words in asked.texts:
        trial.take(f"text {words}")
    for line in map(_readable, _lines(asked)):
        if not trial.take(line):
            break
    if asked.save is not None and not trial.saved:
        trial.save("")
    return FAILED if trial.failed else 0


def _lines(asked: Asked) -> Iterator[str]:
    """What is typed: the words of --keys, a person at a terminal, or what comes through a pipe."""
    if asked.keys is not None:
        for line in asked.keys.split(","):
            click.echo(f"> {line.strip()}")
            yield line
        return
    if sys.stdin.isatty():
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401 - the keys for editing a line
        click.echo("Type help for what can happen; an empty line is silence.")
        with contextlib.suppress(EOFError):
            while True:
                yield input("> ")
        return
    if asked.texts:
        return
    for line in sys.stdin:
        click.echo(f"> {line.strip()}")
        yield line.rstrip("\n")


def _readable(line: str) -> str:
    """What came as bytes that are no text shows as such, and is no trouble later."""
    return line.encode("utf-8", "replace").decode()


def _moment(flows: Flows, at: str | None) -> tuple[datetime, str]:
    zone = flows.helpdesk.desk.zone
    if at is None or at.strip().casefold() == "now":
        return datetime.now(UTC).replace(second=0, microsecond=0), ""
    try:
        time = written(at)
    except PydanticCustomError as error:
        raise Failure(f"--at: {_words(error)}", code=NOT_USABLE) from None
    return time.moment(zone), time.remark(zone)


def _words(error: PydanticCustomError) -> str:
    context = error.context or {}
    return f"{context.get('what')}. {context.get('hint')}"


def _caller(flows: Flows, asked: Asked) -> Caller:
    try:
        if asked.known_as is not None:
            return known_as(flows, asked.known_as)
        return from_number(flows, asked.number) if asked.number is not None else known_as(flows, "stranger")
    except UnknownCaller as unknown:
        option = "--as" if asked.known_as is not None else "--from"
        raise Failure(f"{option}: {unknown}. {unknown.hint}", code=NOT_USABLE) from None


class Trial:
    """A walk and its terminal."""

    def __init__(self, walk: Walk, directory: Path, asked: Asked) -> None:
        self.walk, self.directory, self.asked = walk, directory, asked
        self.failed = self.saved = False
        self._typed: list[str] = []

    def begin(self) -> None:
        """Say who calls when, and what is heard first."""
        what = "a call" if self.walk.calls else "texts"
        zone = self.walk.flows.helpdesk.desk.zone
        click.echo(f"{clock(self.walk.begins, zone)}: {what} from {caller_words(self.walk.caller)}")
        if self.walk.calls:
            self._tell()

    def take(self, line: str) -> bool:
        """Do what was typed. False when that was the wish to leave."""
        verb, _, rest = line.strip().partition(" ")
        match verb.casefold():
            case "quit" | "q" | "exit":
                return False
            case "help" | "?" if not rest:
                click.echo(COMMANDS)
            case "undo" if not rest:
                self._undo()
            case "save":
                self.save(rest.strip())
            case _:
                self._do(line)
        return True

    def _do(self, line: str) -> None:
        before = self.walk.point
        try:
            self.walk.do(action(line))
        except NotNow as error:
            self._complain(f"{error}{f' ({error.hint})' if error.hint else ''}")
            return
        self._typed.append(line.strip() or "silence")
        if self.walk.point.at != before.at:
            click.echo(clock(self.walk.point.at, self.walk.flows.helpdesk.desk.zone))
        self._show(told(self.walk, before))

    def _undo(self) -> None:
        if not self.walk.undo():
            self._complain("there is nothing to undo")
            return
        click.echo(f"Undone: {self._typed.pop()}")
        self._tell()

    def _tell(self) -> None:
        earlier = [self.walk.start, *(point for _, point in self.walk.done)][:-1]
        self._show(told(self.walk, earlier[-1] if earlier else None))

    def _show(self, lines: Iterable[str]) -> None:
        for line in lines:
            for piece in in_width(line, then=BESIDE):
                click.echo(piece)

    def _complain(self, text: str) -> None:
        """A person reads it and goes on; a script has failed."""
        self.failed = not sys.stdin.isatty() or self.asked.keys is not None or self.failed
        for line in f"Not possible: {text}".splitlines():
            for piece in in_width(line, then="    "):
                click.echo(piece, err=not sys.stdin.isatty())

    # --- keeping it -------------------------------------------------------------------------------------------------

    def save(self, name: str) -> None:
        """Keep the walk as a test."""
        path = self._file()
        known_as = self.asked.known_as if self.walk.caller.number else WITHHELD
        kept = Kept(name or self._name(), self.asked.number, known_as)
        if not self.walk.done:
            self._complain("nothing has happened yet that could be kept")
            return
        try:
            document = _document(path)
            text = appended(document, self.walk, kept)
            _write(path, text, like=path if path.exists() else self.directory / HELPDESK)
        except (NotSaved, OSError, ValueError) as error:
            self._complain(f"not saved: {getattr(error, 'strerror', None) or error}")
            return
        self.saved = True
        folder = self.directory / FOLDER
        runs = "runs it" if path.parent.resolve() == folder.resolve() else f"runs it once it is in {folder}"
        click.echo(f"Saved as '{kept.name}' in {path}. `helpline flow test` {runs}.")

    def _file(self) -> Path:
        """The file of --save; a mere name is one of the tests' folder."""
        file = self.asked.save or Path(TRIED)
        return file if file.parent != Path() else self.directory / FOLDER / file

    def _name(self) -> str:
        who = self.asked.known_as or self.asked.number or "a stranger"
        return f"{who}: {', '.join(self._typed)}"[:80].rstrip(" ,")


def _document(path: Path) -> Document:
    """The tests of a file so far. Raises NotSaved for what cannot be read: written over, it would be lost."""
    if not os.path.lexists(path) or (path.is_file() and path.stat().st_size == 0):
        return Document(str(path), "", None, {})
    document, problems = read(path)
    if problems:
        raise NotSaved(f"{path} has mistakes, mend them first:\n{problems[0]}")
    return document


def _write(path: Path, text: str, *, like: Path) -> None:
    """Put the whole file there at once, with the rights of another one; a link stays one. Raises OSError."""
    path = path.resolve()
    path.parent.mkdir(exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        shutil.copymode(like, temporary)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
