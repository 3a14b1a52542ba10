"""Events of a call that overtake each other, come late, contradict each other, or never come."""

from errno import ENOSPC

import pytest
from structlog.testing import capture_logs

from ivr.carrier.base import CallInfo, RecordingInfo
from ivr.jobs import USUAL_ATTEMPTS
from ivr.lookups import reconcile
from tests.world import CLIENT, DESK, SAM, World, wav
from tickets.models import Work

MISSED = (
    "URGENT 1001 missed call, Hollis & Wade CPA 903-555-0160: chose Emergency or outage, left no message. "
    "Reply ACK 1001 to take it."
)
VOICEMAIL = (
    "URGENT 1001 Hollis & Wade CPA 903-555-0199 (from 903-555-0160): [Emergency or outage] Hi, this is Dana. "
    "The server room is flooded. Call me back at 903-555-0199. Reply ACK 1001 to take it."
)


@pytest.fixture
def speaking(world: World) -> World:
    """A caller who chose an option and is in the voicemail now."""
    world.call()
    world.press("1", 1)
    return world


def state_of(world: World) -> tuple[str, str]:
    (recording,) = world.ticket()["recordings"]
    return recording["media"], recording["transcript"]["state"]


def test_a_key_that_is_heard_after_the_end_of_its_call_is_a_missed_call(world: World) -> None:
    world.call()
    world.hang_up()
    world.press("1", 1)
    world.pass_time(60)
    assert world.texts_to(SAM) == [MISSED]


def test_a_message_that_was_taken_for_absent_is_fetched_when_its_event_comes(speaking: World) -> None:
    speaking.recorded(status="in-progress")
    speaking.hang_up()
    speaking.carrier.down = True
    speaking.pass_time(40)
    assert state_of(speaking) == ("none", "silent")
    speaking.carrier.down = False
    speaking.pass_time(60)
    speaking.recorded()
    speaking.pass_time(60)
    assert state_of(speaking) == ("stored", "done")
    assert speaking.texts_to(SAM) == [MISSED, VOICEMAIL]
    assert speaking.ticket()["calls"][0]["outcome"] == "voicemail"


def test_a_recording_that_the_carrier_works_on_for_long_is_taken_when_it_is_done(speaking: World) -> None:
    speaking.recorded(status="in-progress")
    speaking.carrier.recordings = [RecordingInfo("RE1", "CA1", "processing", None)]
    speaking.hang_up()
    speaking.pass_time(20)
    assert "Emergency or outage. Voicemail, words follow." in speaking.texts_to(SAM)[0]
    speaking.pass_time(400, step=5)
    assert "Voicemail, no words could be made out." in speaking.texts_to(SAM)[1]
    speaking.recorded()
    speaking.pass_time(60)
    assert state_of(speaking) == ("stored", "done")
    assert [text[:5] for text in speaking.texts_to(SAM)] == ["URGEN", "1001 ", "1001 "]
    assert " said: " in speaking.texts_to(SAM)[2]


def test_a_file_that_was_given_up_is_fetched_when_the_carrier_says_at_last_that_it_is_there(speaking: World) -> None:
    done = {"RecordingUrl": "https://x/Recordings/RE1", "RecordingDuration": "9", "Digits": "#"}
    assert speaking.post("/twilio/voice/2", CallSid="CA1", From=CLIENT, To=DESK, **done).status_code == 200
    speaking.pass_time(3600, step=5)
    assert state_of(speaking) == ("missing", "failed")
    speaking.recorded()
    speaking.pass_time(10)
    assert state_of(speaking) == ("stored", "done")
    assert " said: " in speaking.texts_to(SAM)[-1]


def test_a_call_that_ended_in_the_middle_of_its_recording_pages_in_time(speaking: World) -> None:
    speaking.recorded(status="in-progress")
    speaking.carrier.recordings = [RecordingInfo("RE1", "CA1", "in-progress", None)]
    speaking.hang_up()
    speaking.pass_time(18)
    assert speaking.texts_to(SAM) == []
    speaking.pass_time(2)
    assert "Emergency or outage. Voicemail, words follow." in speaking.texts_to(SAM)[0]


def test_a_call_that_vanished_without_a_word_of_the_carrier_is_a_missed_call_soon(speaking: World) -> None:
    speaking.carrier.calls["CA1"] = CallInfo("CA1", "completed", CLIENT, DESK)
    speaking.pass_time(100)
    assert speaking.texts_to(SAM) == [MISSED]


def test_a_recording_that_began_after_the_end_and_never_reported_its_own_is_looked_up(speaking: World) -> None:
    speaking.hang_up()
    speaking.pass_time(15)
    assert speaking.texts_to(SAM) == [MISSED]
    speaking.recorded(status="in-progress")
    speaking.carrier.recordings = [RecordingInfo("RE1", "CA1", "completed", 40)]
    speaking.carrier.sounds["RE1"] = wav()
    speaking.pass_time(60)
    assert state_of(speaking) == ("stored", "done")
    assert speaking.texts_to(SAM) == [MISSED, VOICEMAIL]


def test_a_message_found_too_late_by_the_look_up_is_found_by_the_comparison(speaking: World) -> None:
    speaking.recorded(status="in-progress")
    speaking.hang_up()
    speaking.pass_time(60)
    assert state_of(speaking) == ("none", "silent")
    speaking.carrier.recordings = [RecordingInfo("RE1", "CA1", "completed", 40)]
    speaking.carrier.sounds["RE1"] = wav()
    assert reconcile(speaking.desk) == 1
    speaking.pass_time(60)
    assert state_of(speaking) == ("stored", "done")


def test_a_length_in_the_action_and_then_absent_is_a_missed_call(speaking: World) -> None:
    ended = {"RecordingUrl": "https://api/x/RE1", "RecordingDuration": "2", "Digits": "hangup"}
    speaking.post("/twilio/voice/2", CallSid="CA1", From=CLIENT, To=DESK, CallStatus="completed", **ended)
    speaking.hang_up()
    speaking.recorded(status="absent", ErrorCode="16101")
    speaking.pass_time(1800, step=5)
    assert state_of(speaking) == ("none", "silent")
    assert speaking.texts_to(SAM) == [MISSED]


def test_a_status_that_runs_ahead_of_the_carriers_own_list_ends_the_call(speaking: World) -> None:
    speaking.hang_up()
    speaking.carrier.calls["CA1"] = CallInfo("CA1", "in-progress", CLIENT, DESK)
    speaking.pass_time(60)
    assert speaking.texts_to(SAM) == [MISSED]


def test_a_look_up_that_waits_for_the_end_of_the_call_does_not_wait_longer(speaking: World) -> None:
    speaking.recorded(rec="RE1", status="absent", ErrorCode="16101")
    speaking.pass_time(12)  # the carrier says that the call goes on: the next look-up is due in five minutes
    speaking.post("/twilio/voice/2", CallSid="CA1", From=CLIENT, To=DESK, RecordingUrl="https://api/x/RE1")
    speaking.recorded(rec="RE2", status="in-progress")
    speaking.hang_up()
    speaking.pass_time(15)
    assert speaking.texts_to(SAM) == [MISSED]


def test_a_carrier_that_is_away_for_five_hours_loses_no_message(speaking: World) -> None:
    speaking.carrier.down = True
    speaking.recorded()
    speaking.hang_up()
    speaking.pass_time(5 * 3600, step=100)
    assert next(row for row in speaking.rows(Work) if row.kind == "fetch-recording").attempts > USUAL_ATTEMPTS
    speaking.carrier.down = False
    speaking.pass_time(600, step=10)
    assert state_of(speaking) == ("stored", "done")


def test_a_recording_that_a_carrier_never_gave_ends_in_a_state_that_a_person_sees(speaking: World) -> None:
    speaking.recorded()
    speaking.hang_up()
    speaking.carrier.down = True
    speaking.pass_time(25 * 3600, step=900)
    assert state_of(speaking) == ("missing", "failed")
    texts = [event["text"] for event in speaking.ticket()["events"]]
    assert "No transcript: the carrier did not answer" in texts


def test_a_disk_that_is_full_for_five_hours_loses_no_message(speaking: World) -> None:
    speaking.blobs.error = OSError(ENOSPC, "No space left on device")
    speaking.recorded()
    speaking.hang_up()
    with capture_logs():  # to print a traceback for each attempt would take longer than all the rest
        speaking.pass_time(5 * 3600, step=100)
    assert next(row for row in speaking.rows(Work) if row.kind == "fetch-recording").attempts > USUAL_ATTEMPTS
    (page,) = speaking.texts_to(SAM)
    assert "Voicemail, 12 s, words follow." in page
    speaking.blobs.error = None
    speaking.pass_time(600, step=10)
    assert state_of(speaking) == ("stored", "done")
    assert "flooded" in speaking.texts_to(SAM)[1]


def test_a_store_that_is_away_while_the_words_are_made_out_delays_them_only(speaking: World) -> None:
    speaking.transcriber_runs = False
    speaking.recorded()
    speaking.hang_up()
    speaking.pass_time(3)
    speaking.blobs.error = TimeoutError("the bucket is away")
    speaking.transcriber_runs = True
    speaking.pass_time(3600, step=15)
    speaking.blobs.error = None
    speaking.pass_time(60)
    assert state_of(speaking) == ("stored", "done")
    assert speaking.ticket()["recordings"][0]["problem"] is None
