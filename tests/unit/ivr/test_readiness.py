"""Before others are on duty the lead hears what is wrong: once, whatever happens to the clock."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import checks
from ivr.checks import Trouble
from ivr.cli import run
from ivr.clock import Clock
from ivr.readiness import report_if_due
from tests.unit.ivr.test_cli import _a_desk_of_its_own  # noqa: F401 - a log and an environment of its own
from tests.unit.ivr.test_clock import end_asides
from tests.unit.ivr.test_staff import answer_to, missed_call
from tests.world import LEE, ROBIN, SAM, World, edited_flows
from tickets.oncall import Person
from tickets.readiness import Finding, Reach, findings, text
from tickets.sms import segments

ROBIN_LINE = '  - {name: Robin, number: "+19035550113"}\n'
SHIFTS = (
    "shifts:\n"
    '  - {days: mon-sun, from: "08:00", to: "17:00", who: Sam}\n'
    '  - {days: mon-thu, from: "17:00", to: "08:00", who: Robin}\n'
    '  - {days: sat-sun, from: "17:00", to: "08:00", who: Robin}\n'
)
HOLE = "nobody is on call Fri 5:00 PM to Sat 8:00 AM"
WHOLE = SHIFTS.replace("mon-thu", "mon-fri")
LEAD = ROBIN_LINE + '  - {name: Kim, number: "+19035550114", lead: true}\n'
KIM = "+19035550114"
FIVE = datetime(2026, 11, 23, 23, tzinfo=UTC)  # Monday, 5 PM in Chicago
HALF_PAST_FOUR = FIVE - timedelta(minutes=30)


@pytest.fixture
def flows(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return edited_flows(tmp_path, "oncall.yml", ROBIN_LINE, getattr(request, "param", LEAD + WHOLE))


@pytest.fixture
def desk(database_url: str, tmp_path: Path, flows: Path) -> Iterator[World]:
    """Monday, 8:05 AM: Sam is on call until five, then Robin; Kim leads. The clock has looked once."""
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    assert report_if_due(world.desk) == 0
    yield world
    world.close()


def look(world: World, at: datetime) -> None:
    world.now.moment = at
    report_if_due(world.desk)
    world.work()


def known(world: World, *numbers: str) -> None:
    """These phones have written to the desk."""
    for number in numbers:
        answer_to(world, number, "WHO")


# -- when, and to whom ---------------------------------------------------------------------------------------------------


def test_the_lead_hears_half_an_hour_before_and_once(desk: World) -> None:
    look(desk, HALF_PAST_FOUR - timedelta(seconds=1))
    assert desk.texts_to(KIM) == []
    for seconds in (0, 1, 60, 1800, 1860):
        look(desk, HALF_PAST_FOUR + timedelta(seconds=seconds))
    assert desk.texts_to(KIM) == [
        "Not ready. On call from Mon 5:00 PM: Robin: Robin is not verified: no text ever reached 903-555-0113 or came from it."
    ]
    assert desk.texts_to(SAM) == desk.texts_to(ROBIN) == []


def test_nothing_is_sent_when_all_is_well(desk: World) -> None:
    known(desk, ROBIN)
    look(desk, HALF_PAST_FOUR)
    assert desk.texts_to(KIM) == []


@pytest.mark.parametrize("flows", [LEAD + WHOLE + "readiness: always\n"], indirect=True)
def test_the_file_can_ask_for_a_report_always(desk: World) -> None:
    known(desk, ROBIN)
    look(desk, HALF_PAST_FOUR)
    assert desk.texts_to(KIM) == ["Ready. On call from Mon 5:00 PM: Robin. All is well."]


@pytest.mark.parametrize("flows", [LEAD + WHOLE + "readiness: {minutes_before: 0}\n"], indirect=True)
def test_the_file_can_switch_it_off(desk: World) -> None:
    for minutes in range(0, 24 * 60, 10):
        look(desk, HALF_PAST_FOUR + timedelta(minutes=minutes))
    assert desk.texts_to(KIM) == []


@pytest.mark.parametrize("flows", [LEAD + WHOLE + "readiness: {minutes_before: 90}\n"], indirect=True)
def test_the_file_says_how_long_before(desk: World) -> None:
    look(desk, FIVE - timedelta(minutes=91))
    assert desk.texts_to(KIM) == []
    look(desk, FIVE - timedelta(minutes=90))
    assert len(desk.texts_to(KIM)) == 1


@pytest.mark.parametrize("flows", [ROBIN_LINE + WHOLE], indirect=True)
def test_without_a_lead_those_who_begin_hear_it(desk: World) -> None:
    look(desk, HALF_PAST_FOUR)
    assert (len(desk.texts_to(ROBIN)), desk.texts_to(SAM)) == (1, [])


def test_a_lead_who_gets_no_texts_is_stood_in_for_by_those_who_begin(desk: World) -> None:
    desk.text(KIM, "STOP", OptOutType="STOP")
    look(desk, HALF_PAST_FOUR)
    assert desk.texts_to(ROBIN)[-1].startswith("Not ready. On call from Mon 5:00 PM: Robin")


def test_a_desk_where_nobody_comes_or_goes_hears_it_at_nine(world: World) -> None:
    nine = datetime(2026, 11, 23, 15, tzinfo=UTC)
    report_if_due(world.desk)
    known(world, SAM, ROBIN)
    look(world, nine - timedelta(seconds=1))
    assert world.texts_to(LEE) == []
    look(world, nine)
    look(world, nine + timedelta(minutes=1))
    assert world.texts_to(LEE) == [
        "Not ready. On call: Sam, Lee, Robin: Lee is not verified: no text ever reached 903-555-0112 or came from it."
    ]
    known(world, LEE)
    before = len(world.texts_to(LEE))
    look(world, nine + timedelta(days=1))
    assert len(world.texts_to(LEE)) == before


def test_it_is_late_after_a_pause_and_not_sent_after_a_long_one(desk: World) -> None:
    look(desk, FIVE + timedelta(hours=2))
    assert len(desk.texts_to(KIM)) == 1
    look(desk, datetime(2026, 11, 26, 5, tzinfo=UTC))  # two days later, at 11 PM: only the last shift is of interest
    assert [body.split(": ")[0] for body in desk.texts_to(KIM)[1:]] == ["Not ready. On call from Wed 5:00 PM"]


def test_a_new_desk_owes_no_report_for_the_time_before(database_url: str, tmp_path: Path, flows: Path) -> None:
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    look(world, HALF_PAST_FOUR + timedelta(minutes=10))
    assert world.texts_to(KIM) == []
    world.close()


def test_a_clock_that_dies_between_and_its_successor_make_one_report(desk: World) -> None:
    desk.now.moment = HALF_PAST_FOUR
    Clock(desk.desk).tick()
    end_asides()
    desk.now.moment += timedelta(seconds=30)
    successor = Clock(desk.desk)
    successor.tick()
    end_asides()
    desk.work()
    assert len(desk.texts_to(KIM)) == 1


def test_a_change_by_text_is_known(desk: World) -> None:
    answer_to(desk, ROBIN, "GIVE Lee until Tue 8am")
    look(desk, HALF_PAST_FOUR)
    assert desk.texts_to(KIM)[-1].startswith("Not ready. On call from Mon 5:00 PM: Lee: Lee is not verified")
    desk.delivered(next(sent.sid for sent in desk.carrier.sent if sent.to == LEE))  # what Lee was told about it
    answer_to(desk, SAM, "WHO")
    sent = len(desk.texts_to(KIM))
    look(desk, HALF_PAST_FOUR + timedelta(days=2))
    assert all("Lee" not in body for body in desk.texts_to(KIM)[sent:])


# -- what ----------------------------------------------------------------------------------------------------------------


def test_a_page_that_did_not_arrive_is_named_until_the_phone_is_heard_of(desk: World) -> None:
    known(desk, ROBIN)
    desk.now.moment = datetime(2026, 11, 24, 2, tzinfo=UTC)
    missed_call(desk, "CA1")
    page = next(sent for sent in desk.carrier.sent if sent.to == ROBIN and sent.body.startswith("URGENT"))
    desk.delivered(page.sid, "undelivered", ErrorCode="30003")
    look(desk, datetime(2026, 11, 24, 22, 30, tzinfo=UTC))
    assert desk.texts_to(KIM)[-1] == (
        "Not ready. On call from Tue 5:00 PM: Robin: the last page to Robin did not arrive "
        "(30003 the carrier reports: undelivered)."
    )
    sent = len(desk.texts_to(KIM))
    known(desk, ROBIN)
    look(desk, datetime(2026, 11, 25, 22, 30, tzinfo=UTC))
    assert len(desk.texts_to(KIM)) == sent


def test_who_opted_out_is_named(desk: World) -> None:
    desk.text(ROBIN, "STOP", OptOutType="STOP")
    look(desk, HALF_PAST_FOUR)
    assert desk.texts_to(KIM)[-1] == (
        "Not ready. On call from Mon 5:00 PM: Robin: Robin has opted out of texts and gets no pages until texting START."
    )


@pytest.mark.parametrize("flows", [LEAD + SHIFTS], indirect=True)
def test_a_hole_in_the_week_is_named(desk: World) -> None:
    known(desk, ROBIN)
    look(desk, HALF_PAST_FOUR)
    assert desk.texts_to(KIM)[-1] == f"Not ready. On call from Mon 5:00 PM: Robin: {HOLE}."


def person(number: str) -> Person:
    return Person("Sam", number)


@pytest.mark.parametrize(
    ("reach", "found"),
    [
        (Reach(person("+19035550111")), []),
        (Reach(person("")), ["Sam has no number"]),
        (Reach(person("+19036892004")), ["Sam has the help desk's own number"]),
        (
            Reach(person("+19035550111"), silent=True, failed="30003"),
            ["Sam has opted out of texts and gets no pages until texting START"],
        ),
        (Reach(person("+19035550111"), heard=False, failed="30003"), ["the last page to Sam did not arrive (30003)"]),
    ],
)
def test_the_worst_of_each_person_is_found(reach: Reach, found: list[str]) -> None:
    assert [one.text for one in findings([reach], [], desk_number="+19036892004")] == found


@given(st.lists(st.builds(Finding, st.text(max_size=90)), max_size=20), st.text(max_size=60))
def test_a_report_takes_two_segments_at_most(found: list[Finding], who: str) -> None:
    body = text(who, found)
    assert segments(body) <= 2
    assert body.startswith("Not ready. " if found else "Ready. ")


def test_what_has_no_room_stands_elsewhere() -> None:
    body = text("On call from Mon 5:00 PM: Sam", [Finding("the last page to Sam did not arrive (30003)")] * 9)
    assert body.endswith("... All of it: helpline oncall --ready")


# -- in the terminal -----------------------------------------------------------------------------------------------------


@pytest.fixture
def terminal(desk: World, flows: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("FLOWS_DIR", str(flows))
    monkeypatch.setenv("DATABASE_URL", desk.settings.database_url)

    def tell(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = run(["oncall", "--ready", *arguments])
        return code, capsys.readouterr().out

    return tell


def test_the_terminal_says_the_same_and_fails(desk: World, terminal: Any) -> None:
    code, shown = terminal()
    assert code == 1
    assert "is not verified: no text ever reached" in shown
    known(desk, SAM, ROBIN)
    code, shown = terminal()
    assert code == 0
    assert shown.startswith("On call from ")
    assert shown.endswith("  All is well.\n")
    assert json.loads(terminal("--json")[1])["ready"] is True
    desk.text(ROBIN, "STOP", OptOutType="STOP")
    desk.text(SAM, "STOP", OptOutType="STOP")
    code, shown = terminal()
    assert code == 1
    assert "has opted out of texts and gets no pages until texting START.\n" in shown


def test_the_doctor_has_a_line_and_fails_only_for_what_is_grave(desk: World) -> None:
    assert "is not verified" in checks.ready(desk.settings)
    known(desk, SAM, ROBIN)
    assert checks.ready(desk.settings).endswith(": all is well")
    desk.text(ROBIN, "STOP", OptOutType="STOP")
    desk.text(SAM, "STOP", OptOutType="STOP")
    with pytest.raises(Trouble) as trouble:
        checks.ready(desk.settings)
    assert "has opted out of texts" in trouble.value.found
