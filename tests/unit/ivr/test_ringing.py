"""The team is rung before the voicemail: whoever presses the key talks to the caller, whatever all the other phones do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.carrier.base import CallInfo
from tests.ringing_story import RingingStory, words
from tests.world import CLIENT, DESK, LEE, PUBLIC, ROBIN, SAM, STRANGER, World, edited_flows
from tickets.models import Ring

HOLD = "We are calling our team now. To leave a message instead, press 1."
STILL = "We are still trying. To leave a message now, press 1."
LEAVE = (
    "After the tone, please say your name, your office, what is wrong, and your call back number. "
    "Then press pound, or hang up."
)
WHO = "Help desk call. Hollis &amp; Wade CPA, Emergency or outage. Press 1 to take it."
MINE = "Ticket 1001 is yours. Text DONE 1001 when it is solved. Goodbye."
HUNG_UP = (
    "The caller has hung up. Ticket 1001 is yours. Call back 9 0 3, 5 5 5, 0 1 6 0. "
    "Text DONE 1001 when it is solved. Goodbye."
)
MISSED = (
    "URGENT 1001 missed call, Hollis & Wade CPA 903-555-0160: chose Emergency or outage, nobody took the call, "
    "left no message. Reply ACK 1001 to take it."
)


@pytest.fixture
def world(ringing: RingingStory) -> World:
    """A desk with the shipped flow, as it is."""
    return ringing.world


@pytest.fixture
def story(ringing: RingingStory) -> RingingStory:
    """A caller of it, and the team's phones."""
    return ringing


@pytest.fixture
def sam_alone(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk whose team is Sam."""
    others = '  - {name: Lee, number: "+19035550112"}\n  - {name: Robin, number: "+19035550113"}\n'
    made = World(database_url, tmp_path, FLOWS_DIR=str(edited_flows(tmp_path, "oncall.yml", others, "", rings=True)))
    yield made
    made.close()


def test_where_nobody_can_be_rung_the_caller_comes_to_the_voicemail_at_once(sam_alone: World) -> None:
    """Sam calls from the one phone that would ring."""
    world, story = sam_alone, RingingStory(sam_alone, caller=SAM)
    assert words(story.asks_for_help()) == LEAVE
    assert (world.rows(Ring), world.carrier.placed) == ([], [])
    assert "Nobody is on call: no phone rang" in story.events()


def test_the_callers_own_phone_is_never_rung(world: World) -> None:
    story = RingingStory(world, caller=LEE)
    story.asks_for_help()
    assert sorted(story.rung()) == ["Robin", "Sam"]


def test_a_phone_rings_for_less_long_than_a_mailbox_waits(story: RingingStory) -> None:
    story.asks_for_help()
    one = story.placed("Sam")
    assert (one.to, one.ring_seconds) == (SAM, 20)
    assert one.url.startswith(f"{PUBLIC}/twilio/leg/")


def test_only_the_key_takes_the_call(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    assert words(story.picks_up("Sam")) == WHO
    assert words(story.key("Sam", "5")) == WHO
    last = story.key("Sam", "")
    assert (words(last), "<Hangup" in last) == ("", True)
    assert story.key("Sam", "2") == last
    assert world.rows(Ring)[0].state == "ringing"


def test_a_late_accepter_hears_who_has_the_call(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.picks_up("Sam")
    story.picks_up("Lee")
    story.key("Lee", "1")
    assert words(story.key("Sam", "1")) == "Lee has this call. Thank you. Goodbye."
    world.work()
    assert story.placed("Sam").sid not in world.carrier.ended
    assert world.ticket()["claimed_by"] == "Lee"


def test_who_presses_after_the_caller_has_hung_up_gets_the_ticket_and_the_number(
    world: World, story: RingingStory
) -> None:
    story.asks_for_help()
    story.picks_up("Robin")
    world.post("/twilio/voice/status", CallSid="CA1", From=CLIENT, To=DESK, CallStatus="completed")
    world.carrier.calls["CA1"] = CallInfo("CA1", "completed", CLIENT, DESK)
    answer = story.key("Robin", "1")
    assert words(answer) == HUNG_UP
    assert "<Hangup" in answer
    assert words(story.again("Robin", "1")) == HUNG_UP
    assert world.ticket()["claimed_by"] == "Robin"
    world.pass_time(30)
    assert story.call_of_ticket()["outcome"] == "abandoned"
    assert world.texts_to(ROBIN) == []


def test_a_caller_who_hangs_up_in_the_moment_of_the_key_is_told_to_the_colleague_in_the_room(
    world: World, story: RingingStory
) -> None:
    story.asks_for_help()
    story.picks_up("Lee")
    story.key("Lee", "1")
    story.hangs_up()
    assert words(story.is_told("Lee")) == HUNG_UP
    story.phone_is("Lee", "completed")
    world.pass_time(120)
    assert (world.ticket()["claimed_by"], story.call_of_ticket()["outcome"]) == ("Lee", "abandoned")
    assert world.carrier.sent == []
    assert world.unfinished() == 0


def test_a_caller_who_hangs_up_after_the_talk_leaves_the_colleague_with_the_tickets_number(
    world: World, story: RingingStory
) -> None:
    story.asks_for_help()
    story.talk("Sam")
    world.pass_time(40)
    story.room("participant-leave", "caller")
    story.hangs_up()
    assert words(story.is_told("Sam")) == MINE
    story.phone_is("Sam", "completed")
    assert (story.call_of_ticket()["outcome"], story.call_of_ticket()["talked_seconds"]) == ("answered", 40)


def test_key_1_in_the_moment_somebody_takes_the_call_connects(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.picks_up("Lee")
    story.key("Lee", "1")
    assert "<Conference" in story.presses("1")
    assert world.ticket()["claimed_by"] == "Lee"


def test_who_presses_when_time_is_up_hears_that_a_message_is_being_left(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.holds(19)
    story.holds(5)
    story.picks_up("Lee")
    world.pass_time(3)
    story.is_moved()
    late = story.key("Lee", "1")
    assert words(late) == "The caller is leaving a message now. You get it by text. Goodbye."
    assert world.ticket()["state"] == "open"


def test_a_withheld_number_is_said_to_be_withheld(world: World) -> None:
    story = RingingStory(world, caller="anonymous")
    story.asks_for_help()
    who = "Help desk call. number withheld, Emergency or outage. Press 1 to take it."
    assert words(story.picks_up("Sam")) == who
    story.key("Sam", "1")
    story.hangs_up()
    assert "The number was withheld." in words(story.is_told("Sam"))


def test_a_strangers_number_is_spelled(world: World) -> None:
    story = RingingStory(world, caller=STRANGER)
    story.asks_for_help()
    assert "Help desk call. 9 0 3, 5 5 5, 0 1 4 7, Emergency" in words(story.picks_up("Sam"))


@pytest.fixture
def one_by_one(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk that rings one phone after the other."""
    order = "seconds: 45, order: one by one}"
    flows = edited_flows(tmp_path, "helpdesk.yml", "seconds: 25}", order, rings=True)
    made = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    yield made
    made.close()


def test_one_by_one_the_next_phone_rings_when_the_one_before_has_given_up_or_had_its_share(one_by_one: World) -> None:
    story = RingingStory(one_by_one)
    story.asks_for_help()
    one_by_one.pass_time(5)
    assert story.rung() == ["Sam"]
    story.phone_is("Sam", "busy")
    assert story.rung() == ["Sam", "Lee"]
    one_by_one.pass_time(20)
    assert story.rung() == ["Sam", "Lee"]
    one_by_one.pass_time(6)
    assert story.rung() == ["Sam", "Lee", "Robin"]
    story.talk("Lee")
    assert one_by_one.ticket()["claimed_by"] == "Lee"


def test_one_by_one_who_takes_it_spares_the_others(one_by_one: World) -> None:
    story = RingingStory(one_by_one)
    story.asks_for_help()
    story.talk("Sam")
    one_by_one.pass_time(60)
    assert story.rung() == ["Sam"]
    assert story.call_of_ticket()["rung"][1:] == [
        {"person": "Lee", "outcome": "canceled"},
        {"person": "Robin", "outcome": "canceled"},
    ]


def test_the_ringing_tone_is_a_telephones_and_fits_a_turn_on_hold(world: World) -> None:
    answer = world.client.get("/sounds/ringing.wav")
    assert (answer.status_code, answer.mimetype, len(answer.data)) == (200, "audio/wav", 64_044)
    again = world.client.get("/sounds/ringing.wav", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
