"""`helpline consent`: the ledger of one number, and entries of the team."""

import json
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.loader import FlowErrors
from ivr.commands.database import opened
from ivr.commands.usable_flows import usable_flows
from ivr.numbers import caller_number
from ivr.settings import Settings
from ivr.wiring import utc_now
from tickets import consent
from tickets.models import ConsentEvent
from tickets.queries import iso


def enter(settings: Settings, number: str, *, kind: str, reason: str | None, by: str | None) -> None:
    """Append an entry of the team. Raises click.UsageError without a reason and a name: the ledger is evidence."""
    if not (reason and reason.strip() and by and by.strip()):
        raise click.UsageError('an entry needs --reason "how you know" and --by "who enters it"')
    with opened(settings) as database, database.unit() as unit:
        consent.record(
            unit,
            _e164(number),
            consent.ConsentKind(kind),
            source=consent.STAFF,
            evidence=by.strip()[:64],
            words=f"{by.strip()}: {reason.strip()}",
            now=utc_now(),
        )


def show(settings: Settings, number: str, *, as_json: bool) -> int:
    """Print what the ledger says of a number. Raises SchemaError, or click.UsageError for what is no number."""
    number = _e164(number)
    with opened(settings) as database, database.reading() as session:
        events = consent.history(session, number)
    standing = consent.standing(events, settings.sender)
    if as_json:
        found = {"number": number, "may_text": standing.may_text, "why": standing.why or None}
        click.echo(json.dumps({**found, "events": [_event(event) for event in events]}, indent=2, ensure_ascii=False))
        return 0
    console = Console()
    verdict = (
        Text("may be texted", style="green") if standing.may_text else Text(f"no texts: {standing.why}", style="red")
    )
    console.print(Text(f"{number}  ").append_text(verdict))
    if events:
        console.print(_table(events, _zone(settings)))
    else:
        console.print("Nothing in the ledger: this number never texted.")
    return 0


def _table(events: list[ConsentEvent], zone: ZoneInfo) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("When", "What", "By", "Evidence", "Words"):
        table.add_column(heading, overflow="fold")
    for event in events:
        by = f"{event.source} ({event.sender})" if event.sender else event.source
        when = f"{event.at.astimezone(zone):%Y-%m-%d %H:%M}"
        table.add_row(when, event.kind, *(Text(cell or "") for cell in (by, event.evidence, event.words)))
    return table


def _event(event: ConsentEvent) -> dict[str, str | None]:
    return {
        "at": iso(event.at),
        "kind": event.kind,
        "source": event.source,
        "sender": event.sender,
        "evidence": event.evidence,
        "words": event.words,
    }


def _e164(raw: str) -> str:
    number = caller_number(raw)
    if number is None:
        raise click.UsageError(f"'{raw}' is not a phone number. Write it like +19035550147")
    return number


def _zone(settings: Settings) -> ZoneInfo:
    try:
        return ZoneInfo(usable_flows(settings, quiet=True).helpdesk.desk.zone)
    except FlowErrors:  # the ledger can be read while the flow files are being mended
        return ZoneInfo("UTC")
