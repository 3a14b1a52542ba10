"""What follows a page that nobody acknowledges, or that does not arrive; and a claim of which nothing is heard."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr.jobs import Hands
from ivr.web import create_app
from tests.escalation_story import Make, asks_for_help, called, events, make, minutes
from tests.world import LEE, ROBIN, SAM, STRANGER
from tickets import escalating, escalation
from tickets.models import Escalation, Leg, Message, Ticket
from tickets.oncall import Person, Quiet
from tickets.outbox import NotSent, OutcomeUnknown, Refusal, TextRefused

AGAIN = "URGENT 1001 again, nobody took it for {} min: 903-555-0147: Server is down. Reply ACK 1001 to take it."
PAGE = "URGENT 1001 903-555-0147: Server is down. Reply ACK 1001 to take it."
__all__ = ["make"]


# --- steps ------------------------------------------------------------------------------------------------------


def test_five_minutes_after_a_page_that_nobody_acknowledged_the_phones_ring(make: Make) -> None:
    world = make()
    asks_for_help(world)
    minutes(world, 4.9)
    assert called(world) == []
    minutes(world, 0.3)
    assert called(world) == ["Sam", "Lee", "Robin"]
    assert [(page["person"], page["by"], page["state"]) for page in world.ticket()["pages"]] == [
        ("Sam", "sms", "delivered"),
        ("Lee", "sms", "delivered"),
        ("Robin", "sms", "delivered"),
        ("Sam", "voice", "failed"),
        ("Lee", "voice", "failed"),
        ("Robin", "voice", "failed"),
    ]
    assert world.ticket()["pages"][3]["error"] == "no answer"
    assert events(world, "escalation") == ["Nobody has acknowledged: calling Sam, Lee, Robin"]


def test_whoever_is_on_duty_then_the_next_people_then_the_lead(make: Make) -> None:
    world = make(
        Person("Sam", SAM), Person("Lee", LEE), Person("Robin", ROBIN, lead=True), duty=("Sam",), flow=
        "escalation:\n  urgent:\n    steps:\n      - {page: call, to: on duty, wait: 5}\n"
        "      - {page: text, to: next people, people: 1, wait: 10}\n      - {page: both, to: lead, wait: 5}\n"
        "    repeats: 0\n    end: [Sam, lead]\n",
    )  # fmt: skip
    asks_for_help(world)
    assert world.texts_to(LEE) == []
    minutes(world, 5.2)
    assert called(world) == ["Sam"]
    minutes(world, 5)
    assert world.texts_to(LEE) == [AGAIN.format(10)]
    minutes(world, 9.5)
    assert (called(world), world.texts_to(ROBIN)) == (["Sam"], [])
    minutes(world, 0.7)
    assert (called(world), world.texts_to(ROBIN)) == (["Sam", "Robin"], [AGAIN.format(20)])
    minutes(world, 5)
    end = (
        "1001: nobody has acknowledged after 25 min. 903-555-0147. Paged: Lee, Robin, Sam. Nobody else will be paged. "
        "Reply ACK 1001 to take it."
    )
    assert (world.texts_to(SAM)[-1], world.texts_to(ROBIN)[-1], len(world.texts_to(LEE))) == (end, end, 1)
    assert events(world, "problem") == [
        "Nobody has acknowledged after 25 min. Paged: Lee, Robin, Sam. Nobody else will be paged"
    ]


def test_the_shipped_plan_ends_where_a_person_sees_it(make: Make) -> None:
    world = make()
    asks_for_help(world)
    minutes(world, 60)
    assert called(world) == ["Sam", "Lee", "Robin"] * 4
    assert [text[:34] for text in world.texts_to(SAM)] == [
        PAGE[:34],
        AGAIN.format(10)[:34],
        AGAIN.format(20)[:34],
        "1001: nobody has acknowledged afte",
    ]
    assert world.unfinished() == 0
    assert [row.state for row in world.rows(Escalation)] == ["over"]
    world.text(LEE, "ACK 1001")
    world.work()
    assert world.ticket()["claimed_by"] == "Lee"


def test_an_acknowledgement_stops_everything_at_once(make: Make) -> None:
    world = make()
    asks_for_help(world)
    minutes(world, 5.1, answered="")
    world.phones.leg_is(SAM, "ringing")
    world.phones.leg_is(ROBIN, "busy")
    world.text(LEE, "ACK 1001")
    world.work()
    assert sorted(world.carrier.ended) == sorted([world.phones.last(SAM).sid, world.phones.last(LEE).sid])
    assert world.texts_to(SAM)[-1] == world.texts_to(ROBIN)[-1] == "1001 is taken by Lee. Nothing to do for you."
    texts, calls = len(world.carrier.sent), len(world.carrier.placed)
    minutes(world, 45)
    assert (len(world.carrier.sent), len(world.carrier.placed)) == (texts, calls)
    pages = {
        page["person"]: (page["state"], page["error"]) for page in world.ticket()["pages"] if page["by"] == "voice"
    }
    assert pages == {
        "Sam": ("failed", "stopped ringing, it was not needed any more"),
        "Lee": ("failed", "stopped ringing, it was not needed any more"),
        "Robin": ("failed", "busy"),
    }
    assert [row.state for row in world.rows(Escalation)] == ["stopped"]


def test_a_ticket_that_is_resolved_or_taken_early_rings_nobody(make: Make) -> None:
    world = make()
    asks_for_help(world)
    world.text(SAM, "DONE 1001")
    minutes(world, 60)
    assert called(world) == []


def test_a_reopened_ticket_escalates_anew(make: Make) -> None:
    world = make()
    asks_for_help(world)
    world.text(SAM, "DONE 1001")
    minutes(world, 10)
    asks_for_help(world, "It is down again")
    minutes(world, 5.2)
    assert called(world) == ["Sam", "Lee", "Robin"]
    minutes(world, 5)
    assert world.texts_to(SAM)[-1] == (
        "URGENT 1001 again, nobody took it for 10 min: 903-555-0147: It is down again. Reply ACK 1001 to take it."
    )
    assert [(row.number, row.state) for row in world.rows(Escalation)] == [(1, "stopped"), (2, "running")]


def test_a_running_escalation_keeps_its_plan_and_finds_the_new_people(make: Make) -> None:
    world = make(Person("Sam", SAM), Person("Lee", LEE))
    asks_for_help(world)
    new = (Person("Lee", LEE), Person("Robin", ROBIN))
    other = {"urgent": replace(world.desk.rules.plans["urgent"], steps=world.desk.rules.plans["urgent"].steps[2:])}
    world.desk = replace(world.desk, rules=replace(world.desk.rules, team=new, duty=None, plans=other))
    world.app, world.hands = create_app(world.desk), Hands(world.desk, world.engine)
    minutes(world, 5.2)
    assert called(world) == ["Lee", "Robin"]
    assert len(world.texts_to(LEE)) == 1


def test_a_worker_that_dies_in_a_step_loses_it_not_and_doubles_nothing(make: Make) -> None:
    world = make()
    asks_for_help(world)
    world.carrier.refuse_calls = {SAM: [OutcomeUnknown("lost")], LEE: [SystemExit()]}
    with pytest.raises(SystemExit):
        minutes(world, 5.2, answered="")
    minutes(world, 3, answered="")
    assert sorted(called(world)) == ["Lee", "Robin", "Sam"]
    assert all(row.sid for row in world.rows(Leg))


def test_a_broker_that_forgets_everything_delays_a_step_only(make: Make) -> None:
    world = make()
    asks_for_help(world)
    world.queue.down = True
    minutes(world, 6)
    world.queue.down = False
    minutes(world, 0.2)
    assert called(world) == ["Sam", "Lee", "Robin"]


# --- pages that do not arrive -----------------------------------------------------------------------------------

LANDLINE = TextRefused(Refusal.PERMANENT, "21614", "not a mobile number")
OPTED_OUT = TextRefused(Refusal.OPTED_OUT, "21610", "unsubscribed")
ACCOUNT = TextRefused(Refusal.CONFIG, "21408", "no permission for this region")


@pytest.mark.parametrize("refused", [LANDLINE, OPTED_OUT, ACCOUNT], ids=lambda one: one.code)
def test_whoever_cannot_be_texted_is_called_at_once(make: Make, refused: TextRefused) -> None:
    world = make()
    world.carrier.refuse = {SAM: [refused] * 3}
    asks_for_help(world)
    assert called(world) == ["Sam"]
    minutes(world, 3)
    assert called(world) == ["Sam"]
    assert "The page to Sam did not arrive: calling Sam" in events(world, "escalation")
    assert world.texts_to(LEE) == [PAGE]


def test_a_phone_that_reports_nothing_for_a_minute_is_called(make: Make) -> None:
    world = make()
    world.text(STRANGER, "Server is down")
    world.work()
    for sent in world.carrier.sent:
        world.delivered(sent.sid, "sent" if sent.to == SAM else "delivered")
    world.pass_time(58)
    assert called(world) == []
    world.pass_time(5)
    assert called(world) == ["Sam"]
    (sam,) = [page for page in world.ticket()["pages"] if (page["person"], page["by"]) == ("Sam", "sms")]
    assert (sam["state"], sam["error"]) == ("failed", "no delivery report")


def test_a_page_that_failed_after_a_silence_calls_once(make: Make) -> None:
    world = make()
    world.text(STRANGER, "Server is down")
    world.work()
    for sent in world.carrier.sent:
        if sent.to != SAM:
            world.delivered(sent.sid)
    world.pass_time(65)
    assert called(world) == ["Sam"]
    world.delivered(next(sent.sid for sent in world.carrier.sent if sent.to == SAM), "undelivered", ErrorCode="30005")
    world.pass_time(30)
    assert called(world) == ["Sam"]


def test_somebody_who_is_paged_alone_and_cannot_be_reached_wakes_the_next_person(make: Make) -> None:
    world = make(Person("Sam", SAM), Person("Lee", LEE), Person("Robin", ROBIN), duty=("Sam",))
    world.carrier.refuse = {SAM: [LANDLINE]}
    asks_for_help(world)
    assert called(world) == ["Sam"]
    assert world.texts_to(LEE) == [PAGE]
    assert world.texts_to(ROBIN) == []
    assert events(world, "escalation") == ["The page to Sam did not arrive: calling Sam and paging Lee"]


def test_a_colleague_who_was_reached_lets_the_next_person_sleep(make: Make) -> None:
    world = make(Person("Sam", SAM), Person("Lee", LEE), Person("Robin", ROBIN), duty=("Sam", "Lee"))
    world.carrier.refuse = {SAM: [LANDLINE]}
    asks_for_help(world)
    assert (called(world), world.texts_to(ROBIN)) == (["Sam"], [])
    world.delivered(next(one.sid for one in world.carrier.sent if one.to == LEE), "delivered")


def test_when_everybody_on_duty_is_unreachable_it_goes_on_to_who_is_not(make: Make) -> None:
    world = make(Person("Sam", SAM), Person("Lee", LEE), Person("Robin", ROBIN), duty=("Sam", "Lee"))
    world.carrier.refuse = {SAM: [LANDLINE], LEE: [LANDLINE]}
    asks_for_help(world)
    assert called(world) == ["Sam", "Lee"]
    assert world.texts_to(ROBIN) == [PAGE]


def test_who_takes_no_calls_is_not_called(make: Make) -> None:
    world = make(Person("Sam", SAM, page_by=("sms",)), Person("Lee", LEE), duty=("Sam",))
    world.carrier.refuse = {SAM: [LANDLINE]}
    asks_for_help(world)
    assert (called(world), world.texts_to(LEE)) == ([], [PAGE])


def test_who_takes_calls_only_is_called_first_and_texted_never(make: Make) -> None:
    world = make(Person("Sam", SAM, page_by=("voice",)), Person("Lee", LEE, page_by=("voice", "sms")))
    asks_for_help(world)
    assert called(world) == ["Sam", "Lee"]
    assert world.texts_to(SAM) == world.texts_to(LEE) == []
    world.phones.leg_is(LEE, "failed")
    world.work()
    assert world.texts_to(LEE) == [PAGE]
    world.text(LEE, "ACK 1001")
    minutes(world, 30)
    assert world.texts_to(SAM) == []


def test_words_that_follow_and_do_not_arrive_call_nobody(make: Make) -> None:
    world = make()
    asks_for_help(world)
    world.carrier.refuse = {SAM: [LANDLINE]}
    world.text(STRANGER, "Phones too")
    minutes(world, 1)
    assert called(world) == []


def test_a_page_that_fails_after_its_ticket_was_taken_calls_nobody(make: Make) -> None:
    world = make()
    world.text(STRANGER, "Server is down")
    world.work()
    world.text(LEE, "ACK 1001")
    world.work()
    for sent in list(world.carrier.sent):
        world.delivered(sent.sid, "undelivered", ErrorCode="30003")
    world.pass_time(300)
    assert called(world) == []


def test_a_carrier_that_is_away_pages_everybody_in_time_once_it_is_back(make: Make) -> None:
    world = make()
    world.carrier.down = True
    world.text(STRANGER, "Server is down")
    minutes(world, 12)
    world.carrier.down = False
    minutes(world, 3.2)
    assert called(world) == ["Sam", "Lee", "Robin"]  # one call each, however many steps have gone by
    minutes(world, 3)
    assert world.texts_to(SAM) == [PAGE]


def test_a_call_that_the_carrier_refuses_says_so_and_stops_nobody_else(make: Make) -> None:
    world = make()
    world.carrier.refuse_calls = {SAM: [TextRefused(Refusal.PERMANENT, "21217", "not a phone number")]}
    asks_for_help(world)
    minutes(world, 5.2)
    assert called(world) == ["Lee", "Robin"]
    (sam,) = [page for page in world.ticket()["pages"] if (page["person"], page["by"]) == ("Sam", "voice")]
    assert (sam["state"], sam["error"]) == ("failed", "21217: not a phone number")
    assert len(world.texts_to(SAM)) == 1  # had a text before


# --- quiet hours, and what the watcher asks -----------------------------------------------------------------------


def test_what_is_not_urgent_leaves_people_alone_in_their_quiet_hours(make: Make) -> None:
    from datetime import time

    chicago = ZoneInfo("America/Chicago")
    world = make(Person("Sam", SAM, zone=chicago, quiet=Quiet(time(6), time(12))), Person("Lee", LEE))
    asks_for_help(world)
    with world.desk.database.unit() as unit:
        unit.get_one(Ticket, 1).priority = "normal"
        row = unit.get_one(Escalation, 1)
        row.plan = world.desk.rules.plans["normal"].to_dict()
    minutes(world, 5.2)
    assert (len(world.texts_to(SAM)), len(world.texts_to(LEE))) == (1, 2)


def test_the_watcher_learns_when_something_happens_next(make: Make) -> None:
    world = make()
    asks_for_help(world)

    def next_step() -> float | None:
        with world.desk.database.reading() as session:
            ticket = session.get_one(Ticket, 1)
            moment = escalation.next_step(ticket, escalating.planned(session, ticket))
        return None if moment is None else (moment - world.now()) / timedelta(minutes=1)

    assert next_step() == 5
    minutes(world, 60)
    assert next_step() is None  # the plan is over, and the ticket says so
    world.text(SAM, "ACK 1001")
    world.work()
    assert next_step() == 60
    world.text(SAM, "DONE 1001")
    world.work()
    assert next_step() is None


def test_nobody_who_was_not_sent_anything_counts_as_paged(make: Make) -> None:
    world = make()
    world.carrier.refuse = {number: [NotSent("down")] for number in (SAM, LEE, ROBIN)}
    world.text(STRANGER, "Server is down")
    world.work()
    world.text(LEE, "ACK 1001")
    minutes(world, 10)
    assert world.texts_to(SAM) == []
    assert {row.state for row in world.rows(Message) if row.purpose == "page"} == {"withheld"}
