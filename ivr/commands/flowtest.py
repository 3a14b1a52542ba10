"""`helpline flow test`: walk every test beside the flow files, and say what was expected and what happened."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from flows.loader import Flows
from flows.problems import Problem
from flows.session import Caller
from flows.trying.testfile import FOLDER, files, read_tests
from flows.trying.testnames import unknown_names
from flows.trying.testrun import Coverage, Result, run
from flows.trying.texting import Texting
from ivr.commands.busy import busy
from ivr.commands.failures import FAILED, NOT_USABLE, Failure
from ivr.commands.flowfiles import read_flows


def open_texting(flows: Flows, caller: Caller) -> Texting:
    """The real desk for a caller's texts; loaded when the first text comes, because most walks are calls."""
    from ivr.textdesk import TextDesk

    return TextDesk(flows, caller)


def run_all(flows: Flows, directory: Path) -> tuple[list[Result], list[Problem]]:
    """The results of all tests of a folder, and what is wrong with its test files. Of a file with a mistake nothing runs."""
    results: list[Result] = []
    problems: list[Problem] = []
    for path in files(directory):
        tests, document, found = read_tests(path)
        problems += found
        if tests is not None:
            names = sorted(set(unknown_names(tests, flows, document)))
            problems += names
            if all(problem.note for problem in names):
                results += run(tests, flows, document, open_texting=open_texting)
    return results, problems


def print_tests(directory: Path, *, as_json: bool) -> int:
    """Run and report the tests of a folder of flow files; returns 1 when one fails or cannot be read, and with the messages
    of `flow check` when the flow files are broken. Raises Failure where there are no tests."""
    flows = read_flows(directory, as_json=as_json)
    if flows is None:
        return FAILED
    if not files(directory):
        hint = f"`helpline flow try {directory} --save FIRST.yml` walks a call and keeps it as a test"
        raise Failure(f"there are no tests in {directory / FOLDER}: {hint}", code=NOT_USABLE)
    with busy("walking the tests ..."):
        results, problems = run_all(flows, directory)
    coverage = Coverage(flows).add(results)
    if as_json:
        click.echo(json.dumps(_data(results, problems, coverage), indent=2, ensure_ascii=False))
    else:
        _print(results, problems, coverage)
    bad = any(result.problem for result in results) or any(not problem.note for problem in problems)
    return FAILED if bad else 0


def _data(results: Sequence[Result], problems: Sequence[Problem], coverage: Coverage) -> dict[str, Any]:
    tests = [
        {
            "file": one.file,
            "line": one.line,
            "name": one.name,
            "ok": one.problem is None,
            "problem": asdict(one.problem) if one.problem else None,
        }
        for one in results
    ]
    steps = {name: {"visited": visited, "keys": keys} for name, (visited, keys) in coverage.table.items()}
    return {"tests": tests, "problems": [asdict(problem) for problem in problems], "steps": steps}


def _print(results: Sequence[Result], problems: Sequence[Problem], coverage: Coverage) -> None:
    for problem in problems:
        click.echo(str(problem))
    for file in dict.fromkeys(result.file for result in results):
        click.echo(file)
        for result in results:
            if result.file == file:
                click.echo(f"  {'OK    ' if result.problem is None else 'FAILED'}  {result.name}")
    for result in results:
        if result.problem is not None:
            click.echo(str(result.problem))
    _print_coverage(coverage)
    failed = sum(result.problem is not None for result in results)
    broken = sum(not problem.note for problem in problems)
    counts = [f"{len(results)} test{'s' if len(results) != 1 else ''}", f"{failed} failed"]
    counts += [f"{broken} problem{'s' if broken != 1 else ''} in test files"] if broken else []
    click.echo(", ".join(counts), err=True)


def _print_coverage(coverage: Coverage) -> None:
    """What no test comes to, as a table; one line when there is nothing."""
    table = coverage.table
    missed = {
        name: [key for key, pressed in keys.items() if not pressed]
        for name, (visited, keys) in table.items()
        if not visited or not all(keys.values())
    }
    visited, keys = sum(one for one, _ in table.values()), [one for _, of in table.values() for one in of.values()]
    click.echo(f"Steps that tests come to: {visited} of {len(table)}. Keys of menus: {sum(keys)} of {len(keys)}.")
    width = max((len(name) for name in missed), default=0)
    for name, not_pressed in missed.items():
        parts = [] if table[name][0] else ["no test comes here"]
        parts += [f"no test presses {', '.join(not_pressed)}"] if not_pressed else []
        click.echo(f"  {name:<{width}}  {'; '.join(parts)}")
