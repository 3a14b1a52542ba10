"""How fast texts leave, in which order, and when many pages become one text."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.world import CLIENT, DESK, LEE, ROBIN, SAM, STRANGER, World, edited_flows
from tickets import outbox, work
from tickets.models import Message, Sender, Work
from tickets.outbox import NotSent, OutcomeUnknown, Refusal, TextRefused
from tickets.sms import segments
from tickets.states import Purpose, WorkKind

TEAM = (SAM, LEE, ROBIN)
CALLERS = [f"+1903555{number:04}" for number in range(2001, 2041)]


@pytest.fixture
def paced(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk whose carrier takes one segment a second, as the shipped flow file says."""
    world = World(database_url, tmp_path, real_rate=True)
    yield world
    world.close()


def miss_calls(world: World, count: int, *, first: int = 0) -> None:
    """So many strangers choose an option and hang up; when they are looked up, that is a missed call each."""
    for caller in CALLERS[first : first + count]:
        world.call(f"CA{caller}", caller)
        world.press("1", 1, f"CA{caller}", caller)
        world.hang_up(f"CA{caller}", caller)


def leave_voicemails(world: World, count: int) -> None:
    for caller in CALLERS[:count]:
        sid = f"CA{caller}"
        world.call(sid, caller)
        world.press("1", 1, sid, caller)
        world.recorded(f"RE{caller}", sid)
        world.hang_up(sid, caller)


def chatter(world: World, count: int, *, body: str = "Your ticket is in good hands.") -> None:
    """Texts to clients, put into the outbox directly."""
    with world.desk.database.unit() as unit:
        for number in CALLERS[-count:]:
            outbox.write(
                unit,
                key=f"chatter:{number}",
                purpose=Purpose.RECEIPT,
                to=number,
                body=body,
                desk=DESK,
                now=world.now(),
            )


def assert_paced(world: World, rate: float = 1.0) -> None:
    """In any window of t seconds at most t segments and the text that the window opens with."""
    sent = world.carrier.sent
    for index, first in enumerate(sent):
        total = 0
        for text in sent[index:]:
            passed = (text.at - first.at).total_seconds()
            assert total <= passed * rate + 1e-6, f"{total} segments in {passed} s"
            total += segments(text.body)


def waits(world: World) -> list[str]:
    return [row.key for row in world.rows(Message) if row.state == "pending"]


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


# --- many pages become one text -------------------------------------------------------------------------------------------

DIGEST = (
    "URGENT 8 tickets: 1001 903-555-2001, 1002 903-555-2002, 1003 903-555-2003, 1004 903-555-2004, 1005 903-555-2005, "
    "1006 903-555-2006, 1007 903-555-2007, 1008 903-555-2008. Reply ACK 1001 to take one."
)


def test_eight_voicemails_of_one_minute_are_one_text_to_each_person(paced: World) -> None:
    leave_voicemails(paced, 8)
    paced.pass_time(30)
    assert [paced.texts_to(number) for number in TEAM] == [[DIGEST]] * 3
    assert_paced(paced)
    for ticket in paced.tickets():
        assert [(page["person"], page["state"], page["body"]) for page in ticket["pages"]] == [
            (name, "sending", DIGEST) for name in ("Sam", "Lee", "Robin")
        ]
        assert "The page to Lee goes out in one text with 7 others" in [event["text"] for event in ticket["events"]]


def test_five_pages_are_no_reason_to_leave_out_their_words(paced: World) -> None:
    leave_voicemails(paced, 5)
    paced.pass_time(60)
    assert [len(paced.texts_to(number)) for number in TEAM] == [5, 5, 5]
    assert all("flooded" in text for text in paced.texts_to(SAM))


def test_pages_of_different_minutes_stay_apart(paced: World) -> None:
    paced.queue.down = True
    for first in (0, 3, 6):
        for caller in CALLERS[first : first + 3]:
            paced.text(caller, "Server is down")
        paced.pass_time(61)
    paced.queue.down = False
    paced.pass_time(60)
    assert [len(paced.texts_to(number)) for number in TEAM] == [9, 9, 9]


def test_pages_of_one_minute_that_waited_long_become_one_text(paced: World) -> None:
    paced.queue.down = True
    for caller in CALLERS[:9]:
        paced.text(caller, "Server is down")
    paced.pass_time(200)
    paced.queue.down = False
    paced.pass_time(60)
    assert [len(paced.texts_to(number)) for number in TEAM] == [1, 1, 1]


def test_what_happens_to_the_digest_happened_to_its_pages(paced: World) -> None:
    leave_voicemails(paced, 8)
    paced.pass_time(30)
    sids = {text.to: text.sid for text in paced.carrier.sent}
    paced.delivered(sids[SAM])
    paced.delivered(sids[LEE], "undelivered", ErrorCode="30003")
    for ticket in paced.tickets():
        states = {page["person"]: (page["state"], page["error"]) for page in ticket["pages"]}
        assert states["Sam"] == ("delivered", None)
        assert states["Lee"] == ("failed", "30003: the carrier reports: undelivered")
        told = [event["text"] for event in ticket["events"]]
        assert told.count("The text to Lee failed: 30003: the carrier reports: undelivered") == 1
    paced.pass_time(70)
    for ticket in paced.tickets():
        states = {page["person"]: (page["state"], page["error"]) for page in ticket["pages"]}
        assert states["Robin"] == ("failed", "no delivery report")
        assert [event["text"] for event in ticket["events"]].count("No delivery report for the text to Robin.") == 1
    paced.delivered(sids[ROBIN])
    assert {page["state"] for ticket in paced.tickets() for page in ticket["pages"] if page["person"] == "Robin"} == {
        "delivered"
    }


def test_who_takes_a_ticket_of_a_digest_reads_its_words_and_the_others_hear_it(paced: World) -> None:
    leave_voicemails(paced, 8)
    paced.pass_time(30)
    paced.text(SAM, "ACK 1003")
    paced.pass_time(20)
    assert paced.texts_to(SAM)[1:] == [
        "1003 is yours: 903-555-2003. Call 903-555-0199. The words: Hi, this is Dana. The server room is flooded. "
        "Call me back at 903-555-0199. Reply DONE 1003 when it is solved."
    ]
    taken = "1003 is taken by Sam. Nothing to do for you."
    assert [paced.texts_to(number)[1:] for number in (LEE, ROBIN)] == [[taken], [taken]]
    assert [ticket["claimed_by"] for ticket in paced.tickets()] == [None, None, "Sam", None, None, None, None, None]


def test_words_that_come_after_the_digest_follow_as_texts_of_their_own(paced: World) -> None:
    paced.transcriber_runs = False
    leave_voicemails(paced, 6)
    paced.pass_time(30)
    assert [len(paced.texts_to(number)) for number in TEAM] == [1, 1, 1]
    paced.transcriber_runs = True
    paced.pass_time(60)
    assert len(paced.texts_to(SAM)) == 7
    assert all("The server room is flooded" in text for text in paced.texts_to(SAM)[1:])
    paced.text(SAM, "ACK 1002")
    paced.pass_time(10)
    assert paced.texts_to(SAM)[7] == (
        "1002 is yours: 903-555-2002. Call 903-555-0199. Reply DONE 1002 when it is solved."
    )


def merged_but_not_sent(world: World) -> None:
    """Seven pages to each person, of which those to Sam are one text already that the carrier has not taken."""
    world.carrier.refuse = {number: [NotSent("down")] for number in TEAM}
    leave_voicemails(world, 7)
    world.pass_time(2)
    assert [row.person for row in world.rows(Message) if row.purpose == "digest"][:1] == ["Sam"]
    assert world.carrier.sent == []


def test_a_claim_before_the_digest_goes_out_withholds_just_that_page(paced: World) -> None:
    merged_but_not_sent(paced)
    paced.text(SAM, "ACK 1001")
    paced.pass_time(30)
    expected = (
        "URGENT 6 tickets: 1002 903-555-2002, 1003 903-555-2003, 1004 903-555-2004, 1005 903-555-2005, "
        "1006 903-555-2006, 1007 903-555-2007. Reply ACK 1002 to take one."
    )
    assert all(expected in paced.texts_to(number) for number in TEAM)
    assert [len(ticket["pages"]) for ticket in paced.tickets()] == [0, 3, 3, 3, 3, 3, 3]


def test_when_one_page_is_left_it_says_all_it_has_to_say(paced: World) -> None:
    merged_but_not_sent(paced)
    for ticket in range(1001, 1007):
        paced.text(SAM, f"ACK {ticket}")
    paced.pass_time(60)
    (page,) = [text for text in paced.texts_to(LEE) if text.startswith("URGENT")]
    assert page == (
        "URGENT 1007 903-555-0199 (from 903-555-2007): [Emergency or outage] Hi, this is Dana. The server room is "
        "flooded. Call me back at 903-555-0199. Reply ACK 1007 to take it."
    )


def test_when_everything_is_taken_the_digest_stays_here(paced: World) -> None:
    merged_but_not_sent(paced)
    for ticket in range(1001, 1008):
        paced.text(SAM, f"ACK {ticket}")
    paced.pass_time(60)
    assert [text for text in paced.texts_to(LEE) if text.startswith("URGENT")] == []
    assert {row.state for row in paced.rows(Message) if row.purpose == "digest"} == {"withheld"}
    assert [ticket["pages"] for ticket in paced.tickets()] == [[]] * 7


def test_a_colleague_who_opts_out_gets_no_digest_and_every_ticket_says_so(paced: World) -> None:
    merged_but_not_sent(paced)
    paced.text(SAM, "STOP")
    paced.pass_time(30)
    assert [text for text in paced.texts_to(SAM) if "URGENT" in text] == []
    for ticket in paced.tickets():
        (page,) = [page for page in ticket["pages"] if page["person"] == "Sam"]
        assert page["state"] == "failed"
        assert page["error"] == "this number has opted out; it can text START to undo that"


def test_a_digest_that_the_carrier_never_takes_fails_with_all_its_pages(paced: World) -> None:
    paced.carrier.refuse[SAM] = [TextRefused(Refusal.OPTED_OUT, "21610", "unsubscribed")]
    leave_voicemails(paced, 8)
    paced.pass_time(30)
    errors = [page["error"] for ticket in paced.tickets() for page in ticket["pages"] if page["person"] == "Sam"]
    assert errors == ["21610: unsubscribed"] * 8


def test_a_digest_of_unknown_outcome_is_looked_up_and_not_sent_again(paced: World) -> None:
    paced.carrier.refuse[SAM] = [OutcomeUnknown("timed out")]
    leave_voicemails(paced, 8)
    paced.pass_time(20)
    paced.text(LEE, "ACK 1001")
    paced.pass_time(30)
    assert paced.texts_to(SAM) == [DIGEST, "1001 is taken by Lee. Nothing to do for you."]
    assert paced.tickets()[1]["pages"][0]["state"] == "sent"


def test_a_digest_of_a_worker_that_died_goes_out_once(paced: World) -> None:
    paced.carrier.refuse[SAM] = [SystemExit()]
    paced.carrier.created_although_unknown = False
    leave_voicemails(paced, 8)
    with pytest.raises(SystemExit):
        paced.pass_time(20)
    paced.pass_time(120)
    assert paced.texts_to(SAM) == [DIGEST]


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
