"""Run the tests of a flow: what is expected, what happens, and what no test comes to. Pure but for the desk of texts that is
handed in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from flows.loader import Flows
from flows.problems import Problem
from flows.session import Caller
from flows.source import Document, Place
from flows.steps import MenuStep
from flows.trying.actions import Action, Answer, HangUp, NobodyAnswers, NotNow, Press, Send, Silence, Speak, Talk, Wait
from flows.trying.callers import STRANGER, from_number, known_as
from flows.trying.testchecks import CHECKS
from flows.trying.testfile import HAPPENS, Case, CaseFile, Line
from flows.trying.texting import OpenTexting
from flows.trying.walk import Walk

#: When a test happens that does not say: an ordinary Tuesday, 10 in the morning in Texas.
ORDINARY = datetime(2026, 1, 13, 16, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Result:
    """What became of one test: `problem` is None when all was as expected."""

    file: str
    line: int
    name: str
    problem: Problem | None
    steps: frozenset[str]
    keys: frozenset[tuple[str, str]]


@dataclass
class Coverage:
    """Which steps of a call, and which keys of its menus, the tests come to."""

    flows: Flows
    steps: set[str] = field(default_factory=set)
    keys: set[tuple[str, str]] = field(default_factory=set)

    def add(self, results: Iterable[Result]) -> "Coverage":
        """Count what these tests came to."""
        for result in results:
            self.steps |= result.steps
            self.keys |= result.keys
        return self

    @property
    def table(self) -> dict[str, tuple[bool, dict[str, bool]]]:
        """Every step with whether a test comes to it, and the same of each key of its menu."""
        steps = self.flows.helpdesk.calls.steps
        return {
            name: (
                name in self.steps,
                {key: (name, key) in self.keys for key in step.menu.keys} if isinstance(step, MenuStep) else {},
            )
            for name, step in steps.items()
        }


def run(tests: CaseFile, flows: Flows, document: Document, *, open_texting: OpenTexting) -> Iterator[Result]:
    """The result of each test, in their order."""
    for index, case in enumerate(tests.tests):
        place: Place = ("tests", index)
        yield _run(case, place, flows, document, open_texting=open_texting)


def caller_of(case: Case, flows: Flows) -> Caller:
    """Who calls or texts. Raises UnknownCaller for a name that nobody has."""
    return known_as(flows, case.known_as) if case.known_as else from_number(flows, case.number or STRANGER)


def _run(case: Case, place: Place, flows: Flows, document: Document, *, open_texting: OpenTexting) -> Result:
    at = case.at.moment(flows.helpdesk.desk.zone) if case.at else ORDINARY
    walk = Walk(
        flows,
        caller_of(case, flows),
        at,
        open_texting,
        calls=bool(case.call),
        outage=case.outage if case.call else None,
    )
    problem = None
    for number, line in enumerate(case.lines):
        here: Place = (*place, "call" if case.call else "text", number)
        problem = _line(line, here, walk, document, name=case.name)
        if problem is not None:
            break
    points = [walk.start, *(point for _, point in walk.done)]
    steps = frozenset().union(*(point.steps for point in points))
    keys = frozenset().union(*(point.keys for point in points))
    where = document.entry((*place, "name")).key
    return Result(document.file, where[0], case.name, problem, steps, keys)


def _line(line: Line, place: Place, walk: Walk, document: Document, *, name: str) -> Problem | None:
    """Let happen what the line says, and hold what is expected against what happened."""
    action, key = action_of(line)
    if action is not None:
        try:
            walk.do(action)
        except NotNow as error:
            where = document.entry((*place, key)).key
            return Problem(document.file, *where, f"{name}: {error}", f"possible: {error.hint}" if error.hint else "")
    for key, check in CHECKS.items():
        wanted = getattr(line, key.replace(" ", "_"))
        if wanted is not None and (missed := check(wanted, walk)) is not None:
            what, happened = missed
            message = f"{name}: {what}; {happened}" if happened else f"{name}: {what}"
            return Problem(document.file, *document.entry((*place, key)).value, message, "")
    return None


def action_of(line: Line) -> tuple[Action | None, str]:
    """What happens in a line, and the key that says so."""
    key = next((name for name in HAPPENS if getattr(line, name) is not None), "")
    made: dict[str, Callable[..., Action]] = {
        "press": Press, "speak": Speak, "wait": Wait, "answer": Answer, "talk": Talk, "send": Send,
    }  # fmt: skip
    if key == "happens":
        words: dict[str, Action] = {"silence": Silence(), "hang up": HangUp(), "nobody answers": NobodyAnswers()}
        return words.get(str(line.happens), Answer(None)), key
    return (made[key](getattr(line, key)) if key else None), key
