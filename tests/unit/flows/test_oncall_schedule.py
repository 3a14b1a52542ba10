"""Who is on duty when: office hours, nights, turns, holidays, overrides, and the nights in which the clocks change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from oncall_files import CHICAGO, OFFICE, TEAM, at, oncall

from flows.localtime import Odd, changes, meanings, moment, odd, wall
from flows.oncall_schema import OnCall
from flows.public_holidays import holiday
from flows.schedule import Extra, duty, next_change, on_duty, stretches


def names(file: OnCall, when: datetime, extra: tuple[Extra, ...] = ()) -> str:
    return " ".join(person.name for person in on_duty(file, when, extra))


def test_a_team_without_shifts_is_on_duty_at_all_hours() -> None:
    file = oncall("")
    for hour in range(24 * 7):
        assert names(file, at("2026-11-23 00:00") + timedelta(hours=hour)) == "Sam Lee Robin"
    assert next_change(file, at("2026-11-23 00:00")) is None


@pytest.mark.parametrize(
    ("when", "who"),
    [
        ("2026-11-23 07:59", "Robin"),  # before `since` the turns go on backwards
        ("2026-11-23 08:00", "Sam Lee Robin"),
        ("2026-11-23 16:59", "Sam Lee Robin"),
        ("2026-11-23 17:00", "Sam"),
        ("2026-11-24 07:59", "Sam"),
        ("2026-11-28 12:00", "Sam"),
        ("2026-11-30 07:59", "Sam"),
        ("2026-11-30 18:00", "Lee"),
        ("2026-12-07 18:00", "Robin"),
        ("2026-12-14 18:00", "Sam"),
        ("2025-11-24 18:00", "Robin"),  # 52 weeks before: a year has no round number of turns
    ],
)
def test_office_hours_are_the_whole_team_s_and_the_rest_is_on_call(when: str, who: str) -> None:
    assert names(oncall(OFFICE), at(when)) == who


NIGHT = """
shifts:
  - {days: mon-sun, from: "06:00", to: "22:00", who: Sam}
  - {days: mon-sun, from: "22:00", to: "06:00", who: Lee}
"""


def night_of(evening: str) -> list[tuple[str, datetime, datetime]]:
    file = oncall(NIGHT)
    begin = at(f"{evening} 21:00")
    pieces = stretches(file, begin, begin + timedelta(hours=12))
    return [(piece.duty.people[0].name, piece.begins, piece.ends) for piece in pieces]


def test_the_night_the_clocks_go_forward_is_seven_hours_long_and_the_next_one_eight() -> None:
    _, (who, begins, ends), _ = night_of("2027-03-13")
    assert (who, ends - begins) == ("Lee", timedelta(hours=7))
    assert (begins, ends) == (datetime(2027, 3, 14, 4, tzinfo=UTC), datetime(2027, 3, 14, 11, tzinfo=UTC))
    _, (who, begins, ends), _ = night_of("2027-03-14")
    assert (who, ends - begins) == ("Lee", timedelta(hours=8))


def test_the_night_the_clocks_go_back_is_nine_hours_long_and_the_next_one_eight() -> None:
    _, (who, begins, ends), _ = night_of("2026-10-31")
    assert (who, ends - begins) == ("Lee", timedelta(hours=9))
    assert (begins, ends) == (datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 11, 1, 12, tzinfo=UTC))
    _, (who, begins, ends), _ = night_of("2026-11-01")
    assert (who, ends - begins) == ("Lee", timedelta(hours=8))


@pytest.mark.parametrize("change", ["2026-11-01", "2027-03-14"])
def test_shifts_and_turns_are_not_moved_by_an_hour_after_a_clock_change(change: str) -> None:
    file = oncall(OFFICE)
    monday = date.fromisoformat(change) + timedelta(days=1)
    for day in (monday - timedelta(days=7), monday, monday + timedelta(days=7)):
        assert len(on_duty(file, at(f"{day} 07:59"))) == 1
        assert len(on_duty(file, at(f"{day} 08:00"))) == 3
        assert len(on_duty(file, at(f"{day} 16:59"))) == 3
        assert len(on_duty(file, at(f"{day} 17:00"))) == 1
        assert on_duty(file, at(f"{day} 07:59")) != on_duty(file, at(f"{day} 17:00"))


BY_NIGHT = """
shifts:
  - {from: "01:30", to: "02:30", who: Sam}
  - {from: "02:30", to: "01:30", who: Lee}
"""


def test_a_time_that_comes_twice_is_the_first_one() -> None:
    file = oncall(BY_NIGHT)
    assert names(file, at("2026-11-01 01:29")) == "Lee"
    assert names(file, at("2026-11-01 01:30")) == "Sam"
    assert names(file, at("2026-11-01 01:10", fold=1)) == "Sam"  # the clock shows 01:10 again, the shift goes on
    assert names(file, at("2026-11-01 02:29")) == "Sam"
    assert names(file, at("2026-11-01 02:30")) == "Lee"


def test_a_time_that_does_not_exist_is_the_moment_of_the_change() -> None:
    file = oncall(BY_NIGHT)
    assert names(file, at("2027-03-14 01:59")) == "Sam"
    assert names(file, at("2027-03-14 03:00")) == "Lee"


def test_a_turn_that_was_handed_over_stays_so_when_the_clock_shows_the_hour_again() -> None:
    file = oncall(
        """
shifts: [{from: "00:00", to: "24:00", who: turns}]
rotations: {turns: {people: [Sam, Lee], every: 1 day, hand_over: "01:45", since: 2026-10-31}}
"""
    )
    assert names(file, at("2026-11-01 01:44")) == "Sam"
    assert names(file, at("2026-11-01 01:45")) == "Lee"
    assert names(file, at("2026-11-01 01:30", fold=1)) == "Lee"
    assert names(file, at("2026-11-02 01:44")) == "Lee"


def test_turns_of_days_hand_over_at_the_wall_s_time_over_a_change() -> None:
    file = oncall(
        """
shifts: [{from: "00:00", to: "24:00", who: turns}]
rotations: {turns: {people: [Sam, Lee], every: 1 day, hand_over: "01:30", since: 2026-10-30}}
"""
    )
    whole = stretches(file, at("2026-10-30 01:30"), at("2026-11-04 01:30"))
    hours = [(piece.duty.people[0].name, (piece.ends - piece.begins) / timedelta(hours=1)) for piece in whole]
    assert hours == [("Sam", 24), ("Lee", 24), ("Sam", 25), ("Lee", 24), ("Sam", 24)]


def test_teams_take_turns_together_and_lists_mix_everything() -> None:
    file = oncall(
        """
teams: {seniors: [Sam, Lee]}
rotations: {turns: {people: [seniors, Robin], every: 1 week, hand_over: mon 08:00, since: 2026-11-23}}
shifts: [{from: "08:00", to: "20:00", who: turns}, {from: "20:00", to: "08:00", who: [seniors, Robin]}]
"""
    )
    assert names(file, at("2026-11-24 12:00")) == "Sam Lee"
    assert names(file, at("2026-12-01 12:00")) == "Robin"
    assert names(file, at("2026-12-01 21:00")) == "Sam Lee Robin"


def test_shifts_in_several_zones_follow_the_sun() -> None:
    file = oncall(
        """
shifts:
  - {from: "08:00", to: "20:00", who: Sam}
  - {from: "20:00", to: "08:00", who: Lee, zone: America/New_York}
"""
    )
    assert names(file, at("2026-11-24 18:59")) == "Sam"
    assert names(file, at("2026-11-24 19:30")) == "Sam Lee"
    assert names(file, at("2026-11-24 07:30")) == ""


HOLIDAYS = OFFICE + "holidays: {country: US, state: TX, days: {2026-12-31: Inventory}, who: nights}\n"


def test_on_a_holiday_others_take_the_shifts_that_begin_on_it() -> None:
    file = oncall(HOLIDAYS)
    assert names(file, at("2026-11-25 12:00")) == "Sam Lee Robin"
    assert names(file, at("2026-11-26 12:00")) == "Sam"
    assert duty(file, at("2026-11-26 12:00")).holiday == "Thanksgiving Day"
    assert duty(file, at("2026-12-31 12:00")).holiday == "Inventory"
    assert duty(file, at("2027-01-01 07:59")).holiday == "Inventory"  # the night that began on New Year's Eve
    assert duty(file, at("2027-01-01 08:00")).holiday == "New Year's Day"


def test_a_public_holiday_can_be_a_day_like_any_other() -> None:
    file = oncall(
        OFFICE
        + "holidays: {country: US, state: TX, open: [Friday After Thanksgiving, Confederate Memorial Day], who: Lee}\n"
    )
    assert names(file, at("2026-11-27 12:00")) == "Sam Lee Robin"
    assert holiday(file.holidays, date(2026, 1, 19)) == "Martin Luther King Jr. Day"  # the same day, another name
    assert holiday(file.holidays, date(2026, 11, 26)) == "Thanksgiving Day"
    assert holiday(None, date(2026, 11, 26)) is None


def test_a_holiday_that_is_open_is_open_on_its_other_day_too() -> None:
    file = oncall(OFFICE + "holidays: {country: US, open: [Independence Day], who: Lee}\n")
    assert holiday(file.holidays, date(2026, 7, 4)) is None
    assert holiday(file.holidays, date(2026, 7, 3)) is None
    assert holiday(file.holidays, date(2026, 12, 25)) == "Christmas Day"


OVERRIDES = """
overrides:
  - {from: 2026-11-25 12:00, to: 2026-11-27 08:00, who: Robin, why: Thanksgiving swap}
  - {from: 2026-11-26 08:00, to: 2026-11-26 20:00, who: Lee, how: also}
"""


def test_an_override_holds_from_its_beginning_to_its_end() -> None:
    file = oncall(OFFICE + OVERRIDES)
    assert names(file, at("2026-11-25 11:59")) == "Sam Lee Robin"
    assert names(file, at("2026-11-25 12:00")) == "Robin"
    assert names(file, at("2026-11-26 08:00")) == "Lee Robin"
    assert duty(file, at("2026-11-26 08:00")).overrides == ("Thanksgiving swap", "no reason given")
    assert names(file, at("2026-11-27 07:59")) == "Robin"
    assert names(file, at("2026-11-27 08:00")) == "Sam Lee Robin"


def test_overrides_from_elsewhere_come_after_those_of_the_file() -> None:
    file = oncall(OFFICE + OVERRIDES)
    take = Extra(at("2026-11-25 13:00"), at("2026-11-25 17:00"), "Sam", why="TAKE 4h")
    join = Extra(at("2026-11-25 14:00"), at("2026-11-25 15:00"), "Lee", also=True, why="helps")
    assert names(file, at("2026-11-25 12:59"), (take, join)) == "Robin"
    assert names(file, at("2026-11-25 13:00"), (take, join)) == "Sam"
    assert names(file, at("2026-11-25 14:00"), (take, join)) == "Sam Lee"
    assert names(file, at("2026-11-25 14:00"), (join, take)) == "Sam"
    assert names(file, at("2026-11-25 17:00"), (take, join)) == "Robin"
    change = next_change(file, at("2026-11-25 12:30"), (take,))
    assert change is not None
    assert (change[0], change[1].people[0].name) == (at("2026-11-25 13:00"), "Sam")


def test_an_override_for_somebody_who_has_left_the_file_changes_nothing() -> None:
    gone = Extra(at("2026-11-23 00:00"), at("2026-11-24 00:00"), "Kim")
    assert names(oncall(OFFICE), at("2026-11-23 12:00"), (gone,)) == "Sam Lee Robin"


def test_an_override_can_cover_a_whole_team_without_shifts() -> None:
    file = oncall("overrides: [{from: 2026-12-24 08:00, to: 2026-12-26 08:00, who: Lee, why: Christmas}]\n")
    assert names(file, at("2026-12-24 07:59")) == "Sam Lee Robin"
    assert names(file, at("2026-12-24 08:00")) == "Lee"


def test_the_next_change_is_of_people_not_of_shifts() -> None:
    file = oncall(OFFICE)
    change = next_change(file, at("2026-11-27 18:00"))  # Sam has the night, the weekend, and Monday until eight
    assert change is not None
    assert change[0] == at("2026-11-30 08:00")
    assert [person.name for person in change[1].people] == ["Sam", "Lee", "Robin"]


def test_times_on_the_wall_and_what_they_mean() -> None:
    twice, skipped = wall(date(2026, 11, 1), 90), wall(date(2027, 3, 14), 150)
    assert [f"{one:%H:%M}" for one in meanings(twice, "America/Chicago")] == ["06:30", "07:30"]
    assert meanings(skipped, "America/Chicago") == ()
    assert (odd(twice, "America/Chicago"), odd(skipped, "America/Chicago")) == (Odd.TWICE, Odd.SKIPPED)
    assert odd(wall(date(2026, 11, 1), 180), "America/Chicago") is None
    assert moment(skipped, "America/Chicago") == datetime(2027, 3, 14, 8, tzinfo=UTC)
    assert moment(wall(date(2011, 12, 30), 720), "Pacific/Apia") == datetime(
        2011, 12, 30, 10, tzinfo=UTC
    )  # a day skipped
    found = changes(date(2026, 1, 1), date(2026, 12, 31), "America/Chicago")
    assert found == (datetime(2026, 3, 8, 8, tzinfo=UTC), datetime(2026, 11, 1, 7, tzinfo=UTC))
    assert changes(date(2026, 1, 1), date(2026, 12, 31), "America/Phoenix") == ()


def test_a_day_that_a_zone_skips_leaves_no_gap() -> None:
    file = oncall('zone: Pacific/Apia\nshifts: [{from: "12:00", to: "12:00", who: Sam}]\n')
    start = datetime(2011, 12, 28, tzinfo=UTC)
    assert {names(file, start + timedelta(minutes=30 * step)) for step in range(48 * 5)} == {"Sam"}


def test_a_person_may_have_several_phones_and_the_first_is_paged() -> None:
    file = oncall("", team=TEAM + '  - {name: Kim, numbers: ["+19035550114", "+19035550124"]}\n')
    assert [person.phones for person in file.team][-2:] == [("+19035550113",), ("+19035550114", "+19035550124")]


def test_the_clocks_of_the_moment_asked_about_do_not_matter() -> None:
    file, when = oncall(OFFICE), at("2026-11-23 08:00")
    assert on_duty(file, when.astimezone(CHICAGO)) == on_duty(file, when)
