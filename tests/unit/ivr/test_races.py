"""Two things at the same moment. On PostgreSQL only: SQLite lets in one writer at a time, so there is nothing to race.

Chance is left out: the first act is held up just before it does what matters, the second runs until it is over or waits
for a lock that the first one has, then both go on."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import event, select, text, update

from ivr.carrier.base import CallInfo
from tests import databases
from tests.world import CLIENT, DESK, LEE, ROBIN, SAM, STRANGER, World, wav
from tickets.models import Leg, Message, Work
from tickets.outbox import NotSent

pytestmark = pytest.mark.skipif(
    not databases.SERVER, reason="needs PostgreSQL: set TEST_DATABASE_URL to the address of a server"
)

#: Seconds after which two acts that do not come to an end have locked each other out.
PATIENCE = 20
COMMIT = "commit"
TAKEN = "1001 is taken by Sam. Nothing to do for you."

PAIRS = list(permutations(["action", "began", "completed", "hung up"], 2))

Act = Callable[[], object]


def meet(world: World, first: Act, second: Act, *, before: str) -> tuple[object, object]:
    """Hold `first` up before the first statement that begins with `before`, or before its COMMIT; let `second` come as far
    as it can; let both end. Returns what they returned."""
    held, go = threading.Event(), threading.Event()

    def hold(*arguments: object) -> None:
        matters = before == COMMIT or str(arguments[2]).startswith(before)
        if matters and not held.is_set():
            held.set()
            go.wait(PATIENCE)

    engine = world.desk.database.engine
    moment = "commit" if before == COMMIT else "before_cursor_execute"
    event.listen(engine, moment, hold)
    try:
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(first)
            assert held.wait(PATIENCE)
            other = pool.submit(second)
            end = monotonic() + PATIENCE
            while not other.done() and not _somebody_waits(world) and monotonic() < end:
                sleep(0.01)
            go.set()
            return one.result(PATIENCE), other.result(PATIENCE)
    finally:
        go.set()
        event.remove(engine, moment, hold)


def _somebody_waits(world: World) -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with world.desk.database.reading() as session:
        return session.execute(text(waiting)).first() is not None


def texting(world: World, sender: str, body: str, sid: str) -> Act:
    return lambda: world.text(sender, body, sid=sid)


def test_two_texts_of_one_client_are_one_ticket(world: World) -> None:
    first, second = texting(world, CLIENT, "Server is down", "SM1"), texting(world, CLIENT, "Phones too", "SM2")
    meet(world, first, second, before="INSERT INTO tickets")
    world.work()
    assert [message["body"] for message in world.ticket()["messages"] if message["direction"] == "in"] == [
        "Server is down",
        "Phones too",
    ]
    assert len(world.texts_to(CLIENT)) == 1


def test_the_same_text_twice_is_taken_once(world: World) -> None:
    twice = texting(world, CLIENT, "Server is down", "SM1")
    meet(world, twice, twice, before=COMMIT)
    world.work()
    assert len(world.ticket()["messages"]) == 2
    assert len(world.texts_to(SAM)) == 1


def test_two_opt_outs_are_confirmed_once(world: World) -> None:
    first, second = texting(world, STRANGER, "Stop.", "SM1"), texting(world, STRANGER, "Stop!", "SM2")
    meet(world, first, second, before="INSERT INTO consent_events")
    world.work()
    assert len(world.texts_to(STRANGER)) == 1


def test_a_stop_beside_the_first_text_of_a_number_stands(world: World) -> None:
    first, second = texting(world, STRANGER, "Server is down", "SM1"), texting(world, STRANGER, "STOP", "SM2")
    meet(world, first, second, before="INSERT INTO consent_events")
    world.work()
    assert world.texts_to(STRANGER) == []
    assert len(world.texts_to(SAM)) == 1


@pytest.fixture
def waiting_page(world: World) -> World:
    """A missed call whose pages could not be sent yet."""
    world.call(caller=STRANGER)
    world.press("1", 1, caller=STRANGER)
    world.hang_up(caller=STRANGER)
    world.carrier.refuse = {number: [NotSent("down")] for number in (SAM, LEE, ROBIN)}
    world.pass_time(10)
    assert world.carrier.sent == []
    world.now.moment += timedelta(minutes=1)
    with world.desk.database.unit() as unit:  # the carrier keeps the others waiting, so that it is Lee's turn
        others = select(Message.id).where(Message.to_number != LEE)
        later = world.now() + timedelta(hours=1)
        unit.execute(update(Work).where(Work.kind == "send-text", Work.ref.in_(others)).values(due_at=later))
    return world


def sending_to_lee(world: World) -> Act:
    page = next(row.id for row in world.rows(Message) if row.to_number == LEE and row.purpose == "missed")
    job = next(row.id for row in world.rows(Work) if (row.kind, row.ref) == ("send-text", page))
    return lambda: world.hands.do(job)


def test_an_acknowledgement_that_comes_while_a_page_goes_out_is_told_to_who_got_it(waiting_page: World) -> None:
    ack = texting(waiting_page, SAM, "ACK 1001", "SM1")
    meet(waiting_page, sending_to_lee(waiting_page), ack, before="UPDATE messages")
    waiting_page.work()
    page, taken = waiting_page.texts_to(LEE)
    assert page.startswith("URGENT 1001 missed call")
    assert taken == TAKEN
    assert waiting_page.texts_to(ROBIN) == []


def test_a_page_that_would_go_out_while_its_ticket_is_acknowledged_does_not(waiting_page: World) -> None:
    ack = texting(waiting_page, SAM, "ACK 1001", "SM1")
    meet(waiting_page, ack, sending_to_lee(waiting_page), before="UPDATE tickets")
    waiting_page.work()
    assert waiting_page.texts_to(LEE) == []
    assert waiting_page.ticket()["pages"] == []


def test_an_acknowledgement_and_a_page_to_one_who_opted_out_do_not_lock_each_other_out(waiting_page: World) -> None:
    waiting_page.text(LEE, "STOP")
    ack = texting(waiting_page, SAM, "ACK 1001", "SM1")
    meet(waiting_page, sending_to_lee(waiting_page), ack, before="INSERT INTO events")
    waiting_page.work()
    assert waiting_page.texts_to(LEE) == []
    assert waiting_page.ticket()["claimed_by"] == "Sam"


def test_of_two_acknowledgements_one_gets_the_ticket_and_the_other_hears_who(world: World) -> None:
    world.text(STRANGER, "Server is down")
    world.work()
    meet(world, texting(world, SAM, "ACK", "SM1"), texting(world, LEE, "ACK", "SM2"), before="UPDATE tickets")
    world.work()
    assert world.texts_to(SAM)[1] == (
        "1001 is yours: 903-555-0147. Call 903-555-0147. Reply DONE 1001 when it is solved."
    )
    assert "1001 is taken by Sam since 8:05 AM." in world.texts_to(LEE)
    assert world.ticket()["claimed_by"] == "Sam"


def test_a_report_that_comes_in_the_moment_of_handing_over_counts(waiting_page: World) -> None:
    meet(waiting_page, lambda: waiting_page.delivered("SM0001"), sending_to_lee(waiting_page), before=COMMIT)
    waiting_page.pass_time(70)
    (state,) = [page["state"] for page in waiting_page.ticket()["pages"] if page["person"] == "Lee"]
    assert state == "delivered"


def test_the_same_webhooks_of_a_call_twice_get_the_same_answer(world: World) -> None:
    one, other = meet(world, world.call, world.call, before=COMMIT)
    assert one == other
    one, other = meet(world, lambda: world.press("1", 1), lambda: world.press("1", 1), before="INSERT INTO tickets")
    assert one == other
    assert "<Record" in str(one)
    assert len(world.tickets()) == 1


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_whatever_events_of_a_message_come_together_it_is_paged_once(world: World, first: str, second: str) -> None:
    world.call()
    world.press("1", 1)
    world.carrier.calls["CA1"] = CallInfo("CA1", "completed", CLIENT, DESK)
    world.carrier.sounds["RE1"] = wav()
    action = {"From": CLIENT, "To": DESK, "RecordingSid": "RE1", "RecordingDuration": "12", "Digits": "hangup"}
    acts: dict[str, Act] = {
        "action": lambda: world.post("/twilio/voice/2", CallSid="CA1", **action),
        "began": lambda: world.recorded(status="in-progress"),
        "completed": world.recorded,
        "hung up": world.hang_up,
    }
    meet(world, acts.pop(first), acts.pop(second), before=COMMIT)
    for act in acts.values():
        act()
    world.pass_time(30)
    assert world.texts_to(SAM) == [
        "URGENT 1001 Hollis & Wade CPA 903-555-0199 (from 903-555-0160): [Emergency or outage] Hi, this is Dana. "
        "The server room is flooded. Call me back at 903-555-0199. Reply ACK 1001 to take it."
    ]
    assert world.ticket()["calls"][0]["outcome"] == "voicemail"


@pytest.fixture
def paced(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A desk with eight voicemails that nobody was paged about yet; the carrier takes one segment a second."""
    world = World(database_url, tmp_path, real_rate=True)
    world.carrier.refuse = {number: [NotSent("down")] for number in (SAM, LEE, ROBIN)}
    for caller in range(8):
        sid, number = f"CA{caller}", f"+190355520{caller:02}"
        world.call(sid, number)
        world.press("1", 1, sid, number)
        world.recorded(f"RE{caller}", sid)
        world.hang_up(sid, number)
    yield world
    world.close()


@pytest.fixture
def ringing(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A ticket that nobody has acknowledged for five minutes: three phones ring, and Lee's was picked up."""
    world = World(database_url, tmp_path, escalates=True)
    world.text(STRANGER, "Server is down")
    world.work()
    for sent in world.carrier.sent:
        world.delivered(sent.sid)
    world.pass_time(302, step=20)
    world.phones.picks_up(LEE)
    yield world
    world.close()


def sending(world: World, key: str) -> Act:
    text = next(row.id for row in world.rows(Message) if row.key.startswith(key))
    job = next(row.id for row in world.rows(Work) if (row.kind, row.ref) == ("send-text", text))
    return lambda: world.hands.do(job)


def test_two_workers_at_the_gate_do_not_send_in_the_same_moment(world: World) -> None:
    world = World(world.settings.database_url, world.settings.data.parent, real_rate=True)
    world.text(CLIENT, "Server is down")
    meet(world, sending(world, f"page:1001:text1:{SAM}"), sending(world, f"page:1001:text1:{LEE}"), before=COMMIT)
    assert [text.to for text in world.carrier.sent] == [SAM]
    world.pass_time(1)
    assert [text.to for text in world.carrier.sent] == [SAM, LEE]
    world.close()


def test_two_workers_make_one_digest(paced: World) -> None:
    hear_all(paced)
    first, second = (sending(paced, f"page:{ticket}:re{ticket - 1000}:{SAM}") for ticket in (1001, 1002))
    meet(paced, first, second, before="INSERT INTO messages")
    paced.carrier.refuse.clear()
    paced.pass_time(30)
    assert [row.person for row in paced.rows(Message) if row.purpose == "digest"] == ["Sam", "Lee", "Robin"]
    assert [len(paced.texts_to(number)) for number in (SAM, LEE, ROBIN)] == [1, 1, 1]


def hear_all(world: World) -> None:
    """All voicemails become pages, of which no worker has taken one in hand."""
    for _ in range(100):
        jobs = [job for job in world.queue.jobs if not job.startswith("send-text")]
        if not jobs:
            return
        world.hands.do(world.queue.jobs.pop(jobs[0]))


@pytest.mark.parametrize("moment", ["INSERT INTO messages", "UPDATE work", COMMIT])
def test_a_claim_and_a_merge_in_the_same_moment(paced: World, moment: str) -> None:
    hear_all(paced)
    ack = texting(paced, LEE, "ACK 1003", "SM1")
    meet(paced, sending(paced, f"page:1001:re1:{SAM}"), ack, before=moment)
    paced.carrier.refuse.clear()
    paced.pass_time(60)
    digest = next(text for text in paced.texts_to(SAM) if text.startswith("URGENT 7 tickets: 1001 "))
    assert "1003" not in digest
    assert [page["person"] for page in paced.tickets()[2]["pages"]] == []


@pytest.mark.parametrize("moment", ["UPDATE tickets", "UPDATE messages", COMMIT])
def test_a_claim_and_a_digest_that_goes_out_in_the_same_moment(paced: World, moment: str) -> None:
    hear_all(paced)
    sending(paced, f"page:1001:re1:{SAM}")()
    paced.carrier.refuse.clear()
    ack = texting(paced, LEE, "ACK 1003", "SM1")
    meet(paced, ack, sending(paced, "digest:"), before=moment)
    paced.pass_time(60)
    (digest,) = [text for text in paced.texts_to(SAM) if text.startswith("URGENT")]
    told = "1003 is taken by Lee. Nothing to do for you." in paced.texts_to(SAM)
    assert ("1003" in digest) == told  # who read of it hears who has it


def pressing(world: World, number: str, keys: str) -> Act:
    """The webhook of a key; what follows from it is done later."""
    one = world.phones.last(number)
    path = f"/twilio/leg/{one.url.split('/')[-2]}/1"
    return lambda: world.post(path, CallSid=one.sid, From=DESK, To=number, CallStatus="in-progress", Digits=keys).text


@pytest.mark.parametrize("before", ["UPDATE tickets", "UPDATE legs", COMMIT])
@pytest.mark.parametrize("key_first", [True, False])
def test_of_an_acknowledgement_by_text_and_one_by_key_exactly_one_gets_the_ticket(
    ringing: World, before: str, key_first: bool
) -> None:
    acts = [pressing(ringing, LEE, "4"), texting(ringing, SAM, "ACK 1001", "SM1")]
    first, second = acts if key_first else reversed(acts)
    said = meet(ringing, first, second, before=before)
    ringing.work()
    owner = ringing.ticket()["claimed_by"]
    spoken = str(said[0 if key_first else 1])
    assert [event["kind"] for event in ringing.ticket()["events"]].count("claimed") == 1
    if owner == "Lee":
        assert "Ticket 1 0 0 1 is yours." in spoken
        assert any(text.startswith("1001 is taken by Lee") for text in ringing.texts_to(SAM))
    else:
        assert owner == "Sam"
        assert "Ticket 1 0 0 1 is taken by Sam." in spoken
    assert not ringing.phones.rings(SAM)
    assert not ringing.phones.rings(ROBIN)


def step_of(world: World) -> Act:
    job = next(row.id for row in world.rows(Work) if row.kind == "escalate")
    return lambda: world.hands.do(job)


@pytest.mark.parametrize("step_first", [True, False])
@pytest.mark.parametrize("before", ["UPDATE escalations", COMMIT])
def test_a_step_and_an_acknowledgement_come_one_after_the_other(ringing: World, before: str, step_first: bool) -> None:
    for number in (SAM, LEE, ROBIN):
        ringing.phones.leg_is(number, "no-answer")
    ringing.now.moment += timedelta(minutes=5)
    placed, texts = len(ringing.carrier.placed), len(ringing.carrier.sent)
    acts = [step_of(ringing), texting(ringing, SAM, "ACK 1001", "SM1")]
    first, second = acts if step_first else reversed(acts)
    meet(ringing, first, second, before=before)
    ringing.work()
    assert ringing.ticket()["claimed_by"] == "Sam"
    assert len(ringing.carrier.placed) == placed
    assert not [sent.body for sent in ringing.carrier.sent[texts:] if sent.body.startswith("URGENT")]


def test_two_pages_of_one_person_ring_one_after_the_other(ringing: World) -> None:
    for number in (SAM, LEE, ROBIN):
        ringing.phones.leg_is(number, "no-answer")
    ringing.text(CLIENT, "Phones are dead")
    ringing.work()
    for sent in ringing.carrier.sent:
        ringing.delivered(sent.sid)
    ringing.now.moment += timedelta(minutes=10)
    for row in ringing.rows(Work):
        if row.kind == "escalate" and row.state == "waiting":
            ringing.hands.do(row.id)
    mine = {row.id for row in ringing.rows(Leg) if row.number == SAM and row.state == "pending"}
    jobs = [row.id for row in ringing.rows(Work) if row.kind == "place-call" and row.ref in mine]
    assert len(jobs) == 2
    before = len(ringing.phones.calls_to(SAM))
    first, second = (lambda: ringing.hands.do(jobs[0])), (lambda: ringing.hands.do(jobs[1]))
    meet(ringing, first, second, before="UPDATE legs")
    assert len(ringing.phones.calls_to(SAM)) == before + 1
