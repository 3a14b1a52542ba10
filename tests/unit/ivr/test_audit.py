"""The watcher: lost steps are found within a minute and taken up; what cannot be mended is told; silence is the alarm."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from ivr.auditor import Auditor
from ivr.clock import Clock
from tests.unit.ivr.test_clock import end_asides
from tests.world import CLIENT, LEE, ROBIN, SAM, World
from tickets import desk, mending
from tickets.audit import Finding
from tickets.models import Event, Message, Recording, Ticket, Work
from tickets.outbox import Refusal, TextRefused
from tickets.states import Channel


def found(auditor: Auditor) -> list[str]:
    return [one.kind.value for one in auditor.run().found]


def forget(world: World, *kinds: str) -> None:
    """Rows of work are lost, as by a fault of ours or a hand in the database."""
    with world.desk.database.unit() as unit:
        unit.execute(delete(Work).where(Work.kind.in_(kinds)))
    world.queue.jobs.clear()


def leave_message(world: World) -> None:
    world.call()
    world.press("1", 1)
    world.recorded()
    world.hang_up()


def problems(world: World) -> list[str]:
    return [event["text"] for event in world.ticket()["events"] if event["kind"] == "problem"]


@pytest.fixture
def auditor(world: World) -> Auditor:
    return Auditor(world.desk)


def test_a_desk_at_work_and_a_desk_at_rest_have_nothing_wrong(world: World, auditor: Auditor) -> None:
    assert found(auditor) == []
    world.call()
    world.press("1", 1)
    assert found(auditor) == []
    world.recorded()
    assert found(auditor) == []
    world.hang_up()
    world.pass_time(120, step=5)
    world.text(CLIENT, "Server is down")
    assert found(auditor) == []
    world.pass_time(600, step=30)
    assert found(auditor) == []
    world.text(SAM, "DONE")
    world.pass_time(120, step=30)
    assert found(auditor) == []


def test_a_page_whose_work_was_lost_goes_out_after_all(world: World, auditor: Auditor) -> None:
    world.text(CLIENT, "Server is down")
    forget(world, "send-text")
    world.pass_time(60)
    assert world.texts_to(SAM) == []

    assert found(auditor) == ["text-without-work"] * 4
    world.work()

    assert [text[:11] for text in world.texts_to(SAM)] == ["URGENT 1001"]
    assert problems(world) == ["The watcher found: A text was written and nothing would send it. It is planned again."]
    assert found(auditor) == []


def test_a_voicemail_whose_work_was_lost_is_fetched_heard_and_paged(world: World, auditor: Auditor) -> None:
    leave_message(world)
    forget(world, "fetch-recording", "page-deadline")

    assert found(auditor) == ["not-fetched", "no-deadline"]
    world.pass_time(5)

    page, words = world.texts_to(SAM)  # the page is late already, and waits for no words
    assert "Voicemail, 12 s, words follow." in page
    assert "The server room is flooded." in words
    assert world.ticket()["recordings"][0]["transcript"]["state"] == "done"


def test_a_voicemail_without_a_choice_is_not_lost_either(world: World, auditor: Auditor) -> None:
    """There is no ticket yet that could be missed: only the recording knows."""
    world.call()
    world.recorded()
    world.hang_up()
    forget(world, "fetch-recording", "page-deadline")
    assert world.tickets() == []

    assert found(auditor) == ["not-fetched", "no-deadline"]
    world.pass_time(5)

    assert [text[:11] for text in world.texts_to(SAM)][:1] == ["URGENT 1001"]


def test_a_transcript_that_nothing_would_make_is_made(world: World, auditor: Auditor) -> None:
    world.transcriber_runs = False
    leave_message(world)
    world.pass_time(30)
    forget(world, "transcribe")
    world.transcriber_runs = True

    assert found(auditor) == ["not-transcribed"]
    world.work()

    assert "The server room is flooded." in world.texts_to(SAM)[1]


def test_a_caller_who_was_forgotten_in_the_middle_is_looked_up(world: World, auditor: Auditor) -> None:
    """The caller chose, hung up while the recording ran, and the look-up that would have said so was lost."""
    world.call()
    world.press("1", 1)
    world.recorded(status="in-progress")
    world.hang_up()
    forget(world, "look-up-call", "page-deadline")

    assert found(auditor) == ["call-unwatched"]
    world.work()

    assert world.texts_to(SAM) == [
        "URGENT 1001 missed call, Hollis & Wade CPA 903-555-0160: chose Emergency or outage, left no message. "
        "Reply ACK 1001 to take it."
    ]


def test_a_ticket_that_nobody_was_told_of_pages_everyone(world: World, auditor: Auditor) -> None:
    with world.desk.database.unit() as unit:
        desk.open_ticket(
            unit, channel=Channel.CALL, from_number=CLIENT, client=None, subject="Other help", now=world.now()
        )
    assert found(auditor) == []  # it is a minute old at the earliest when it counts
    world.pass_time(61)

    assert found(auditor) == ["not-paged"]
    world.work()

    for phone in (SAM, LEE, ROBIN):
        assert world.texts_to(phone) == ["URGENT 1001 903-555-0160: Other help. Reply ACK 1001 to take it."]
    assert found(auditor) == []


def test_pages_that_reached_nobody_are_shouted_about_once_an_hour(world: World, auditor: Auditor) -> None:
    dead = TextRefused(Refusal.PERMANENT, "30006", "landline")
    world.carrier.refuse = {phone: [dead, dead] for phone in (SAM, LEE, ROBIN)}
    world.text(CLIENT, "Server is down")
    world.pass_time(61)

    for _ in range(3):  # tried once more with everyone; then the phones that can be reached again hear of it
        assert found(auditor) == ["unreached"]
        world.pass_time(60)

    assert world.texts_to(SAM) == [
        "Help desk watcher: no page reached anybody, call each other (1001). See helpline doctor."
    ]
    assert problems(world) == [
        "The watcher found: No page of this ticket reached anybody. A page went to everyone.",
        "The watcher found: No page of this ticket reached anybody. A person has to look.",
    ]


def test_who_leads_hears_of_workers_that_are_gone(world: World) -> None:
    first, *others = world.desk.rules.team
    world.desk = replace(world.desk, rules=replace(world.desk.rules, team=(replace(first, lead=True), *others)))
    auditor = Auditor(world.desk)
    world.text(CLIENT, "Server is down")
    world.now.moment += timedelta(minutes=4)  # and no worker takes anything

    assert found(auditor) == ["work-overdue"]
    told = [row for row in world.rows(Message) if row.purpose == "notice"]

    assert [(row.person, row.body) for row in told] == [
        (
            "Sam",
            "Help desk watcher: work is not being done, a worker or the transcriber may be down. See helpline doctor.",
        )
    ]
    assert found(auditor)[0] == "work-overdue"
    assert len([row for row in world.rows(Message) if row.purpose == "notice"]) == 1


def test_a_lease_from_a_clock_that_was_wrong_is_taken_back(world: World, auditor: Auditor) -> None:
    world.text(CLIENT, "Server is down")
    with world.desk.database.unit() as unit:
        far = world.now() + timedelta(days=1)
        unit.execute(update(Work).values(lease="gone", lease_until=far))
    world.pass_time(10)
    assert world.carrier.sent == []

    assert set(found(auditor)) == {"lease-wrong"}
    world.pass_time(5)

    assert len(world.texts_to(SAM)) == 1


def test_work_that_was_given_up_is_told_once_and_then_is_history(world: World, auditor: Auditor) -> None:
    leave_message(world)
    world.engine.error = RuntimeError("broken")
    world.pass_time(60)
    world.pass_time(600, step=30)

    first, second = auditor.run(), auditor.run()

    assert [[one.kind.value for one in run.found] for run in (first, second)] == [["work-dead"], ["work-dead"]]
    assert (first.clean, second.clean) == (False, True)
    assert "Help desk watcher: work was given up, see the ticket (1001). See helpline doctor." in [
        row.body for row in world.rows(Message)
    ]


def test_a_ticket_with_an_odd_owner_is_told_of_and_not_touched(world: World, auditor: Auditor) -> None:
    world.text(CLIENT, "Server is down")
    world.work()
    with world.desk.database.unit() as unit:
        unit.execute(update(Ticket).values(state="resolved", claimed_by="Sam"))

    assert found(auditor) == ["owner"]

    assert world.ticket()["resolved_by"] is None
    assert problems(world) == [
        "The watcher found: The ticket is resolved, and its owner says otherwise. A person has to look."
    ]


def test_a_remedy_that_fails_keeps_nobody_from_the_others(
    world: World, auditor: Auditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.text(CLIENT, "Server is down")
    forget(world, "send-text")
    usual = mending.mend
    to_sam = next(row.id for row in world.rows(Message) if row.to_number == SAM)

    def mend(session: Session, finding: Finding, **more: Any) -> str | None:
        if finding.ref == to_sam:
            raise LookupError("a fault of ours")
        return usual(session, finding, **more)

    monkeypatch.setattr(mending, "mend", mend)
    auditor.run()
    world.work()

    told = "Help desk watcher: text-without-work persists (1001). See helpline doctor."
    page = "URGENT 1001 Hollis & Wade CPA 903-555-0160: Server is down. Reply ACK 1001 to take it."
    assert [world.texts_to(phone) for phone in (SAM, LEE, ROBIN)] == [[told], [page, told], [page, told]]


def test_a_story_has_a_finding_once_an_hour(world: World, auditor: Auditor) -> None:
    world.text(CLIENT, "Server is down")
    world.transcriber_runs = False
    for minutes in (0, 1, 1, 61):
        world.now.moment += timedelta(minutes=minutes)
        forget(world, "send-text")
        auditor.run()

    lost = [text for text in problems(world) if "nothing would send it" in text]
    assert len(lost) == 2


def test_two_watchers_at_once_do_nothing_twice(world: World) -> None:
    world.text(CLIENT, "Server is down")
    forget(world, "send-text")
    for watcher in (Auditor(world.desk), Auditor(world.desk)):
        watcher.run()
    world.work()
    assert len(world.texts_to(SAM)) == 1


# -- the watcher's own end -----------------------------------------------------------------------------------------------


def test_the_clock_watches(world: World) -> None:
    world.text(CLIENT, "Server is down")
    forget(world, "send-text")
    Clock(world.desk).tick()
    end_asides()
    world.work()
    assert len(world.texts_to(SAM)) == 1


def test_the_end_of_the_watcher_shows_within_minutes(world: World, auditor: Auditor) -> None:
    def warnings() -> list[str]:
        answer = world.client.get("/readyz")
        assert answer.status_code == 200
        found: list[str] = answer.get_json()["warnings"]
        return found

    assert warnings() == ["the watcher has never run"]
    auditor.run()
    assert warnings() == []
    world.now.moment += timedelta(minutes=5)
    assert warnings() == []
    world.now.moment += timedelta(minutes=2)
    assert warnings() == ["the watcher has not run for 7 min"]
    seen = int((world.now() - timedelta(minutes=7)).timestamp())
    metrics = world.client.get("/metrics").text
    assert f"helpline_audit_last_clean_timestamp_seconds {seen:.9e}" in metrics


def test_a_watcher_that_finds_nothing_well_shows_too(world: World, auditor: Auditor) -> None:
    auditor.run()
    with world.desk.database.unit() as unit:
        unit.add(
            Ticket(
                number=1001, state="claimed", priority="urgent", channel="text", subject="x",
                opened_at=world.now(), updated_at=world.now(),
            )
        )  # fmt: skip
    world.now.moment += timedelta(minutes=6)
    auditor.run()
    assert world.client.get("/readyz").get_json()["warnings"] == [
        "the watcher has found nothing well for 6 min: owner 1"
    ]
    assert 'helpline_audit_findings{kind="owner"} 1.0' in world.client.get("/metrics").text
    assert 'helpline_audit_findings{kind="not-paged"} 0.0' in world.client.get("/metrics").text


def test_every_row_that_the_watcher_reads_is_there(world: World, auditor: Auditor) -> None:
    """On an empty desk too, and twice; nothing is written but its own marks."""
    before = [world.rows(table) for table in (Ticket, Recording, Message, Event, Work)]
    auditor.run()
    assert [world.rows(table) for table in (Ticket, Recording, Message, Event, Work)] == before


def test_an_escalation_whose_next_step_was_lost_goes_on(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, tmp_path, escalates=True)
    world.text(CLIENT, "Server is down")
    world.work()
    for sent in world.carrier.sent:
        world.delivered(sent.sid)
    forget(world, "escalate")
    world.pass_time(400, step=20)
    assert world.carrier.placed == []
    assert found(Auditor(world.desk)) == ["escalation-stopped"]
    world.pass_time(30, step=5)
    assert {call.to for call in world.carrier.placed} == {SAM, LEE, ROBIN}
    assert "The watcher found: The next step of the escalation was not planned. It is planned again." in [
        event["text"] for event in world.ticket()["events"]
    ]
    world.close()
