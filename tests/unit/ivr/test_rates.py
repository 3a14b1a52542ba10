"""How fast texts leave, and in which order."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.paced_story import CALLERS, TEAM, assert_paced, chatter, leave_voicemails, miss_calls, paced, waits
from tests.world import CLIENT, DESK, LEE, ROBIN, SAM, STRANGER, World, edited_flows
from tickets import work
from tickets.models import Message, Sender, Work
from tickets.outbox import NotSent, OutcomeUnknown
from tickets.states import WorkKind

__all__ = ["paced"]


# --- the rate ------------------------------------------------------------------------------------------------------------


def test_texts_leave_one_segment_a_second(paced: World) -> None:
    chatter(paced, 5)
    paced.pass_time(10)
    began = paced.carrier.sent[0].at
    assert [(text.at - began).total_seconds() for text in paced.carrier.sent] == [0, 1, 2, 3, 4]


def test_a_text_of_two_segments_takes_two_seconds(paced: World) -> None:
    chatter(paced, 3, body="word " * 40)
    paced.pass_time(10)
    began = paced.carrier.sent[0].at
    assert [(text.at - began).total_seconds() for text in paced.carrier.sent] == [0, 2, 4]


def test_the_flow_file_can_say_that_the_carrier_takes_more(database_url: str, tmp_path: Path) -> None:
    flows = edited_flows(tmp_path, "helpdesk.yml", "  reopen_hours: 12", "  segments_per_second: 4\n  reopen_hours: 12")
    world = World(database_url, tmp_path, real_rate=True, FLOWS_DIR=str(flows))
    chatter(world, 12)
    world.pass_time(5, step=0.25)
    assert (world.carrier.sent[-1].at - world.carrier.sent[0].at).total_seconds() == 2.75
    assert_paced(world, rate=4)
    world.close()


def test_waiting_for_a_turn_is_no_attempt_and_leaves_no_trace(paced: World) -> None:
    chatter(paced, 12)
    paced.pass_time(6)
    rows = [row for row in paced.rows(Work) if row.kind == WorkKind.SEND_TEXT and row.state == "waiting"]
    assert [(row.attempts, row.error) for row in rows] == [(0, "waits for its turn")] * 6
    paced.pass_time(10)
    assert waits(paced) == []


def test_a_text_that_waits_looks_again_at_its_turn_and_not_every_second(paced: World) -> None:
    chatter(paced, 20)
    paced.work()
    due = sorted((row.due_at - paced.now()).total_seconds() for row in paced.rows(Work) if row.state == "waiting")
    # One has gone out (its delivery is checked in a minute), the others come one by one, the last ones look in between.
    assert due == [*range(1, 10), *[10] * 10, 60]


def test_whoever_has_been_sent_calls_the_next_for_the_very_moment(paced: World) -> None:
    calls: list[tuple[float, int]] = []
    paced.desk.database.notify_in = lambda seconds, piece: calls.append((seconds, piece[1]))
    chatter(paced, 3)
    paced.work()
    first, second, third = (row.id for row in paced.rows(Work) if row.kind == WorkKind.SEND_TEXT)
    assert {piece for _, piece in calls} == {second}
    assert {seconds for seconds, _ in calls} == {1.0}
    calls.clear()
    paced.now.moment += timedelta(seconds=1)
    paced.hands.do(second)
    assert calls == [(1.0, third)]
    assert first


def test_a_sender_that_a_wrong_clock_has_taken_for_a_day_is_free(paced: World) -> None:
    chatter(paced, 1)
    paced.work()
    with paced.desk.database.unit() as unit:
        unit.get_one(Sender, DESK).free_at = paced.now() + timedelta(days=1)
    miss_calls(paced, 1)
    paced.pass_time(20)
    assert [len(paced.texts_to(number)) for number in TEAM] == [1, 1, 1]


def test_a_messaging_service_is_a_sender_of_its_own(database_url: str, tmp_path: Path) -> None:
    service = "MG" + "2" * 32
    world = World(database_url, tmp_path, real_rate=True, TWILIO_MESSAGING_SERVICE_SID=service)
    chatter(world, 1)
    world.work()
    with world.desk.database.reading() as session:
        assert [row.name for row in session.query(Sender)] == [service]
    world.close()


# --- the order -----------------------------------------------------------------------------------------------------------


def test_pages_overtake_a_queue_of_chatter(paced: World) -> None:
    chatter(paced, 20)
    paced.pass_time(3)
    miss_calls(paced, 1)
    paced.pass_time(40)
    sent = [text.to for text in paced.carrier.sent]
    first = sent.index(SAM)
    assert sent[first : first + 3] == [SAM, LEE, ROBIN]
    assert len(sent) == 23
    written = min(row.created_at for row in paced.rows(Message) if row.purpose == "missed")
    assert (paced.carrier.sent[first].at - written).total_seconds() <= 1
    assert sent.index(CALLERS[-1]) > first
    assert_paced(paced)


def test_words_that_follow_hold_up_neither_a_new_page_nor_an_answer(paced: World) -> None:
    paced.transcriber_runs = False
    leave_voicemails(paced, 6)
    paced.pass_time(30)
    paced.transcriber_runs = True
    paced.work()  # six times three texts with words wait now
    begun = len(paced.carrier.sent)
    paced.text(LEE, "ACK 1006")
    paced.text(CLIENT, "Server is down")
    paced.pass_time(14)
    firsts = [text.body for text in paced.carrier.sent[begun:]]
    assert [body.split(" ")[0] for body in firsts[:3]] == ["URGENT"] * 3
    assert sorted(body[:21] for body in firsts[3:6]) == ["1006 is taken by Lee."] * 2 + ["1006 is yours: 903-55"]
    assert " said: " in firsts[6]


def test_who_has_a_ticket_is_told_before_clients_hear_anything(paced: World) -> None:
    miss_calls(paced, 1)
    paced.pass_time(20)
    chatter(paced, 10)
    paced.text(SAM, "ACK")
    paced.pass_time(30)
    after = [text.to for text in paced.carrier.sent][3:]
    assert set(after[:3]) == set(TEAM)
    assert len(after) == 13
    assert_paced(paced)


def test_the_confirmation_of_an_opt_out_goes_with_the_pages(paced: World) -> None:
    chatter(paced, 20)
    paced.work()
    paced.text(STRANGER, "Stop.")
    paced.pass_time(30)
    assert [text.to for text in paced.carrier.sent].index(STRANGER) == 1


def test_a_text_that_waits_for_a_carrier_that_is_away_is_ahead_of_nobody(paced: World) -> None:
    paced.carrier.refuse[SAM] = [NotSent("down")] * 6
    miss_calls(paced, 1)
    paced.pass_time(20)
    assert paced.texts_to(SAM) == []
    chatter(paced, 3)
    paced.pass_time(6)
    assert [len(paced.texts_to(number)) for number in CALLERS[-3:]] == [1, 1, 1]
    paced.pass_time(60)
    assert len(paced.texts_to(SAM)) == 1
    assert_paced(paced)


def test_looking_up_an_unknown_outcome_needs_no_turn(paced: World) -> None:
    paced.carrier.refuse[SAM] = [OutcomeUnknown("timed out")]
    miss_calls(paced, 1)
    paced.pass_time(13)
    chatter(paced, 30)
    paced.pass_time(5)
    assert f"texts {SAM}" in paced.carrier.asked
    paced.pass_time(40)
    assert len(paced.texts_to(SAM)) == 1


# --- things that go wrong -------------------------------------------------------------------------------------------------


def test_a_carrier_that_comes_back_gets_everything_at_its_pace(paced: World) -> None:
    paced.carrier.down = True
    miss_calls(paced, 3)
    chatter(paced, 5)
    paced.pass_time(60)
    assert paced.carrier.sent == []
    paced.carrier.down = False
    paced.pass_time(300)
    assert [len(paced.texts_to(number)) for number in TEAM] == [3, 3, 3]
    assert len(paced.carrier.sent) == 14
    assert_paced(paced)


def test_a_worker_that_dies_between_gate_and_carrier_holds_up_nobody_else(paced: World) -> None:
    paced.carrier.refuse[SAM] = [SystemExit()]
    paced.carrier.created_although_unknown = False
    miss_calls(paced, 1)
    with pytest.raises(SystemExit):
        paced.pass_time(20)
    paced.pass_time(5)
    assert [len(paced.texts_to(number)) for number in TEAM] == [0, 1, 1]
    paced.pass_time(120)
    assert [len(paced.texts_to(number)) for number in TEAM] == [1, 1, 1]
    assert_paced(paced)


def test_a_worker_that_dies_on_its_way_to_the_gate_holds_up_nobody_else(paced: World) -> None:
    chatter(paced, 3)
    first = min(row.id for row in paced.rows(Work))
    with paced.desk.database.unit() as unit:
        assert work.claim(unit, first, now=paced.now()) is not None  # and nothing more is heard of it
    paced.pass_time(12)
    assert len(paced.carrier.sent) == 2
    paced.pass_time(work.LEASE)
    assert len(paced.carrier.sent) == 3


def test_a_line_without_hints_and_timers_still_moves(paced: World) -> None:
    chatter(paced, 6)
    paced.queue.jobs.clear()
    paced.pass_time(12)
    assert len(paced.carrier.sent) == 6


def test_withheld_pages_leave_no_gap_of_more_than_a_look(paced: World) -> None:
    """Whoever is behind texts that nobody needs any more goes on soon, however many they were."""
    for caller in CALLERS[:5]:
        paced.text(caller, "Server is down")
    chatter(paced, 1)
    paced.work()
    for ticket in range(1001, 1006):
        paced.text(SAM, f"ACK {ticket}")
    paced.pass_time(60)
    assert waits(paced) == []
    assert all(len(paced.texts_to(caller)) == 1 for caller in CALLERS[:5])
    assert_paced(paced)


# --- what can be watched --------------------------------------------------------------------------------------------------


def test_the_metrics_say_what_waits_and_for_how_long(paced: World) -> None:
    chatter(paced, 4, body="word " * 40)
    paced.pass_time(3)
    shown = paced.client.get("/metrics").text
    assert 'helpline_outbox_waiting_seconds{class="client"} 3.0' in shown
    assert 'helpline_outbox_waiting_segments{class="client"} 4.0' in shown
    assert 'helpline_outbox_waiting_seconds{class="page"} 0.0' in shown
    leave_voicemails(paced, 8)
    paced.pass_time(30)
    shown = paced.client.get("/metrics").text
    assert "helpline_texts_merged_total 24.0" in shown
    assert 'helpline_outbox_waiting_segments{class="client"} 0.0' in shown
