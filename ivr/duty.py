"""Who is on call, as data: what the JSON API and `helpline oncall` answer, from the same schedule as pages and WHO."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flows.localtime import moment
from flows.oncall_schema import OnCall, Person
from flows.schedule import Extra, Stretch, duty, next_change, stretches, zone_of

#: Schedules are asked about in these years: dates of the files are of this century.
YEARS = range(2000, 2099)


def answer(oncall: OnCall, at: datetime, extra: Iterable[Extra] = ()) -> dict[str, Any]:
    """Who is on call at `at`, whom a page would reach, until when, and who is next.

    `until` is None, and `next` empty, when nothing changes within two months. Raises ValueError outside `YEARS`."""
    extra = tuple(extra)
    if at.year not in YEARS:
        raise ValueError(f"not in the years {YEARS[0]} to {YEARS[-1]}")
    now, change = duty(oncall, at, extra), next_change(oncall, at, extra)
    return {
        "at": iso(at),
        "zone": zone_of(oncall),
        "on_duty": _people(now.people),
        "paged": _people(now.people or oncall.team),
        "holiday": now.holiday,
        "overrides": list(now.overrides),
        "until": iso(change[0]) if change else None,
        "next": _people(change[1].people) if change else [],
    }


def week(oncall: OnCall, at: datetime, extra: Iterable[Extra] = ()) -> tuple[Stretch, ...]:
    """The week (Monday to Sunday, by the clocks of the schedule) that `at` lies in, in pieces without a hole."""
    zone = zone_of(oncall)
    today = at.astimezone(ZoneInfo(zone)).date()
    monday = today - timedelta(days=today.weekday())
    return stretches(oncall, midnight(monday, zone), midnight(monday + timedelta(days=7), zone), extra)


def midnight(day: date, zone: str) -> datetime:
    """The moment at which a day begins."""
    return moment(datetime.combine(day, time()), zone)


def week_data(oncall: OnCall, pieces: Iterable[Stretch]) -> dict[str, Any]:
    """The pieces of a week for programs."""
    pieces = tuple(pieces)
    return {
        "begins": iso(pieces[0].begins),
        "ends": iso(pieces[-1].ends),
        "zone": zone_of(oncall),
        "stretches": [
            {
                "begins": iso(piece.begins),
                "ends": iso(piece.ends),
                "on_duty": _people(piece.duty.people),
                "holiday": piece.duty.holiday,
                "overrides": list(piece.duty.overrides),
            }
            for piece in pieces
        ],
    }


def iso(at: datetime) -> str:
    """As every moment of the API: UTC with a Z, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _people(people: Iterable[Person]) -> list[dict[str, str]]:
    return [{"name": person.name, "number": person.phones[0]} for person in people]
