"""A walk as a test: the lines that would have to be written to see the same happen again."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from flows.instructions import Say
from flows.localtime import meanings
from flows.source import Document, parse
from flows.trying.actions import Action, Answer, HangUp, NobodyAnswers, Press, Send, Silence, Speak, Talk, Wait
from flows.trying.testfile import EVERYONE, NOTHING, checked
from flows.trying.walk import Point, Walk

HEAD = "# yaml-language-server: $schema=../tests.schema.json\n\ntests:\n"
#: How much of what was heard is expected: enough to know the prompt by, and little enough to survive most edits.
LONGEST_PART = 50
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 .,'()/&_-]*[A-Za-z0-9.)]|[A-Za-z]")
_NO_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


class NotSaved(Exception):
    """The walk cannot be kept in this file; the text says why."""


@dataclass(frozen=True)
class Kept:
    """How a walk is named in a test: `number` or `known_as` say who calls, None for a stranger."""

    name: str
    number: str | None = None
    known_as: str | None = None


def scalar(text: str) -> str:
    """Words as YAML, with quotes where it needs them."""
    plain = _PLAIN.fullmatch(text) and text.casefold() not in _NO_WORDS
    if plain:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(one if one.isprintable() else f"\\U{ord(one):08X}" for one in quoted)


def as_test(walk: Walk, kept: Kept, *, indent: str = "  ") -> str:
    """The walk as one item of `tests`, ready to stand in a file."""
    head = [f"- name: {scalar(kept.name)}", f"  at: {_time(walk.begins, walk.flows.helpdesk.desk.zone)}"]
    if kept.known_as is not None:
        head.append(f"  as: {scalar(kept.known_as)}")
    elif kept.number is not None:
        head.append(f"  from: {json.dumps(kept.number)}")
    if walk.outage and walk.calls:
        head.append(f"  outage: {scalar(walk.outage)}")
    head.append("  call:" if walk.calls else "  text:")
    lines = [line for block in _blocks(walk) for line in _block(block)]
    return "".join(f"{indent}{line}\n" for line in (*head, *(f"    {line}" for line in lines)))


def _block(pairs: list[str]) -> Iterator[str]:
    for index, pair in enumerate(pairs):
        yield f"{'  ' if index else '- '}{pair}"


def _blocks(walk: Walk) -> Iterator[list[str]]:
    """The lines of a test: what happened, and what came of it."""
    before, last = walk.start, len(walk.done)
    if walk.calls:
        yield [*_expected(walk, None, walk.start), *(() if last else _end(walk.start))]
    for index, (action, point) in enumerate(walk.done, start=1):
        end = _end(point) if index == last and walk.calls else ()
        silent = [f"gets: {NOTHING}"] if isinstance(action, Send) and not point.gets else []
        yield [_happened(action), *_expected(walk, before, point), *silent, *end]
        before = point


def _happened(action: Action) -> str:
    match action:
        case Press(keys=keys):
            return f"press: {keys if keys.isdecimal() and keys.isascii() else json.dumps(keys)}"
        case Speak(seconds=seconds):
            return f"speak: {seconds}"
        case Wait(seconds=seconds):
            return f"wait: {seconds}"
        case Talk(seconds=seconds):
            return f"talk: {seconds}"
        case Answer(name=str(name)):
            return f"answer: {scalar(name)}"
        case Send(words=words):
            return f"send: {scalar(words)}"
    alone = {Silence(): "silence", HangUp(): "hang up", NobodyAnswers(): "nobody answers"}
    return f"happens: {alone.get(action, 'somebody answers')}"


def _expected(walk: Walk, before: Point | None, point: Point) -> Iterator[str]:
    said = next((one.text for one in point.heard if isinstance(one, Say)), None)
    if said:
        yield f"hears: {scalar(part(said))}"
    if point.language != (before.language if before else walk.flows.helpdesk.desk.language):
        yield f"language: {point.language}"
    if point.rings:
        yield f"rings: {_names(walk, point.rings)}"
    if point.ticket is not None and (before is None or point.ticket != before.ticket):
        yield f"ticket: {scalar(part(point.ticket.subject))}"
        yield f"priority: {point.ticket.priority}"
    if point.means is not None:
        yield f"means: {point.means}"
    if point.gets:
        yield f"gets: {scalar(part(point.gets[0]))}"
    if point.pages:
        yield f"pages: {_names(walk, point.pages)}"


def _end(point: Point) -> Iterator[str]:
    yield f"ends: {point.ended_at}" if point.ended_at is not None else f"step: {point.step}"


def _names(walk: Walk, names: tuple[str, ...]) -> str:
    team = {person.name for person in walk.flows.oncall.team}
    if set(names) == team and len(team) > 1:
        return EVERYONE
    return f"[{', '.join(scalar(name) if ',' not in name else json.dumps(name) for name in names)}]"


def part(text: str) -> str:
    """The first words of a text."""
    text = " ".join(text.split())
    if len(text) <= LONGEST_PART:
        return text
    cut = text[: LONGEST_PART + 1].rpartition(" ")[0] or text[:LONGEST_PART]
    return cut.rstrip(" ,;:")


def _time(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    written = f"{local:%Y-%m-%d %H:%M}"
    if len(meanings(local.replace(tzinfo=None, fold=0, second=0, microsecond=0), zone)) == 1:
        return written
    return f"{written}{local.isoformat()[-6:]}"


def appended(document: Document, walk: Walk, kept: Kept) -> str:
    """The text of a test file with the walk behind its tests; an empty document is a new file. Raises NotSaved."""
    count = 0
    if document.text.strip():
        tests, _, problems = checked(document, ())
        if tests is None:
            raise NotSaved(f"{document.file} has mistakes, mend them first:\n{problems[0]}")
        count = len(tests.tests)
        if kept.name in {case.name for case in tests.tests}:
            raise NotSaved(f"{document.file} has a test of this name; take another one")
        first = document.text.split("\n")[document.entry(("tests", 0)).value[0] - 1]
        indent = first[: len(first) - len(first.lstrip(" "))]
        text = f"{document.text.rstrip()}\n\n{as_test(walk, kept, indent=indent)}"
    else:
        text = HEAD + as_test(walk, kept)
    again, found = parse(document.file, text)
    tests, _, problems = checked(again, found)
    if tests is None or len(tests.tests) != count + 1:
        reason = f": {problems[0].message}" if problems else ""
        raise NotSaved(f"the test does not fit behind what stands in {document.file}{reason}")
    return text
