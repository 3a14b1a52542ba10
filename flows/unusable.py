"""What makes files unusable although their shape is right: names nobody has, times that end before they begin, holidays that no
country has. Such files are not loaded at all; `flows.lint` is about those that are."""

from collections.abc import Iterable, Iterator, Sequence

from flows.fields import shown
from flows.nearest import did_you_mean
from flows.oncall_fields import WEEKDAYS
from flows.oncall_schema import EVERYONE, OnCall, Rotation
from flows.problems import Problem
from flows.public_holidays import HolidayDays, countries, names
from flows.schema import HelpdeskFlow
from flows.source import Document, Place

_SHOWN = 12


def unusable_hours(flow: HelpdeskFlow, document: Document) -> Iterator[Problem]:
    """Every reason why `flows.hours` could not work with the block `hours`."""
    for name, hours in flow.hours.items():
        if hours.holidays is not None:
            yield from _holidays(hours.holidays, ("hours", name, "holidays"), document)


def unusable(oncall: OnCall, document: Document) -> Iterator[Problem]:
    """Every reason why `flows.schedule` could not work with `oncall`."""
    people = [person.name for person in oncall.team]
    groups = [*people, *oncall.teams]
    anyone = [EVERYONE, *groups, *oncall.rotations]
    yield from _same_names(oncall, document)
    for name, team in oncall.teams.items():
        yield from _unknown(team, people, place=("teams", name), document=document)
    for name, rotation in oncall.rotations.items():
        yield from _unknown(rotation.people, groups, place=("rotations", name, "people"), document=document)
        yield from _hand_over(rotation, ("rotations", name), document)
    for index, shift in enumerate(oncall.shifts):
        yield from _unknown(shift.who, anyone, place=("shifts", index, "who"), document=document)
    for index, override in enumerate(oncall.overrides):
        yield from _unknown(override.who, anyone, place=("overrides", index, "who"), document=document)
        if override.ends <= override.begins:
            message = "this override ends before it begins"
            hint = "`to` has to be later than `from`; date and time of day in both"
            yield _at(document, ("overrides", index, "to"), message=message, hint=hint)
    for index, person in enumerate(oncall.team):
        if person.quiet is not None and person.quiet.begins == person.quiet.ends % (24 * 60):
            message = "these quiet hours end when they begin"
            hint = 'leave `quiet` out, or give it an end: {from: "22:00", to: "07:00"}'
            yield _at(document, ("team", index, "quiet", "to"), message=message, hint=hint)
    if oncall.holidays is not None:
        yield from _unknown(oncall.holidays.who, anyone, place=("holidays", "who"), document=document)
        yield from _holidays(oncall.holidays, ("holidays",), document)


def _at(document: Document, place: Place, *, message: str, hint: str, key: bool = False) -> Problem:
    entry = document.entry(place)
    return Problem(document.file, *(entry.key if key else entry.value), message, hint)


def _unknown(written: Sequence[str], known: Sequence[str], *, place: Place, document: Document) -> Iterator[Problem]:
    for index, name in enumerate(written):
        if name not in known:
            message = f"nobody here is called {shown(name)}; allowed: {_listed(known)}"
            hint = did_you_mean(name, known) or "names are those of `team`"
            yield _at(document, (*place, index), message=message, hint=hint)


def _listed(words: Iterable[str]) -> str:
    words = list(dict.fromkeys(words))
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


def _same_names(oncall: OnCall, document: Document) -> Iterator[Problem]:
    """A word in `who` has to mean one thing. Two people of one name are the lint's to report."""
    seen: dict[str, str] = {EVERYONE: "the whole team"}
    for index, person in enumerate(oncall.team):
        if person.name.casefold() == EVERYONE:
            place: Place = ("team", index, "name")
            yield _at(document, place, message="'everyone' means the whole team", hint="a person needs another name")
        seen.setdefault(person.name.casefold(), "a person")
    for block, what in (("teams", "a team"), ("rotations", "a rotation")):
        for name in getattr(oncall, block):
            before = seen.setdefault(name.casefold(), what)
            if before != what or name.casefold() == EVERYONE:
                hint = "give it a name of its own"
                message = f"{shown(name)} is also {before}"
                yield _at(document, (block, name), message=message, hint=hint, key=True)


def _hand_over(rotation: Rotation, place: Place, document: Document) -> Iterator[Problem]:
    weekday = rotation.hand_over[0]
    if weekday is None:
        return
    if rotation.every % 7:
        message = f"a turn of {rotation.every} days does not always end on {WEEKDAYS[weekday]}"
        hint = 'the time alone, hand_over: "08:00", or `every` in weeks'
        yield _at(document, (*place, "hand_over"), message=message, hint=hint)
    elif rotation.since.weekday() != weekday:
        message = f"{rotation.since} is a {rotation.since:%A}, and hand-over is on {WEEKDAYS[weekday]}"
        hint = "the day on which the first one of the list takes over"
        yield _at(document, (*place, "since"), message=message, hint=hint)


def _holidays(holidays: HolidayDays, place: Place, document: Document) -> Iterator[Problem]:
    """What is wrong with a block of holidays that stands at `place`."""
    if holidays.country is None:
        if holidays.state is not None or holidays.open:
            message = "'country' is missing here"
            yield _at(document, place, message=message, hint="two letters, such as US", key=True)
        elif not holidays.days:
            message = "no day is a holiday here"
            hint = "country: US for the public ones, days: for your own"
            yield _at(document, place, message=message, hint=hint, key=True)
        return
    known = countries()
    if holidays.country not in known:
        message = f"{shown(holidays.country)} is not a country whose holidays are known"
        hint = did_you_mean(holidays.country, known) or "two capital letters: US, CA, MX"
        yield _at(document, (*place, "country"), message=message, hint=hint)
        return
    states = known[holidays.country]
    if holidays.state is not None and holidays.state not in states:
        allowed = f"; allowed: {_listed(states)}" if states else "; leave it out for this country"
        message = f"{shown(holidays.state)} is not a state of {holidays.country}{allowed}"
        hint = did_you_mean(holidays.state, states) or "two letters for the United States: TX"
        yield _at(document, (*place, "state"), message=message, hint=hint)
        return
    public = names(holidays.country, holidays.state)
    usual = sorted(name for name in public if not name.endswith(" (observed)"))
    for index, name in enumerate(holidays.open):
        if name not in public:
            message = f"{shown(name)} is not a public holiday there; allowed: {_listed(usual)}"
            hint = did_you_mean(name, public) or "only public holidays of the country and state can be open"
            yield _at(document, (*place, "open", index), message=message, hint=hint)
