"""Hours of opening: a pure function of the block `hours` and a moment.

Times are those of the wall, also when the clocks change; what begins on a day belongs to that day, past midnight too. An
exception comes before a holiday, and that before the week; of two exceptions the later one of the file counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema

from flows.fields import Name, Zone, shown, wrong
from flows.localtime import moment, wall
from flows.oncall_fields import CLOCK_FORM, DAYS_FORM, LocalTime, clock_of, days_of
from flows.public_holidays import HolidayDays, holiday
from flows.speech import Model

_SPAN = rf"(({DAYS_FORM}) )?{CLOCK_FORM} ?- ?({CLOCK_FORM}|24:00)"
_HINT = "days and times: mon-fri 08:00-17:00; without days, every day"


class State(StrEnum):
    """How things stand at a moment."""

    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"


@dataclass(frozen=True)
class Span:
    """Hours of the week: the days (Monday is 0) on which they begin, and minutes after midnight; `ends` not later than
    `begins` is the next day."""

    days: tuple[int, ...]
    begins: int
    ends: int

    @property
    def length(self) -> int:
        """Minutes on the wall: at least one, at most a whole day."""
        return (self.ends - self.begins - 1) % (24 * 60) + 1


def _span(value: Any) -> Span:
    if isinstance(value, Span):
        return value
    if not isinstance(value, str) or not re.fullmatch(_SPAN, text := " ".join(value.lower().split())):
        # Whoever copies hours from a letter copies its dashes, which look the same in many editors.
        dash = isinstance(value, str) and re.search("[\u2010-\u2015\u2212]", value)
        hint = f"write a plain - instead of {dash[0]}: mon-fri 08:00-17:00" if dash else _HINT
        raise wrong(f"{shown(value)} are no hours" if isinstance(value, str) else "hours belong here", hint)
    match = re.fullmatch(rf"(?:(.*) )?({CLOCK_FORM}) ?- ?({CLOCK_FORM}|24:00)", text)
    assert match is not None  # the whole form fits
    return Span(days_of(match[1] or "mon-sun"), clock_of(match[2]), clock_of(match[4], midnight=True))


def _spans(value: Any) -> Any:
    """One line stands for a list of one."""
    return [value] if value is None or isinstance(value, str) else value


_AS_WRITTEN = WithJsonSchema({"type": "string", "pattern": f"^{_SPAN}$"})
_Written = Annotated[str, _AS_WRITTEN]
OpenSpan = Annotated[Span, BeforeValidator(_span), _AS_WRITTEN]
OpenSpans = Annotated[
    tuple[OpenSpan, ...],
    Field(min_length=1, max_length=50),
    BeforeValidator(_spans, json_schema_input_type=_Written | list[_Written]),
]


class Except(Model):
    """A time that is unlike any other."""

    begins: LocalTime = Field(alias="from", description="when it begins: 2026-12-31 12:00")
    ends: LocalTime = Field(alias="to", description="when it ends")
    open: bool = Field(False, description="true: open all that time; false: closed")
    why: Name = Field("", description="the reason, for colleagues")


class Hours(Model):
    """When something is open."""

    open: OpenSpans = Field(description="the hours of a week: mon-fri 08:00-17:00, or a list of such lines")
    zone: Zone | None = Field(None, description="time zone of the hours; without it, desk.zone")
    holidays: HolidayDays | None = Field(None, description="days on which it does not open")
    exceptions: tuple[Except, ...] = Field((), max_length=200, description="single times that are open or closed")


@dataclass(frozen=True)
class Standing:
    """How things stand, and why where it is no ordinary day."""

    state: State
    why: str = ""


def standing(hours: Hours, at: datetime, *, zone: str) -> Standing:
    """How `hours` stand at `at` (any zone); `zone` is for hours that name none."""
    zone = hours.zone or zone
    for one in reversed(hours.exceptions):
        if moment(one.begins, zone) <= at < moment(one.ends, zone):
            return Standing(State.OPEN if one.open else State.CLOSED, one.why)
    today = at.astimezone(ZoneInfo(zone)).date()
    began: list[date] = []
    for span in hours.open:
        if (day := _began(span, at, today=today, zone=zone)) is not None:
            if holiday(hours.holidays, day) is None:
                return Standing(State.OPEN)
            began.append(day)
    if (name := holiday(hours.holidays, began[0] if began else today)) is not None:
        return Standing(State.HOLIDAY, name)
    return Standing(State.CLOSED)


def changes(hours: Hours, begins: datetime, ends: datetime, *, zone: str) -> Iterator[tuple[datetime, Standing]]:
    """Every moment in a time at which they stand otherwise than before, the first one included."""
    zone = hours.zone or zone
    days = [begins.date() + timedelta(days=offset) for offset in range(-2, (ends - begins).days + 3)]
    points = {begins} | {moment(wall(day, 0), zone) for day in days}
    for span in hours.open:
        for day in days:
            points |= {moment(wall(day, span.begins), zone), moment(wall(day, span.begins + span.length), zone)}
    for one in hours.exceptions:
        points |= {moment(one.begins, zone), moment(one.ends, zone)}
    before = None
    for point in sorted(point for point in points if begins <= point < ends):
        now = standing(hours, point, zone=zone)
        if now != before:
            yield point, now
        before = now


def _began(span: Span, at: datetime, *, today: date, zone: str) -> date | None:
    """The day on which the span began that lasts at `at`."""
    for back in (0, 1, -1, 2):  # clock changes at midnight and skipped days reach farther than yesterday
        day = today - timedelta(days=back)
        if day.weekday() in span.days:
            begins, ends = _lasts(span, day, zone)
            if begins <= at < ends:
                return day
    return None


@lru_cache(maxsize=65536)
def _lasts(span: Span, day: date, zone: str) -> tuple[datetime, datetime]:
    """When the span begins and ends that begins on `day`. Two versions are compared at every such moment of a year."""
    return moment(wall(day, span.begins), zone), moment(wall(day, span.begins + span.length), zone)
