"""`helpline oncall`: who is on call now or at a time, and the calendar of a week."""

import json
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.text import Text

from flows.localtime import meanings, moment
from flows.oncall_schema import OnCall
from flows.schedule import Extra, zone_of
from ivr.commands.duty import made_by_text
from ivr.commands.failures import NOT_USABLE, Failure
from ivr.commands.usable_flows import usable_flows
from ivr.duty import answer, week, week_data
from ivr.settings import Settings
from ivr.week_view import PLAIN, Calendar, Marks
from tickets.sms import spoken_number

EXAMPLE = '--at "2026-11-23 22:00"'


def print_oncall(
    settings: Settings, at: str | None, *, whole_week: bool, as_json: bool, now: datetime | None = None
) -> int:
    """Print who is on call, or the week. A time on the wall that comes twice is answered twice. Returns the exit code.

    Raises FlowErrors, and Failure for what is no time."""
    oncall = usable_flows(settings).oncall
    moments, remark = _moments(at, zone_of(oncall), now=now or datetime.now(UTC))
    made = made_by_text(settings, min(moments) - timedelta(days=8))
    answers = [_answer(oncall, one, at, extra=made) for one in moments]
    if as_json:
        first: dict[str, Any] = week_data(oncall, week(oncall, moments[0], made)) if whole_week else answers[0]
        more = {"also": answers[1]} if len(answers) > 1 and not whole_week else {}
        click.echo(json.dumps({**first, **more}, indent=2, ensure_ascii=False))
        return 0
    console = Console(highlight=False)
    if remark:
        console.print(Text(remark), soft_wrap=True)
    if whole_week:
        marks = Marks() if _can_show(Marks().whole, console.encoding) else PLAIN
        calendar = Calendar(oncall, week(oncall, moments[0], made), at=moments[0], width=console.width, marks=marks)
        for line in calendar.lines():
            console.print(line, soft_wrap=True)
        return 0
    for index, one in enumerate(answers):
        if index:
            console.print()
        _print(console, one)
    return 0


def _moments(at: str | None, zone: str, *, now: datetime) -> tuple[tuple[datetime, ...], str]:
    """What `--at` means, and a sentence when the clocks make it odd. Without an offset it is read on the schedule's wall."""
    if at is None:
        return (now,), ""
    clocks = ZoneInfo(zone)
    try:
        if re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", at.strip()):
            local = datetime.combine(now.astimezone(clocks).date(), time.fromisoformat(at.strip().zfill(5)))
        else:
            local = datetime.fromisoformat(at.strip())
        if local.tzinfo is not None:
            return (local.astimezone(UTC),), ""
        found = meanings(local, zone)
        if len(found) == 1:
            return found, ""
        if found:
            return found, f"{local:%H:%M} comes twice on {_day(local)}: the clocks go back."
        then = moment(local, zone)
    except (ValueError, OverflowError):
        raise Failure(f'--at: "{at}" is not a date and time. Example: {EXAMPLE}', code=NOT_USABLE) from None
    after = then.astimezone(clocks)
    return (then,), f"{local:%H:%M} does not exist on {_day(local)}: the clocks go forward to {after:%H:%M %Z}."


def _answer(oncall: OnCall, at: datetime, given: str | None, *, extra: tuple[Extra, ...]) -> dict[str, Any]:
    try:
        return answer(oncall, at, extra)
    except ValueError as error:
        raise Failure(f'--at: "{given}": {error}. Example: {EXAMPLE}', code=NOT_USABLE) from None


def _can_show(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def _day(local: datetime) -> str:
    return f"{local:%a %b} {local.day}"


def _spoken(moment_: str, zone: str) -> str:
    """ "Mon Nov 23, 5:00 PM CST"."""
    local = datetime.fromisoformat(moment_).astimezone(ZoneInfo(zone))
    return f"{_day(local)}, " + f"{local:%I:%M %p %Z}".lstrip("0")


def _print(console: Console, answered: dict[str, Any]) -> None:
    zone = answered["zone"]
    until = f" until {_spoken(answered['until'], zone)}" if answered["until"] else ""
    console.print(Text(_spoken(answered["at"], zone), style="bold"))
    if answered["on_duty"]:
        console.print(Text(f"On call{until}:"))
    else:
        console.print(Text(f"Nobody is on call{until}. A page goes to everyone:", style="bold red"))
    people = answered["paged"]
    width = max(len(person["name"]) for person in people)
    for person in people:
        console.print(Text(f"  {person['name']:<{width}}  {spoken_number(person['number'])}"), soft_wrap=True)
    if answered["holiday"]:
        console.print(Text(f"Holiday: {answered['holiday']}"))
    for why in answered["overrides"]:
        console.print(Text(f"Override: {why}"), soft_wrap=True)
    if any(why.startswith("#") for why in answered["overrides"]):
        console.print(Text("What was made by text, `helpline oncall --undo NUMBER` takes back."), soft_wrap=True)
    if answered["until"]:
        names = ", ".join(person["name"] for person in answered["next"])
        console.print(Text(f"Then {names or 'nobody: `helpline flow check` names the gap'}."), soft_wrap=True)
