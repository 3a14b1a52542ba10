"""A caller on hold while the team rings, as the engine sees it."""

from dataclasses import replace

import pytest
from flow_phone import Phone

from flows.engine import Digits, Event, Flow, HungUp, NotTaken, Recorded, Silence, StillRinging, Taken, Talked, Waiting
from flows.instructions import Choose, Connect, Gather, Hangup, Play, Record, Ring, Say

VOICE = {"language": "en-US", "voice": "Polly.Joanna"}
LEAVE = (
    "After the tone, please say your name, your office, what is wrong, and your call back number. "
    "Then press pound, or hang up."
)
STILL = "We are still trying. To leave a message now, press 1."


@pytest.fixture
def phone(shipped: Flow) -> Phone:
    """A known client's phone, on hold while the whole team rings for 25 seconds."""
    return Phone(shipped, rings=True).call().press("1")


def test_a_choice_rings_the_team_and_the_caller_hears_a_ringing_tone_and_the_way_out(phone: Phone) -> None:
    assert phone.instructions == (
        Choose("main", "1", "Emergency or outage", "urgent"),
        Ring("everyone", 25, "all"),
        Gather(
            prompts=(
                Say("We are calling our team now. To leave a message instead, press 1.", **VOICE),
                Play("ringing"),
            ),
            digits=1,
            timeout=1,
            finish_on_key="",
        ),
    )
    assert phone.session.waiting is Waiting.RINGING


def test_every_second_turn_on_hold_says_that_we_are_still_trying(phone: Phone) -> None:
    heard = [phone.waits(0.08).does(StillRinging()).hears for _ in range(4)]
    assert heard == [[], [STILL], [], [STILL]]
    assert all(isinstance(one, Gather) for one in phone.instructions)


def test_turns_on_hold_do_not_count_as_turns(phone: Phone) -> None:
    steps = phone.session.steps
    for _ in range(5):
        phone.does(StillRinging())
    assert phone.session.steps == steps


def test_somebody_takes_the_call_and_after_the_talk_there_is_goodbye(phone: Phone) -> None:
    phone.does(Taken("ring-1"))
    assert phone.instructions == (Say("Connecting you now.", **VOICE), Connect("ring-1", leads=True, host=False))
    assert phone.session.waiting is Waiting.TALKING
    phone.does(Talked(61))
    assert phone.instructions == (Say("Thank you for calling. Goodbye.", **VOICE), Hangup())
    assert phone.session.ended


@pytest.mark.parametrize("event", [Digits("1"), NotTaken()])
def test_key_1_and_a_ring_that_nobody_answered_lead_to_the_voicemail(phone: Phone, event: Event) -> None:
    assert phone.does(event).hears == [LEAVE]
    assert isinstance(phone.last, Record)


@pytest.mark.parametrize("event", [Digits("5"), Digits(""), Silence(), Recorded(0, ""), Talked(None)])
def test_anything_else_on_hold_is_more_hold(phone: Phone, event: Event) -> None:
    assert isinstance(phone.does(event).last, Gather)


@pytest.mark.parametrize("event", [Talked(None), Digits("1"), Silence(), NotTaken(), Taken("ring-2")])
def test_a_caller_who_was_connected_and_talked_to_nobody_comes_to_the_voicemail(phone: Phone, event: Event) -> None:
    assert phone.does(Taken("ring-1")).does(event).hears == [LEAVE]


def test_a_caller_who_comes_out_of_the_room_too_soon_is_on_hold_until_it_is_known_why(phone: Phone) -> None:
    phone.does(Taken("ring-1")).does(StillRinging())
    assert (phone.hears, phone.session.waiting) == ([], Waiting.RINGING)
    assert phone.waits(60).does(Talked(3600)).hears == ["Thank you for calling. Goodbye."]


def test_whatever_the_engine_is_told_a_hold_ends_some_seconds_after_its_time(phone: Phone) -> None:
    assert isinstance(phone.waits(39 / 60).does(StillRinging()).last, Gather)
    assert phone.waits(1 / 60).does(StillRinging()).hears == [LEAVE]


def test_a_ring_event_in_a_menu_is_a_silence(shipped: Flow) -> None:
    assert Phone(shipped, rings=True).call().does(Taken("ring-1")).hears[0] == "I did not hear a key."


def test_a_caller_on_hold_who_hangs_up_is_told_nothing(phone: Phone) -> None:
    assert phone.does(HungUp()).instructions == ()


def test_an_edit_that_takes_the_ring_away_leads_to_the_voicemail_but_not_away_from_a_colleague(
    phone: Phone, shipped: Flow
) -> None:
    steps = {name: step for name, step in shipped.calls.steps.items() if name != "team"}
    phone.flow = shipped.model_copy(update={"calls": shipped.calls.model_copy(update={"steps": steps})})
    on_hold = replace(phone.turn)
    assert phone.does(StillRinging()).hears == [LEAVE]
    phone.turn = on_hold
    assert phone.does(Taken("ring-1")).last == Connect("ring-1", leads=True, host=False)
    assert phone.does(Talked(5)).hears == ["Thank you for calling. Goodbye."]


def test_nobody_on_duty_is_the_voicemail_at_once_and_the_choice_stays(shipped: Flow) -> None:
    phone = Phone(shipped).call().press("1")
    assert [type(one) for one in phone.instructions] == [Choose, Say, Record]
