"""What if it runs twice, never, late, or dies here: work rows, leases, attempts, and the sweep."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.carrier.base import CallInfo
from ivr.clock import sweep
from tests.world import CLIENT, DESK, LEE, SAM, STRANGER, World, edited_flows, wav
from tickets import work
from tickets.models import Recording, Work
from tickets.states import WorkKind, WorkState


def leave_message(world: World, seconds: int = 12) -> None:
    world.call()
    world.press("1", 1)
    world.recorded(seconds=seconds)
    world.hang_up()


def test_with_the_broker_down_webhooks_answer_and_all_is_done_when_it_is_back(world: World) -> None:
    world.queue.down = True
    leave_message(world)
    world.pass_time(60)
    assert world.carrier.sent == []
    world.queue.down = False
    world.pass_time(3)
    page, words = world.texts_to(SAM)  # the page was due long ago, so it does not wait for the words any more
    assert "words follow" in page
    assert "flooded" in words
    assert world.ticket()["recordings"][0]["transcript"]["state"] == "done"


def test_a_message_of_a_call_that_we_never_heard_of_is_paged_with_the_number_that_the_carrier_knows(
    world: World,
) -> None:
    """The webhooks before it got nowhere, and the status of the call may not come either."""
    world.transcriber_runs = False
    world.carrier.calls["CA9"] = CallInfo("CA9", "in-progress", CLIENT, DESK)
    world.recorded(sid="CA9")
    world.pass_time(21)
    assert world.texts_to(SAM)[0].startswith("URGENT 1001 Hollis & Wade CPA 903-555-0160: Voicemail, 12 s")
    assert (world.ticket()["from_number"], world.ticket()["client"]) == (CLIENT, "Hollis & Wade CPA")


def test_a_queue_that_lost_everything_is_filled_again_by_the_sweep(world: World) -> None:
    leave_message(world)
    world.queue.jobs.clear()
    assert sweep(world.desk) == 0  # announced this very moment: a worker may be about to take it
    world.now.moment += timedelta(seconds=work.HINTED)
    assert sweep(world.desk) == 1
    assert sweep(world.desk) == 0  # what is queued already is not queued twice
    world.pass_time(2)
    assert len(world.texts_to(SAM)) == 1


def test_the_words_come_late_the_page_goes_out_without_them_and_they_follow_once(world: World) -> None:
    world.transcriber_runs = False
    leave_message(world, seconds=33)
    world.pass_time(18)
    assert world.texts_to(SAM) == []
    world.pass_time(2)
    (page,) = world.texts_to(SAM)
    assert page.startswith(
        "URGENT 1001 Hollis & Wade CPA 903-555-0160: Emergency or outage. Voicemail, 33 s, words follow. "
        "Listen: https://desk.example.org/listen/RE1."
    )
    world.transcriber_runs = True
    world.pass_time(400)
    assert world.texts_to(SAM)[1:] == [
        "1001 Hollis & Wade CPA 903-555-0199 (from 903-555-0160) said: Hi, this is Dana. The server room is flooded. "
        "Call me back at 903-555-0199. Reply ACK 1001 to take it."
    ]


def test_words_that_come_after_the_claim_wake_nobody(world: World) -> None:
    world.transcriber_runs = False
    leave_message(world)
    world.pass_time(25)
    world.text(LEE, "ack")
    world.transcriber_runs = True
    world.pass_time(400)
    assert len(world.texts_to(SAM)) == 2  # the page, and who has it
    assert world.ticket()["recordings"][0]["transcript"]["state"] == "done"


def test_media_that_is_not_there_yet_is_fetched_when_it_is(world: World) -> None:
    world.carrier.sounds = {}
    world.call()
    world.press("1", 1)
    world.post(
        "/twilio/recording", CallSid="CA1", RecordingSid="RE1", RecordingStatus="completed", RecordingDuration="9"
    )
    world.pass_time(5)
    assert world.carrier.sent == []
    world.carrier.sounds["RE1"] = wav()
    world.pass_time(10)
    assert "flooded" in world.texts_to(SAM)[0]


def test_media_that_never_comes_still_pages_in_time_and_ends_in_a_state_a_person_sees(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.post(
        "/twilio/recording", CallSid="CA1", RecordingSid="RE1", RecordingStatus="completed", RecordingDuration="9"
    )
    world.pass_time(22)
    assert "Voicemail, 9 s, words follow." in world.texts_to(SAM)[0]
    world.pass_time(3600, step=5)
    (recording,) = world.ticket()["recordings"]
    assert (recording["media"], recording["transcript"]["state"]) == ("missing", "failed")
    assert "No transcript: 404" in [event["text"] for event in world.ticket()["events"]]
    assert "no words could be made out" in world.texts_to(SAM)[1]
    assert len(world.texts_to(SAM)) == 2
    (dead,) = [row for row in world.rows(Work) if row.state == WorkState.DEAD]
    assert (dead.kind, dead.error) == ("fetch-recording", "404")


def test_a_recording_over_the_limit_is_refused_and_paged(world: World) -> None:
    big = b"\0" * (world.desk.media_limit + 1)
    world.carrier.sounds["RE1"] = big
    leave_message(world)
    world.pass_time(2)
    assert world.ticket()["recordings"][0]["media"] == "refused"
    assert "Voicemail, 12 s, no words." in world.texts_to(SAM)[0]
    assert "Listen:" not in world.texts_to(SAM)[0]


@pytest.mark.parametrize("sound", [b"<html>Bad gateway</html>", wav()[:30]], ids=["html", "cut"])
def test_what_is_no_sound_is_a_page_to_listen(world: World, sound: bytes) -> None:
    world.carrier.sounds["RE1"] = sound
    leave_message(world)
    world.pass_time(2)
    assert world.ticket()["recordings"][0]["transcript"]["state"] == "failed"
    assert "Voicemail, 12 s, no words. Listen: https://desk.example.org/listen/RE1." in world.texts_to(SAM)[0]


@pytest.mark.parametrize("sound", [b"", wav(loud=False)], ids=["empty", "silent"])
def test_silence_after_a_choice_is_a_missed_call(world: World, sound: bytes) -> None:
    world.carrier.sounds["RE1"] = sound
    leave_message(world)
    world.pass_time(15)
    assert world.ticket()["recordings"][0]["transcript"]["state"] == "silent"
    assert "missed call" in world.texts_to(SAM)[0]
    world.pass_time(60)
    assert len(world.texts_to(SAM)) == 1


def test_a_carrier_that_is_down_during_the_fetch_delays_it_only(world: World) -> None:
    world.carrier.down = True
    leave_message(world)
    world.pass_time(30)
    world.carrier.down = False
    world.pass_time(60)
    assert [recording.media for recording in world.rows(Recording)] == ["stored"]


def test_an_engine_that_fails_is_tried_again_and_then_given_up_with_a_page(world: World) -> None:
    world.engine.error = RuntimeError("out of memory")
    leave_message(world)
    world.pass_time(60)
    assert world.ticket()["recordings"][0]["transcript"]["state"] == "failed"
    assert world.ticket()["recordings"][0]["problem"] == "the transcriber failed, given up after 3 attempts"
    assert "words follow" in world.texts_to(SAM)[0] or "no words" in world.texts_to(SAM)[0]
    assert len({text[:30] for text in world.texts_to(SAM)}) == len(world.texts_to(SAM))


def test_recordings_are_deleted_at_the_carrier_only_when_the_flow_says_so(database_url: str, tmp_path: Path) -> None:
    flows = edited_flows(tmp_path, "helpdesk.yml", "delete_at_carrier: false", "delete_at_carrier: true")
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    leave_message(world)
    world.pass_time(5)
    assert world.carrier.deleted == ["RE1"]
    world.close()


def test_by_default_nothing_is_deleted_at_the_carrier(world: World) -> None:
    leave_message(world)
    world.pass_time(5)
    assert world.carrier.deleted == []


def test_of_many_workers_one_gets_a_piece(world: World) -> None:
    leave_message(world)
    (job,) = set(world.queue.jobs.values())
    won: list[work.Claim] = []

    def take() -> None:
        with world.desk.database.unit() as unit:
            held = work.claim(unit, job, now=world.now())
        if held is not None:
            won.append(held)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_lease_that_ran_out_is_taken_over_and_the_first_worker_writes_nothing(world: World) -> None:
    leave_message(world)
    (job,) = set(world.queue.jobs.values())
    with world.desk.database.unit() as unit:
        first = work.claim(unit, job, now=world.now())
    assert first is not None
    world.now.moment += timedelta(seconds=work.LEASE + 1)
    with world.desk.database.unit() as unit:
        second = work.claim(unit, job, now=world.now())
    assert second is not None
    assert second.attempts == 2
    with pytest.raises(work.LeaseLost):
        _finish_with_a_note(world, first)
    with world.desk.database.unit() as unit:
        work.finish(unit, second, now=world.now())
    assert world.rows(Recording)[0].problem is None


def _finish_with_a_note(world: World, held: work.Claim) -> None:
    with world.desk.database.unit() as unit:
        unit.get_one(Recording, held.ref).problem = "written by the first worker"
        unit.flush()
        work.finish(unit, held, now=world.now())


def test_a_renewed_lease_is_kept(world: World) -> None:
    leave_message(world)
    (job,) = set(world.queue.jobs.values())
    with world.desk.database.unit() as unit:
        held = work.claim(unit, job, now=world.now())
    assert held is not None
    for _ in range(5):
        world.now.moment += timedelta(seconds=work.LEASE - 5)
        with world.desk.database.unit() as unit:
            assert work.renew(unit, held, now=world.now())
            assert work.claim(unit, job, now=world.now()) is None


def test_pauses_grow_and_stay_bounded() -> None:
    pauses = [work.pause(attempt).total_seconds() for attempt in range(1, 30)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (1, 300)


def test_a_caller_is_heard_while_the_database_is_away(world: World) -> None:
    with world.without_database():
        answer = world.call(caller=STRANGER)
        assert "<Record" in answer
        assert 'recordingStatusCallback="https://desk.example.org/twilio/recording#rc=3&amp;rp=all"' in answer
        assert 'action="https://desk.example.org/twilio/voice/without-database/1"' in answer
        recorded = {"CallSid": "CA1", "RecordingUrl": "https://x/RE1", "RecordingDuration": "9", "Digits": "#"}
        thanks = world.post("/twilio/voice/without-database/1", **recorded).text
    assert "Thank you" in thanks
    assert "<Record" not in thanks
    assert "<Hangup" in thanks


def test_a_caller_who_says_nothing_while_the_database_is_away_is_asked_twice(world: World) -> None:
    with world.without_database():
        answers = [world.call()]
        while "<Record" in answers[-1] and len(answers) < 9:
            answers.append(world.post(f"/twilio/voice/without-database/{len(answers)}", CallSid="CA1").text)
    assert ["<Record" in answer for answer in answers] == [True, True, False]
    assert "I still did not hear a message" in answers[-1]
    assert "<Hangup" in answers[-1]


def test_a_piece_of_work_that_raises_is_tried_again(world: World) -> None:
    leave_message(world)
    real = world.carrier.open_recording

    def broken(sid: str) -> object:
        world.carrier.open_recording = real  # type: ignore[method-assign]
        raise ZeroDivisionError

    world.carrier.open_recording = broken  # type: ignore[method-assign,assignment]
    world.work()
    row = next(row for row in world.rows(Work) if row.kind == WorkKind.FETCH_RECORDING)
    assert (row.state, row.attempts, row.error) == ("waiting", 1, "ZeroDivisionError: ")
    world.pass_time(5)
    assert len(world.texts_to(SAM)) == 1
