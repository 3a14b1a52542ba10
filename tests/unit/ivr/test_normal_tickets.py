"""An option with `priority: normal` opens a ticket that can wait: it is paged, but nobody is woken for it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.escalation_story import arrive, events, minutes
from tests.ringing_story import RingingStory, words
from tests.world import CLIENT, LEE, ROBIN, SAM, STRANGER, World, edited_flows
from tickets.models import Escalation

QUIET = ', zone: America/Chicago, quiet: {from: "07:00", to: "12:00"}'  # it is 8:05 AM there
NOON = datetime(2026, 11, 23, 18, tzinfo=UTC)
PAGE = "Ticket 1001 Hollis & Wade CPA 903-555-0160: [Other help] The printer is slow. Reply ACK 1001 to take it."

Make = Callable[..., World]


@pytest.fixture
def make(database_url: str, tmp_path: Path) -> Iterator[Make]:
    """A desk on which key 2 opens what can wait; it is quiet for those named."""
    made: list[World] = []

    def build(*quiet: str, rings: bool = False, back: bool = False) -> World:
        step = "team" if rings else "message"
        shipped = "2: {next: other_help, opens: Other help}"
        own = f"2: {{next: {'main' if back else step}, opens: Other help, priority: normal}}"
        flows = edited_flows(tmp_path, "helpdesk.yml", shipped, own, rings=rings)
        file = flows / "oncall.yml"
        lines = [
            line.replace("}", f"{QUIET}}}") if any(f"name: {name}," in line for name in quiet) else line
            for line in file.read_text().splitlines()
        ]
        file.write_text("\n".join(lines) + "\n")
        world = World(database_url, tmp_path, escalates=True, rings=rings, FLOWS_DIR=str(flows))
        made.append(world)
        return world

    yield build
    for world in made:
        world.close()


def leaves_words(world: World, keys: str = "2", *, sid: str = "CA1", caller: str = CLIENT, said: str = "") -> None:
    world.engine.words = said or "The printer is slow."
    world.call(sid, caller)
    world.press(keys, 1, sid, caller)
    world.recorded(f"RE{sid[2:]}", sid)
    world.hang_up(sid, caller)
    world.work()
    arrive(world)


def test_a_normal_ticket_is_paged_and_texted_again_and_rings_nobody(make: Make) -> None:
    world = make()
    leaves_words(world)
    assert world.ticket()["priority"] == "normal"
    assert [world.texts_to(number) for number in (SAM, LEE, ROBIN)] == [[PAGE]] * 3
    minutes(world, 10)
    again = PAGE.replace("1001 Hollis", "1001 again, nobody took it for 5 min: Hollis", 1)
    assert world.texts_to(SAM) == [PAGE, again]
    minutes(world, 60)
    assert world.texts_to(SAM)[2:] == [
        "1001: nobody has acknowledged after 65 min. Hollis & Wade CPA 903-555-0160. Paged: Lee, Robin, Sam. Nobody else will "
        "be paged. Reply ACK 1001 to take it."
    ]
    minutes(world, 240)
    assert (len(world.texts_to(SAM)), world.carrier.placed) == (3, [])


def test_a_missed_call_about_what_can_wait_says_so(make: Make) -> None:
    world = make()
    world.call()
    world.press("2", 1)
    world.hang_up()
    world.pass_time(30)
    assert world.texts_to(LEE)[0].startswith(
        "Ticket 1001 missed call, Hollis & Wade CPA 903-555-0160: chose Other help"
    )


def test_the_last_choice_says_how_urgent_it_is(make: Make) -> None:
    world = make(back=True)
    world.call()
    world.press("2", 1)
    assert world.ticket()["priority"] == "normal"
    world.press("1", 2)
    assert (world.ticket()["priority"], world.ticket()["subject"]) == ("urgent", "Emergency or outage")


def test_words_of_a_caller_who_chose_nothing_are_urgent(make: Make) -> None:
    world = make()
    leaves_words(world, keys="")
    world.press("", 2)
    assert world.ticket()["priority"] == "urgent"


# --- quiet hours ------------------------------------------------------------------------------------------------------


def test_who_has_quiet_hours_is_left_alone_and_colleagues_are_paged(make: Make) -> None:
    world = make("Sam")
    leaves_words(world)
    minutes(world, 8)
    assert [len(world.texts_to(number)) for number in (SAM, LEE, ROBIN)] == [0, 2, 2]
    assert events(world, "page") == ["A page went to Lee, Robin"]


def test_an_emergency_knows_no_quiet_hours(make: Make) -> None:
    world = make("Sam", "Lee", "Robin")
    leaves_words(world, keys="1")
    assert len(world.texts_to(SAM)) == 1


def test_when_everybody_has_quiet_hours_the_page_comes_at_their_end(make: Make) -> None:
    world = make("Sam", "Lee", "Robin")
    leaves_words(world)
    minutes(world, 230)
    assert (world.now.moment < NOON, world.carrier.sent, world.carrier.placed) == (True, [], [])
    assert events(world, "page") == [
        "Not urgent, and quiet hours for Sam, Lee, Robin: nobody is paged before they are over"
    ]
    minutes(world, 10)
    assert [world.texts_to(number) for number in (SAM, LEE, ROBIN)] == [[PAGE]] * 3
    assert 0 <= (world.carrier.sent[0].at - NOON).total_seconds() < 5
    minutes(world, 60)
    assert "nobody has acknowledged after" in world.texts_to(SAM)[1]


def test_a_plan_that_comes_into_quiet_hours_ends_after_them(make: Make) -> None:
    world = make("Sam", "Lee", "Robin")
    world.now.moment = datetime(2026, 11, 24, 12, 50, tzinfo=UTC)  # ten minutes before they begin
    leaves_words(world)
    minutes(world, 120)
    assert len(world.texts_to(LEE)) == 2  # the page, and again after five minutes
    minutes(world, 240)
    assert len(world.texts_to(LEE)) == 3
    assert world.carrier.sent[-1].at >= datetime(2026, 11, 24, 18, tzinfo=UTC)


def test_who_solves_it_in_quiet_hours_is_the_only_one_who_hears_of_it(make: Make) -> None:
    world = make("Sam", "Lee", "Robin")
    leaves_words(world)
    world.text(SAM, "DONE 1001")
    minutes(world, 300)
    assert len(world.texts_to(LEE)) == 0
    assert (world.ticket()["state"], world.ticket()["claimed_by"]) == ("resolved", "Sam")


def test_a_second_caller_makes_it_urgent_and_everybody_hears_of_it(make: Make) -> None:
    world = make("Sam", "Lee", "Robin")
    leaves_words(world)
    leaves_words(world, sid="CA2", caller="+19035550161", said="Nobody can print.")
    assert {ticket["priority"] for ticket in world.tickets()} == {"urgent"}
    assert "URGENT 1001 Hollis & Wade CPA, 2 callers now." in world.texts_to(ROBIN)[0]
    minutes(world, 5.2)
    assert [one.to for one in world.carrier.placed] == [SAM, LEE, ROBIN]
    states = [(row.state, row.plan == world.desk.rules.plans["urgent"].to_dict()) for row in world.rows(Escalation)]
    assert states == [("stopped", False), ("running", True)]


# --- phones -----------------------------------------------------------------------------------------------------------


def test_phones_with_quiet_hours_do_not_ring_for_what_can_wait(make: Make) -> None:
    story = RingingStory(make("Sam", rings=True))
    story.calls()
    story.presses("2")
    story.world.work()
    assert sorted(story.rung()) == ["Lee", "Robin"]


def test_a_caller_who_can_wait_while_all_phones_are_quiet_leaves_a_message_at_once(make: Make) -> None:
    story = RingingStory(make("Sam", "Lee", "Robin", rings=True))
    story.calls()
    assert "After the tone" in words(story.presses("2"))
    assert "Quiet hours, and it is not urgent: no phone rang" in story.events()


def test_phones_with_quiet_hours_ring_for_an_emergency(make: Make) -> None:
    story = RingingStory(make("Sam", rings=True), caller=STRANGER)
    story.asks_for_help()
    assert sorted(story.rung()) == ["Lee", "Robin", "Sam"]
