"""People of the team: their phones, and their quiet hours."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

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
