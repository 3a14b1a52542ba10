"""Who is on call, as phones, the API and the terminal have it: one schedule behind all of them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.loader import load
from ivr.cli import run
from ivr.duty import week
from ivr.week_view import PLAIN, Calendar, Marks
from tests.unit.ivr.test_cli import _a_desk_of_its_own  # noqa: F401 - a log and an environment of its own
from tests.unit.ivr.test_staff import answer_to, missed_call
from tests.world import CLIENT, LEE, ROBIN, SAM, World, edited_flows

ROBIN_LINE = '  - {name: Robin, number: "+19035550113"}\n'
SECOND_PHONE = "+19035550123"
TWO_PHONES = f'  - {{name: Robin, numbers: ["+19035550113", "{SECOND_PHONE}"], lead: true}}\n'
OFFICE = """
shifts:
  - {days: mon-fri, from: "08:00", to: "17:00", who: everyone}
  - {days: mon-fri, from: "17:00", to: "08:00", who: nights}
  - {days: sat-sun, from: "08:00", to: "08:00", who: nights}
rotations:
  nights: {people: [Sam, Lee, Robin], every: 1 week, hand_over: mon 08:00, since: 2026-11-23}
overrides:
  - {from: 2026-11-25 08:00, to: 2026-11-25 12:00, who: Robin, why: training of the others}
holidays: {country: US, days: {2026-12-24: Christmas Eve}, who: nights}
"""
ONLY_OFFICE = """
shifts:
  - {days: mon-fri, from: "08:00", to: "17:00", who: [Sam, Lee]}
"""
AFTER_HOURS = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # Monday, 8:30 PM in Chicago
BEARER = {"Authorization": "Bearer api-token"}


@pytest.fixture
def flows(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The shipped files with a schedule: the one of the marker, or office hours and nights."""
    return edited_flows(tmp_path, "oncall.yml", ROBIN_LINE, getattr(request, "param", TWO_PHONES + OFFICE))


@pytest.fixture
def desk(database_url: str, tmp_path: Path, flows: Path) -> Iterator[World]:
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    yield world
    world.close()


def asked(world: World, path: str = "/api/v1/oncall") -> Any:
    answer = world.client.get(path, headers=BEARER)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def names(people: list[dict[str, str]]) -> list[str]:
    return [person["name"] for person in people]


# -- pages ---------------------------------------------------------------------------------------------------------------


def test_after_hours_only_the_person_on_call_is_paged(desk: World) -> None:
    missed_call(desk, "CA1")
    assert (len(desk.texts_to(SAM)), len(desk.texts_to(LEE)), len(desk.texts_to(ROBIN))) == (1, 1, 1)
    desk.now.moment = AFTER_HOURS
    missed_call(desk, "CA2", caller=CLIENT)
    assert (len(desk.texts_to(SAM)), len(desk.texts_to(LEE)), len(desk.texts_to(ROBIN))) == (2, 1, 1)
    assert names_paged(desk.tickets()[1]) == {"Sam"}


def names_paged(ticket: dict[str, Any]) -> set[str]:
    return {page["person"] for page in ticket["pages"]}


def test_who_is_off_duty_is_known_all_the_same(desk: World) -> None:
    desk.now.moment = AFTER_HOURS
    missed_call(desk, "CA1")
    assert answer_to(desk, LEE, "ACK 1001").startswith("1001 is yours")
    assert desk.texts_to(SAM)[-1] == "1001 is taken by Lee. Nothing to do for you."


@pytest.mark.parametrize("flows", [ROBIN_LINE + ONLY_OFFICE], indirect=True)
def test_in_a_gap_everyone_is_paged_and_the_ticket_says_so(desk: World) -> None:
    desk.now.moment = AFTER_HOURS
    missed_call(desk, "CA1")
    ticket = desk.ticket()
    assert names_paged(ticket) == {"Sam", "Lee", "Robin"}
    said = [event["text"] for event in ticket["events"] if event["kind"] in {"page", "problem"}]
    assert said == [
        "A missed-call page went to Sam, Lee, Robin",
        "Nobody was on duty, so it went to everyone. `helpline flow check` names the gap in oncall.yml",
    ]
    assert answer_to(desk, LEE, "WHO") == (
        "Nobody is on call. Pages go to everyone: Sam 903-555-0111, Lee 903-555-0112, Robin 903-555-0113"
    )
    assert asked(desk)["on_duty"] == []
    assert names(asked(desk)["paged"]) == ["Sam", "Lee", "Robin"]


@pytest.mark.parametrize("flows", [ROBIN_LINE + ONLY_OFFICE], indirect=True)
def test_without_a_gap_nothing_is_said_about_one(desk: World) -> None:
    missed_call(desk, "CA1")
    assert names_paged(desk.ticket()) == {"Sam", "Lee"}
    assert [event for event in desk.ticket()["events"] if event["kind"] == "problem"] == []


def test_a_second_phone_is_recognised_and_the_first_is_paged(desk: World) -> None:
    missed_call(desk, "CA1")
    assert desk.texts_to(SECOND_PHONE) == []
    assert answer_to(desk, SECOND_PHONE, "ACK 1001").startswith("1001 is yours")
    assert desk.ticket()["claimed_by"] == "Robin"
    assert len(desk.texts_to(ROBIN)) == 1  # only the page: nobody is told that they took a ticket themselves
    assert desk.texts_to(SAM)[-1] == "1001 is taken by Robin. Nothing to do for you."


def test_a_second_phone_that_opts_out_changes_no_page_and_worries_nobody(desk: World) -> None:
    desk.text(SECOND_PHONE, "STOP", OptOutType="STOP")
    missed_call(desk, "CA1")
    assert len(desk.texts_to(ROBIN)) == 1
    assert len(desk.texts_to(SAM)) == 1


def test_what_a_client_adds_goes_to_those_on_duty_a_few_times_only(desk: World) -> None:
    desk.now.moment = AFTER_HOURS
    for number in range(9):
        desk.text(CLIENT, f"still down {number}")
    desk.work()
    assert len(desk.texts_to(SAM)) == 1 + 5 + 1  # the notice that many come
    assert desk.texts_to(LEE) == desk.texts_to(ROBIN) == []


# -- one answer everywhere -----------------------------------------------------------------------------------------------


def test_who_api_terminal_and_pages_agree_over_a_clock_change(
    desk: World, flows: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWS_DIR", str(flows))
    seen = set()
    for hours in range(0, 24 * 10, 7):
        at = datetime(2026, 10, 26, 5, 30, tzinfo=UTC) + timedelta(hours=hours)
        desk.now.moment = at
        by_api = asked(desk)
        who = answer_to(desk, LEE, "WHO")
        capsys.readouterr()
        assert run(["oncall", "--at", at.isoformat(), "--json"]) == 0
        by_terminal = json.loads(capsys.readouterr().out)
        assert by_terminal == by_api == asked(desk, f"/api/v1/oncall?at={at:%Y-%m-%dT%H:%M:%SZ}")
        assert [part.split()[0] for part in who.removeprefix("On call: ").split(", ")] == names(by_api["on_duty"])
        assert [person.name for person in desk.desk.rules.paged(at)] == names(by_api["paged"])
        seen.add(who)
    assert len(seen) > 2


def test_the_api_says_until_when_and_who_is_next(desk: World) -> None:
    assert asked(desk, "/api/v1/oncall?at=2026-11-25T15:00:00Z") == {
        "at": "2026-11-25T15:00:00Z",
        "zone": "America/Chicago",
        "on_duty": [{"name": "Robin", "number": "+19035550113"}],
        "paged": [{"name": "Robin", "number": "+19035550113"}],
        "holiday": None,
        "overrides": ["training of the others"],
        "until": "2026-11-25T18:00:00Z",
        "next": [
            {"name": "Sam", "number": "+19035550111"},
            {"name": "Lee", "number": "+19035550112"},
            {"name": "Robin", "number": "+19035550113"},
        ],
    }
    assert asked(desk, "/api/v1/oncall?at=2026-11-26T12:00:00-06:00")["holiday"] == "Thanksgiving Day"


# -- the terminal --------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(flows: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `helpline oncall` with the schedule; gives the exit code, what it printed and what it complained about."""
    monkeypatch.setenv("FLOWS_DIR", str(flows))
    monkeypatch.delenv("COLUMNS", raising=False)

    def tell(*arguments: str) -> tuple[int, str, str]:
        code = run(["oncall", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return tell


def test_the_terminal_names_people_until_when_and_the_next(told: Any) -> None:
    assert told("--at", "2026-11-23 18:00") == (
        0,
        "Mon Nov 23, 6:00 PM CST\nOn call until Tue Nov 24, 8:00 AM CST:\n  Sam  903-555-0111\nThen Sam, Lee, Robin.\n",
        "",
    )
    assert told("--at", "2026-11-25 09:00")[1].splitlines()[2:] == [
        "  Robin  903-555-0113",
        "Override: training of the others",
        "Then Sam, Lee, Robin.",
    ]
    assert "Holiday: Thanksgiving Day" in told("--at", "2026-11-26 09:00")[1]


def test_a_time_that_comes_twice_is_answered_twice(told: Any) -> None:
    _, shown, _ = told("--at", "2026-11-01 01:30")
    assert shown.splitlines()[0] == "01:30 comes twice on Sun Nov 1: the clocks go back."
    assert [line for line in shown.splitlines() if "1:30 AM" in line] == [
        "Sun Nov 1, 1:30 AM CDT",
        "Sun Nov 1, 1:30 AM CST",
    ]
    both = json.loads(told("--at", "2026-11-01 01:30", "--json")[1])
    assert (both["at"], both["also"]["at"]) == ("2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z")


def test_a_time_that_does_not_exist_says_so(told: Any) -> None:
    _, shown, _ = told("--at", "2027-03-14 02:30")
    assert shown.splitlines()[:2] == [
        "02:30 does not exist on Sun Mar 14: the clocks go forward to 03:00 CDT.",
        "Sun Mar 14, 3:00 AM CDT",
    ]


def test_an_offset_is_taken_as_it_is(told: Any) -> None:
    assert told("--at", "2026-11-01T01:30-06:00")[1].splitlines()[0] == "Sun Nov 1, 1:30 AM CST"


@pytest.mark.parametrize("at", ["soon", "2026-13-01 08:00", "25:00", "", "1999-01-01 00:00", "9999-12-31 23:59"])
def test_what_is_no_time_is_refused_with_an_example(told: Any, at: str) -> None:
    code, shown, complaint = told("--at", at)
    assert (code, shown) == (2, "")
    assert complaint.startswith(f'Error: --at: "{at}"')
    assert complaint.endswith('Example: --at "2026-11-23 22:00"\n')


def test_without_shifts_everyone_is_on_call_without_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["oncall", "--at", "2026-11-23 18:00"]) == 0
    assert capsys.readouterr().out == (
        "Mon Nov 23, 6:00 PM CST\nOn call:\n  Sam    903-555-0111\n  Lee    903-555-0112\n  Robin  903-555-0113\n"
    )


def test_the_week_is_a_calendar_of_80_columns(told: Any) -> None:
    code, shown, _ = told("--week", "--at", "2026-11-25 09:00")
    assert code == 0
    assert shown == (
        "Mon Nov 23 to Sun Nov 29, 2026 (America/Chicago), a cell is 3 hours\n"
        "                              ▼ 09:00\n"
        "         Mon 23   Tue 24   Wed 25   Thu 26*  Fri 27   Sat 28   Sun 29\n"
        "         0   12   0   12   0   12   0   12   0   12   0   12   0   12\n"
        "Sam      ··▐█████│████████│██▌·████│████████│████████│████████│████████\n"
        "Lee      ··▐██▌··│··▐██▌··│····█▌··│········│··▐██▌··│········│········\n"
        "Robin    █████▌··│··▐██▌··│··▐██▌··│········│··▐██▌··│········│········\n"
        "override ········│········│··▐█····│········│········│········│········\n"
        "* Thu 26 is Thanksgiving Day\n"
        "override Wed 25 08:00 to Wed 25 12:00: Robin (training of the others)\n"
    )


BARS = Marks()


def calendar(flows: Path, at: datetime, *, width: int, marks: Marks = BARS) -> list[str]:
    oncall = load(flows).oncall
    return [str(line) for line in Calendar(oncall, week(oncall, at), at=at, width=width, marks=marks).lines()]


def test_the_week_has_hours_at_120_columns_and_says_when_the_clocks_change(flows: Path) -> None:
    lines = calendar(flows, datetime(2026, 11, 1, 9, tzinfo=UTC), width=120)
    assert lines[2:] == [
        "         Mon 26       Tue 27       Wed 28       Thu 29       Fri 30       Sat 31       Sun 1",
        "         0  6  12 18  0  6  12 18  0  6  12 18  0  6  12 18  0  6  12 18  0  6  12 18  0  6  12 18",
        "Sam      ····████▌···│····████▌···│····████▌···│····████▌···│····████▌···│············│············",
        "Lee      ████████▌···│····████▌···│····████▌···│····████▌···│····████▌···│············│············",
        "Robin    ····████████│████████████│████████████│████████████│████████████│████████████│████████████",
        "the clocks go back on Sun 1: after 01:59 CDT comes 01:00 CST",
    ]


@pytest.mark.parametrize("flows", [ROBIN_LINE + ONLY_OFFICE], indirect=True)
def test_the_week_shows_who_is_missing_and_what_nobody_has(flows: Path) -> None:
    lines = calendar(flows, datetime(2026, 11, 30, 4, tzinfo=UTC), width=80, marks=PLAIN)
    assert lines[1].endswith("22:00 v")
    assert [line.split()[0] for line in lines[4:7]] == ["Sam", "Lee", "nobody"]
    assert "nobody on duty Fri 27 17:00 to Mon 30 00:00: pages go to everyone" in lines
    assert lines[-1] == "not on duty this week: Robin"
    assert all(line.isascii() for line in lines)


@pytest.mark.parametrize("width", [20, 60, 80, 100, 120, 200])
def test_the_week_fits_its_terminal(flows: Path, width: int) -> None:
    lines = calendar(flows, datetime(2026, 11, 23, 9, tzinfo=UTC), width=width)[1:8]
    assert max(len(line) for line in lines) <= max(width, 9 + 7 * 5)


def test_the_week_for_programs_has_no_hole(told: Any) -> None:
    found = json.loads(told("--week", "--json", "--at", "2026-11-25 09:00")[1])
    pieces = found["stretches"]
    assert (found["begins"], found["ends"]) == ("2026-11-23T06:00:00Z", "2026-11-30T06:00:00Z")
    assert [piece["begins"] for piece in pieces] == [found["begins"], *[piece["ends"] for piece in pieces][:-1]]
    assert pieces[-1]["ends"] == found["ends"]
    assert names(pieces[0]["on_duty"]) == ["Robin"]


@pytest.mark.parametrize("flows", [ROBIN_LINE + OFFICE.replace("2026-11-25", "2020-11-25")], indirect=True)
def test_notes_are_shown_and_fail_no_check(flows: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["flow", "check", str(flows)]) == 0
    shown = capsys.readouterr()
    assert "note: this override is over\n    hint: delete it\n" in shown.out
    assert shown.err == f"{flows}: no problems, 1 note\n"
    assert run(["flow", "check", str(flows), "--json"]) == 0
    assert [problem["severity"] for problem in json.loads(capsys.readouterr().out)] == ["note"]
