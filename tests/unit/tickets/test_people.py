"""People of the team: their phones, and their quiet hours."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.oncall import Person, Quiet, person_of

NIGHT = Quiet(time(22), time(7))
LEE = Person("Lee", "+19035550112", others=("+19035550122",), zone=ZoneInfo("America/Denver"), quiet=NIGHT)


def test_every_phone_of_a_person_is_known() -> None:
    assert LEE.numbers == ("+19035550112", "+19035550122")
    assert person_of([LEE], "+19035550122") == person_of([LEE], "+19035550112") == LEE
    assert person_of([LEE], "+19035550132") is None


@pytest.mark.parametrize(
    ("clock", "quiet"), [("21:59", False), ("22:00", True), ("00:00", True), ("06:59", True), ("07:00", False)]
)
def test_quiet_hours_may_go_over_midnight(clock: str, quiet: bool) -> None:
    assert NIGHT.holds(time.fromisoformat(clock)) is quiet


def test_quiet_hours_within_a_day_and_up_to_midnight() -> None:
    assert [Quiet(time(12), time(13)).holds(time(hour)) for hour in (11, 12, 13)] == [False, True, False]
    assert [Quiet(time(20), time(0)).holds(time(hour)) for hour in (0, 19, 20, 23)] == [False, False, True, True]


def test_quiet_hours_are_those_of_the_person_s_clock() -> None:
    assert LEE.quiet_at(datetime(2026, 11, 24, 13, 30, tzinfo=UTC))  # 6:30 in Denver, 7:30 in Chicago
    assert not LEE.quiet_at(datetime(2026, 11, 24, 14, 30, tzinfo=UTC))
    assert not Person("Sam", "+19035550111").quiet_at(datetime(2026, 11, 24, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("quiet", "moment", "end"),
    [
        (NIGHT, "2026-11-24T03:30-06:00", "2026-11-24T07:00-06:00"),
        (NIGHT, "2026-11-24T23:30-06:00", "2026-11-25T07:00-06:00"),
        (NIGHT, "2026-11-24T12:00-06:00", "2026-11-24T12:00-06:00"),
        (
            Quiet(time(22), time(1, 30)),
            "2026-11-01T01:10-06:00",
            "2026-11-01T01:30-06:00",
        ),  # the second 1:10 of that night
        (Quiet(time(22), time(2, 30)), "2026-03-08T01:10-06:00", "2026-03-08T03:30-05:00"),  # nobody saw 2:30
    ],
)
def test_when_quiet_hours_are_over(quiet: Quiet, moment: str, end: str) -> None:
    robin = Person("Robin", "+19035550113", zone=ZoneInfo("America/Chicago"), quiet=quiet)
    assert robin.quiet_until(datetime.fromisoformat(moment)) == datetime.fromisoformat(end)


@given(
    minutes=st.integers(0, 365 * 24 * 60),
    begins=st.times(timezones=st.none()),
    ends=st.times(timezones=st.none()),
)
def test_quiet_hours_end_within_a_day_and_it_is_not_quiet_then(minutes: int, begins: time, ends: time) -> None:
    robin = Person("Robin", "+19035550113", zone=ZoneInfo("America/Chicago"), quiet=Quiet(begins, ends))
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    if begins != ends:
        end = robin.quiet_until(moment)
        assert moment <= end <= moment + timedelta(hours=25)
        assert not robin.quiet_at(end)
