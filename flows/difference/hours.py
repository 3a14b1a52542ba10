"""What callers and texters notice of hours of opening that are otherwise: the week, and single days."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flows.describe import many
from flows.difference.situations import horizon, listed
from flows.hours import Hours, Standing, State, changes, standing
from flows.localtime import moment, wall
from flows.schema import HelpdeskFlow
from flows.steps import HoursStep, Step
from flows.week import DAY, Piece, clock, in_words, laid_out, left_out

_MOST_DAYS = 8


def of_hours(
    old: HelpdeskFlow, new: HelpdeskFlow, names: Collection[str], *, holidays: Collection[str], now: datetime
) -> Iterator[str]:
    """A sentence for everything that is otherwise about the hours with these names, which some way depends on; on `holidays`
    of some of them it goes another way than on other closed days."""
    for name in names:
        before, after = old.hours.get(name), new.hours.get(name)
        if after is None:
            continue
        if before is None:
            if after not in old.hours.values() or old.desk.zone != new.desk.zone:
                yield f"the hours “{name}” are new: open {_week(after)}{_free(after)}"
            continue
        zones = before.zone or old.desk.zone, after.zone or new.desk.zone
        if zones[0] != zones[1]:
            yield f"the hours “{name}” now go by the clocks of {zones[1]} instead of {zones[0]}"
        if _pieces(before) != _pieces(after):
            yield f"“{name}” is now open {_week(after)} instead of {_week(before)}"
        yield from _days(name, before, after, zone=zones[1], holidays=name in holidays, now=now)


def told_apart(steps: Collection[Step], flow: HelpdeskFlow) -> set[str]:
    """The hours on whose holidays some call or text goes another way than on other closed days."""
    ways = {step.hours for step in steps if isinstance(step, HoursStep) and step.holiday not in {None, step.closed}}
    return ways | {route.hours for route in flow.texts.routes if route.hours and route.when == "holiday"}


def _pieces(hours: Hours) -> tuple[Piece, ...]:
    spans = (piece for span in hours.open for piece in laid_out(span.days, span.begins, span.length))
    return left_out(left_out(spans))


def _week(hours: Hours) -> str:
    return in_words(_pieces(hours))


def _free(hours: Hours) -> str:
    """Which days are free, in few words."""
    days = hours.holidays
    if days is None:
        return ""
    public = [f"the holidays of {', '.join(one for one in (days.state, days.country) if one)}"] if days.country else []
    own = [f"{day:%a %b} {day.day} {day.year}" for day in sorted(days.days)][:_MOST_DAYS]
    return f", but not on {listed([*public, *own])}"


def _days(name: str, old: Hours, new: Hours, *, zone: str, holidays: bool, now: datetime) -> Iterator[str]:
    """The days that are unlike before for another reason than the week: days with the same change share a sentence."""
    before = old.model_copy(update={"open": new.open, "zone": zone})
    after = new.model_copy(update={"zone": zone})
    found: dict[tuple[str, str], list[str]] = {}
    for day in _otherwise(before, after, zone=zone, now=now):
        was, is_now = (_of_day(hours, day, zone=zone, holidays=holidays) for hours in (before, after))
        if was[0] != is_now[0]:
            reason = f" ({is_now[1]})" if is_now[1] else ""
            found.setdefault((is_now[0], was[0]), []).append(f"{day:%a %b} {day.day} {day.year}{reason}")
    for (then, before_that), days in found.items():
        more = len(days) - _MOST_DAYS
        shown = listed([*days[:_MOST_DAYS], f"{many(more, 'more day')} up to {days[-1]}"] if more > 0 else days)
        yield f"on {shown}, “{name}” is now {then} instead of {before_that}"


def _otherwise(old: Hours, new: Hours, *, zone: str, now: datetime) -> Iterator[date]:
    """The days on which the two stand differently at some time."""
    ends = horizon(now, old, new)
    points = {at for hours in (old, new) for at, _ in changes(hours, now, ends, zone=zone)}
    days: dict[date, None] = {}
    ordered = sorted(points | {now})
    for begins, stops in zip(ordered, [*ordered[1:], ends], strict=True):
        if standing(old, begins, zone=zone).state != standing(new, begins, zone=zone).state:
            last = (stops - timedelta(seconds=1)).astimezone(ZoneInfo(zone)).date()
            day = begins.astimezone(ZoneInfo(zone)).date()
            while day <= last:
                days[day] = None
                day += timedelta(days=1)
    yield from sorted(days)


def _of_day(hours: Hours, day: date, *, zone: str, holidays: bool) -> tuple[str, str]:
    """How a day goes, and why where there is a reason."""
    begins, ends = moment(wall(day, 0), zone), moment(wall(day, DAY), zone)
    found = list(changes(hours, begins, ends, zone=zone))
    times = []
    for (at, how), stops in zip(found, [*(at for at, _ in found[1:]), ends], strict=True):
        if how.state is State.OPEN:
            times.append(f"{_minutes(at, zone, day)} to {_minutes(stops, zone, day)}")
    why = next((how.why for _, how in found if how.why), "")
    if times:
        return ("open all day" if times == ["00:00 to 24:00"] else f"open {listed(times)}"), why
    return (_closed(found[0][1]) if holidays else "closed"), why


def _closed(how: Standing) -> str:
    return "on holiday" if how.state is State.HOLIDAY else "closed"


def _minutes(at: datetime, zone: str, day: date) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return "24:00" if local.date() > day else clock(local.hour * 60 + local.minute)
