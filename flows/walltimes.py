"""A moment as somebody writes it: "2026-11-01 01:30", with a zone or an offset behind it where it is not the desk's."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from flows.fields import shown, wrong, zone_meant
from flows.localtime import Odd, meanings, moment, odd

EXAMPLE = "2026-11-24 10:00, or with a zone: 2026-11-01 01:30 America/Chicago"
FORM = (
    r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T]([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?( ?(Z|[+-][0-9]{2}:[0-9]{2})| +\S+)?"
)
_PARTS = re.compile(
    r"(?P<day>20\d\d-\d\d-\d\d)[ T](?P<clock>\d\d?:\d\d(:\d\d)?)(?: ?(?P<offset>Z|[+-]\d\d:\d\d)| (?P<zone>\S+))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Written:
    """A time as it was written: on the wall of `zone` (None: of the desk's) unless `at` says the moment outright."""

    wall: datetime
    zone: str | None = None
    at: datetime | None = None

    def moment(self, zone: str) -> datetime:
        """The moment (UTC). A time that comes twice is the first of the two, a skipped one the moment of the change."""
        return self.at or moment(self.wall, self.zone or zone)

    def remark(self, zone: str) -> str:
        """A sentence when the clocks make it odd, with the ways to write what else could be meant; "" for any other time."""
        zone = self.zone or zone
        strange = odd(self.wall, zone) if self.at is None else None
        day = f"{self.wall:%a %b} {self.wall.day}"
        if strange is Odd.TWICE:
            first, second = (one.astimezone(ZoneInfo(zone)) for one in meanings(self.wall, zone))
            return (
                f"{self.wall:%H:%M} comes twice on {day}: the clocks go back. The first is meant, {first:%Z}; "
                f"the second is {self.wall:%Y-%m-%d %H:%M}{_offset(second)}."
            )
        if strange is Odd.SKIPPED:
            after = moment(self.wall, zone).astimezone(ZoneInfo(zone))
            return f"{self.wall:%H:%M} does not exist on {day}: the clocks go forward to {after:%H:%M %Z}."
        return ""


def _offset(at: datetime) -> str:
    text = f"{at:%z}"
    return f"{text[:3]}:{text[3:]}"


def written(value: object) -> Written:
    """A time in one of the forms of EXAMPLE. Raises what the schema raises, with a message for whoever wrote it."""
    if isinstance(value, Written):
        return value
    if not isinstance(value, str):
        raise wrong("a time belongs here", EXAMPLE)
    match = _PARTS.fullmatch(" ".join(value.split()))
    if match is None:
        raise wrong(f"{shown(value)} is not a date with a time of day", EXAMPLE)
    zone = match["zone"]
    if zone is not None and zone not in available_timezones():
        raise wrong(f"{shown(zone)} is not a time zone", zone_meant(zone) or EXAMPLE)
    try:
        local = datetime.fromisoformat(f"{match['day']} {match['clock'].zfill(5)}")
        exact = datetime.fromisoformat(f"{local.isoformat()}{match['offset']}") if match["offset"] else None
    except ValueError:
        raise wrong(f"{shown(value)} is not a time of the calendar", EXAMPLE) from None
    return Written(local, zone, exact.astimezone(UTC) if exact else None)


_UNITS = {"": 1, "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400}
LONGEST = 31 * 86400
#: How long something lasts, for editors.
LENGTH_FORM = r"[0-9]{1,7} ?(s|secs?|seconds?|mins?|minutes?|h|hours?|days?)?"
_HINT = "seconds: 30, or 2 minutes, 13 hours, 1 day; 31 days at most"


def seconds(value: object) -> int:
    """A length of time in seconds: "30", "2 minutes", "13 hours". Raises what the schema raises."""
    text = " ".join(str(value).split()).casefold()
    match = re.fullmatch(r"(\d{1,7}) ?([a-z]*)", text, re.ASCII)
    unit = match[2] if match else ""
    unit = unit if unit in _UNITS else unit.removesuffix("s")
    if match is None or unit not in _UNITS or int(match[1]) * _UNITS[unit] > LONGEST:
        raise wrong(f"{shown(value)} is not a length of time", _HINT)
    return int(match[1]) * _UNITS[unit]
