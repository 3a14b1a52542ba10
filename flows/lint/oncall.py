"""Advice about the schedule: hours that nobody has or two shifts share, and what is worth knowing about its times."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flows.lint.times import odd_time
from flows.localtime import changes, moment, wall
from flows.oncall_schema import OnCall, Rotation
from flows.problems import Problem
from flows.schedule import length, span, zone_of
from flows.source import Document, Place
from flows.week import Piece, common, in_words, laid_out, left_out

#: Shifts in several zones move against each other: a year shows every way they lie.
YEAR = timedelta(weeks=53)
_ANY_MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
_GAP = "add a shift for it; until then a page at that time goes to everyone"
_OVERLAP = "all of both are on duty then; let one end where the other begins, or name all of them in one shift"


def schedule_problems(oncall: OnCall, document: Document, *, now: datetime | None) -> Iterator[Problem]:
    """Gaps and overlaps, and as notes what is odd; without `now` nothing that depends on the day."""
    if oncall.shifts:
        several = len({zone_of(oncall, shift.zone) for shift in oncall.shifts}) > 1
        yield from _in_time(oncall, document, now or _ANY_MONDAY) if several else _on_the_wall(oncall, document)
    elif oncall.holidays is not None:
        hint = "without shifts everyone is on duty at all hours, on holidays too: delete the block, or write shifts"
        yield _problem(document, ("holidays",), "there are no shifts that holidays could change", hint=hint)
    yield from _overrides(oncall, document, now)
    yield from _rotations(oncall, document)
    if now is not None:
        yield from _clock_changes(oncall, document, now)


def _problem(document: Document, place: Place, message: str, *, hint: str) -> Problem:
    """At a whole block: where its key stands."""
    return Problem(document.file, *document.entry(place).key, message, hint)


def _note(document: Document, place: Place, message: str, *, hint: str) -> Problem:
    return Problem(document.file, *document.entry(place).value, message, hint, note=True)


def _on_the_wall(oncall: OnCall, document: Document) -> Iterator[Problem]:
    """With one zone, a week on the wall shows everything: `moment` never lets a time overtake another."""
    weeks = [laid_out(shift.days, shift.begins, length(shift)) for shift in oncall.shifts]
    gap = left_out(piece for week in weeks for piece in week)
    if gap:
        yield _problem(document, ("shifts",), f"nobody is on duty: {in_words(gap)}", hint=_GAP)
    for index, week in enumerate(weeks):
        for before in range(index):
            both = common(weeks[before], week)
            if both:
                line = document.entry(("shifts", before)).key[0]
                message = f"this shift overlaps the one in line {line}: {in_words(both)}"
                yield _problem(document, ("shifts", index), message, hint=_OVERLAP)


def _in_time(oncall: OnCall, document: Document, now: datetime) -> Iterator[Problem]:
    """With several zones, a year of moments shows everything. Pieces are seconds since its Monday."""
    start = datetime.combine(now.date() - timedelta(days=now.weekday()), datetime.min.time(), UTC)
    end = int(YEAR.total_seconds())
    years: list[list[Piece]] = []
    days = [start.date() + timedelta(days=offset) for offset in range(-3, YEAR.days + 3)]
    for shift in oncall.shifts:
        spans = (span(oncall, shift, day) for day in days if day.weekday() in shift.days)
        seconds = ((int((a - start).total_seconds()), int((b - start).total_seconds())) for a, b in spans)
        years.append([(max(a, 0), min(b, end)) for a, b in seconds if a < end and b > 0])
    zone = zone_of(oncall)
    gap = _uncovered(sorted(piece for year in years for piece in year), end)
    if gap:
        message = f"nobody is on duty: {_first(gap, start, zone)}"
        yield _problem(document, ("shifts",), message, hint=_GAP)
    for index, year in enumerate(years):
        for before in range(index):
            both = _shared(years[before], year)
            if both:
                line = document.entry(("shifts", before)).key[0]
                message = f"this shift overlaps the one in line {line}: {_first(both, start, zone)}"
                yield _problem(document, ("shifts", index), message, hint=_OVERLAP)


def _uncovered(pieces: list[Piece], end: int) -> list[Piece]:
    found, reached = [], 0
    for first, last in [*pieces, (end, end)]:
        if first > reached:
            found.append((reached, first))
        reached = max(reached, last)
    return found


def _shared(one: list[Piece], other: list[Piece]) -> list[Piece]:
    """What lies in both; each is in order and touches itself at most."""
    found, i, j = [], 0, 0
    while i < len(one) and j < len(other):
        first, last = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if first < last:
            found.append((first, last))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return found


def _first(pieces: list[Piece], start: datetime, zone: str) -> str:
    begins, ends = ((start + timedelta(seconds=at)).astimezone(ZoneInfo(zone)) for at in pieces[0])
    more = len(pieces) - 1
    words = f"{begins:%Y-%m-%d %H:%M} to {ends:%Y-%m-%d %H:%M} ({zone})"
    times = "once more" if more == 1 else f"{more} more times"
    return f"{words}, and {times} in a year" if more else words


def _overrides(oncall: OnCall, document: Document, now: datetime | None) -> Iterator[Problem]:
    replacing: list[tuple[int, datetime, datetime]] = []
    for index, one in enumerate(oncall.overrides):
        zone = zone_of(oncall, one.zone)
        begins, ends = moment(one.begins, zone), moment(one.ends, zone)
        if now is not None and ends <= now:
            yield _note(document, ("overrides", index), "this override is over", hint="delete it")
            continue
        for key, local in (("from", one.begins), ("to", one.ends)):
            yield from odd_time(local, zone, place=("overrides", index, key), document=document)
        if one.how == "also":
            continue
        for before, first, last in replacing:
            if first < ends and begins < last and oncall.overrides[before].who != one.who:
                line = document.entry(("overrides", before)).key[0]
                message = f"this override contradicts the one in line {line}: both say who is on duty instead"
                hint = "the later one of the file holds; let one end where the other begins, or write how: also"
                yield _problem(document, ("overrides", index), message, hint=hint)
        replacing.append((index, begins, ends))


def _rotations(oncall: OnCall, document: Document) -> Iterator[Problem]:
    named = {name for shift in oncall.shifts for name in shift.who}
    named.update(name for override in oncall.overrides for name in override.who)
    named.update(oncall.holidays.who if oncall.holidays else ())
    for name, rotation in oncall.rotations.items():
        if len(rotation.people) == 1:
            only = rotation.people[0]
            message = f"'{name}' is the turn of {only} always"
            hint = f"add somebody to take turns with, or write {only} in the shifts"
            yield _note(document, ("rotations", name, "people"), message, hint=hint)
        if name not in named:
            place: Place = ("rotations", name)
            entry = document.entry(place)
            message, hint = f"nothing names the rotation '{name}'", f"write who: {name} in a shift, or delete it"
            yield Problem(document.file, *entry.key, message, hint, note=True)


def _clock_changes(oncall: OnCall, document: Document, now: datetime) -> Iterator[Problem]:
    """Times of shifts and hand-overs that the next clock changes skip or show twice."""
    for index, shift in enumerate(oncall.shifts):
        zone = zone_of(oncall, shift.zone)
        for day in _nights(now, zone):
            for key, minutes in (("from", shift.begins), ("to", shift.begins + length(shift))):
                begin = day - timedelta(days=minutes // (24 * 60))
                if begin.weekday() in shift.days:
                    yield from odd_time(wall(begin, minutes), zone, place=("shifts", index, key), document=document)
    for name, rotation in oncall.rotations.items():
        zone = zone_of(oncall, rotation.zone)
        for day in _nights(now, zone):
            if _hands_over(rotation, day):
                place: Place = ("rotations", name, "hand_over")
                yield from odd_time(wall(day, rotation.hand_over[1]), zone, place=place, document=document)


def _nights(now: datetime, zone: str) -> list[date]:
    """The days of the next two clock changes in `zone`."""
    first = now.date()
    found = changes(first, first + timedelta(days=366), zone)[:2]
    return [at.astimezone(ZoneInfo(zone)).date() for at in found]


def _hands_over(rotation: Rotation, day: date) -> bool:
    return (day - rotation.since).days % rotation.every == 0
