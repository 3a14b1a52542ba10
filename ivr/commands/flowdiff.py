"""`helpline flow diff`: what people will notice between two versions of the flow files."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from flows.difference.diff import NOTHING, Difference, diff
from ivr.commands.busy import busy
from ivr.commands.failures import FAILED
from ivr.commands.flowfiles import in_width, named_flows, shown_on
from ivr.settings import Settings

_HEADINGS = {"callers": "Callers", "texters": "People who text", "team": "The team"}


def print_differences(
    old: Path, new: Path | None, *, settings: Callable[[], Settings], as_json: bool, now: datetime | None = None
) -> int:
    """Print what people will notice when `new` (FLOWS_DIR for None) takes the place of `old`. Returns the exit code: 0
    whether they notice anything or not; 1, and the messages of `flow check`, when one of the two folders is broken.

    Raises Failure for a version that is not there, SettingsError and SchemaError."""
    before = named_flows(old, settings=settings, as_json=as_json)
    if before is None:
        return FAILED
    after = named_flows(new or settings().flows_dir, settings=settings, as_json=as_json)
    if after is None:
        return FAILED
    with busy("walking both flows ..."):
        found = diff(before, after, now=now or datetime.now(UTC))
    if as_json:
        versions = {"old": before.version, "new": after.version}
        told = {**versions, "differences": [asdict(one) for one in found]}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        _print(Console(highlight=False), found)
    return 0


def _print(console: Console, found: Sequence[Difference]) -> None:
    if not found:
        console.print(Text(NOTHING))
    for who, heading in _HEADINGS.items():
        if told := [one.text for one in found if one.who == who]:
            console.print(Text(heading, style="bold cyan"))
            for text in told:
                for line in in_width(shown_on(console, text), first="  ", then="    "):
                    console.print(Text(line), soft_wrap=True)
