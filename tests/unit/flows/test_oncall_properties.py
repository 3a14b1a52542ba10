"""Rules that hold for every schedule: what the lint does not announce is not there, at every instant around both changes.

The expectation is found another way than the schedule does: minute by minute along the clock on the wall, where the time
that counts is the latest the clock has shown so far."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.lint.check import check
from flows.lint.oncall import schedule_problems
from flows.loader import load_all
from flows.oncall_schema import OnCall
from flows.problems import Problem
from flows.schedule import next_change, on_duty, stretches
from flows.source import Document
from tickets import sms

ZONES = ("America/Chicago", "America/Chicago", "Europe/London", "Australia/Lord_Howe", "America/Phoenix")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
PEOPLE = ("Sam", "Lee", "Robin", "Kim")
TEAM = [{"name": name, "number": f"+1903555011{i}"} for i, name in enumerate(PEOPLE)]
STEP = timedelta(minutes=15)
DAY, WEEK = 24 * 60, 7 * 24 * 60
#: Months in which the clocks change, in one zone of `ZONES` or another.
MONTHS = (datetime(2026, 10, 20, tzinfo=UTC), datetime(2027, 3, 5, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))

quarters = st.integers(0, WEEK // 15 - 1).map(lambda quarter: quarter * 15)
whos = st.lists(st.sampled_from([*PEOPLE, "turns", "team"]), min_size=1, max_size=3, unique=True)


def clock(minutes: int) -> str:
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def shift(begins: int, ends: int, who: list[str]) -> dict[str, Any]:
    return {"days": WEEKDAYS[begins // DAY % 7], "from": clock(begins), "to": clock(ends), "who": who}


@st.composite
def weeks(draw: st.DrawFn) -> list[tuple[int, int, list[str]]]:
    """A week without gap and overlap, cut anywhere: minutes from, minutes to (may leave the week), who."""
    cuts = sorted(draw(st.sets(quarters, min_size=1, max_size=8)))
    pieces = []
    for first, last in zip(cuts, [*cuts[1:], cuts[0] + WEEK], strict=True):
        who = draw(whos)
        while last - first > DAY:
            pieces.append((first, first + DAY, who))
            first += DAY  # noqa: PLW2901
        pieces.append((first, last, who))
    return pieces


rotations = st.fixed_dictionaries(
    {
        "people": st.lists(st.sampled_from([*PEOPLE, "team"]), min_size=1, max_size=5, unique=True),
        "every": st.sampled_from(["1 day", "3 days", "1 week", "2 weeks"]),
        "hand_over": st.integers(0, 95).map(lambda quarter: clock(quarter * 15)),
        "since": st.sampled_from(["2026-10-26", "2026-12-01", "2027-03-14"]),
    }
)


def file_of(pieces: list[tuple[int, int, list[str]]], zone: str, rotation: dict[str, Any]) -> OnCall:
    return OnCall.model_validate(
        {
            "team": TEAM,
            "zone": zone,
            "teams": {"team": ["Sam", "Kim"]},
            "rotations": {"turns": rotation},
            "shifts": [shift(*piece) for piece in pieces],
        }
    )


def announced(file: OnCall) -> list[str]:
    document = Document("oncall.yml", "", None, {})
    found = schedule_problems(file, document, now=datetime(2026, 10, 1, tzinfo=UTC))
    return [problem.message for problem in found if not problem.note]


def walk(zone: str, begin: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every quarter of an hour of a month, with the latest time that the clock on the wall has shown by then."""
    now = begin - timedelta(days=2)
    shown = now.replace(tzinfo=None)
    while now < begin + timedelta(days=30):
        shown = max(shown, now.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0))
        if now >= begin:
            yield now, shown
        now += STEP


def expected(pieces: list[tuple[int, int, list[str]]], rotation: dict[str, Any], shown: datetime) -> set[str]:
    minute = shown.weekday() * DAY + shown.hour * 60 + shown.minute
    who = [
        name
        for first, last, all_names in pieces
        for name in all_names
        if first <= minute < last or first <= minute + WEEK < last
    ]
    turn_from = datetime.fromisoformat(f"{rotation['since']} {rotation['hand_over']}")
    count, unit = rotation["every"].split()
    length = timedelta(days=int(count) * (7 if "week" in unit else 1))
    people = rotation["people"]
    who = [people[(shown - turn_from) // length % len(people)] if name == "turns" else name for name in who]
    return {person for name in who for person in (("Sam", "Kim") if name == "team" else (name,))}


@settings(max_examples=25, deadline=None)
@given(weeks(), st.sampled_from(ZONES), rotations, st.sampled_from(MONTHS))
def test_in_a_clean_file_exactly_the_announced_people_are_on_duty_at_every_instant(
    pieces: list[tuple[int, int, list[str]]], zone: str, rotation: dict[str, Any], month: datetime
) -> None:
    file = file_of(pieces, zone, rotation)
    assert announced(file) == []
    for now, shown in walk(zone, month):
        people = {person.name for person in on_duty(file, now)}
        assert people
        assert people == expected(pieces, rotation, shown), (now, shown)


@settings(max_examples=60, deadline=None)
@given(weeks(), st.sampled_from(ZONES), rotations, st.sampled_from(MONTHS))
def test_two_shifts_hand_over_at_the_same_instant(
    pieces: list[tuple[int, int, list[str]]], zone: str, rotation: dict[str, Any], month: datetime
) -> None:
    file = file_of(pieces, zone, rotation)
    end = month + timedelta(days=30)
    found = stretches(file, month, end)
    assert (found[0].begins, found[-1].ends) == (month, end)
    for before, after in pairwise(found):
        assert before.ends == after.begins
        assert on_duty(file, before.ends - timedelta(seconds=1)) == before.duty.people != ()
        assert on_duty(file, before.ends) == after.duty.people
        assert before.duty != after.duty
    change = next_change(file, month)
    others = [piece for piece in found if piece.duty.people != found[0].duty.people]
    if others:
        assert change is not None
        assert (change[0], change[1].people) == (others[0].begins, others[0].duty.people)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(quarters, st.integers(1, 96), whos), min_size=1, max_size=9), st.sampled_from(ZONES), rotations
)
def test_every_gap_and_every_overlap_is_announced_and_no_other(
    drawn: list[tuple[int, int, list[str]]], zone: str, rotation: dict[str, Any]
) -> None:
    pieces = [(first, first + 15 * quarters_, who) for first, quarters_, who in drawn]
    file = file_of(pieces, zone, rotation)
    counts = [
        sum(first <= minute < last or first <= minute + WEEK < last for first, last, _ in pieces)
        for minute in range(0, WEEK, 15)
    ]
    said = announced(file)
    assert any(message.startswith("nobody is on duty: ") for message in said) == (0 in counts)
    assert any(message.startswith("this shift overlaps ") for message in said) == any(count > 1 for count in counts)
    week = datetime(2027, 1, 4, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    on = [bool(on_duty(file, week + STEP * step)) for step in range(len(counts))]
    assert on == [count > 0 for count in counts]


def test_a_minute_is_a_gap_and_a_minute_is_an_overlap() -> None:
    nights = {"people": ["Sam"], "every": "1 day", "hand_over": "08:00", "since": "2026-11-23"}
    gap, overlap, both = 17 * 60 + 1, 17 * 60 - 1, [0, 1, 2, 3, 4, 5, 6]
    for begins, said in (
        (gap, "nobody is on duty: mon 17:00 to 17:01"),
        (17 * 60, ""),
        (overlap, "mon 16:59 to 17:00"),
    ):
        pieces = [(day * DAY + start, day * DAY + end, ["Sam"]) for day in both for start, end in ((8 * 60, 17 * 60),)]
        pieces += [(day * DAY + (begins if day == 0 else 17 * 60), (day + 1) * DAY + 8 * 60, ["Lee"]) for day in both]
        found = announced(file_of(pieces, "America/Chicago", nights))
        assert [message.endswith(said) for message in found] == [True] * bool(said)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.tuples(quarters, st.integers(24, 96), st.sampled_from(ZONES)), min_size=2, max_size=4))
def test_shifts_of_several_zones_have_no_gap_in_a_year_that_is_not_announced(drawn: list[tuple[int, int, str]]) -> None:
    shifts = [
        {**shift(first, first + 15 * quarters_, ["Sam"]), "days": "mon-sun", "zone": zone}
        for first, quarters_, zone in drawn
    ]
    file = OnCall.model_validate({"team": TEAM, "zone": "America/Chicago", "shifts": shifts})
    gap = any(message.startswith("nobody is on duty: ") for message in announced(file))
    start = datetime(2026, 9, 28, tzinfo=UTC)  # the Monday before the lint's day
    holes = [piece for piece in stretches(file, start, start + timedelta(weeks=53)) if not piece.duty.people]
    assert gap == bool(holes)


FULL = """
zone: America/Chicago
team:
  - {name: Sam, number: "+19035550111", page_by: [voice, sms], quiet: {from: "22:00", to: "07:00"}, lead: true}
  - {name: Lee, numbers: ["+19035550112", "+19035550122"], zone: America/Denver, languages: [en-US, es-US]}
teams: {both: [Sam, Lee]}
rotations:
  nights: {people: [Sam, Lee], every: 1 week, hand_over: mon 08:00, since: 2026-11-23}
shifts:
  - {days: mon-fri, from: "08:00", to: "17:00", who: everyone}
  - {days: mon-fri, from: "17:00", to: "08:00", who: nights, zone: America/Chicago}
  - {days: sat-sun, from: "08:00", to: "08:00", who: [both, nights]}
overrides: [{from: 2026-12-24 08:00, to: 2026-12-26 08:00, who: Lee, how: also, why: Christmas}]
holidays: {country: US, state: TX, open: [Good Friday], days: {2026-12-24: Christmas Eve}, who: nights}
"""
SHIPPED = Path(__file__).parents[3] / "flows"


def test_a_file_with_every_key_is_clean(tmp_path: Path) -> None:
    assert problems_of(tmp_path, FULL) == ()


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, len(FULL)),
    st.integers(0, 12),
    st.sampled_from(["", "0", "-", ":", "9999", " ", "\n", "[", "}", "24:00", "Lee", "~", '"', "es", "2099-12-31"]),
)
def test_any_slip_in_a_schedule_loads_or_ends_in_problems(
    tmp_path_factory: pytest.TempPathFactory, place: int, cut: int, slip: str
) -> None:
    folder = tmp_path_factory.mktemp("flows")
    for problem in problems_of(folder, FULL[:place] + slip + FULL[place + cut :]):
        assert problem.line >= 1
        assert problem.message
    loaded = load_all(folder)
    if loaded.flows is not None:
        for moment in (datetime(2026, 11, 1, 7, tzinfo=UTC), datetime(2026, 12, 25, tzinfo=UTC)):
            on_duty(loaded.flows.oncall, moment)
            next_change(loaded.flows.oncall, moment)


def problems_of(folder: Path, oncall: str) -> tuple[Problem, ...]:
    (folder / "helpdesk.yml").write_bytes((SHIPPED / "helpdesk.yml").read_bytes())
    (folder / "oncall.yml").write_text(oncall, encoding="utf-8")
    return check(folder, alphabet=sms, now=datetime(2026, 11, 23, tzinfo=UTC))
