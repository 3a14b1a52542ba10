"""Tickets on the terminal: a table, or one whole ticket, or JSON."""

import json
import sys
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.loader import FlowErrors
from ivr.commands.usable_flows import usable_flows
from ivr.settings import Settings
from tickets import db, queries
from tickets.sms import spoken_number

LISTED = 50
_COLOURS = {"open": "bold red", "claimed": "yellow", "resolved": "green"}


def print_tickets(settings: Settings, number: int | None, as_json: bool) -> int:
    """Print the newest tickets, or the one with `number`. Returns the exit code: 1 for a ticket that does not exist.

    Raises SchemaError or FlowErrors with a message fit for the admin."""
    engine = db.connect(settings.database_url)
    db.check_version(engine)
    try:
        with db.Database(engine).reading() as session:
            if number is None:
                found, _ = queries.newest(session, limit=LISTED, sender=settings.sender)
                answer: Any = {"tickets": found}
            else:
                answer = queries.find(session, number, sender=settings.sender) if number < 2**31 else None
    finally:
        engine.dispose()
    if answer is None:
        print(f"Ticket {number} does not exist. `helpline tickets` lists them.", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
        return 0
    try:
        zone = ZoneInfo(usable_flows(settings, quiet=True).helpdesk.desk.zone)
    except FlowErrors:  # tickets can be read while the flow files are being mended
        zone = ZoneInfo("UTC")
    console = Console()
    if number is None:
        _print_list(console, found, zone)
    else:
        _print_one(console, answer, zone)
    return 0


def _local(moment: str | None, zone: ZoneInfo) -> str:
    if moment is None:
        return ""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(zone).strftime("%a %b %d, %I:%M:%S %p")


def _who(ticket: dict[str, Any]) -> str:
    number = spoken_number(ticket["from_number"]) if ticket["from_number"] else "number withheld"
    return f"{ticket['client']} {number}" if ticket["client"] else number


def _incident(ticket: dict[str, Any]) -> str:
    """What a ticket has to do with others: which one leads, or what belongs to it."""
    known = ticket["incident"]
    if known is None:
        return ""
    if known["leader"] != ticket["number"]:
        return f"belongs to {known['leader']}"
    count = known["callers"]
    callers = f"{count} caller{'' if count == 1 else 's'}" if known["members"] else "announced to callers"
    listed = ", ".join(str(number) for number in known["members"])
    return f"{callers}: with {listed}" if listed else callers


def _picture(picture: dict[str, Any]) -> str:
    problem = f" ({picture['problem']})" if picture["problem"] else ""
    if picture["state"] != "stored":
        return f"{picture['type']}, {picture['state']}{problem}"
    return f"{picture['type']}, {picture['bytes']} bytes, {picture['url']}{problem}"


def _print_list(console: Console, tickets: list[dict[str, Any]], zone: ZoneInfo) -> None:
    if not tickets:
        console.print("No tickets yet. Place a call with: helpline phone")
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("Ticket", "State", "Owner", "Opened", "Who", "What"):
        table.add_column(heading, overflow="fold" if heading == "What" else "ellipsis", no_wrap=heading != "What")
    for ticket in tickets:
        state = Text(ticket["state"], style=_COLOURS.get(ticket["state"], ""))
        opened = _local(ticket["opened_at"], zone)
        table.add_row(
            str(ticket["number"]),
            state,
            Text(ticket["claimed_by"] or "-"),
            opened,
            Text(_who(ticket)),
            Text(f"{ticket['subject']} ({incident})" if (incident := _incident(ticket)) else ticket["subject"]),
        )
    console.print(table)


def _print_one(console: Console, ticket: dict[str, Any], zone: ZoneInfo) -> None:
    state = Text(ticket["state"], style=_COLOURS.get(ticket["state"], ""))
    owner = f", {ticket['claimed_by']}" if ticket["claimed_by"] else ""
    console.print(
        Text.assemble((f"Ticket {ticket['number']}", "bold"), "  ", state, owner, f"  ({ticket['priority']})")
    )
    console.print(Text(f"{_who(ticket)}  by {ticket['channel']}, {_local(ticket['opened_at'], zone)}"))
    console.print(Text(ticket["subject"], style="bold"))
    if incident := _incident(ticket):
        console.print(Text(f"Incident: {incident}", style="magenta"))
    if ticket["incident"] and (said := ticket["incident"]["announced"]) and not said["over_at"]:
        console.print(Text(f"Announced to callers: {said['words']}", style="magenta"))
    if ticket["from_number"] and not ticket["texting"]["possible"]:
        console.print(Text(f"No texts to this client: {ticket['texting']['why']}. Calling works.", style="red"))
    for recording in ticket["recordings"]:
        transcript = recording["transcript"]
        console.print(f"\nVoicemail, {recording['seconds']} s, transcript {transcript['state']}", style="cyan")
        words = transcript["text"] or recording["problem"] or "(no words)"
        console.print(Text(words), soft_wrap=True)
    for message in ticket["messages"]:
        arrow = "client:" if message["direction"] == "in" else "desk:  "
        console.print(Text(f"{arrow} {message['body']}"), soft_wrap=True)
        for number, picture in enumerate(message["media"], 1):
            console.print(Text(f"        picture {number}: {_picture(picture)}"), soft_wrap=True)
    if ticket["pages"]:
        pages = Table(box=None, header_style="bold", pad_edge=False, title_justify="left")
        for heading in ("Page to", "State", "Error", "Text"):
            pages.add_column(heading, overflow="fold")
        for page in ticket["pages"]:
            pages.add_row(*(Text(page[name] or "") for name in ("person", "state", "error", "body")))
        console.print()
        console.print(pages)
    console.print()
    for event in ticket["events"]:
        console.print(Text(f"{_local(event['at'], zone)}  {event['text']}"), soft_wrap=True)
