"""Times on the wall and the moments they mean, also in the two nights of the year in which the clocks change.

A shift from 22:00 to 06:00 is wall-clock time: seven hours long in the night the clocks go forward, nine when they go back.
"""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class Odd(StrEnum):
    """What is odd about a time on the wall in the night of a clock change."""

    SKIPPED = "skipped"
    TWICE = "twice"


def wall(day: date, minutes: int) -> datetime:
    """The time on the wall so many minutes after the midnight that `day` begins with; 1440 is the next one."""
    return datetime.combine(day, time()) + timedelta(minutes=minutes)


@lru_cache(maxsize=16384)
def moment(local: datetime, zone: str) -> datetime:
    """The moment (UTC) at which the clocks of `zone` first show `local`; for a time that is skipped, when it is skipped.

    Later times on the wall never mean earlier moments, so what is whole on the wall is whole in time."""
    clocks = ZoneInfo(zone)
    first = local.replace(tzinfo=clocks, fold=0).astimezone(UTC)
    if first.astimezone(clocks).replace(tzinfo=None, fold=0) == local:
        return first
    before, after = local.replace(tzinfo=clocks, fold=1).astimezone(UTC), first
    new = after.astimezone(clocks).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(clocks).utcoffset() == new:
            after = middle
        else:
            before = middle
    return after


def meanings(local: datetime, zone: str) -> tuple[datetime, ...]:
    """Every moment at which the clocks of `zone` show `local`: one, two when they go back over it, none when skipped."""
    clocks = ZoneInfo(zone)
    moments = {local.replace(tzinfo=clocks, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(at for at in moments if at.astimezone(clocks).replace(tzinfo=None, fold=0) == local))


def odd(local: datetime, zone: str) -> Odd | None:
    """Whether a clock change makes `local` no time of `zone`, or two."""
    count = len(meanings(local, zone))
    return None if count == 1 else Odd.TWICE if count else Odd.SKIPPED


@lru_cache(maxsize=64)
def changes(first: date, last: date, zone: str) -> tuple[datetime, ...]:
    """The moments (UTC) between two days at which the clocks of `zone` change."""
    clocks = ZoneInfo(zone)
    found = []
    day = datetime.combine(first, time(), UTC)
    while day.date() <= last:
        before, after = day, day + DAY
        if before.astimezone(clocks).utcoffset() != after.astimezone(clocks).utcoffset():
            old = before.astimezone(clocks).utcoffset()
            while after - before > timedelta(seconds=1):
                middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
                if middle.astimezone(clocks).utcoffset() == old:
                    before = middle
                else:
                    after = middle
            found.append(after)
        day += DAY
    return tuple(found)
