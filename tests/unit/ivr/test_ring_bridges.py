"""The carrier's word, at the end of a room, that two were bridged: the events of the room may be late, or never come.

Some carriers of this kind report nothing of rooms but that; and reports overtake each other (docs/carrier.md)."""

import pytest

from ivr.carrier.base import CallInfo
from tests.ringing_story import RingingStory, words
from tests.world import CLIENT, DESK, LEE, ROBIN, World

LEAVE = "After the tone, please say your name"
THANKS = "Thank you for calling. Goodbye."


@pytest.fixture
def world(ringing: RingingStory) -> World:
    """A desk with the shipped flow, as it is."""
    return ringing.world


@pytest.fixture
def story(ringing: RingingStory) -> RingingStory:
    """A caller who has been sent into a room with Lee. No event of the room is reported."""
    ringing.asks_for_help()
    ringing.picks_up("Lee")
    ringing.key("Lee", "1")
    ringing.world.work()
    assert "<Conference" in ringing.is_moved()
    return ringing


def comes_out(story: RingingStory, *, bridged: bool = True, **more: str) -> str:
    """The caller's Dial is over: the carrier asks for the next turn, and says whether there was somebody to talk to."""
    story.turn += 1
    form = {
        "CallSid": "CA1",
        "From": CLIENT,
        "To": DESK,
        "CallStatus": "in-progress",
        "DialCallStatus": "answered",
        **more,
    }
    answer = story.world.post(f"/twilio/voice/{story.turn}", DialBridged=str(bridged).lower(), **form)
    story.world.work()
    return words(answer.text)


def lee_comes_out(story: RingingStory, *, bridged: bool = True) -> str:
    """Lee's Dial is over."""
    lee = story.placed("Lee")
    form = {"CallSid": lee.sid, "From": DESK, "To": LEE, "CallStatus": "in-progress", "DialCallStatus": "answered"}
    answer = story.world.post("/twilio/leg/2/2", DialBridged=str(bridged).lower(), **form)
    story.world.work()
    return words(answer.text)


def is_answered(story: RingingStory, seconds: int) -> None:
    """The ticket is Lee's, who talked so long, and nobody is told that a call was missed."""
    story.world.pass_time(120)
    ticket, call = story.world.ticket(), story.call_of_ticket()
    assert (ticket["state"], ticket["claimed_by"]) == ("claimed", "Lee")
    assert (call["outcome"], call["answered_by"], call["talked_seconds"]) == ("answered", "Lee", seconds)
    assert story.world.carrier.sent == []
    assert story.world.unfinished() == 0


def test_a_short_talk_that_only_the_caller_s_own_leg_reports_is_an_answered_call(story: RingingStory) -> None:
    story.world.pass_time(9)
    story.phone_is("Lee", "completed")
    assert comes_out(story) == THANKS
    story.hangs_up()
    is_answered(story, 9)


def test_a_short_talk_that_only_the_colleague_s_leg_reports_is_an_answered_call(story: RingingStory) -> None:
    story.world.pass_time(9)
    assert lee_comes_out(story) == "Ticket 1001 is yours. Text DONE 1001 when it is solved. Goodbye."
    story.phone_is("Lee", "completed")
    assert comes_out(story, bridged=False) == THANKS
    story.hangs_up()
    is_answered(story, 9)


def test_a_caller_who_hangs_up_has_talked_whichever_report_comes_first(story: RingingStory) -> None:
    story.world.pass_time(9)
    story.hangs_up()
    comes_out(story, CallStatus="completed")
    story.phone_is("Lee", "completed")
    is_answered(story, 9)


def test_a_caller_whose_end_the_room_s_end_tells_has_talked(story: RingingStory) -> None:
    story.world.pass_time(9)
    comes_out(story, CallStatus="completed")
    story.phone_is("Lee", "completed")
    story.hangs_up()
    is_answered(story, 9)


def test_events_of_the_room_that_come_right_after_the_colleague_s_end_make_it_a_talk(story: RingingStory) -> None:
    story.world.pass_time(9)
    story.phone_is("Lee", "completed")
    story.both_are_in("Lee")
    assert words(story.presses("")) == THANKS
    story.hangs_up()
    is_answered(story, 0)


def test_a_colleague_who_was_never_bridged_does_not_keep_the_ticket(story: RingingStory) -> None:
    story.phone_is("Lee", "completed")
    assert LEAVE in comes_out(story, bridged=False)
    assert story.world.ticket()["claimed_by"] is None


def test_a_caller_who_is_left_alone_in_the_room_is_fetched_from_it_after_two_seconds(story: RingingStory) -> None:
    story.phone_is("Lee", "completed")
    story.world.pass_time(3)
    assert LEAVE in words(story.is_moved())
    assert story.world.ticket()["claimed_by"] is None


def test_a_caller_who_hangs_up_alone_in_the_room_was_missed(story: RingingStory) -> None:
    story.phone_is("Lee", "completed")
    story.world.pass_time(1)
    story.hangs_up()
    story.world.pass_time(30)
    ticket = story.world.ticket()
    assert (ticket["state"], ticket["claimed_by"], ticket["calls"][0]["answered_by"]) == ("open", None, None)
    (page,) = story.world.texts_to(LEE)
    assert "missed call" in page


def test_a_carrier_whose_answers_lag_behind_its_reports_makes_no_talk_of_a_lost_line(story: RingingStory) -> None:
    lee = story.placed("Lee")
    story.phone_is("Lee", "completed")
    story.world.carrier.calls[lee.sid] = CallInfo(lee.sid, "in-progress", DESK, LEE)
    story.world.pass_time(3)
    assert LEAVE in words(story.is_moved())
    assert story.world.ticket()["claimed_by"] is None
    assert "Lee talks to the caller" not in story.events()


def test_a_caller_who_hangs_up_alone_in_the_room_was_missed_also_when_nobody_reports_it(story: RingingStory) -> None:
    story.phone_is("Lee", "completed")
    story.world.carrier.calls["CA1"] = CallInfo("CA1", "completed", CLIENT, DESK)
    story.world.pass_time(30)
    assert (story.world.ticket()["state"], story.world.ticket()["claimed_by"]) == ("open", None)
    (page,) = story.world.texts_to(LEE)
    assert "missed call" in page


def test_a_caller_who_hung_up_first_leaves_the_ticket_to_the_colleague(story: RingingStory) -> None:
    story.hangs_up()
    assert "The caller has hung up. Ticket 1001 is yours." in words(story.is_told("Lee"))
    story.phone_is("Lee", "completed")
    story.world.pass_time(60)
    assert story.world.ticket()["claimed_by"] == "Lee"
    assert story.world.carrier.sent == []


@pytest.mark.parametrize(
    ("command", "standing"),
    [("ACK 1001", "Robin has ticket 1001. Goodbye."), ("DONE 1001", "Ticket 1001 is resolved. Goodbye.")],
)
@pytest.mark.parametrize("talked", [True, False])
def test_who_talked_to_the_caller_of_a_ticket_that_is_another_s_is_not_told_that_it_is_theirs(
    ringing: RingingStory, command: str, standing: str, talked: bool
) -> None:
    ringing.asks_for_help()
    ringing.picks_up("Lee")
    ringing.world.text(ROBIN, command)
    ringing.key("Lee", "1")
    ringing.world.work()
    ringing.is_moved()
    if talked:
        ringing.both_are_in("Lee")
        assert lee_comes_out(ringing) == standing
    else:
        ringing.hangs_up()
        assert words(ringing.is_told("Lee")) == f"The caller has hung up. {standing}"


def test_a_colleague_who_is_said_to_be_bridged_before_the_caller_was_sent_for_has_talked_to_nobody(
    ringing: RingingStory,
) -> None:
    """What a carrier says of somebody who is alone in a room, its documents leave open."""
    ringing.asks_for_help()
    ringing.picks_up("Lee")
    ringing.key("Lee", "1")
    lee_comes_out(ringing)
    ringing.phone_is("Lee", "completed")
    assert LEAVE in words(ringing.presses(""))
    assert ringing.world.ticket()["claimed_by"] is None
