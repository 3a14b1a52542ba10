"""What "4h" and "until Fri 17:00" mean, also in the nights in which the clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.localtime import meanings, moment
from tickets.time_words import EXAMPLES, LONGEST, Unclear, read

ZONE = "America/Chicago"
CLOCKS = ZoneInfo(ZONE)
MONDAY = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)  # 8:05 AM in Chicago
FORWARD, BACK = datetime(2026, 3, 8, tzinfo=CLOCKS), datetime(2026, 11, 1, tzinfo=CLOCKS)


def moments(local: datetime, zone: str) -> tuple[datetime, ...]:
    return meanings(local, zone) or (moment(local, zone),)


def meant(words: str, now: datetime = MONDAY, zone: str = ZONE) -> datetime | Unclear:
    return read(words, now=now, zone=zone, moments=moments)


def shown(words: str, now: datetime = MONDAY) -> str:
    found = meant(words, now)
    return found.why if isinstance(found, Unclear) else f"{found.astimezone(CLOCKS):%a %b %d %H:%M %Z}"


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("4h", "Mon Nov 23 12:05 CST"),
        ("4 Hours!", "Mon Nov 23 12:05 CST"),
        ("for 90m", "Mon Nov 23 09:35 CST"),
        ("90 min.", "Mon Nov 23 09:35 CST"),
        ("1h30m", "Mon Nov 23 09:35 CST"),
        ("1h30", "Mon Nov 23 09:35 CST"),
        ("1.5 hours please", "Mon Nov 23 09:35 CST"),
        ("1 hour and 30 minutes", "Mon Nov 23 09:35 CST"),
        ("2 days", "Wed Nov 25 08:05 CST"),
        ("until 8am", "Tue Nov 24 08:00 CST"),
        ("till 8 A.M.", "Tue Nov 24 08:00 CST"),
        ("until 8:30", "Mon Nov 23 08:30 CST"),
        ("until 8.30 pm", "Mon Nov 23 20:30 CST"),
        ("until 17", "Mon Nov 23 17:00 CST"),
        ("until 1730", "Mon Nov 23 17:30 CST"),
        ("until 12am", "Tue Nov 24 00:00 CST"),
        ("until 12:30pm", "Mon Nov 23 12:30 CST"),
        ("until noon", "Mon Nov 23 12:00 CST"),
        ("until midnight", "Tue Nov 24 00:00 CST"),
        ("until Fri midnight", "Sat Nov 28 00:00 CST"),
        ("until Fri 17:00", "Fri Nov 27 17:00 CST"),
        ("until 5 p.m. on Friday", "Fri Nov 27 17:00 CST"),
        ("until Monday 8:00", "Mon Nov 30 08:00 CST"),
        ("until Mon 9am", "Mon Nov 23 09:00 CST"),
        ("until tomorrow at 8am", "Tue Nov 24 08:00 CST"),
    ],
)
def test_every_accepted_phrase(words: str, until: str) -> None:
    assert shown(words) == until
    assert shown(words.upper()) == until


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("", f"For how long? Write {EXAMPLES}."),
        ("4", f"That is no time that I know. Write {EXAMPLES}."),
        ("a while", f"That is no time that I know. Write {EXAMPLES}."),
        ("until 8", "8 in the morning or in the evening? Write until 8am or until 8pm."),
        ("until Fri", f"Until when on Fri? Write {EXAMPLES}."),
        ("until Tue Wed 8am", f"Which day? Write {EXAMPLES}."),
        ("until 25:00", f"No clock shows that. Write {EXAMPLES}."),
        ("until 8:75", f"No clock shows that. Write {EXAMPLES}."),
        ("until 13pm", f"No clock shows that. Write {EXAMPLES}."),
        ("until lunch", f"That is no time of day that I know. Write {EXAMPLES}."),
        ("until today 8am", f"That has passed today. Write until tomorrow 8am, or {EXAMPLES}."),
        ("0h", f"That is over at once. Write {EXAMPLES}."),
        ("8 days", f"That is more than 7 days, which is a matter of the schedule. Write {EXAMPLES}."),
        ("9999 hours", f"That is more than 7 days, which is a matter of the schedule. Write {EXAMPLES}."),
    ],
)
def test_what_is_no_time_is_asked_about(words: str, why: str) -> None:
    assert shown(words) == why


def test_hours_pass_and_days_are_those_of_the_wall_when_the_clocks_change() -> None:
    before_back = datetime(2026, 10, 31, 22, 0, tzinfo=CLOCKS)
    assert shown("10h", before_back) == "Sun Nov 01 07:00 CST"
    assert shown("1 day", before_back) == "Sun Nov 01 22:00 CST"
    before_forward = datetime(2026, 3, 7, 22, 0, tzinfo=CLOCKS)
    assert shown("10h", before_forward) == "Sun Mar 08 09:00 CDT"
    assert shown("1 day", before_forward) == "Sun Mar 08 22:00 CDT"
    assert shown("7 days", datetime(2026, 10, 30, 8, 0, tzinfo=CLOCKS)) == "Fri Nov 06 08:00 CST"


def test_a_time_that_comes_twice_is_the_next_of_the_two() -> None:
    assert shown("until 1:30", datetime(2026, 11, 1, 0, 30, tzinfo=CLOCKS)) == "Sun Nov 01 01:30 CDT"
    between = datetime(2026, 11, 1, 6, 45, tzinfo=UTC)  # 1:45 the first time
    assert shown("until 1:30", between) == "Sun Nov 01 01:30 CST"
    assert shown("until 1:30", between + timedelta(hours=1)) == "Mon Nov 02 01:30 CST"


def test_a_time_that_is_skipped_is_the_moment_of_the_change() -> None:
    assert shown("until 2:30am", datetime(2026, 3, 8, 1, 0, tzinfo=CLOCKS)) == "Sun Mar 08 03:00 CDT"


nows = st.builds(
    lambda night, minutes: night.astimezone(UTC) + timedelta(minutes=minutes),
    st.sampled_from([FORWARD, BACK]),
    st.integers(-9 * 1440, 3 * 1440),
)
zones = st.sampled_from([ZONE, "America/Denver", "Europe/London", "Australia/Lord_Howe", "UTC"])


@given(now=nows, zone=zones, clock=st.times(), twelve=st.booleans())
def test_until_is_the_next_moment_at_which_the_wall_shows_it(
    now: datetime, zone: str, clock: object, twelve: bool
) -> None:
    words = f"{clock:%I:%M %p}" if twelve else f"{clock:%H:%M}"
    found = meant(f"until {words}", now, zone)
    assert isinstance(found, datetime)
    assert now < found <= now + timedelta(hours=25)
    wall = found.astimezone(ZoneInfo(zone))
    day = datetime.combine(wall.date(), datetime.strptime(f"{clock:%H:%M}", "%H:%M").time())  # noqa: DTZ007 - of the wall
    assert found in moments(day, zone)
    earlier = [at for offset in (-1, 0, 1) for at in moments(day + timedelta(days=offset), zone) if now < at < found]
    assert earlier == []


@given(now=nows, zone=zones, weekday=st.integers(0, 6), clock=st.times())
def test_a_weekday_is_the_next_one(now: datetime, zone: str, weekday: int, clock: object) -> None:
    name = ("Mon", "Tuesday", "wed", "Thurs", "FRI", "sat", "Sunday")[weekday]
    found = meant(f"until {name} {clock:%H:%M}", now, zone)
    assert isinstance(found, datetime)
    assert now < found
    assert found.astimezone(ZoneInfo(zone)).weekday() == weekday
    assert (
        min(
            found - now,
            found.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - now.astimezone(ZoneInfo(zone)).replace(tzinfo=None),
        )
        <= LONGEST
    )


@given(now=nows, zone=zones, minutes=st.integers(1, 7 * 24 * 60))
def test_hours_and_minutes_are_time_that_passes(now: datetime, zone: str, minutes: int) -> None:
    expected = now + timedelta(minutes=minutes)
    assert meant(f"{minutes}m", now, zone) == expected
    assert meant(f"{minutes // 60}h{minutes % 60:02}", now, zone) == expected
    assert meant(f"for {minutes // 60} hours and {minutes % 60} minutes", now, zone) == expected


@given(words=st.text(max_size=40), now=nows, until=st.booleans())
def test_whatever_is_written_is_a_time_to_come_or_a_question(words: str, now: datetime, until: bool) -> None:
    found = meant(f"until {words}" if until else words, now)
    if isinstance(found, Unclear):
        assert found.why.endswith(("?", "."))
    else:
        assert now < found <= now + LONGEST + timedelta(hours=1)
