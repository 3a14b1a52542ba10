"""YAML text to plain data, with the place of every key and value. Knows YAML, not what the keys mean.

Every scalar stays the text that was written (`no`, `22:30`, `+19035550111`); only an empty one, `~` and `null` become
None. Anchors, aliases, tags and a second document are refused: admins' files do not need them, and what they hide is
where a value comes from. The parser's events are read one by one, so that a file that would explode is left in time.
"""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)
from ruamel.yaml.reader import ReaderError

from flows.fields import shown
from flows.problems import Problem
from flows.syntax import in_plain_words

MAX_BYTES = 256 * 1024
# The shipped file is 7 deep. ruamel's time grows with the square of the depth: 100,000 brackets took 205 s.
MAX_DEPTH = 20
MAX_NODES = 20_000

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Entry:
    """Where a key and its value are: line and column from 1, and the value's first and last index in the text."""

    key: tuple[int, int]
    value: tuple[int, int]
    start: int
    end: int


@dataclass(frozen=True)
class Document:
    """One file: its plain data (None when it cannot be read) and where everything in it is."""

    file: str
    text: str
    data: Any
    entries: dict[Place, Entry]

    def entry(self, place: Place) -> Entry:
        """The entry at `place`, or of the nearest thing around it that is written in the file."""
        return self.entries.get(self.written(place), Entry((1, 1), (1, 1), 0, 0))

    def written(self, place: Place) -> Place:
        """As much of `place` as is written in the file. Where a list has one item, it may stand there without its list."""
        found: Place = ()
        for part in place:
            if (*found, part) in self.entries:
                found = (*found, part)
            elif part != 0:
                break
        return found

    def has(self, place: Place) -> bool:
        """Whether what stands at `place` is written in the file, and no default."""
        return [part for part in self.written(place) if part != 0] == [part for part in place if part != 0]

    def problem(self, place: Place, message: str, *, hint: str, key: bool = False, note: bool = False) -> Problem:
        """A problem with what stands at `place`: with its value, or its `key`."""
        entry = self.entry(place)
        return Problem(self.file, *(entry.key if key else entry.value), message, hint, note)

    def position(self, place: Place, words: str) -> tuple[int, int]:
        """Line and column of `words` inside the value at `place`; of the value when they are not written literally."""
        entry = self.entry(place)
        index = self.text.find(words, entry.start, entry.end)
        return entry.value if index < 0 else self.spot(index)

    def spot(self, index: int) -> tuple[int, int]:
        """Line and column of the character with this index."""
        return _line_and_column(self.text, index)


class _Unreadable(Exception):
    """The file cannot be read any further."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


def read(path: Path) -> tuple[Document, tuple[Problem, ...]]:
    """The document at `path` and what is wrong with it as YAML. Never raises."""
    file = str(path)
    try:
        text = _decode(file, _bytes(path))
    except _Unreadable as error:
        return Document(file, "", None, {}), (error.problem,)
    return parse(file, text)


def parse(file: str, text: str) -> tuple[Document, tuple[Problem, ...]]:
    """The document in `text`. Never raises."""
    builder = _Builder(file, text)
    data = None
    try:
        data = builder.document()
    except _Unreadable as error:
        builder.problems.append(error.problem)
    except MarkedYAMLError as error:
        line, column, message, hint = in_plain_words(error, text)
        # A star key without quotes is an alias first and then breaks the block: one complaint per line is enough.
        if line not in {problem.line for problem in builder.problems}:
            builder.wrong((line, column), message, hint=hint)
    except ReaderError as error:
        line, column = _line_and_column(text, int(error.position))
        builder.wrong(
            (line, column),
            f"the character U+{_code(error.character):04X} cannot stand in a YAML file",
            hint="delete it",
        )
    except Exception as error:
        # The parser is not ours, and some bytes make it stumble (OverflowError for "\UFFFFFFFF"): a typing mistake too.
        builder.wrong(
            (builder.line, 1),
            f"this cannot be read as YAML ({type(error).__name__})",
            hint="look at this line and the ones below it",
        )
    return Document(file, text, data, builder.entries), tuple(builder.problems)


def _bytes(path: Path) -> bytes:
    """The bytes of a regular file of bearable size: a pipe would block, a device would never end."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _Unreadable(Problem(str(path), 1, 1, "this is not a file", "put a YAML file of this name here"))
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        hint = "create it, or set FLOWS_DIR to the folder that has it"
        raise _Unreadable(Problem(str(path), 1, 1, "the file does not exist", hint)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _Unreadable(
            Problem(str(path), 1, 1, f"the file cannot be opened: {reason}", "check its name and rights")
        ) from None
    if len(data) > MAX_BYTES:
        raise _Unreadable(
            Problem(str(path), 1, 1, f"the file is larger than {MAX_BYTES // 1024} KB", "is it the right file?")
        )
    return data


def _decode(file: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _line_and_column(data[: error.start].decode("utf-8-sig", "replace"), None)
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8 text"
        raise _Unreadable(Problem(file, line, column, message, "save the file as UTF-8 in your editor")) from None


def _line_and_column(text: str, index: int | None) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


class _Builder:
    """Builds the data of one document from the parser's events."""

    def __init__(self, file: str, text: str) -> None:
        self.file, self.text = file, text
        self.entries: dict[Place, Entry] = {}
        self.problems: list[Problem] = []
        self.line = 1
        self.nodes = 0
        self.events: Iterator[Event] = iter(YAML(typ="safe", pure=True).parse(text))

    def wrong(self, spot: tuple[int, int], message: str, *, hint: str) -> None:
        self.problems.append(Problem(self.file, *spot, message, hint))

    def document(self) -> Any:
        """The data of the one document. Raises what the parser raises, and `_Unreadable`."""
        data, documents = None, 0
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "a second document begins here"
                    raise self._stop(event, message, hint="delete this '---' and what does not belong to the file")
                data = self._node(self._next(), (), key=None, depth=0)
            elif not isinstance(event, StreamStartEvent | StreamEndEvent):
                continue
        if documents == 0:
            self.wrong((1, 1), "the file is empty", hint="copy the shipped file and change it")
        return data

    def _next(self) -> Event:
        event = next(self.events)
        self.line = event.start_mark.line + 1
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise self._stop(event, f"the file has more than {MAX_NODES} values", hint="is it the right file?")
        return event

    def _stop(self, event: Event, message: str, *, hint: str) -> _Unreadable:
        return _Unreadable(Problem(self.file, *_spot(event), message, hint))

    def _node(self, event: Event, place: Place, *, key: tuple[int, int] | None, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise self._stop(
                event, f"lists and blocks are nested more than {MAX_DEPTH} deep", hint="look for brackets left open"
            )
        spot = _spot(event)
        if key and isinstance(event, ScalarEvent) and event.implicit[0] and event.value == "":
            spot = key  # nothing is written there: the parser points at whatever comes next
        start = end = event.start_mark.index
        self.entries[place] = Entry(key or spot, spot, start, end)
        self._refuse_extras(event)
        data: Any = None
        if isinstance(event, ScalarEvent):
            data, end = _scalar(event), event.end_mark.index
        elif isinstance(event, SequenceStartEvent):
            data, end = self._sequence(place, depth)
        elif isinstance(event, MappingStartEvent):
            data, end = self._mapping(place, depth)
        self.entries[place] = Entry(key or spot, spot, start, end)
        return data

    def _sequence(self, place: Place, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            items.append(self._node(event, (*place, len(items)), key=None, depth=depth + 1))
        return items, event.end_mark.index

    def _mapping(self, place: Place, depth: int) -> tuple[dict[str, Any], int]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            spot = _spot(event)
            # Off the record: a key that cannot be used must not disturb the places of those that can.
            aside: Place = (*place, -1)
            if not isinstance(event, ScalarEvent):
                self._node(event, aside, key=None, depth=depth + 1)
                self._node(self._next(), aside, key=None, depth=depth + 1)
                self.wrong(spot, "a key has to be one word", hint="words that begin with { or [ or * need quotes")
                continue
            self._refuse_extras(event)
            name = str(event.value)
            if name in mapping:
                first = self.entries[(*place, name)].key[0]
                self.wrong(spot, f"{shown(name)} is written twice, first in line {first}", hint="keep one of them")
                self._node(self._next(), aside, key=None, depth=depth + 1)
                continue
            mapping[name] = self._node(self._next(), (*place, name), key=spot, depth=depth + 1)
        return mapping, event.end_mark.index

    def _refuse_extras(self, event: Event) -> None:
        if isinstance(event, AliasEvent):
            hint = 'the star key is "*", in quotes; for anything else write the value out'
            self.wrong(_spot(event), "* makes an alias, which is not used here", hint=hint)
        elif getattr(event, "anchor", None):
            hint = "delete the word with &; text that begins with & needs quotes"
            self.wrong(_spot(event), "& makes an anchor, which is not used here", hint=hint)
        if getattr(event, "tag", None):
            self.wrong(
                _spot(event), "a tag (!) is not used here", hint="delete it; text that begins with ! needs quotes"
            )


def _scalar(event: ScalarEvent) -> str | None:
    plain = event.implicit[0]
    return None if plain and event.value in {"", "~", "null"} else str(event.value)


def _code(character: str | int) -> int:
    """The code point; the parser gives it as a character or as a number."""
    return character if isinstance(character, int) else ord(character[0])


def _spot(event: Event) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
