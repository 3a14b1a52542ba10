"""Names in tests that the flow files do not know: steps, colleagues, clients."""

from collections.abc import Iterable, Iterator

from flows.loader import Flows
from flows.nearest import did_you_mean
from flows.problems import Problem
from flows.source import Document, Place
from flows.steps import STEP_KINDS
from flows.trying.callers import UnknownCaller, known_as
from flows.trying.testfile import EVERYONE, NOBODY, CaseFile, Line
from flows.trying.testrun import caller_of


def unknown_names(tests: CaseFile, flows: Flows, document: Document) -> Iterator[Problem]:
    """A problem at every name that nobody has, and a note where the clocks make a time odd."""
    zone = flows.helpdesk.desk.zone
    for index, case in enumerate(tests.tests):
        place: Place = ("tests", index)
        if case.known_as is not None:
            try:
                known_as(flows, case.known_as)
            except UnknownCaller as unknown:
                yield _at(document, (*place, "as"), str(unknown), unknown.hint)
                continue
        if case.outage is not None and caller_of(case, flows).client is None:
            what = "nobody hears of an outage who is no known client"
            yield _at(document, (*place, "outage"), what, "as: with the name of a client")
        if case.at is not None and (remark := case.at.remark(zone)):
            yield _at(document, (*place, "at"), remark, "", note=True)
        for number, line in enumerate(case.lines):
            yield from _in_line(line, (*place, "call" if case.call else "text", number), flows, document)


def _in_line(line: Line, place: Place, flows: Flows, document: Document) -> Iterator[Problem]:
    steps, people = (*flows.helpdesk.calls.steps, *STEP_KINDS), [person.name for person in flows.oncall.team]
    for key, name in (("step", line.step), ("ends", line.ends)):
        if name is not None and name not in steps:
            what = f"there is no step '{name}', and no such kind of step"
            yield _at(document, (*place, key), what, _hint(name, flows.helpdesk.calls.steps, STEP_KINDS))
    for key, names in (("rings", line.rings or ()), ("pages", line.pages or ())):
        for inner, name in enumerate(names):
            if name not in (*people, EVERYONE, NOBODY) and not (key == "rings" and name.startswith("+")):
                what = f"nobody on the team is called '{name}'"
                yield _at(document, (*place, key, inner), what, _hint(name, [*people, EVERYONE, NOBODY]))
    if line.answer is not None and line.answer.casefold() not in [name.casefold() for name in people]:
        yield _at(
            document, (*place, "answer"), f"nobody on the team is called '{line.answer}'", _hint(line.answer, people)
        )


def _hint(written: str, *allowed: Iterable[str]) -> str:
    names = [name for one in allowed for name in one]
    return did_you_mean(written, names) or f"one of {', '.join(names)}"


def _at(document: Document, place: Place, message: str, hint: str, *, note: bool = False) -> Problem:
    return Problem(document.file, *document.entry(place).value, message, hint, note)
