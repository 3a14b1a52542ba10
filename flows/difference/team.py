"""What the team notices: who is on it, who is on call when, whose phones ring."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows.describe import many
from flows.difference.situations import listed
from flows.difference.words import fields
from flows.localtime import moment, wall
from flows.oncall_fields import WEEKDAYS
from flows.oncall_schema import OnCall, Person, Quiet
from flows.schedule import members, stretches, zone_of
from flows.steps import EVERYONE
from flows.week import DAY, WEEK, Piece, clock, in_words, left_out

#: How far ahead on-call times are compared, and how many single times are told.
WEEKS, _MOST = 9, 4
_WAYS = {"sms": "text", "voice": "call"}

Time = tuple[datetime, datetime]


def of_team(old: OnCall, new: OnCall, rings: frozenset[str], *, now: datetime) -> Iterator[str]:
    """A sentence for everything that the team notices; `rings` are the names that calls ring."""
    before = {person.name: person for person in old.team}
    after = {person.name: person for person in new.team}
    for name, person in before.items():
        if name not in after:
            yield f"{name} is no longer on the team: no pages, no calls, and texts from {_phones(person)} are a client's"
    for name, person in after.items():
        if name not in before:
            yield f"{name} ({_phones(person)}) is new on the team"
        else:
            yield from _person(before[name], person)
    stay = [name for name in after if name in before]
    yield from _on_call(old, new, stay, now=now)
    yield from _newcomers(new, [name for name in after if name not in before], now=now)
    for ring in sorted(rings - {EVERYONE, *before, *after}):
        yield from _ring(ring, old, new, now=now)
    yield from fields(
        old.readiness,
        new.readiness,
        {
            "minutes_before": "the readiness report comes {new} minutes before others are on call instead of {old}",
            "always": "a readiness report when all is well: now {new} instead of {old}",
        },
    )


def _phones(person: Person) -> str:
    return listed(person.phones)


def _person(old: Person, new: Person) -> Iterator[str]:
    if old.phones[:1] != new.phones[:1]:
        yield f"pages to {new.name} go to {new.phones[0]} instead of {old.phones[0]}"
    for more in (one for one in new.phones if one not in old.phones and one != new.phones[0]):
        yield f"texts from {more} are now those of {new.name}"
    for less in (one for one in old.phones if one not in new.phones):
        yield f"texts from {less} are no longer those of {new.name}"
    if old.page_by != new.page_by:
        ways = [" then ".join(_WAYS.get(way, way) for way in person.page_by) for person in (new, old)]
        yield f"{new.name} is paged by {ways[0]} instead of {ways[1]}"
    if old.quiet != new.quiet:
        yield f"quiet hours of {new.name}: {_quiet(new.quiet)} instead of {_quiet(old.quiet)}"
    if old.lead != new.lead:
        yield f"{new.name} is {'now a lead' if new.lead else 'no longer a lead'}"
    told = ("number", "numbers", "page_by", "quiet", "lead")
    sentences = {"languages": f"languages of {new.name}: {{new}} instead of {{old}}"}
    sentences["zone"] = f"times of {new.name} are those of {{new}} instead of {{old}}"
    yield from fields(old, new, sentences, leave_out=told)


def _quiet(quiet: Quiet | None) -> str:
    return f"{clock(quiet.begins)} to {clock(quiet.ends)}" if quiet else "none"


def _on_call(old: OnCall, new: OnCall, names: list[str], *, now: datetime) -> Iterator[str]:
    """Who is on call at other times than before: every week, or on some days."""
    zone = zone_of(new)
    today = now.astimezone(ZoneInfo(zone)).date()
    ends = moment(wall(today + timedelta(days=7 * WEEKS), 0), zone)
    later = sorted(_later(old, ends) ^ _later(new, ends))
    for name in names:
        was, is_now = (_times(file, name, now, ends) for file in (old, new))
        for mine, others, verb in ((was, is_now, "no longer"), (is_now, was, "now")):
            if differs := _without(mine, others):
                yield f"{name} is {verb} on call {_when(differs, zone, now=now, ends=ends)}"
        for begins, stops in later[:_MOST]:
            before, after = (_times(file, name, begins, stops) for file in (old, new))
            for mine, others, verb in ((before, after, "no longer"), (after, before, "now")):
                if differs := _without(mine, others):
                    yield f"{name} is {verb} on call {_when(differs, zone, now=now, ends=ends)}"


def _later(file: OnCall, after: datetime) -> set[Time]:
    """The times of overrides that are farther away."""
    zones = ((one, zone_of(file, one.zone)) for one in file.overrides)
    times = {(moment(one.begins, zone), moment(one.ends, zone)) for one, zone in zones}
    return {(max(begins, after), ends) for begins, ends in times if after < ends and begins < ends}


def _newcomers(new: OnCall, names: list[str], *, now: datetime) -> Iterator[str]:
    zone = zone_of(new)
    ends = now + timedelta(days=7 * WEEKS)
    for name in names:
        times = _times(new, name, now, ends)
        if times and times != [(now, ends)]:
            yield f"{name} is on call {_when(times, zone, now=now, ends=ends)}"
        elif not times:
            yield f"{name} is never on call in the next {WEEKS} weeks"


def _times(file: OnCall, name: str, begins: datetime, ends: datetime) -> list[Time]:
    """When somebody is on call; in a time that nobody has, everyone is paged, which is no shift."""
    found: list[Time] = []
    for stretch in stretches(file, begins, ends):
        if any(person.name == name for person in stretch.duty.people):
            if found and found[-1][1] == stretch.begins:
                found[-1] = (found[-1][0], stretch.ends)
            else:
                found.append((stretch.begins, stretch.ends))
    return found


def _without(times: list[Time], others: list[Time]) -> list[Time]:
    """What of the first lies in none of the others."""
    for begins, ends in others:
        rest: list[Time] = []
        for first, last in times:
            rest += [piece for piece in ((first, min(last, begins)), (max(first, ends), last)) if piece[0] < piece[1]]
        times = rest
    return times


def _when(times: list[Time], zone: str, *, now: datetime, ends: datetime) -> str:
    if times == [(now, ends)]:
        return "at any time"
    weekly = _weekly(times, zone)
    if weekly is not None:
        return f"{weekly} (every week)"
    more = len(times) - _MOST
    shown = [f"from {_at(begins, zone)} to {_at(stops, zone)}" for begins, stops in times[:_MOST]]
    return listed([*shown, f"{many(more, 'more time')} up to {_at(times[-1][1], zone)}"] if more > 0 else shown)


def _at(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a %b} {local.day} {local.year}, {local:%H:%M}"


def _weekly(times: list[Time], zone: str) -> str | None:
    """The hours of a week, when they are the same in every whole week that is looked at."""
    weeks: dict[object, set[Piece]] = {}
    for begins, ends in times:
        for week, piece in _by_week(begins, ends, zone):
            weeks.setdefault(week, set()).add(piece)
    whole = [left_out(left_out(pieces)) for _, pieces in sorted(weeks.items(), key=lambda one: str(one[0]))][1:-1]
    if len(whole) < WEEKS - 2 or any(pieces != whole[0] for pieces in whole):
        return None
    return in_words(whole[0])


def _by_week(begins: datetime, ends: datetime, zone: str) -> Iterator[tuple[object, Piece]]:
    """A time cut at the midnights of Mondays, in minutes on the wall."""
    first, last = (at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for at in (begins, ends))
    while first < last:
        monday = first.date() - timedelta(days=first.weekday())
        start = (first - wall(monday, 0)) // timedelta(minutes=1)
        stop = min((last - wall(monday, 0)) // timedelta(minutes=1), WEEK)
        yield monday, (start, stop)
        first = wall(monday, WEEK)


def _ring(name: str, old: OnCall, new: OnCall, *, now: datetime) -> Iterator[str]:
    """Whom a team or a turn means that calls ring."""
    if name in new.rotations or name in old.rotations:
        if (before := old.rotations.get(name)) != (after := new.rotations.get(name)) and before and after:
            yield from fields(
                before, after, {"hand_over": "", "people": f"“{name}” is now the turn of {{new}} instead of {{old}}"}
            )
            if before.hand_over != after.hand_over:
                yield f"“{name}” is handed over {_hand_over(after.hand_over)} instead of {_hand_over(before.hand_over)}"
        return
    was, is_now = (members(file, [name], now) for file in (old, new))
    for person in sorted(was - is_now):
        if any(one.name == person for one in new.team):
            yield f"calls that ring “{name}” no longer ring {person}"
    for person in sorted(is_now - was):
        if name in old.teams:
            yield f"calls that ring “{name}” now ring {person} too"


def _hand_over(at: tuple[int | None, int]) -> str:
    return f"{f'{WEEKDAYS[at[0]]} ' if at[0] is not None else ''}{clock(at[1] % DAY)}"
