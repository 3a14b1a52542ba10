"""Who is on duty: a pure function of oncall.yml and a moment.

1. Without `shifts`, everyone. Otherwise everyone whom a shift names that covers the moment.
2. A shift that begins on a holiday is taken by the `who` of `holidays`.
3. Overrides, in the order of the file, and then `extra` ones in theirs: `instead` of those on duty, `also`, or in the place
   of one person, whenever that person would be on duty.

Shifts, hand-overs and overrides are times on the wall; `flows.localtime.moment` says which moments they mean. Names, zones
and dates are those of a file that `flows.loader` took; an extra override of a name that the file does not have is ignored.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain, pairwise
from zoneinfo import ZoneInfo

from flows.localtime import moment, wall
from flows.oncall_schema import EVERYONE, OnCall, Person, Rotation, Shift
from flows.public_holidays import holiday

#: What the loader puts into a file without a zone is the desk's; this one is for files that no loader has seen.
DEFAULT_ZONE = "America/Chicago"
#: How far `next_change` looks.
AHEAD = timedelta(days=62)


@dataclass(frozen=True)
class Extra:
    """An override from elsewhere than the file, such as a text. `also`: beside those on duty, otherwise instead of them.
    With `place_of`, a person, neither: `name` is on duty whenever that person would be, who is not. `name` is a person, team
    or rotation of the file. None of the three ever leaves nobody on duty where somebody was."""

    begins: datetime
    ends: datetime
    name: str
    also: bool = False
    why: str = ""
    place_of: str = ""


@dataclass(frozen=True)
class Duty:
    """Who is on duty, in the order of `team`, and what differs from an ordinary day."""

    people: tuple[Person, ...]
    holiday: str | None = None
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stretch:
    """A time (UTC, without its end) in which nothing changes."""

    begins: datetime
    ends: datetime
    duty: Duty


@dataclass(frozen=True)
class _Override:
    begins: datetime
    ends: datetime
    who: tuple[str, ...]
    also: bool
    why: str
    place_of: str = ""

    def applied(self, names: frozenset[str], who: frozenset[str]) -> frozenset[str]:
        """Who is on duty with it, of those on duty without it and those whom it names."""
        if self.place_of:
            return (names - {self.place_of}) | who if self.place_of in names else names
        return names | who if self.also else who


def on_duty(file: OnCall, at: datetime, extra: Iterable[Extra] = ()) -> tuple[Person, ...]:
    """The people on duty at `at` (any zone). Empty only in a gap of the shifts, which `flows.lint.check` announces."""
    return duty(file, at, extra).people


def duty(file: OnCall, at: datetime, extra: Iterable[Extra] = ()) -> Duty:
    """Like `on_duty`, with the holiday and the overrides that hold at `at`."""
    names, day = _by_shifts(file, at)
    reasons: list[str] = []
    for override in _overrides(file, extra):
        if override.begins <= at < override.ends:
            names_then = override.applied(names, members(file, override.who, at))
            if names_then != names or not override.place_of:  # who stands in for somebody off duty changes nothing
                reasons.append(override.why or "no reason given")
            names = names_then
    return Duty(tuple(person for person in file.team if person.name in names), day, tuple(reasons))


def members(file: OnCall, who: Iterable[str], at: datetime) -> frozenset[str]:
    """The names of the people whom `who` means at `at`. A team means all of it, a rotation the one whose turn it is."""
    found: set[str] = set()
    for name in who:
        if name == EVERYONE:
            found.update(person.name for person in file.team)
        elif name in file.rotations:
            found |= members(file, [_turn(file, file.rotations[name], at)], at)
        else:
            found.update(file.teams.get(name, (name,)))
    return frozenset(found)


def stretches(file: OnCall, begins: datetime, ends: datetime, extra: Iterable[Extra] = ()) -> tuple[Stretch, ...]:
    """The time from `begins` to `ends` in pieces within which nothing changes, without a hole between them."""
    extra = tuple(extra)
    found: list[Stretch] = []
    points = [begins, *sorted(_changes(file, begins, ends, extra=extra)), ends]
    for first, last in pairwise(points):
        now = duty(file, first, extra)
        if found and found[-1].duty == now:
            found[-1] = replace(found[-1], ends=last)
        else:
            found.append(Stretch(first, last, now))
    return tuple(found)


def next_change(file: OnCall, at: datetime, extra: Iterable[Extra] = ()) -> tuple[datetime, Duty] | None:
    """When other people are on duty than at `at`, and who; None when that is farther away than two months."""
    extra = tuple(extra)
    people = on_duty(file, at, extra)
    for point in sorted(_changes(file, at, at + AHEAD, extra=extra)):
        then = duty(file, point, extra)
        if then.people != people:
            return point, then
    return None


def zone_of(file: OnCall, zone: str | None = None) -> str:
    """The zone of a shift, rotation or override that names `zone`, or none."""
    return zone or file.zone or DEFAULT_ZONE


def span(file: OnCall, shift: Shift, day: date) -> tuple[datetime, datetime]:
    """The moments from which to which a shift lasts that begins on `day`."""
    zone = zone_of(file, shift.zone)
    return moment(wall(day, shift.begins), zone), moment(wall(day, length(shift) + shift.begins), zone)


def length(shift: Shift) -> int:
    """Minutes of a shift on the wall: at least one, at most a whole day."""
    return (shift.ends - shift.begins - 1) % (24 * 60) + 1


def _by_shifts(file: OnCall, at: datetime) -> tuple[frozenset[str], str | None]:
    if not file.shifts:
        return members(file, [EVERYONE], at), None
    names: frozenset[str] = frozenset()
    day: str | None = None
    for shift in file.shifts:
        began = _began(file, shift, at)
        if began is not None:
            free = holiday(file.holidays, began)
            day = day or free
            names |= members(file, file.holidays.who if file.holidays and free else shift.who, at)
    return names, day


def _began(file: OnCall, shift: Shift, at: datetime) -> date | None:
    """The day on which the shift began that lasts at `at`."""
    today = at.astimezone(ZoneInfo(zone_of(file, shift.zone))).date()
    # Today or yesterday, nearly always; clock changes at midnight and skipped days reach farther.
    for back in range(-1, 3):
        day = today - timedelta(days=back)
        if day.weekday() in shift.days:
            begins, ends = span(file, shift, day)
            if begins <= at < ends:
                return day
    return None


def _turn(file: OnCall, rotation: Rotation, at: datetime) -> str:
    """Whose turn it is. Before `since` the order goes on backwards, so that there is always somebody."""
    return rotation.people[_turns(file, rotation, at) % len(rotation.people)]


def _turns(file: OnCall, rotation: Rotation, at: datetime) -> int:
    """How many hand-overs there were from `since` to `at`; the one on `since` is number 0."""
    local = at.astimezone(ZoneInfo(zone_of(file, rotation.zone))).replace(tzinfo=None)
    guess = (local - wall(rotation.since, rotation.hand_over[1])) // timedelta(days=rotation.every)
    return max(turn for turn in range(guess - 1, guess + 2) if _handed_over(file, rotation, turn) <= at)


def _handed_over(file: OnCall, rotation: Rotation, turn: int) -> datetime:
    day = rotation.since + timedelta(days=rotation.every * turn)
    return moment(wall(day, rotation.hand_over[1]), zone_of(file, rotation.zone))


def _overrides(file: OnCall, extra: Iterable[Extra]) -> Iterator[_Override]:
    for one in file.overrides:
        zone = zone_of(file, one.zone)
        begins, ends = moment(one.begins, zone), moment(one.ends, zone)
        yield _Override(begins, ends, one.who, one.how == "also", one.why)
    known = {EVERYONE, *file.teams, *file.rotations, *(person.name for person in file.team)}
    for more in extra:
        if more.name in known:
            yield _Override(more.begins, more.ends, (more.name,), more.also, more.why, more.place_of)


def _changes(file: OnCall, begins: datetime, ends: datetime, *, extra: tuple[Extra, ...]) -> set[datetime]:
    """Every moment between the two at which something may change."""
    days = [begins.date() + timedelta(days=offset) for offset in range(-3, (ends - begins).days + 4)]
    of_shifts = (span(file, shift, day) for shift in file.shifts for day in days if day.weekday() in shift.days)
    of_overrides = ((one.begins, one.ends) for one in _overrides(file, extra))
    of_rotations = (
        _handed_over(file, rotation, turn)
        for rotation in file.rotations.values()
        for turn in range(_turns(file, rotation, begins), _turns(file, rotation, ends) + 1)
    )
    return {point for point in chain(*of_shifts, *of_overrides, of_rotations) if begins < point < ends}
