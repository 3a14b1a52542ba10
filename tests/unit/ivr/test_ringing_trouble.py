"""Lost reports, lost lines, a carrier, broker or database that is away while the team is rung: nobody is left alone."""

from datetime import timedelta

import pytest

from ivr.carrier.base import CallInfo
from tests.ringing_story import RingingStory, words
from tests.world import CLIENT, DESK, LEE, ROBIN, SAM, World
from tickets.models import Leg, Ring
from tickets.outbox import NotSent, OutcomeUnknown, Refusal, TextRefused

LEAVE = (
    "After the tone, please say your name, your office, what is wrong, and your call back number. "
    "Then press pound, or hang up."
)
HUNG_UP = (
    "The caller has hung up. Ticket 1001 is yours. Call back 9 0 3, 5 5 5, 0 1 6 0. "
    "Text DONE 1001 when it is solved. Goodbye."
)


@pytest.fixture
def world(ringing: RingingStory) -> World:
    """A desk with the shipped flow, as it is."""
    return ringing.world


@pytest.fixture
def story(ringing: RingingStory) -> RingingStory:
    """A caller of it, and the team's phones."""
    return ringing


def test_a_colleague_whose_line_is_lost_before_the_caller_comes_does_not_keep_the_ticket(
    world: World, story: RingingStory
) -> None:
    story.asks_for_help()
    story.picks_up("Lee")
    story.key("Lee", "1")
    story.phone_is("Lee", "completed")
    assert words(story.is_moved()) == LEAVE
    world.recorded()
    story.hangs_up()
    world.pass_time(30)
    ticket = world.ticket()
    assert (ticket["state"], ticket["claimed_by"]) == ("open", None)
    assert (ticket["calls"][0]["outcome"], ticket["calls"][0]["answered_by"]) == ("voicemail", None)
    assert len(world.texts_to(LEE)) == 1


def test_a_move_that_comes_while_the_caller_enters_the_room_does_no_harm(world: World, story: RingingStory) -> None:
    """The carrier asks for the turn after the talk, and ignores the answer: the talk has not even begun."""
    story.asks_for_help()
    story.picks_up("Lee")
    story.key("Lee", "1")
    world.work()
    connected = story.presses("")  # the sounds were over in the same moment
    story.room("participant-join", "caller")
    ignored = story.presses("")
    assert "<Gather" in ignored
    assert world.press("", story.turn - 1) == connected
    story.both_are_in("Lee")
    world.pass_time(90)
    story.phone_is("Lee", "completed")
    assert world.press("", story.turn) == ignored
    assert words(story.presses("")) == "Thank you for calling. Goodbye."
    story.hangs_up()
    call = story.call_of_ticket()
    assert (call["outcome"], call["answered_by"], call["talked_seconds"]) == ("answered", "Lee", 90)
    assert world.ticket()["claimed_by"] == "Lee"


def test_a_caller_who_hangs_up_in_the_room_before_the_colleague_is_in_it_is_told_to_the_colleague(
    world: World, story: RingingStory
) -> None:
    story.asks_for_help()
    story.picks_up("Lee")
    story.key("Lee", "1")
    world.work()
    story.is_moved()
    gone = {"CallSid": "CA1", "From": CLIENT, "To": DESK, "CallStatus": "completed", "DialCallStatus": "answered"}
    assert world.post("/twilio/voice/3", **gone).status_code == 200
    world.work()
    assert words(story.is_told("Lee")) == HUNG_UP
    assert world.ticket()["claimed_by"] == "Lee"


def test_a_caller_alone_in_the_room_is_brought_to_the_voicemail(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.picks_up("Lee")
    story.key("Lee", "1")
    world.work()
    assert "<Conference" in story.is_moved()
    story.room("participant-join", "caller")
    lee = story.placed("Lee").sid
    world.carrier.calls[lee] = CallInfo(lee, "completed", DESK, LEE)  # and its report is lost
    world.pass_time(12)
    assert words(story.is_moved()) == LEAVE
    assert world.ticket()["state"] == "open"


def test_a_talk_whose_reports_are_all_lost_is_an_answered_call(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.picks_up("Lee")
    story.key("Lee", "1")
    world.work()
    story.is_moved()
    lee = story.placed("Lee").sid
    world.carrier.calls[lee] = CallInfo(lee, "in-progress", DESK, LEE)
    world.pass_time(300)
    for sid, number in (("CA1", CLIENT), (lee, LEE)):
        world.carrier.calls[sid] = CallInfo(sid, "completed", number, DESK)
    world.pass_time(120)
    call = story.call_of_ticket()
    assert (call["outcome"], call["answered_by"], call["ended_at"] is not None) == ("answered", "Lee", True)
    assert 300 <= call["talked_seconds"] <= 420
    assert world.carrier.sent == []
    assert world.unfinished() == 0


def test_a_talk_of_two_hours_is_not_closed_and_pages_nobody(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.talk("Sam")
    world.pass_time(7200, step=20)
    assert (story.call_of_ticket()["outcome"], story.call_of_ticket()["ended_at"]) == ("answered", None)
    sam = story.placed("Sam").sid
    world.carrier.calls[sam] = CallInfo(sam, "completed", DESK, SAM)
    world.carrier.calls["CA1"] = CallInfo("CA1", "completed", CLIENT, DESK)
    world.pass_time(120, step=5)
    assert 7200 <= story.call_of_ticket()["talked_seconds"] <= 7320
    assert world.carrier.sent == []
    assert world.unfinished() == 0


def test_a_carrier_that_is_away_during_a_talk_does_not_make_it_a_missed_call(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.talk("Sam")
    world.carrier.down = True
    world.pass_time(3600, step=20)
    world.carrier.down = False
    world.pass_time(120, step=20)
    assert story.call_of_ticket()["ended_at"] is None
    story.hangs_up()
    assert story.call_of_ticket()["outcome"] == "answered"


def test_reports_of_the_room_that_come_after_the_end_make_the_call_answered(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.picks_up("Lee")
    story.key("Lee", "1")
    world.work()
    story.is_moved()
    world.pass_time(6)
    story.hangs_up()
    world.pass_time(5)
    at = (world.now.moment - timedelta(seconds=10)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    story.room("conference-end")
    story.room("participant-join", "caller", Timestamp=at)
    story.room("participant-join", "Lee", Timestamp=at)
    story.room("participant-join", "Lee", Timestamp="yesterday")
    call = story.call_of_ticket()
    assert (call["outcome"], call["talked_seconds"]) == ("answered", 5)


def test_every_webhook_twice_changes_nothing(world: World, story: RingingStory) -> None:
    first = story.asks_for_help()
    assert world.press("1", 1) == first
    story.picks_up("Lee")
    taken = story.key("Lee", "1")
    assert story.again("Lee", "1") == taken
    assert story.again("Lee", "") == taken
    world.work()
    connected = story.is_moved()
    assert world.press("1", story.turn) == connected  # the end of the sounds asks for the same turn
    for _ in range(2):
        story.both_are_in("Lee")
        story.phone_is("Lee", "ringing")
    world.pass_time(30)
    for _ in range(2):
        story.phone_is("Lee", "completed")
        story.hangs_up()
    assert [leg.state for leg in world.rows(Leg)] == ["canceled", "accepted", "canceled"]
    assert story.call_of_ticket()["talked_seconds"] == 30
    assert len(world.tickets()) == len(world.rows(Ring)) == 1


def test_whoever_has_picked_up_hears_who_has_the_call_although_the_carrier_has_not_reported_it_yet(
    world: World, story: RingingStory
) -> None:
    story.asks_for_help()
    story.picks_up("Sam")
    story.picks_up("Lee", reported=False)
    story.key("Sam", "1")
    world.work()
    assert world.carrier.ended == [story.placed("Robin").sid]
    assert words(story.key("Lee", "1")) == "Sam has this call. Thank you. Goodbye."


def test_a_late_status_does_not_undo_what_is_over(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.phone_is("Sam", "busy")
    for status in ("ringing", "in-progress", "completed", "nonsense"):
        story.phone_is("Sam", status)
    assert world.rows(Leg)[0].state == "busy"


def test_a_number_that_the_carrier_refuses_does_not_stop_the_others(world: World, story: RingingStory) -> None:
    world.carrier.refuse_calls = {SAM: [TextRefused(Refusal.PERMANENT, "21217", "not a valid number")]}
    story.asks_for_help()
    assert sorted(story.rung()) == ["Lee", "Robin"]
    assert "The call to Sam failed: 21217: not a valid number" in story.events()
    story.talk("Lee")
    assert world.ticket()["claimed_by"] == "Lee"


def test_a_call_of_unknown_outcome_is_looked_up_and_not_placed_twice(world: World, story: RingingStory) -> None:
    world.carrier.refuse_calls = {SAM: [OutcomeUnknown("lost", answered=False)]}
    story.asks_for_help()
    world.pass_time(6)
    assert sorted(story.rung()) == ["Lee", "Robin", "Sam"]
    story.talk("Sam")
    assert world.ticket()["claimed_by"] == "Sam"


def test_a_carrier_that_is_away_keeps_nobody_from_the_voicemail(world: World, story: RingingStory) -> None:
    world.carrier.down = True
    story.asks_for_help()
    story.holds(9)
    story.holds(10)
    assert words(story.holds(7)) == LEAVE
    world.carrier.down = False
    world.pass_time(120)
    assert story.rung() == []


def test_a_carrier_that_comes_back_in_time_rings(world: World, story: RingingStory) -> None:
    world.carrier.refuse_calls = {number: [NotSent("away")] for number in (SAM, LEE, ROBIN)}
    story.asks_for_help()
    assert story.rung() == []
    story.holds()
    assert sorted(story.rung()) == ["Lee", "Robin", "Sam"]


def test_a_broker_that_is_away_delays_the_phones_and_not_the_caller(world: World, story: RingingStory) -> None:
    world.queue.down = True
    story.asks_for_help()
    assert "<Gather" in story.holds(9)
    world.queue.down = False
    world.pass_time(1)
    story.talk("Robin")
    assert world.ticket()["claimed_by"] == "Robin"


def test_a_colleague_hears_of_a_database_that_is_away_and_the_caller_is_asked_for_a_message(
    world: World, story: RingingStory
) -> None:
    story.asks_for_help()
    story.picks_up("Lee")
    with world.without_database():
        assert (
            words(story.key("Lee", "1")) == "Your key could not be taken just now. You get the call by text. Goodbye."
        )
        assert "<Record" in story.presses("")
    story.turn -= 1
    world.pass_time(40)
    assert world.carrier.redirected == []  # a message is being left


def test_a_phone_that_rings_although_its_call_was_given_up_is_ended(world: World, story: RingingStory) -> None:
    world.carrier.refuse_calls = {SAM: [OutcomeUnknown("lost", answered=False)]}
    story.asks_for_help()
    story.hangs_up()
    story.phone_is("Sam", "ringing")
    assert story.placed("Sam").sid in world.carrier.ended


def test_a_redirect_that_fails_only_costs_the_rest_of_a_turn_on_hold(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    story.picks_up("Lee")
    world.carrier.down = True
    story.key("Lee", "1")
    world.work()
    assert world.carrier.redirected == []
    assert "<Conference" in story.presses("")


def test_a_ring_that_does_not_exist_and_a_leg_of_another_call_get_nothing(world: World, story: RingingStory) -> None:
    story.asks_for_help()
    for ring in ("77", "99999999999"):
        assert (
            world.post(f"/twilio/room/{ring}", StatusCallbackEvent="participant-join", CallSid="CA1").status_code == 200
        )
    story.picks_up("Sam")
    other = world.post("/twilio/leg/1/1", CallSid="CAother", From=DESK, To=SAM, Digits="1")
    assert other.text.count("<Hangup") == 1
    assert world.rows(Ring)[0].state == "ringing"


def test_a_call_whose_worker_died_is_watched_to_its_end_all_the_same(world: World, story: RingingStory) -> None:
    """The phone told us that it was picked up before anybody looked the call up. Its end is never reported: found open,
    it would keep pages from being spoken to Sam for hours."""
    world.carrier.refuse_calls = {SAM: [SystemExit()]}
    story.calls()
    story.presses("1")
    with pytest.raises(SystemExit):
        world.work()
    story.talk("Sam")
    world.pass_time(60)
    world.carrier.calls[story.placed("Sam").sid] = CallInfo(story.placed("Sam").sid, "completed", DESK, SAM)
    world.pass_time(120, step=5)
    (leg,) = [row for row in world.rows(Leg) if row.person == "Sam"]
    assert (leg.state, leg.ended_at is None) == ("accepted", False)


def test_a_colleague_whose_caller_hung_up_while_the_carrier_was_away_is_told_when_it_is_back(
    world: World, story: RingingStory
) -> None:
    story.asks_for_help()
    story.talk("Sam")
    world.pass_time(60)
    world.carrier.down = True
    story.hangs_up()
    world.pass_time(15)
    world.carrier.down = False
    assert world.carrier.redirected == []
    world.pass_time(15)
    assert "Ticket 1001 is yours. Text DONE 1001 when it is solved." in words(story.is_told("Sam"))
    world.pass_time(60)
    assert world.carrier.redirected == []
