"""What is wrong with a flow file, in words for the person who edits it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake and the way to mend it. `line` and `column` count from 1.

    A `note` is worth knowing and no mistake: it stops nothing and fails no check."""

    file: str
    line: int
    column: int
    message: str
    hint: str
    note: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: {'note: ' if self.note else ''}{self.message}"
        return f"{place}\n    hint: {self.hint}" if self.hint else place


class FlowErrors(Exception):
    """The flow files cannot be used. `problems` holds every mistake of every file, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
