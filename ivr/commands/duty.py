"""`helpline oncall --undo` and `--ready`: what needs the rows beside the schedule."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import make_url

from flows.schedule import Extra
from ivr.commands.database import opened
from ivr.commands.failures import Failure
from ivr.commands.usable_flows import usable_flows
from ivr.duty import iso
from ivr.handovers import extras
from ivr.links import Links
from ivr.settings import Settings
from ivr.wiring import rules_of, utc_now
from tickets import db, handover, overrides, ready_report
from tickets.readiness import Finding
from tickets.ready_report import Shift
from tickets.rules import Rules


def made_by_text(settings: Settings, since: datetime) -> tuple[Extra, ...]:
    """The changes of who is on duty that hold at `since` or later. The schedule can be read without a database: one that is
    not there yet has none, and what is wrong with another is said on standard error."""
    path = make_url(settings.database_url)
    if path.get_backend_name() == "sqlite" and not Path(path.database or "").exists():
        return ()
    try:
        with opened(settings) as database, database.reading() as session:
            return extras(overrides.running(session, now=since))
    except db.SchemaError as error:
        click.echo(f"Changes made by text are not shown: {error}", err=True)
        return ()


def undo_change(settings: Settings, number: int, *, now: datetime | None = None) -> int:
    """Undo a change that somebody made by text. Raises SchemaError, FlowErrors, or Failure when there is none that holds."""
    now, rules = now or utc_now(), _rules(settings)
    with opened(settings) as database, database.unit() as unit:
        undone = handover.undo_for_owner(unit, number, rules=rules, now=now)
        if undone is None:
            made = ", ".join(f"{one.number} ({one.words})" for one in overrides.running(unit, now=now))
            raise Failure(f"no change {number} holds now. To undo: {made or 'none'}")
    click.echo(f"Undone: {undone}. Whom it concerns is told by text.")
    return 0


def print_ready(settings: Settings, *, as_json: bool, now: datetime | None = None) -> int:
    """Print what is wrong with the next shift and the week after. Returns 1 when anything is."""
    ready = readiness(settings, now or utc_now())
    if as_json:
        shown = {
            "ready": not ready.findings,
            "begins": iso(ready.shift.begins),
            "on_duty": [person.name for person in ready.shift.people],
            "findings": [{"text": finding.text, "grave": finding.grave} for finding in ready.findings],
        }
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        click.echo(f"{ready.who}.")
        for finding in ready.findings:
            click.echo(f"  {finding.text[:1].upper()}{finding.text[1:]}.")
        if not ready.findings:
            click.echo("  All is well.")
    return 1 if ready.findings else 0


@dataclass(frozen=True)
class Ready:
    """What the report would say now."""

    shift: Shift
    who: str
    findings: tuple[Finding, ...]


def readiness(settings: Settings, now: datetime) -> Ready:
    """The next shift and what is wrong with it. Raises SchemaError and FlowErrors."""
    rules = _rules(settings)
    with opened(settings) as database, database.reading() as session:
        shift, made = ready_report.next_shift(session, rules, now=now)
        found = ready_report.look(session, rules, shift, made=made, zone=rules.zone, now=now)
    return Ready(shift, ready_report.who_from(shift, rules, zone=rules.zone, now=now), found)


def _rules(settings: Settings) -> Rules:
    links = Links(settings.secret_key.get_secret_value(), settings.public_url)
    return rules_of(usable_flows(settings), settings, links=links)
