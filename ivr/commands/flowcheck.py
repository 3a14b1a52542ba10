"""`helpline flow check`: what is wrong with the flow files, line by line, before a caller hears it."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from flows.lint import check
from ivr.commands.failures import FAILED
from tickets import sms


def print_problems(folder: Path, *, as_json: bool) -> int:
    """Print every problem as `file:line:column: message` with a hint; returns 1 when there is one."""
    problems = check(folder, alphabet=sms)
    if as_json:
        click.echo(json.dumps([asdict(problem) for problem in problems], indent=2, ensure_ascii=False))
    else:
        for problem in problems:
            click.echo(str(problem))
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        click.echo(f"{folder}: {count if problems else 'no problems'}", err=True)
    return FAILED if problems else 0
