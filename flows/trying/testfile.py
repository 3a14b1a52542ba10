"""The shape of flows/tests/*.yml: at this time this caller presses 1, hears this, and ends there."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator

from flows.explain import explain
from flows.fields import E164, KEY_FORM, Name, PlainText, Spoken, shown, wrong
from flows.nearest import did_you_mean
from flows.oncall_fields import Who, own
from flows.problems import Problem
from flows.source import Document, read
from flows.speech import Model
from flows.walltimes import FORM, LENGTH_FORM, Written, seconds, written

#: The folder of the tests, beside the flow files.
FOLDER = "tests"
#: Lines that are words alone.
ALONE = ("silence", "hang up", "nobody answers", "somebody answers")
#: What lets something happen; one of them, at most, in a line. The other keys say what is expected after it.
HAPPENS = ("happens", "press", "speak", "wait", "answer", "talk", "send")
#: Whom `rings` and `pages` can name beside people: nobody, or everybody of the team.
NOBODY, EVERYONE = "nobody", "everyone"
#: What `ticket` and `gets` say when there is none.
NOTHING = "nothing"

_KEYS = rf"({KEY_FORM}){{1,40}}"


def _keys(value: Any) -> Any:
    if value is None or (isinstance(value, str) and not re.fullmatch(_KEYS, value.replace(" ", ""))):
        raise wrong(f"{shown('' if value is None else value)} are no keys of a phone", 'press: 1, or press: "903#"')
    return value.replace(" ", "") if isinstance(value, str) else value


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Keys = Annotated[str, BeforeValidator(_keys), WithJsonSchema({"type": ["string", "integer"], "pattern": f"^{_KEYS}$"})]
Length = Annotated[
    int, BeforeValidator(seconds), WithJsonSchema({"type": ["string", "integer"], "pattern": f"^{LENGTH_FORM}$"})
]
Moment = Annotated[Written, BeforeValidator(written), WithJsonSchema({"type": "string", "pattern": f"^{FORM}$"})]
Parts = Annotated[
    tuple[Spoken, ...],
    Field(min_length=1, max_length=20),
    BeforeValidator(_one_or_more, json_schema_input_type=str | list[str]),
]


def _or_alone(schema: dict[str, Any]) -> None:
    """An editor takes the words alone as well as the block."""
    block = {key: schema.pop(key) for key in list(schema) if key not in ("title", "description")}
    schema["anyOf"] = [{"enum": list(ALONE)}, {**block, "minProperties": 1}]


class Line(Model):
    """Something happens, and what is expected then; either may be left out."""

    model_config = ConfigDict(json_schema_extra=_or_alone)

    press: Keys | None = Field(None, description="the caller presses keys")
    speak: Length | None = Field(None, description="the caller leaves a message of so many seconds")
    wait: Length | None = Field(None, description="time passes: 30, 2 minutes, 13 hours")
    answer: Name | None = Field(None, description="this colleague takes the call")
    talk: Length | None = Field(None, description="the two talk for so many seconds, and the colleague hangs up")
    send: PlainText | None = Field(None, description="the caller texts these words")
    happens: Literal["silence", "hang up", "nobody answers", "somebody answers"] | None = Field(
        None, description="what needs no more words; it may stand alone: - silence"
    )
    hears: Parts | None = Field(None, description="the caller hears this; a part of the words is enough")
    hears_not: Parts | None = Field(None, alias="hears not", description="the caller does not hear this")
    language: Annotated[str, Field(max_length=40)] | None = Field(None, description="the language of the call: es")
    step: Name | None = Field(None, description="the step, or the kind of step, at which the caller is")
    rings: Who | None = Field(None, description="whose phones ring: names of oncall.yml, everyone, nobody, or a number")
    ticket: Name | None = Field(None, description="subject of the ticket so far, or a part of it; nothing: no ticket")
    priority: Literal["urgent", "normal"] | None = Field(None, description="priority of the ticket so far")
    note: Parts | None = Field(None, description="a line that is written into the ticket; a part of it is enough")
    gets: Parts | None = Field(
        None, description="a text that the caller gets; a part of it is enough. nothing: no text goes out"
    )
    means: Literal["stop", "start", "help", "unclear"] | None = Field(None, description="what the text counts as")
    pages: Who | None = Field(None, description="who is told of it now: names of oncall.yml, everyone, nobody")
    ends: Name | None = Field(
        None, description="the step, or the kind of step, where the call comes to its end: talk, message or hang-up"
    )

    @model_validator(mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        """`silence` may stand alone, and a colon behind it changes nothing."""
        if isinstance(value, dict):
            if len(value) == 1 and value.keys() <= set(ALONE) and None in value.values():
                return {"happens": next(iter(value))}
            empty = next((key for key, inner in value.items() if inner is None and key in _allowed()), None)
            if empty is not None:
                raise own(f"'{empty}' is empty", f"{empty}: and what; or delete it")
        if not isinstance(value, str):
            return value
        word = " ".join(value.split()).casefold()
        if word not in ALONE:
            hint = did_you_mean(word, ALONE) or (
                f"{word}: and what" if word in _allowed() else "press: 1, hears: words"
            )
            raise own(f"{shown(value)} is nothing that can stand alone; allowed: {', '.join(ALONE)}", hint)
        return {"happens": word}

    @model_validator(mode="after")
    def _one_thing(self) -> "Line":
        happens = [name for name in HAPPENS if getattr(self, name) is not None]
        if len(happens) > 1:
            raise own(f"this line has {' and '.join(happens)} at once", "begin the second one with '- ' of its own")
        if not self.model_fields_set:
            raise own("this line is empty", "press: 1, or hears: words")
        return self


def _allowed() -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in Line.model_fields.items())


class Case(Model):
    """One test: who calls or texts when, and what comes of it."""

    name: Name = Field(description="what it is about, in a sentence")
    at: Moment | None = Field(None, description="when, by the clocks of desk.zone: 2026-11-24 10:00")
    number: E164 | None = Field(None, alias="from", description='the number that calls or texts: "+19035550160"')
    known_as: Name | None = Field(
        None, alias="as", description="a client's name; or vip, known, blocked, withheld, stranger"
    )
    outage: Name | None = Field(None, description="an outage that a colleague has announced to this client's callers")
    call: tuple[Line, ...] = Field((), max_length=200, description="a call, line by line")
    text: tuple[Line, ...] = Field((), max_length=200, description="a conversation by text, line by line")

    @model_validator(mode="after")
    def _one_way(self) -> "Case":
        if bool(self.call) == bool(self.text):
            what = "this test has call and text at once" if self.call else "this test has neither call nor text"
            raise own(what, "call: or text:, with lines below it that begin with '- '")
        if self.outage is not None and self.text:
            raise own("only callers hear of an outage, and this test is about texts", "delete outage, or write call:")
        if self.number is not None and self.known_as is not None:
            raise own("this test has from and as at once", "from: a number; or as: a name")
        return self

    @property
    def lines(self) -> tuple[Line, ...]:
        """What happens, in order."""
        return self.call or self.text


class CaseFile(Model):
    """A file of flows/tests."""

    tests: tuple[Case, ...] = Field(min_length=1, max_length=500, description="the tests, one after the other")


def files(directory: Path) -> list[Path]:
    """The test files of a folder of flow files, by name."""
    try:
        return sorted(path for path in (directory / FOLDER).iterdir() if path.suffix in (".yml", ".yaml"))
    except (OSError, ValueError):
        return []


def read_tests(path: Path) -> tuple[CaseFile | None, Document, tuple[Problem, ...]]:
    """One file of tests, None with the problems when it cannot be used. Never raises."""
    document, problems = read(path)
    return checked(document, problems)


def checked(document: Document, problems: tuple[Problem, ...]) -> tuple[CaseFile | None, Document, tuple[Problem, ...]]:
    """A document as tests, with what is wrong with it."""
    if document.data is None and problems:
        return None, document, problems
    try:
        tests = CaseFile.model_validate(document.data)
    except ValidationError as error:
        lines = {problem.line for problem in problems}
        more = (one for one in explain(error, CaseFile, document=document) if one.line not in lines)
        return None, document, tuple(sorted({*problems, *more}))
    problems = (*problems, *_same_names(tests, document))
    return (None if problems else tests), document, tuple(sorted(problems))


def _same_names(tests: CaseFile, document: Document) -> tuple[Problem, ...]:
    found: list[Problem] = []
    first: dict[str, int] = {}
    for index, case in enumerate(tests.tests):
        line, column = document.entry(("tests", index, "name")).value
        if case.name in first:
            message = f"two tests have this name, see line {first[case.name]}"
            found.append(Problem(document.file, line, column, message, "say what is different about it"))
        first.setdefault(case.name, line)
    return tuple(found)
