"""Changes by text never leave nobody on duty where the schedule has somebody."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from flows.oncall_schema import OnCall
from flows.schedule import Extra, duty, on_duty, stretches

NAMES = ("Sam", "Lee", "Robin", "Kim")
TEAM = [{"name": name, "number": f"+1903555011{index}"} for index, name in enumerate(NAMES)]
SHIFTS = [
    {"days": "mon-fri", "from": "08:00", "to": "17:00", "who": ["Sam", "Lee"]},
    {"days": "mon-thu", "from": "17:00", "to": "08:00", "who": "Robin"},  # and nobody at weekends
]
FILE = OnCall.model_validate({"team": TEAM, "zone": "America/Chicago", "shifts": SHIFTS})
EVERYONE = OnCall.model_validate({"team": TEAM, "zone": "America/Chicago"})
BEGIN = datetime(2026, 10, 30, tzinfo=UTC)

hours = st.integers(0, 24 * 7)
made = st.builds(
    lambda begins, lasts, name, kind, place_of: Extra(
        BEGIN + timedelta(hours=begins),
        BEGIN + timedelta(hours=begins + lasts),
        name,
        also=kind == "too",
        place_of=place_of if kind == "for" else "",
    ),
    hours,
    st.integers(1, 100),
    st.sampled_from([*NAMES, "Gone"]),
    st.sampled_from(["too", "alone", "for"]),
    st.sampled_from([*NAMES, "Gone"]),
)


@given(extra=st.lists(made, max_size=8), at=hours, file=st.sampled_from([FILE, EVERYONE]))
def test_nobody_is_never_the_doing_of_a_change(extra: list[Extra], at: int, file: OnCall) -> None:
    moment = BEGIN + timedelta(hours=at)
    if on_duty(file, moment):
        assert on_duty(file, moment, extra)


@given(extra=st.lists(made, max_size=5), at=hours)
def test_the_pieces_of_a_week_know_of_every_change(extra: list[Extra], at: int) -> None:
    moment = BEGIN + timedelta(hours=at)
    pieces = stretches(FILE, BEGIN, BEGIN + timedelta(days=8), extra)
    piece = next(piece for piece in pieces if piece.begins <= moment < piece.ends)
    assert piece.duty == duty(FILE, moment, extra)


def names(at: datetime, *extra: Extra) -> list[str]:
    return [person.name for person in on_duty(FILE, at, extra)]


def test_who_stands_in_is_on_duty_only_when_the_other_would_be() -> None:
    office, night = datetime(2026, 11, 2, 16, tzinfo=UTC), datetime(2026, 11, 3, 3, tzinfo=UTC)
    kim = Extra(office, night + timedelta(hours=1), "Kim", place_of="Lee", why="#1 Kim for Lee")
    assert names(office, kim) == ["Sam", "Kim"]
    assert names(night, kim) == ["Robin"]
    assert duty(FILE, office, [kim]).overrides == ("#1 Kim for Lee",)
    assert duty(FILE, night, [kim]).overrides == ()
    passed_on = Extra(office, night, "Robin", place_of="Kim")
    assert names(office, kim, passed_on) == ["Sam", "Robin"]


def test_a_person_who_left_the_file_changes_nothing() -> None:
    office = datetime(2026, 11, 2, 16, tzinfo=UTC)
    later = office + timedelta(hours=1)
    assert names(office, Extra(office, later, "Gone", place_of="Lee")) == ["Sam", "Lee"]
    assert names(office, Extra(office, later, "Gone")) == ["Sam", "Lee"]
