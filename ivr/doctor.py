"""`helpline doctor`: looks at everything that helpline needs, and says how to mend what is wrong."""

import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr import log
from ivr.checks import CHECKS, Check, Trouble
from ivr.commands.busy import busy
from ivr.log_filter import scrub
from ivr.settings import Settings, SettingsError, load_settings

_PAIR = {"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"}


class Outcome(StrEnum):
    """What a check came to."""

    FINE = "ok"
    WRONG = "failed"
    LEFT_OUT = "skipped"  # a setting it needs is wrong


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report; `mend` is None unless something is wrong."""

    check: str
    outcome: Outcome
    found: str
    mend: str | None = None


def run_doctor(*, as_json: bool) -> int:
    """Look, print, and return 1 when anything is wrong, else 0."""
    with busy("looking ..."):
        findings = examine(os.environ)
    if as_json:
        healthy = all(finding.outcome is Outcome.FINE for finding in findings)
        click.echo(json.dumps({"ok": healthy, "checks": [asdict(f) for f in findings]}, indent=2, ensure_ascii=False))
    elif sys.stdout.isatty():
        Console().print(_table(findings))
    else:
        for finding in findings:
            click.echo(line(finding))
    return 1 if any(finding.outcome is Outcome.WRONG for finding in findings) else 0


def examine(env: Mapping[str, str], checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """Every finding, in the order of the checks. They run side by side; the slowest sets the time."""
    settings, wrong = _usable_settings(env)
    findings = [_of_problem(problem) for problem in wrong]
    names = {problem.partition(":")[0] for problem in wrong}
    if settings is None:
        return findings + [Finding(check.name, Outcome.LEFT_OUT, "needs the settings above") for check in checks]
    running = [(check, _Look(check, settings)) for check in checks if not check.needs & names]
    looks = dict(running)
    started = time.monotonic()
    for check in checks:
        if check in looks:
            looks[check].join(max(0.0, started + check.limit - time.monotonic()))
            # The settings' own line is there already when one of them is wrong.
            if not (check.name == "settings" and wrong):
                findings.append(looks[check].finding)
        else:
            needed = ", ".join(sorted(check.needs & names))
            findings.append(Finding(check.name, Outcome.LEFT_OUT, f"needs {needed}"))
    return findings


def line(finding: Finding) -> str:
    """`ok       database: sqlite answers`, or with the way to mend it behind an arrow."""
    text = f"{finding.outcome:<8} {finding.check}: {finding.found}"
    return f"{text} -> {finding.mend}" if finding.mend else text


def _usable_settings(env: Mapping[str, str]) -> tuple[Settings | None, tuple[str, ...]]:
    """The settings without the wrong ones, so that everything else can be looked at; and what is wrong."""
    try:
        return _registered(load_settings(env)), ()
    except SettingsError as error:
        problems = error.problems
    names = {problem.partition(":")[0] for problem in problems}
    if names & _PAIR:
        names |= _PAIR
    try:
        return _registered(load_settings({**env, **dict.fromkeys(names, "")})), problems
    except SettingsError:
        return None, problems


def _registered(settings: Settings) -> Settings:
    log.register_secrets(settings.secret_values)
    return settings


def _of_problem(problem: str) -> Finding:
    found, _, mend = problem.partition(". ")
    return Finding("settings", Outcome.WRONG, found, mend or "Correct it in the environment or .env")


class _Look(threading.Thread):
    """One check at work. A daemon: what hangs is left behind."""

    def __init__(self, check: Check, settings: Settings) -> None:
        super().__init__(daemon=True, name=f"doctor {check.name}")
        self._check = check
        self._settings = settings
        late = f"no answer within {check.limit:.0f} s"
        self.finding = Finding(check.name, Outcome.WRONG, late, "Look whether the server it talks to is up and near")
        self.start()

    def run(self) -> None:
        name = self._check.name
        try:
            self.finding = Finding(name, Outcome.FINE, self._check.look(self._settings))
        except Trouble as trouble:
            self.finding = Finding(name, Outcome.WRONG, trouble.found, trouble.mend)
        except Exception as error:
            found = f"{type(error).__name__}: {scrub(str(error)).splitlines()[0] if str(error) else ''}"
            self.finding = Finding(
                name, Outcome.WRONG, found, "Unexpected: HELPLINE_DEBUG=1 helpline doctor, and report it"
            )


def _table(findings: Sequence[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    marks = {Outcome.FINE: "[green]ok[/]", Outcome.WRONG: "[red]failed[/]", Outcome.LEFT_OUT: "[yellow]skipped[/]"}
    for finding in findings:
        text = Text(finding.found)
        if finding.mend:
            text.append(f"\n→ {finding.mend}", style="bold")
        table.add_row(marks[finding.outcome], finding.check, text)
    return table
