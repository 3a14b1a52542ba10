"""Calls that go wrong in every way a call can: each ends in a record or a ticket, and in one page at most."""

from datetime import timedelta
from pathlib import Path

import pytest

from ivr.carrier.base import CallInfo, CarrierError, RecordingInfo
from ivr.clock import notice_stale_calls
from ivr.lookups import reconcile
from tests.world import CLIENT, DESK, LEE, ROBIN, SAM, STRANGER, World, edited_flows
from tickets.arrival import InboundText
from tickets.models import Call, Recording

MISSED = (
    "URGENT 1001 missed call, Hollis & Wade CPA 903-555-0160: chose Emergency or outage, left no message. "
    "Reply ACK 1001 to take it."
)


def test_a_caller_who_hangs_up_in_the_menu_leaves_a_record_only(world: World) -> None:
    world.call()
    world.hang_up()
    world.pass_time(60)
    assert world.tickets() == []
    assert world.carrier.sent == []
    (call,) = world.rows(Call)
    assert (call.outcome, call.from_number, call.ended_at is not None) == ("abandoned", CLIENT, True)


def test_information_about_other_ways_opens_no_ticket(world: World) -> None:
    world.call()
    assert "portal dot bitscorps dot com" in world.press("3", 1)
    world.hang_up()
    world.pass_time(60)
    assert world.tickets() == []


def test_a_choice_without_a_message_pages_once_as_missed_call(world: World) -> None:
    world.call()
    world.press("1", 1)
    assert world.ticket()["state"] == "open"
    world.hang_up()
    world.pass_time(30)
    assert [world.texts_to(number) for number in (SAM, LEE, ROBIN)] == [[MISSED], [MISSED], [MISSED]]
    world.hang_up()
    world.recorded(status="absent", ErrorCode="16101")
    world.pass_time(120)
    assert len(world.carrier.sent) == 3
    ticket = world.ticket()
    assert ticket["calls"][0]["outcome"] == "abandoned"
    assert ticket["recordings"][0]["transcript"]["state"] == "silent"


@pytest.mark.parametrize("first", ["absent", "hang-up"])
def test_absent_before_or_after_the_end_of_the_call_is_the_same(world: World, first: str) -> None:
    world.call()
    world.press("1", 1)
    events = [lambda: world.recorded(status="absent", ErrorCode="16101"), world.hang_up]
    for event in events if first == "absent" else reversed(events):
        event()
    world.pass_time(30)
    assert world.texts_to(SAM) == [MISSED]
    assert world.unfinished() == 3  # delivery reports of three pages are waited for


def test_an_absent_recording_whose_call_never_reports_its_end_is_looked_up(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.recorded(status="absent", ErrorCode="16102")
    world.carrier.calls["CA1"] = CallInfo("CA1", "completed", CLIENT, DESK)
    world.pass_time(30)
    assert world.texts_to(SAM) == [MISSED]


def test_a_voicemail_without_any_event_is_found_at_the_carrier(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.carrier.recordings = [RecordingInfo("RE7", "CA1", "completed", 9)]
    world.carrier.sounds["RE7"] = b"not sound"
    world.hang_up()
    world.pass_time(30)
    (recording,) = world.ticket()["recordings"]
    assert (recording["sid"], recording["seconds"], recording["transcript"]["state"]) == ("RE7", 9, "failed")
    assert "Voicemail, 9 s, no words. Listen: https://desk.example.org/listen/RE7." in world.texts_to(SAM)[0]


def test_a_carrier_that_does_not_answer_the_look_up_delays_the_missed_call_but_does_not_swallow_it(
    world: World,
) -> None:
    world.call()
    world.press("2", 1)
    world.hang_up()
    world.carrier.down = True
    world.pass_time(40)
    world.carrier.down = False
    world.pass_time(40)
    assert "chose Other help" in world.texts_to(SAM)[0]


def test_silence_leads_to_the_voicemail_and_words_to_a_ticket_without_a_choice(world: World) -> None:
    world.call()
    world.press("", 1)
    assert "<Record" in world.press("", 2)
    assert world.tickets() == []
    world.recorded()
    world.pass_time(25)
    assert world.ticket()["channel"] == "voicemail"
    assert len(world.texts_to(SAM)) >= 1


def test_a_silent_voicemail_without_a_choice_is_a_record_only(world: World) -> None:
    world.call()
    world.press("", 1)
    world.press("", 2)
    world.recorded(status="absent")
    world.hang_up()
    world.pass_time(60)
    assert world.tickets() == []
    (recording,) = world.rows(Recording)
    assert (recording.state, recording.transcript) == ("absent", "silent")


def test_the_same_webhook_again_gets_the_same_answer_and_changes_nothing(world: World) -> None:
    first = world.call()
    second = world.press("1", 1)
    assert world.call() == first
    assert world.press("1", 1) == second
    # A replay with another key is still the same step of the same call: its answer stands.
    assert world.press("2", 1) == second
    assert len(world.tickets()) == 1
    assert world.ticket()["subject"] == "Emergency or outage"


@pytest.mark.parametrize(
    "caller",
    ["anonymous", "unknown", "Restricted", "", "266696687", "+1", "5550147", "sip:bob@example.org", "0000", DESK],
)
def test_withheld_and_odd_callers_are_served(world: World, caller: str) -> None:
    world.call(caller=caller)
    world.press("1", 1, caller=caller)
    world.hang_up(caller=caller)
    world.pass_time(30)
    assert world.ticket()["from_number"] is None
    assert "missed call, number withheld:" in world.texts_to(SAM)[0]


def test_events_that_come_before_the_first_webhook_open_the_call(world: World) -> None:
    world.carrier.calls["CA1"] = CallInfo("CA1", "completed", STRANGER, DESK)
    world.hang_up(caller=STRANGER)
    world.recorded(status="in-progress")
    world.call(caller=STRANGER)
    (call,) = world.rows(Call)
    assert call.from_number == STRANGER


def test_a_call_whose_end_never_came_is_closed_by_the_sweep(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.carrier.calls["CA1"] = CallInfo("CA1", "completed", CLIENT, DESK)
    world.now.moment += timedelta(minutes=11)
    assert notice_stale_calls(world.desk) == 1
    world.work()
    world.work()
    assert world.texts_to(SAM) == [MISSED]


def test_a_call_with_a_message_whose_end_never_came_is_closed_too(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.recorded()
    world.pass_time(60)
    assert world.rows(Call)[0].ended_at is None
    world.pass_time(60)  # the caller speaks on, to nobody: the line is still open
    world.carrier.calls["CA1"] = CallInfo("CA1", "completed", CLIENT, DESK)
    world.pass_time(90, step=10)
    (call,) = world.rows(Call)
    assert (call.outcome, call.carrier_status) == ("voicemail", "completed")
    assert call.ended_at is not None
    assert world.ticket()["events"][-1]["text"] == "The caller is off the line"


def test_a_message_whose_end_was_reported_asks_the_carrier_nothing(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.recorded()
    world.hang_up()
    world.pass_time(300, step=10)
    assert not [one for one in world.carrier.asked if one.startswith("call ")]


def test_a_call_that_goes_on_is_not_closed(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.now.moment += timedelta(minutes=11)
    notice_stale_calls(world.desk)
    world.work()
    assert world.carrier.sent == []
    assert world.rows(Call)[0].ended_at is None


def test_a_message_left_while_the_desk_was_away_is_found_at_the_carrier(world: World) -> None:
    world.carrier.calls["CA9"] = CallInfo("CA9", "completed", STRANGER, DESK)
    world.carrier.calls["CA8"] = CallInfo("CA8", "completed", STRANGER, "+19035550000")
    world.carrier.recordings = [
        RecordingInfo("RE9", "CA9", "completed", 14),
        RecordingInfo("RE8", "CA8", "completed", 14),
    ]
    assert reconcile(world.desk) == 1
    assert reconcile(world.desk) == 0
    world.pass_time(25)
    assert "903-555-0147: Voicemail, 14 s, words follow." in world.texts_to(SAM)[0]
    assert world.ticket()["recordings"][0]["sid"] == "RE9"


def test_a_text_sent_while_the_desk_was_away_is_found_at_the_carrier(world: World) -> None:
    world.text(STRANGER, "printer is on fire", sid="SM1")
    world.carrier.texts = [
        InboundText("SM1", STRANGER, DESK, "printer is on fire"),
        InboundText("SM2", STRANGER, DESK, "so is the desk"),
    ]
    assert reconcile(world.desk) == 1
    assert reconcile(world.desk) == 0
    world.work()
    assert [message["body"] for message in world.ticket()["messages"] if message["direction"] == "in"] == [
        "printer is on fire",
        "so is the desk",
    ]


def test_a_comparison_goes_back_to_the_last_one_that_worked_however_long_ago(world: World) -> None:
    reconcile(world.desk)
    world.now.moment += timedelta(days=3)
    world.carrier.down = True
    with pytest.raises(CarrierError):
        reconcile(world.desk)
    world.carrier.down = False
    reconcile(world.desk)
    reconcile(world.desk)
    days = [day for day, _ in world.carrier.compared]
    assert days == [23, 23, 23, 26]


def test_a_greeting_that_names_the_caller_names_each_caller(database_url: str, tmp_path: Path) -> None:
    spoken = edited_flows(tmp_path, "helpdesk.yml", "Messages are recorded.", "Hello {client}, at {caller}.")
    world = World(database_url, tmp_path, FLOWS_DIR=str(spoken))
    for sid, caller, hello in (
        ("CA1", CLIENT, "Hello Hollis &amp; Wade CPA, at 9 0 3, 5 5 5, 0 1 6 0."),
        ("CA2", STRANGER, "Hello your office, at "),
        ("CA3", CLIENT, "Hello Hollis &amp; Wade CPA, at 9 0 3, 5 5 5, 0 1 6 0."),
        ("CA4", "anonymous", "Hello your office, at your number."),
    ):
        assert hello in world.call(sid, caller)
    world.close()


def test_the_minutes_of_a_call_count_from_its_own_beginning(world: World) -> None:
    world.call("CA1")
    world.pass_time(1800)
    assert world.call("CA2", STRANGER) == world.call("CA1")
    assert "portal dot bitscorps dot com" in world.press("3", 1, "CA2", STRANGER)
    assert "portal dot bitscorps dot com" not in world.press("3", 1, "CA1")  # after ten minutes: the voicemail
