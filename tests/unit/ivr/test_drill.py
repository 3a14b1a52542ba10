"""The drill: a call through everything that a client's call goes through, and nobody is woken by it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from flows.drilling import Move, last_slot, way
from flows.loader import load
from flows.schema import Drill as Schedule
from ivr import drill as drilling
from ivr.auditor import Auditor
from ivr.commands.drill import line, summary
from ivr.drill import AlreadyRunning, Course, Leg, Report, Seen, drill_if_due, limits_of, run_drill
from ivr.drill_calls import NotPlaced, by_sandbox, script
from ivr.sandbox.client import ControlClient
from tests.unit.ivr.live_desk import LiveDesk, live_desk
from tests.world import DESK, FLOWS, LEE, ROBIN, SAM, World, edited_flows
from tickets import drills, queries
from tickets.models import Drill, Event, Message, Ticket

pytestmark = pytest.mark.xdist_group("drill")
HOPELESS = [
    *("ok       call answered", "ok       menu", "ok       key", "ok       message recorded"),
    *("ok       recording fetched", "failed   words", "ok       ticket", "ok       page ready"),
]


def verdicts(report: Report) -> list[str]:
    return [line(one).split(":")[0] for one in report.legs]


def rows(live: LiveDesk, table: type) -> list:  # type: ignore[type-arg]
    with live.desk.database.reading() as session:
        return list(session.scalars(select(table).order_by(table.id)))  # type: ignore[attr-defined]


def texts(live: LiveDesk) -> dict[str, int]:
    phones = ControlClient(live.desk.settings.twilio_api_url)
    return {phone: len(phones.texts(phone)) for phone in (SAM, LEE, ROBIN)}


# -- against a sandbox that really calls ---------------------------------------------------------------------------------


def test_a_drill_goes_the_whole_way_and_wakes_nobody(database_url: str, tmp_path: Path) -> None:
    with live_desk(database_url, tmp_path) as live:
        report = run_drill(live.desk)
        assert verdicts(report) == [
            *("ok       call answered", "ok       menu", "ok       key", "ok       message recorded"),
            *("ok       recording fetched", "ok       words", "ok       ticket", "ok       page ready"),
        ]
        assert report.passed
        (ticket,) = rows(live, Ticket)
        assert report.ticket == ticket.number == 1001
        assert (ticket.drill, ticket.subject, ticket.client) == (True, "Drill", "Drill")
        assert (ticket.state, ticket.resolved_by) == ("resolved", "Drill")
        pages = [row for row in rows(live, Message) if row.purpose == "page"]
        assert [(page.person, page.state, page.error) for page in pages] == [
            (name, "withheld", "a drill pages only who asked for it") for name in ("Sam", "Lee", "Robin")
        ]
        story = [event.text for event in rows(live, Event)]
        assert "This is a drill: nobody is paged" in story
        assert story[-1] == "The drill is over"
        assert [text for text in story if text.startswith("The drill went well, in ")] != []
        assert texts(live) == {SAM: 0, LEE: 0, ROBIN: 0}
        assert Auditor(live.desk).run().found == ()
        (drill,) = rows(live, Drill)
        assert (drill.state, len(drill.legs), drill.ticket_id) == ("passed", 8, ticket.id)


def test_who_asks_for_the_page_of_a_drill_gets_it_and_nobody_else(database_url: str, tmp_path: Path) -> None:
    with live_desk(database_url, tmp_path) as live:
        report = run_drill(live.desk, page="Lee")
        assert verdicts(report)[-2:] == ["ok       page sent", "ok       page delivered"]
        assert report.passed
        assert texts(live) == {SAM: 0, LEE: 1, ROBIN: 0}
        (page,) = ControlClient(live.desk.settings.twilio_api_url).texts(LEE)
        assert page["body"].startswith("URGENT 1001 Drill 903-555-0199: [Emergency or outage] Hi, this is Dana.")


def test_a_drill_says_which_leg_is_broken(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with live_desk(database_url, tmp_path) as live:
        live.engine.words = ""
        report = run_drill(live.desk)
        assert not report.passed
        assert verdicts(report) == HOPELESS
        assert report.wrong == "words failed (no words could be made out)"
        assert "The drill failed: words failed (no words could be made out)" in [
            event.text for event in rows(live, Event)
        ]
        # And with the workers away, nothing is fetched: what needs the sound is left out.
        live.works.clear()
        monkeypatch.setattr(drilling, "GRACE", 0.0)
        monkeypatch.setitem(drilling.LIMITS, Leg.FETCHED, 1.0)
        monkeypatch.setitem(drilling.LIMITS, Leg.TICKET, 1.0)
        live.desk.flows.helpdesk.pages.__dict__["wait_for_transcript"] = -4  # one second for the page
        report = run_drill(live.desk)
        assert verdicts(report)[4:] == [
            "failed   recording fetched", "left out words", "ok       ticket", "failed   page ready",
        ]  # fmt: skip
        assert report.legs[4].why == "nothing came within 1 s"
        live.works.set()


# -- in one process ------------------------------------------------------------------------------------------------------


def call_from_ourselves(world: World, sid: str = "CAdrill") -> None:
    world.call(sid, DESK)
    world.press("1", 1, sid, DESK)
    world.recorded("REdrill", sid)
    world.hang_up(sid, DESK)


def begin(world: World, page: str | None = None) -> int:
    with world.desk.database.unit() as unit:
        return drills.begin(unit, DESK, page=page, now=world.now()).id


def finish(world: World, drill: int) -> None:
    with world.desk.database.unit() as unit:
        drills.finish(unit, drill, passed=True, legs=[], words="The drill went well, in 9 s", now=world.now())


def test_a_call_from_our_own_number_is_a_drill_only_while_one_runs(world: World) -> None:
    call_from_ourselves(world, "CA1")
    world.work()
    assert len(world.texts_to(SAM)) == 1
    begin(world)
    call_from_ourselves(world, "CA2")
    world.work()
    assert len(world.texts_to(SAM)) == 1
    assert [ticket["subject"] for ticket in world.tickets()][1:] == ["Drill"]


def test_a_client_who_calls_during_a_drill_is_a_client(world: World) -> None:
    begin(world)
    world.call("CA1")
    world.press("1", 1)
    world.recorded()
    world.hang_up()
    call_from_ourselves(world)
    world.work()
    assert [(row.subject[:9], row.drill) for row in world.rows(Ticket)] == [("Emergency", False), ("Drill", True)]
    assert len(world.texts_to(SAM)) == 1


def test_a_drill_is_in_no_list_of_those_who_ask_what_is_open(world: World) -> None:
    drill = begin(world)
    call_from_ourselves(world)
    world.work()
    world.text(SAM, "ACK")
    world.work()
    assert world.texts_to(SAM) == ["No ticket is open."]
    finish(world, drill)
    world.pass_time(600, step=30)
    assert world.unfinished() == 0


def test_a_drill_that_was_given_up_while_its_call_went_on_pages_nobody(world: World) -> None:
    finish(world, begin(world))
    call_from_ourselves(world)
    world.pass_time(60)
    assert world.carrier.sent == []
    assert world.ticket()["state"] == "resolved"


def test_a_drill_that_nobody_sees_to_its_end_is_ended_and_told(world: World) -> None:
    begin(world)
    call_from_ourselves(world)
    world.work()
    auditor = Auditor(world.desk)
    world.now.moment += timedelta(minutes=16)
    assert [one.kind.value for one in auditor.run().found] == ["drill-open"]
    world.work()
    assert world.ticket()["state"] == "resolved"
    assert world.texts_to(SAM) == ["Help desk watcher: a drill did not come to its end. See helpline doctor."]
    assert auditor.run().clean


def test_two_drills_at_once_are_refused(world: World) -> None:
    begin(world)
    with pytest.raises(AlreadyRunning, match="a drill is running already; one at a time"):
        run_drill(world.desk)


def test_a_call_that_cannot_be_placed_fails_the_first_leg(world: World) -> None:
    report = run_drill(world.desk, place=_no_carrier)
    assert (
        line(report.legs[0]) == "failed   call answered: - (at most 20 s): the carrier would not place the call: 21210"
    )
    assert {one.verdict.value for one in report.legs[1:]} == {"left out"}
    assert summary(report).startswith("The drill failed, in ")
    assert json.loads(json.dumps(report.data()))["legs"][0]["leg"] == "call answered"


def _no_carrier(moves: Sequence[Move]) -> None:
    raise NotPlaced("the carrier would not place the call: 21210")


def test_a_sandbox_that_is_away_is_a_sentence(world: World, tmp_path: Path) -> None:
    settings = world.settings.model_copy(update={"twilio_api_url": "http://127.0.0.1:1"})
    with pytest.raises(NotPlaced, match=r"^The sandbox carrier at .* does not answer"):
        by_sandbox(settings)([Move(1, None)])


# -- on a schedule -------------------------------------------------------------------------------------------------------


@pytest.fixture
def scheduled(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    old = '# drill: {every: day, at: "03:30"}'
    flows = edited_flows(tmp_path, "helpdesk.yml", old, 'drill: {every: day, at: "03:30"}')
    monkeypatch.setattr(drilling, "placer", lambda settings: _no_carrier)
    return World(database_url, tmp_path, FLOWS_DIR=str(flows))


def test_a_drill_runs_once_for_each_slot_and_a_failed_one_is_told(scheduled: World) -> None:
    world = scheduled
    half_past_three = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)  # in Chicago
    assert drill_if_due(world.desk) is None
    world.now.moment = half_past_three - timedelta(seconds=1)
    assert drill_if_due(world.desk) is None
    world.now.moment = half_past_three + timedelta(seconds=20)
    report = drill_if_due(world.desk)
    assert report is not None
    assert drill_if_due(world.desk) is None
    world.work()
    assert world.texts_to(SAM) == [
        "The help desk's drill failed: call answered failed (the carrier would not place the call: 21210). "
        "Run helpline drill to try again."
    ]
    world.now.moment += timedelta(days=1, hours=2)  # no clock ran at 3:30
    assert drill_if_due(world.desk) is None
    world.close()


def test_without_a_schedule_no_drill_is_ever_due(world: World) -> None:
    world.now.moment += timedelta(days=3)
    assert drill_if_due(world.desk) is None


@given(
    st.integers(0, 2 * 365 * 86400).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.integers(0, 24 * 60 - 1),
    st.sampled_from(["day", "week"]),
)
def test_the_last_slot_is_past_and_the_one_before_the_next(now: datetime, minutes: int, every: str) -> None:
    plan = Schedule(every=every, at=f"{minutes // 60:02}:{minutes % 60:02}")
    slot = last_slot(plan, "America/Chicago", now)
    period = timedelta(days=7 if every == "week" else 1)
    assert slot <= now < slot + period + timedelta(hours=1)
    local = slot.astimezone(ZoneInfo("America/Chicago"))
    assert every == "day" or local.weekday() == 0
    assert last_slot(plan, "America/Chicago", slot) == slot
    assert last_slot(plan, "America/Chicago", slot - timedelta(seconds=1)) < slot


# -- the caller's part ---------------------------------------------------------------------------------------------------


def test_the_caller_presses_the_first_key_that_opens_a_ticket() -> None:
    moves = way(load(FLOWS).helpdesk, datetime(2026, 11, 23, tzinfo=UTC))
    assert [move.key for move in moves] == ["1", None]


def test_without_such_a_key_the_caller_stays_silent_until_the_tone(tmp_path: Path) -> None:
    flows = edited_flows(
        tmp_path, "helpdesk.yml", "1: {next: team, opens: Emergency or outage}", "1: {next: team}", rings=True
    )
    path = flows / "helpdesk.yml"
    path.write_text(path.read_text().replace("2: {next: other_help, opens: Other help}", "2: {next: other_help}"))
    moves = way(load(flows).helpdesk, datetime(2026, 11, 23, tzinfo=UTC))
    assert [move.key for move in moves] == [None, None, None]
    assert moves[0].seconds > 20


def test_on_a_real_account_the_carrier_plays_the_caller() -> None:
    assert script([Move(7.7, "1"), Move(10.4, None)]) == (
        '<?xml version="1.0" encoding="UTF-8"?><Response><Pause length="8" /><Play digits="1" /><Pause length="7" />'
        '<Say loop="3">This is a drill of the help desk. Nothing is wrong. This is only a drill.</Say>'
        '<Play digits="#" /><Pause length="3" /><Hangup /></Response>'
    )


# -- the course ----------------------------------------------------------------------------------------------------------


def test_each_leg_is_timed_from_the_one_before_it(world: World) -> None:
    course = Course(limits_of(world.desk, key=True, page=False))
    moments = {
        Leg.ANSWERED: 2.0, Leg.MENU: 2.5, Leg.KEY: 9.0, Leg.RECORDED: 20.0, Leg.FETCHED: 24.0, Leg.WORDS: 150.0,
        Leg.TICKET: 9.0, Leg.READY: 40.0,
    }  # fmt: skip
    for at in sorted({*moments.values()}):
        assert course.now is not None
        course.feed({leg: Seen(leg in moments and moments[leg] <= at) for leg in Leg}, at)
    assert course.now is None
    assert [line(one) for one in course.results()] == [
        "ok       call answered: 2.0 s (at most 20 s)",
        "ok       menu: 0.5 s (at most 15 s)",
        "ok       key: 6.5 s (at most 60 s)",
        "ok       message recorded: 17.5 s (at most 120 s)",
        "ok       recording fetched: 4.0 s (at most 60 s)",
        "slow     words: 126.0 s (at most 120 s)",
        "ok       ticket: 6.5 s (at most 180 s)",
        "ok       page ready: 20.0 s (at most 25 s)",
    ]


facts = st.sampled_from([Seen(), Seen(True), Seen(problem="broken")])


@given(st.lists(st.tuples(st.floats(0, 300), st.fixed_dictionaries(dict.fromkeys(Leg, facts))), max_size=12))
def test_every_course_comes_to_an_end_and_each_leg_has_one_verdict(steps: list[tuple[float, dict[Leg, Seen]]]) -> None:
    course = Course(dict.fromkeys(Leg, 60.0))
    at = 0.0
    for pause, seen in steps:
        at += pause
        before = {one.leg: one for one in course.results() if one.verdict.value != "left out"}
        course.feed(seen, at)
        after = {one.leg: one for one in course.results()}
        assert all(after[leg] == one for leg, one in before.items())  # what is decided stays so
    for _ in Leg:
        at += 91
        course.feed(dict.fromkeys(Leg, Seen()), at)
    assert course.now is None
    assert all((one.seconds is not None) == (one.verdict.value in ("ok", "slow")) for one in course.results())


def test_the_api_shows_the_drill_like_any_ticket(world: World) -> None:
    begin(world)
    call_from_ourselves(world)
    world.work()
    with world.desk.database.reading() as session:
        ticket = queries.find(session, 1001, sender=DESK)
    assert ticket is not None
    assert (ticket["subject"], ticket["pages"]) == ("Drill", [])
