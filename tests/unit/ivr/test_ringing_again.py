"""A second ring in the same call: who took the first one was lost between the key and the room, or nobody took it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.ringing_story import RingingStory, words
from tests.world import LEE, ROBIN, SAM, World, edited_flows
from tickets.models import Leg, Ring

SHIPPED = "otherwise: message}   # everyone on duty"
AGAIN = "otherwise: again}\n    again: {ring: {seconds: 25}, otherwise: message}   # everyone on duty"
MENU = "otherwise: main}   # everyone on duty"
WHO = "Help desk call. Hollis &amp; Wade CPA, Emergency or outage. Press 1 to take it."
GOODBYE = "Thank you for calling. Goodbye."

Make = Callable[[str], RingingStory]


@pytest.fixture
def make(database_url: str, tmp_path: Path) -> Iterator[Make]:
    """A desk whose admin has written `step` for what follows a ring that nobody took."""
    made: list[World] = []

    def build(step: str) -> RingingStory:
        flows = edited_flows(tmp_path, "helpdesk.yml", SHIPPED, step, rings=True)
        made.append(World(database_url, tmp_path, FLOWS_DIR=str(flows)))
        return RingingStory(made[-1])

    yield build
    for world in made:
        world.close()


def loses_lee(story: RingingStory, *, in_the_room: bool) -> str:
    """Lee takes the call, and Lee's line dies before the two talk; what the caller hears next."""
    story.asks_for_help()
    story.picks_up("Lee")
    assert "Connecting you." in story.key("Lee", "1")
    story.world.work()
    if in_the_room:
        assert "<Conference" in story.is_moved()
        story.room("participant-join", "caller")
    story.phone_is("Lee", "completed")
    if in_the_room:
        story.world.pass_time(2)  # the carrier would have asked for the next turn by itself
    return story.is_moved()


def rings(story: RingingStory) -> list[tuple[str, bool]]:
    return [(row.state, row.bridged_at is not None) for row in story.world.rows(Ring)]


@pytest.mark.parametrize("in_the_room", [False, True])
def test_when_the_line_of_who_took_it_is_lost_the_phones_ring_again_and_another_talks(
    make: Make, in_the_room: bool
) -> None:
    story = make(AGAIN)
    loses_lee(story, in_the_room=in_the_room)
    world = story.world
    assert (world.ticket()["state"], world.ticket()["claimed_by"]) == ("open", None)
    world.pass_time(3)
    assert (sorted(story.rung()[-3:]), len(story.rung())) == (["Lee", "Robin", "Sam"], 6)
    assert words(story.picks_up("Robin")) == WHO
    assert "ring-2</Conference>" in story.key("Robin", "1")
    world.work()
    assert "ring-2</Conference>" in story.is_moved()
    story.room("participant-join", "Robin", ring=2)
    story.room("participant-join", "caller", ring=2)
    story.room("conference-end", ring=1)  # late news of the room that nobody is in any more
    world.pass_time(40)
    story.phone_is("Robin", "completed")
    assert words(story.presses("")) == GOODBYE
    story.hangs_up()
    call = story.call_of_ticket()
    assert (call["outcome"], call["answered_by"], call["talked_seconds"]) == ("answered", "Robin", 40)
    assert (world.ticket()["state"], world.ticket()["claimed_by"]) == ("claimed", "Robin")
    assert rings(story) == [("over", False), ("taken", True)]
    world.pass_time(120)
    assert [world.texts_to(number) for number in (SAM, LEE, ROBIN)] == [[], [], []]


def test_a_mailbox_of_the_first_ring_that_hangs_up_late_does_not_end_the_talk_of_the_second(make: Make) -> None:
    story = make(AGAIN)
    story.asks_for_help()
    story.picks_up("Robin")  # a mailbox: it presses nothing, and records for a while
    mailbox = story.placed("Robin")
    for _ in range(6):
        story.holds(5)
    story.world.pass_time(3)
    story.talk_again("Lee")
    story.world.pass_time(20)
    story.world.carrier.redirected.clear()
    story.reports(mailbox, "completed")
    assert story.world.carrier.redirected == []
    story.phone_is("Lee", "completed")
    assert words(story.presses("")) == GOODBYE


def test_who_was_lost_can_take_the_call_again(make: Make) -> None:
    story = make(AGAIN)
    loses_lee(story, in_the_room=False)
    story.world.pass_time(3)
    story.talk_again("Lee")
    assert story.world.ticket()["claimed_by"] == "Lee"
    assert [event for event in story.events() if event.startswith("Lee took the call")] == [
        "Lee took the call",
        "Lee took the call, but the line was lost before the caller came",
        "Lee took the call",
    ]


def test_whoever_still_listens_since_the_first_ring_takes_the_call_with_the_key(make: Make) -> None:
    story = make(AGAIN)
    story.asks_for_help()
    story.picks_up("Sam")
    first = story.placed("Sam")
    story.picks_up("Lee")
    story.key("Lee", "1")
    story.world.work()
    story.phone_is("Lee", "completed")
    story.is_moved()
    taken = story.on_leg(first, 1, "1")
    assert ("ring-2</Conference>" in taken, "/twilio/room/2" in taken) == (True, True)
    story.world.work()
    assert "ring-2</Conference>" in story.is_moved()
    assert story.world.ticket()["claimed_by"] == "Sam"
    for who in ("Sam", "caller"):
        story.room("participant-join", who, ring=2)
    story.world.pass_time(50)
    assert len(story.rung()) == 3  # nobody else is needed
    story.phone_is("Sam", "completed")
    assert words(story.presses("")) == GOODBYE
    story.hangs_up()
    call = story.call_of_ticket()
    assert (call["outcome"], call["answered_by"], call["talked_seconds"]) == ("answered", "Sam", 50)


def test_a_caller_who_does_not_wait_for_the_first_ring_is_put_through_by_the_second(make: Make) -> None:
    story = make(AGAIN)
    story.asks_for_help()
    story.picks_up("Lee")
    first = story.placed("Lee")
    assert "<Gather" in story.presses("1")
    story.world.pass_time(3)
    assert [row.state for row in story.world.rows(Ring)] == ["over", "ringing"]
    stopped = {one.sid for one in story.world.carrier.placed[:3]} - {first.sid}
    assert set(story.world.carrier.ended) == stopped
    assert "ring-2</Conference>" in story.on_leg(first, 1, "1")
    story.world.work()
    assert "ring-2</Conference>" in story.is_moved()
    assert [leg.person for leg in story.world.rows(Leg) if leg.state == "accepted"] == ["Lee"]


def test_phones_of_the_first_ring_stop_before_those_of_the_second_ring(make: Make) -> None:
    story = make(AGAIN)
    story.asks_for_help()
    story.presses("1")
    story.world.work()
    assert (len(story.world.carrier.ended), len(story.rung())) == (3, 3)
    story.world.pass_time(3)
    assert len(story.rung()) == 6


def test_a_caller_who_comes_back_to_the_menu_rings_the_team_again(make: Make) -> None:
    story = make(MENU)
    loses_lee(story, in_the_room=False)
    assert "<Gather" in story.presses("1")
    story.world.pass_time(3)
    assert len(story.rung()) == 6
    story.talk_again("Sam")
    assert story.world.ticket()["claimed_by"] == "Sam"


def test_a_second_ring_that_nobody_takes_ends_in_the_voicemail(make: Make) -> None:
    story = make(AGAIN)
    loses_lee(story, in_the_room=False)
    for _ in range(5):
        last = story.holds(6)
    assert "After the tone" in words(last)
    story.world.recorded()
    story.hangs_up()
    story.world.pass_time(30)
    assert (story.world.ticket()["state"], story.call_of_ticket()["outcome"]) == ("open", "voicemail")
    assert [len(story.world.texts_to(number)) for number in (SAM, LEE, ROBIN)] == [1, 1, 1]


def test_a_caller_who_hangs_up_in_the_second_ring_is_a_missed_call(make: Make) -> None:
    story = make(AGAIN)
    loses_lee(story, in_the_room=True)
    story.world.pass_time(3)
    story.hangs_up()
    assert set(story.world.carrier.ended) >= {one.sid for one in story.world.carrier.placed[3:]}
    (page,) = story.world.texts_to(LEE)
    assert "missed call" in page
