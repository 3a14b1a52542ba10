"""`helpline flow check`: what is wrong with the flow files, line by line, before a caller hears it."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from flows.lint import check
from ivr.commands.failures import FAILED
from tickets import sms


def print_problems(folder: Path, *, as_json: bool) -> int:
    """Print every problem and note as `file:line:column: message` with a hint; returns 1 when there is a problem."""
    found = check(folder, alphabet=sms)
    problems = [problem for problem in found if not problem.note]
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in found], indent=2, ensure_ascii=False))
    else:
        for problem in found:
            click.echo(str(problem))
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        notes = len(found) - len(problems)
        more = f", {notes} note{'s' if notes != 1 else ''}" if notes else ""
        click.echo(f"{folder}: {count if problems else 'no problems'}{more}", err=True)
    return FAILED if problems else 0
