"""`helpline drill`: the desk calls itself, and says how each leg went."""

import json
import sys

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.commands.busy import busy
from ivr.commands.failures import NOT_USABLE, Failure
from ivr.drill import AlreadyRunning, Course, LegResult, Report, Verdict, run_drill
from ivr.settings import Settings
from ivr.wiring import Helpline, assemble

_COLOURS = {Verdict.OK: "green", Verdict.SLOW: "yellow", Verdict.FAILED: "red", Verdict.LEFT_OUT: "dim"}


def print_drill(settings: Settings, page: str | None, *, as_json: bool) -> int:
    """Run a drill and print its report. Returns the exit code: 1 when a leg failed or was slow."""
    desk = assemble(settings)
    try:
        report = _run(desk, _person(desk, page))
    finally:
        desk.database.engine.dispose()
    if as_json:
        click.echo(json.dumps(report.data(), indent=2))
    elif sys.stdout.isatty():
        _show(report)
    else:
        for one in report.legs:
            click.echo(line(one))
        click.echo(summary(report))
    return 0 if report.passed else 1


def line(one: LegResult) -> str:
    """`ok       words: 2.1 s (at most 120 s)`, or with the reason."""
    took = f"{one.seconds:.1f} s" if one.seconds is not None else "-"
    text = f"{one.verdict.value:<8} {one.leg}: {took} (at most {one.limit:.0f} s)"
    return f"{text}: {one.why}" if one.why else text


def summary(report: Report) -> str:
    """The last line."""
    ticket = f"ticket {report.ticket}" if report.ticket else "no ticket"
    how = "The drill went well" if report.passed else "The drill failed"
    return f"{how}, in {report.seconds:.1f} s ({ticket})."


def _run(desk: Helpline, page: str | None) -> Report:
    with busy("the desk calls itself ...") as status:

        def progress(course: Course) -> None:
            if status is not None and course.now is not None:
                status.update(f"waiting for: {course.now}")

        try:
            return run_drill(desk, page=page, progress=progress)
        except AlreadyRunning as error:
            raise Failure(f"{error}.") from None


def _person(desk: Helpline, name: str | None) -> str | None:
    if name is None:
        return None
    names = [person.name for person in desk.rules.team]
    found = next((known for known in names if known.casefold() == name.strip().casefold()), None)
    if found is None:
        raise Failure(f'--page: nobody on the team is called "{name}". Allowed: {", ".join(names)}', code=NOT_USABLE)
    return found


def _show(report: Report) -> None:
    table = Table(box=None, pad_edge=False)
    for title, justify in (("", "left"), ("leg", "left"), ("took", "right"), ("at most", "right"), ("", "left")):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    for one in report.legs:
        took = f"{one.seconds:.1f} s" if one.seconds is not None else "-"
        colour = _COLOURS[one.verdict]
        table.add_row(Text(one.verdict, style=colour), one.leg, took, f"{one.limit:.0f} s", Text(one.why or ""))
    console = Console()
    console.print(table)
    console.print(Text(summary(report), style="bold green" if report.passed else "bold red"))
