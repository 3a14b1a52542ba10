"""`helpline flow check`: what is wrong with the flow files, line by line, before a caller hears it."""

import json
from pathlib import Path
from typing import Any

import click

from flows.extent import end_column
from flows.lint.check import check
from flows.problems import Problem
from flows.source import read
from ivr.commands.busy import busy
from ivr.commands.failures import FAILED
from tickets import sms


def print_problems(folder: Path, *, as_json: bool, strict: bool = False) -> int:
    """Print every problem and note as `file:line:column: message` with a hint; returns 1 when there is a problem, or with
    `strict` a note."""
    with busy("looking at every way of the flow ..."):
        found = check(folder, alphabet=sms)
    problems = [problem for problem in found if not problem.note]
    if as_json:
        _echo(json.dumps(_for_editors(found), indent=2, ensure_ascii=False))
    else:
        for problem in found:
            _echo(str(problem))
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        notes = len(found) - len(problems)
        more = f", {notes} note{'s' if notes != 1 else ''}" if notes else ""
        _echo(f"{folder}: {count if problems else 'no problems'}{more}", err=True)
    return FAILED if problems or (strict and found) else 0


def _for_editors(found: tuple[Problem, ...]) -> list[dict[str, Any]]:
    """Lines and columns count characters from 1; `end_column` is behind the last one that is meant, on the same line."""
    lines = {file: read(Path(file))[0].text.split("\n") for file in {problem.file for problem in found}}
    return [
        {
            "severity": "note" if one.note else "problem",
            "file": one.file,
            "line": one.line,
            "column": one.column,
            "end_column": end_column((*lines[one.file], *[""] * one.line)[one.line - 1], one.column),
            "message": one.message,
            "hint": one.hint,
        }
        for one in found
    ]


def _echo(text: str, *, err: bool = False) -> None:
    """The name of a folder may hold bytes that are no text."""
    click.echo(text.encode("utf-8", "replace").decode(), err=err)
