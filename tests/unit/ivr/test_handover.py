"""Colleagues take duty and hand it over by text: who is paged then, who hears of it, and how it is taken back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ivr.cli import run
from tests.unit.ivr.test_cli import _a_desk_of_its_own  # noqa: F401 - a log and an environment of its own
from tests.unit.ivr.test_staff import answer_to, missed_call
from tests.world import CLIENT, LEE, ROBIN, SAM, World, edited_flows
from tickets.models import DutyOverride
from tickets.sms import segments

ROBIN_LINE = '  - {name: Robin, number: "+19035550113"}\n'
NIGHTS = (
    '  - {name: Robin, number: "+19035550113", zone: America/Denver}\n'
    '  - {name: Kim, number: "+19035550114", lead: true}\n'
    "shifts:\n"
    '  - {days: mon-fri, from: "08:00", to: "17:00", who: [Sam, Lee]}\n'
    '  - {days: mon-sun, from: "17:00", to: "08:00", who: Robin}\n'
    '  - {days: sat-sun, from: "08:00", to: "17:00", who: Robin}\n'
)
KIM = "+19035550114"
BEARER = {"Authorization": "Bearer api-token"}


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    return edited_flows(tmp_path, "oncall.yml", ROBIN_LINE, NIGHTS)


@pytest.fixture
def desk(database_url: str, tmp_path: Path, flows: Path) -> Iterator[World]:
    """Monday, 8:05 AM: Sam and Lee are on call until five, then Robin; Kim leads and is never on call."""
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    yield world
    world.close()


def asked(world: World, path: str = "/api/v1/oncall") -> Any:
    answer = world.client.get(path, headers=BEARER)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def on_call(world: World) -> list[str]:
    """Who is paged, as soon as every process knows."""
    world.now.moment += timedelta(seconds=3)
    names = [person.name for person in world.desk.rules.on_duty(world.now())]
    assert names == [person["name"] for person in asked(world)["on_duty"]]
    return names


# -- take ----------------------------------------------------------------------------------------------------------------


def test_who_takes_is_on_call_as_well_and_the_others_hear_of_it(desk: World) -> None:
    assert answer_to(desk, ROBIN, "TAKE 4h") == (
        "You are on call until Mon 11:05 AM with Sam and Lee. Sam, Lee and Kim are told. UNDO takes it back."
    )
    assert (
        desk.texts_to(SAM) == desk.texts_to(LEE) == desk.texts_to(KIM) == ["Robin is on call too until Mon 12:05 PM."]
    )
    assert on_call(desk) == ["Sam", "Lee", "Robin"]
    missed_call(desk, "CA1")
    assert {page["person"] for page in desk.ticket()["pages"]} == {"Sam", "Lee", "Robin"}
    desk.now.moment += timedelta(hours=4)
    assert on_call(desk) == ["Sam", "Lee"]


def test_who_takes_alone_is_the_only_one(desk: World) -> None:
    assert answer_to(desk, ROBIN, "take alone until noon") == (
        "You are on call until Mon 12:00 PM alone. Sam, Lee and Kim are told. UNDO takes it back."
    )
    assert desk.texts_to(SAM) == ["Robin alone is on call until Mon 1:00 PM."]
    assert on_call(desk) == ["Robin"]


def test_times_are_those_of_who_writes_and_of_who_reads(desk: World) -> None:
    assert answer_to(desk, ROBIN, "TAKE until 5 p.m.").startswith("You are on call until Mon 5:00 PM")
    assert desk.texts_to(SAM) == ["Robin is on call too until Mon 6:00 PM."]
    assert asked(desk)["overrides"] == ["#1 Robin too, by text from Robin"]


def test_take_without_a_time_asks_and_changes_nothing(desk: World) -> None:
    asks = "For how long? Write 4h, 90m, until 8am or until Fri 17:00. TAKE ALONE puts only you on call."
    assert answer_to(desk, ROBIN, "Take") == asks
    assert answer_to(desk, ROBIN, "TAKE ALONE") == asks
    assert answer_to(desk, ROBIN, "TAKE until 8").startswith("8 in the morning or in the evening?")
    assert answer_to(desk, ROBIN, "TAKE 1042") == (
        "To take ticket 1042 write ACK 1042. To be on call: TAKE 4h or TAKE until 8am."
    )
    assert on_call(desk) == ["Sam", "Lee"]
    assert desk.texts_to(SAM) == []


def test_who_is_on_call_anyway_changes_nothing(desk: World) -> None:
    assert answer_to(desk, SAM, "TAKE 2h") == "You are on call anyway until Mon 10:05 AM. Nothing changes."
    assert answer_to(desk, SAM, "TAKE 12h") == (
        "You are on call until Mon 8:05 PM with Lee. Lee, Robin and Kim are told. UNDO takes it back."
    )
    assert answer_to(desk, ROBIN, "TAKE until 6pm") == (
        "You are on call until Mon 6:00 PM with Sam and Lee. Sam, Lee and Kim are told. "
        "After that you are on call by the schedule. UNDO takes it back."
    )


def test_a_second_take_corrects_the_first(desk: World) -> None:
    answer_to(desk, ROBIN, "TAKE 8h")
    answer_to(desk, ROBIN, "TAKE 1h")
    assert [text.split(" until ")[1] for text in desk.texts_to(SAM)] == ["Mon 4:05 PM.", "Mon 9:05 AM."]
    desk.now.moment += timedelta(hours=2)
    assert on_call(desk) == ["Sam", "Lee"]


# -- give ----------------------------------------------------------------------------------------------------------------


def test_who_gives_is_off_duty_and_the_other_is_on(desk: World) -> None:
    assert answer_to(desk, LEE, "Give robin until 3pm, please") == (
        "Robin is on call for you until Mon 3:00 PM. Sam, Robin and Kim are told. UNDO takes it back."
    )
    assert desk.texts_to(ROBIN) == [
        "You are on call for Lee until Mon 2:00 PM. UNDO gives it back, GIVE with a name and a time passes it on."
    ]
    assert desk.texts_to(SAM) == desk.texts_to(KIM) == ["Robin is on call for Lee until Mon 3:00 PM."]
    assert on_call(desk) == ["Sam", "Robin"]
    missed_call(desk, "CA1")
    assert {page["person"] for page in desk.ticket()["pages"]} == {"Sam", "Robin"}
    assert answer_to(desk, LEE, "WHO") == (
        "On call: Sam 903-555-0111, Robin 903-555-0113. By text: Robin for Lee until Mon 3:00 PM"
    )
    desk.now.moment += timedelta(hours=8)
    assert on_call(desk) == ["Sam", "Lee"]


def test_a_shift_that_begins_later_can_be_given_before(desk: World) -> None:
    assert answer_to(desk, ROBIN, "GIVE Kim until tomorrow 7am").startswith("Kim is on call for you until Tue 7:00 AM.")
    assert desk.texts_to(KIM) == [
        "You are on call for Robin until Tue 8:00 AM, whenever it is the turn of Robin. "
        "UNDO gives it back, GIVE with a name and a time passes it on."
    ]
    assert on_call(desk) == ["Sam", "Lee"]
    desk.now.moment = datetime(2026, 11, 24, 2, tzinfo=UTC)
    assert on_call(desk) == ["Kim"]


def test_what_was_given_is_passed_on_and_given_back(desk: World) -> None:
    answer_to(desk, LEE, "GIVE Robin 4h")
    assert answer_to(desk, ROBIN, "GIVE Kim 2h").startswith("Kim is on call for you until Mon 9:05 AM.")
    assert on_call(desk) == ["Sam", "Kim"]
    assert answer_to(desk, KIM, "Undo!") == (
        "Undone: Kim for Robin until Mon 10:05 AM. On call now: Sam and Robin. Sam and Robin are told."
    )
    assert on_call(desk) == ["Sam", "Robin"]
    assert answer_to(desk, LEE, "UNDO").startswith(
        "Undone: Robin for Lee until Mon 12:05 PM. On call now: Sam and Lee."
    )
    assert desk.texts_to(ROBIN)[-1] == "Undone by Lee: Robin for Lee until Mon 11:05 AM."
    assert on_call(desk) == ["Sam", "Lee"]
    assert answer_to(desk, LEE, "UNDO") == "There is nothing of yours to undo. WHO says who is on call."


@pytest.mark.parametrize(
    ("body", "answered"),
    [
        ("GIVE", "To whom, and for how long? Write GIVE Sam 4h or GIVE Sam until 8am."),
        ("GIVE 4h", "To whom, and for how long? Write GIVE Sam 4h or GIVE Sam until 8am."),
        ("GIVE Robin", "For how long? Write 4h, 90m, until 8am or until Fri 17:00."),
        (
            "GIVE Zoe 4h",
            "Nobody here is called Zoe. Sam, Robin or Kim? Write GIVE Sam 4h or GIVE Sam until 8am.",
        ),
        ("GIVE Lee 4h", "That is you. TAKE 4h puts you on call."),
        ("give sma 4h", "Nobody here is called Sma. Sam, Robin or Kim? Write GIVE Sam 4h or GIVE Sam until 8am."),
        (
            "give robyn 9 days",
            "That is more than 7 days, which is a matter of the schedule. Write 4h, 90m, until 8am or until Fri 17:00.",
        ),
    ],
)
def test_a_give_that_is_not_clear_is_answered_and_changes_nothing(desk: World, body: str, answered: str) -> None:
    assert answer_to(desk, LEE, body) == answered
    assert segments(answered) <= 2
    assert on_call(desk) == ["Sam", "Lee"]


def test_a_name_of_two_people_asks_which(database_url: str, tmp_path: Path) -> None:
    two = ROBIN_LINE + '  - {name: Robert, number: "+19035550114"}\n'
    desk = World(database_url, tmp_path, FLOWS_DIR=str(edited_flows(tmp_path, "oncall.yml", ROBIN_LINE, two)))
    assert answer_to(desk, SAM, "GIVE Rob 4h") == "Which one: Robin or Robert?"
    assert answer_to(desk, SAM, "GIVE Robert 4h").startswith("Robert is on call for you until Mon 12:05 PM.")
    desk.close()


def test_nothing_is_given_twice_or_by_who_has_nothing(desk: World) -> None:
    answer_to(desk, LEE, "GIVE Robin 4h")
    assert answer_to(desk, LEE, "GIVE Kim 4h") == (
        "Robin is on call for you already, until Mon 12:05 PM. UNDO takes that back."
    )
    assert answer_to(desk, KIM, "GIVE Sam 4h") == "You are not on call until Mon 12:05 PM: there is nothing to give."


def test_nothing_is_given_to_a_phone_that_gets_no_pages(desk: World) -> None:
    desk.text(ROBIN, "STOP", OptOutType="STOP")
    desk.work()
    assert answer_to(desk, LEE, "GIVE Robin 4h") == (
        "Nothing done: Robin has opted out of texts and gets no pages. Call 903-555-0113."
    )
    assert on_call(desk) == ["Sam", "Lee"]


def test_a_client_who_writes_take_writes_to_the_desk(desk: World) -> None:
    desk.text(CLIENT, "Take 4h to restore the server? Please call")
    desk.work()
    assert desk.ticket()["channel"] == "text"
    assert on_call(desk) == ["Sam", "Lee"]


def test_a_phone_that_answers_by_itself_does_not_keep_the_desk_talking(desk: World) -> None:
    for _ in range(9):
        desk.text(LEE, "Give me a minute, I am driving")
    desk.work()
    assert len(desk.texts_to(LEE)) == 5
    assert desk.texts_to(LEE)[0].startswith("Nobody here is called Me A Minute")


# -- twice, away, over a clock change ------------------------------------------------------------------------------------


def test_the_same_text_delivered_twice_is_one_change(desk: World) -> None:
    desk.text(LEE, "GIVE Robin 4h", sid="SM1")
    desk.text(LEE, "GIVE Robin 4h", sid="SM1")
    desk.work()
    assert len(desk.texts_to(LEE)) == len(desk.texts_to(ROBIN)) == 1
    with desk.desk.database.reading() as session:
        rows = session.scalars(select(DutyOverride)).all()
    assert [(row.person, row.place_of, row.by, row.evidence) for row in rows] == [("Robin", "Lee", "Lee", "SM1")]


def test_without_the_database_the_file_says_who_is_on_call(desk: World) -> None:
    answer_to(desk, LEE, "GIVE Robin 4h")
    assert on_call(desk) == ["Sam", "Robin"]
    desk.now.moment += timedelta(seconds=3)
    with desk.without_database():
        assert [person.name for person in desk.desk.rules.on_duty(desk.now())] == ["Sam", "Lee"]
        assert [person["name"] for person in asked(desk)["on_duty"]] == ["Sam", "Lee"]
    assert on_call(desk) == ["Sam", "Robin"]


def test_a_time_that_comes_twice_is_named_with_its_zone(desk: World) -> None:
    desk.now.moment = datetime(2026, 11, 1, 5, 0, tzinfo=UTC)  # midnight in Chicago
    assert answer_to(desk, LEE, "TAKE until 1:30").startswith("You are on call until Sun 1:30 AM CDT with Robin.")
    desk.now.moment = datetime(2026, 11, 1, 6, 45, tzinfo=UTC)  # 1:45 for the first time
    assert answer_to(desk, LEE, "TAKE until 1:30").startswith("You are on call until Sun 1:30 AM CST with Robin.")
    desk.now.moment = datetime(2026, 11, 1, 7, 29, tzinfo=UTC)
    assert on_call(desk) == ["Lee", "Robin"]
    desk.now.moment = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)
    assert on_call(desk) == ["Robin"]


# -- the owner of the file -----------------------------------------------------------------------------------------------


@pytest.fixture
def terminal(desk: World, flows: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `helpline oncall` on the desk's database, with time as it passes."""
    monkeypatch.setenv("FLOWS_DIR", str(flows))
    monkeypatch.setenv("DATABASE_URL", desk.settings.database_url)
    monkeypatch.delenv("COLUMNS", raising=False)
    desk.now.moment = datetime.now(UTC)

    def tell(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["oncall", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return tell


def test_the_owner_sees_and_undoes_what_was_made_by_text(desk: World, terminal: Any) -> None:
    answer_to(desk, KIM, "TAKE ALONE 4h")
    code, shown, complaint = terminal()
    assert (code, complaint) == (0, "")
    assert shown.splitlines()[2:5] == [
        "  Kim  903-555-0114",
        "Override: #1 Kim alone, by text from Kim",
        "What was made by text, `helpline oncall --undo NUMBER` takes back.",
    ]
    assert "Kim (#1 Kim alone, by text from Kim)" in terminal("--week")[1]
    assert json.loads(terminal("--json")[1])["overrides"] == ["#1 Kim alone, by text from Kim"]
    assert terminal("--undo", "7") == (1, "", "Error: no change 7 holds now. To undo: 1 (Kim alone)\n")
    code, shown, _ = terminal("--undo", "1")
    assert code == 0
    assert shown.startswith("Undone: Kim alone until ")
    assert terminal("--undo", "1")[0] == 1
    desk.pass_time(5)
    assert desk.texts_to(KIM)[-1].startswith("Undone by the owner of oncall.yml: Kim alone until ")
    assert "Kim" not in on_call(desk)
    assert "Override" not in terminal()[1]


def test_the_terminal_says_when_it_cannot_see_what_was_made_by_text(
    terminal: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty.db").touch()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'empty.db'}")
    code, shown, complaint = terminal()
    assert code == 0
    assert "On call until" in shown
    assert complaint == "Changes made by text are not shown: the database has no tables yet. Run: helpline db upgrade\n"
