"""Notes about single times: over, skipped by the clocks, or shown twice."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from flows.localtime import Odd, moment, odd
from flows.problems import Problem
from flows.source import Document, Place


def is_over(ends: datetime, zone: str, now: datetime | None) -> bool:
    """Whether a time on the wall is past; without `now` nothing is."""
    return now is not None and moment(ends, zone) <= now


def odd_time(
    local: datetime, zone: str, *, place: Place, document: Document, now: datetime | None = None
) -> Iterator[Problem]:
    """A note when a clock change makes `local` no time of `zone`, or two; none when it is past."""
    kind = odd(local, zone)
    if kind is None or is_over(local, zone, now):
        return
    at = moment(local, zone).astimezone(ZoneInfo(zone))
    if kind is Odd.SKIPPED:
        message = f"{local:%H:%M} does not exist on {local:%a %Y-%m-%d} in {zone}: the clocks go forward"
        yield document.problem(place, message, hint=f"it is taken as {at:%H:%M} {at:%Z} on that day", note=True)
    else:
        message = f"{local:%H:%M} comes twice on {local:%a %Y-%m-%d} in {zone}: the clocks go back"
        yield document.problem(place, message, hint=f"the first one is taken, {at:%H:%M} {at:%Z}", note=True)
