"""The page that is spoken: what is heard, what the keys do, and that only a key counts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.carrier.base import CallInfo
from ivr.jobs import Hands
from ivr.web import create_app
from tests.fake_phones import StaffPhones, leap
from tests.world import CLIENT, LEE, PUBLIC, ROBIN, SAM, STRANGER, World
from tickets.models import Leg, Message, Ticket, Work
from tickets.oncall import Person
from tickets.outbox import OutcomeUnknown

MENU = "To take the ticket, press 4. To hear it again, press 0. To pass it on, press 6."
SOUND_MENU = (
    "To take the ticket, press 4. To hear it again, press 0. To hear the recording, press 5. To pass it on, press 6."
)
PAGE = "Help desk page. Ticket 1 0 0 1. 9 0 3, 5 5 5, 0 1 4 7. Server is down"
GOODBYE = "Nobody has taken ticket 1 0 0 1. Goodbye."


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    made = World(database_url, tmp_path, escalates=True)
    yield made
    made.close()


def put_team(world: World, *team: Person) -> None:
    world.desk = replace(world.desk, rules=replace(world.desk.rules, team=team, duty=None))
    world.app, world.hands = create_app(world.desk), Hands(world.desk, world.engine)


@pytest.fixture
def ringing(world: World) -> World:
    """A ticket that nobody has acknowledged for five minutes: three phones ring."""
    world.text(STRANGER, "Server is down")
    world.work()
    delivered(world)
    world.pass_time(302, step=20)
    return world


@pytest.fixture
def phones(ringing: World) -> StaffPhones:
    return ringing.phones


def delivered(world: World) -> None:
    for sent in world.carrier.sent:
        world.delivered(sent.sid)


def voice_page(world: World, person: str) -> tuple[str, str | None]:
    page = [one for one in world.tickets()[0]["pages"] if (one["person"], one["by"]) == (person, "voice")][-1]
    return page["state"], page["error"]


def test_the_phone_says_ticket_client_and_words_and_4_takes_it(ringing: World, phones: StaffPhones) -> None:
    assert phones.picks_up(SAM) == f"{PAGE} {MENU}"
    assert voice_page(ringing, "Sam") == ("sent", None)
    assert phones.presses(SAM, "4") == "Ticket 1 0 0 1 is yours. Call 9 0 3, 5 5 5, 0 1 4 7. Goodbye."
    assert phones.hung_up
    assert ringing.ticket()["claimed_by"] == "Sam"
    assert voice_page(ringing, "Sam") == ("delivered", None)
    assert not phones.rings(LEE)
    assert ringing.texts_to(LEE)[-1] == ringing.texts_to(ROBIN)[-1] == "1001 is taken by Sam. Nothing to do for you."
    assert ringing.texts_to(SAM)[-1] == (
        "1001 is yours: 903-555-0147. Call 903-555-0147. Reply DONE 1001 when it is solved."
    )
    kinds = [event["text"] for event in ringing.ticket()["events"]]
    assert "Sam answered the call" in kinds
    assert "Sam took the ticket" in kinds


def test_0_says_it_again(phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    assert phones.presses(SAM, "0") == f"{PAGE} {MENU}"
    assert phones.presses(SAM, "4").startswith("Ticket 1 0 0 1 is yours.")


def test_a_mailbox_hears_the_menu_and_is_no_answer(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    assert [phones.presses(SAM, "") for _ in range(4)] == [MENU, MENU, MENU, GOODBYE]
    assert voice_page(ringing, "Sam") == ("failed", "picked up, no key: perhaps a mailbox")
    assert ringing.ticket()["state"] == "open"
    ringing.text(LEE, "ACK 1001")
    ringing.work()
    assert ringing.texts_to(SAM)[-1] == "1001 is taken by Lee. Nothing to do for you."


def test_wrong_keys_are_a_person_who_takes_nothing(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    assert [phones.presses(SAM, key) for key in ("7", "", "#", "1")] == [MENU, MENU, MENU, GOODBYE]
    assert voice_page(ringing, "Sam") == ("delivered", None)
    assert ringing.ticket()["state"] == "open"


def test_nobody_can_keep_the_call_going_for_ever(phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    said = [phones.presses(SAM, "0") for _ in range(20)]
    assert said[18] == f"{PAGE} {MENU}"
    assert said[19] == GOODBYE


def test_6_pages_the_next_at_once_and_passes_this_person_over(world: World) -> None:
    put_team(world, Person("Sam", SAM), Person("Lee", LEE), Person("Robin", ROBIN, lead=True))
    world.desk = replace(world.desk, rules=replace(world.desk.rules, duty=lambda _: (world.desk.rules.team[0],)))
    world.app, world.hands = create_app(world.desk), Hands(world.desk, world.engine)
    world.text(STRANGER, "Server is down")
    world.work()
    delivered(world)
    world.pass_time(302, step=20)
    world.phones.picks_up(SAM)
    assert world.phones.presses(SAM, "6") == ("Ticket 1 0 0 1 is passed on. The next people are being paged. Goodbye.")
    assert [one.to for one in world.carrier.placed] == [SAM, LEE, ROBIN]
    assert "Sam passed it on" in [event["text"] for event in world.ticket()["events"]]
    for number in (LEE, ROBIN):
        world.phones.leg_is(number, "no-answer")
    for _ in leap(world, 40 * 60):
        delivered(world)
        for number in (LEE, ROBIN):
            if world.phones.rings(number):
                world.phones.leg_is(number, "no-answer")
    assert len(world.phones.calls_to(SAM)) == 1


def test_whoever_passes_it_on_at_once_gets_the_lead_no_second_text(world: World) -> None:
    put_team(world, Person("Sam", SAM), Person("Lee", LEE), Person("Robin", ROBIN, lead=True))
    world.desk = replace(world.desk, rules=replace(world.desk.rules, duty=lambda _: (world.desk.rules.team[0],)))
    world.app, world.hands = create_app(world.desk), Hands(world.desk, world.engine)
    world.text(STRANGER, "Server is down")
    world.work()
    world.pass_time(302, step=20)
    world.phones.picks_up(SAM)
    world.phones.presses(SAM, "6")
    world.pass_time(15)
    world.phones.leg_is(ROBIN, "no-answer")
    world.phones.picks_up(LEE)
    world.phones.presses(LEE, "6")  # the step of the lead comes now, who has had the same text for fifteen seconds
    again = "URGENT 1001 again, nobody took it for 5 min: 903-555-0147: Server is down. Reply ACK 1001 to take it."
    assert world.texts_to(ROBIN) == [again]
    assert [one.to for one in world.carrier.placed] == [SAM, LEE, ROBIN, ROBIN]


def test_6_after_the_last_step_says_that_nobody_is_left(ringing: World, phones: StaffPhones) -> None:
    for number in (SAM, LEE):
        phones.picks_up(number)
        assert phones.presses(number, "6").startswith("Ticket 1 0 0 1 is passed on.")
    phones.picks_up(ROBIN)
    phones.presses(ROBIN, "6")
    ringing.text(SAM, "0")
    for _ in leap(ringing, 300):
        pass
    problems = [event["text"] for event in ringing.ticket()["events"] if event["kind"] == "problem"]
    assert len(problems) == 1
    assert problems[0].startswith("Nobody has acknowledged after ")


def test_whoever_is_too_late_hears_who_has_it(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    phones.picks_up(LEE)
    phones.presses(SAM, "4")
    taken = "Ticket 1 0 0 1 is taken by Sam. Nothing to do for you. Goodbye."
    assert phones.presses(LEE, "4") == taken
    assert phones.hung_up
    assert ringing.ticket()["claimed_by"] == "Sam"


def test_whoever_listens_while_it_is_taken_hears_that_instead_of_the_menu(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(LEE)
    ringing.text(SAM, "ACK 1001")
    ringing.work()
    assert phones.rings(LEE)  # nobody is cut off
    assert phones.presses(LEE, "") == "Ticket 1 0 0 1 is taken by Sam. Nothing to do for you. Goodbye."
    assert phones.picks_up(ROBIN) == "Ticket 1 0 0 1 is taken by Sam. Nothing to do for you. Goodbye."


def test_4_twice_and_after_done_says_how_it_stands(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    phones.picks_up(LEE)
    ringing.text(SAM, "ACK 1001")
    ringing.work()
    assert phones.presses(SAM, "4") == "Ticket 1 0 0 1 is yours already. Goodbye."
    ringing.text(SAM, "DONE 1001")
    ringing.work()
    assert phones.presses(LEE, "4") == "Ticket 1 0 0 1 is resolved by Sam. Nothing to do for you. Goodbye."


def test_the_same_turn_again_gets_the_same_answer_and_takes_it_once(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    first = phones.presses(SAM, "4")
    phones.turns[phones.last(SAM).sid] -= 1
    assert phones.presses(SAM, "4") == first
    assert [event["kind"] for event in ringing.ticket()["events"]].count("claimed") == 1


def test_5_plays_the_recording(world: World) -> None:
    world.call(caller=CLIENT)
    world.press("1", 1, caller=CLIENT)
    world.recorded()
    world.hang_up(caller=CLIENT)
    world.work()
    delivered(world)
    world.pass_time(302, step=20)
    assert world.phones.picks_up(SAM) == (
        "Help desk page. Ticket 1 0 0 1. Hollis &amp; Wade CPA, 9 0 3, 5 5 5, 0 1 9 9. Emergency or outage. "
        "Hi, this is Dana. The server room is flooded. Call me back at 9 0 3, 5 5 5, 0 1 9 9. " + SOUND_MENU
    )
    assert world.phones.presses(SAM, "5") == SOUND_MENU
    url = world.phones.twiml.partition("<Play>")[2].partition("</Play>")[0]
    with world.client.get(url.removeprefix(PUBLIC)) as sound:
        assert (sound.status_code, sound.content_type) == (200, "audio/wav")
    assert world.phones.presses(SAM, "4") == "Ticket 1 0 0 1 is yours. Call 9 0 3, 5 5 5, 0 1 9 9. Goodbye."


def test_5_without_a_recording_says_so(phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    assert phones.presses(SAM, "5") == f"There is no recording. {MENU}"


def test_a_missed_call_says_what_was_chosen(world: World) -> None:
    world.call(caller=STRANGER)
    world.press("1", 1, caller=STRANGER)
    world.hang_up(caller=STRANGER)
    world.pass_time(15)
    delivered(world)
    world.pass_time(302, step=20)
    assert world.phones.picks_up(SAM) == (
        "Help desk page. Ticket 1 0 0 1. 9 0 3, 5 5 5, 0 1 4 7. Emergency or outage. The caller left no message. "
        + MENU
    )


def test_whoever_speaks_spanish_is_spoken_to_in_spanish(world: World) -> None:
    put_team(world, Person("Sam", SAM, page_by=("voice",), languages=("es", "en")))
    world.text(STRANGER, "Se cayó el servidor")
    world.work()
    said = world.phones.picks_up(SAM)
    assert said.startswith("Aviso de la mesa de ayuda. Ticket 1 0 0 1. 9 0 3, 5 5 5, 0 1 4 7. ")
    assert 'language="es-US"' in world.phones.twiml
    assert "Polly" not in world.phones.twiml
    assert world.phones.presses(SAM, "4") == "El ticket 1 0 0 1 es suyo. Llame al 9 0 3, 5 5 5, 0 1 4 7. Adiós."


# --- the carrier ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "error"), [("no-answer", "no answer"), ("busy", "busy")])
def test_a_phone_that_nobody_answers_is_called_again_at_the_next_step_only(
    ringing: World, phones: StaffPhones, status: str, error: str
) -> None:
    for number in (SAM, LEE, ROBIN):
        phones.leg_is(number, status)
    assert voice_page(ringing, "Sam") == ("failed", error)
    ringing.pass_time(280, step=10)
    assert len(phones.calls_to(SAM)) == 1
    ringing.pass_time(25)
    assert len(phones.calls_to(SAM)) == 2


def test_a_status_that_comes_late_or_again_changes_nothing(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    phones.presses(SAM, "7")
    for status in ("completed", "ringing", "in-progress", "no-answer", "completed"):
        phones.leg_is(SAM, status)
        assert voice_page(ringing, "Sam") == ("delivered", None)


def test_an_end_that_was_never_reported_is_asked_for(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    phones.leg_is(SAM, "completed", reported=False)
    ringing.pass_time(80, step=5)
    assert voice_page(ringing, "Sam") == ("failed", "picked up, no key: perhaps a mailbox")


def test_somebody_whom_we_have_on_the_phone_is_not_called_at_the_same_time(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    ringing.text(CLIENT, "Phones are dead")
    ringing.work()
    delivered(ringing)
    ringing.pass_time(302, step=20)
    assert [len(phones.calls_to(number)) for number in (SAM, LEE)] == [1, 1]
    phones.presses(SAM, "4")
    ringing.pass_time(10)
    assert len(phones.calls_to(SAM)) == 2
    assert "Ticket 1 0 0 2." in phones.picks_up(SAM)


def test_a_busy_phone_whose_report_was_lost_is_called_about_the_next_ticket_within_half_a_minute(
    ringing: World, phones: StaffPhones
) -> None:
    ringing.text(CLIENT, "Phones are dead")
    ringing.work()
    delivered(ringing)
    ringing.now.moment += timedelta(seconds=301)
    for number in (SAM, LEE, ROBIN):
        phones.leg_is(number, "no-answer")
    ringing.pass_time(5)
    phones.leg_is(SAM, "busy", reported=False)
    ringing.pass_time(40)
    assert len(phones.calls_to(SAM)) == 3


def test_a_call_that_a_dead_worker_had_placed_is_asked_about_when_its_end_is_not_reported(world: World) -> None:
    """The carrier took it and reported that it rings; who placed it did not live to plan the question."""
    world.text(STRANGER, "Server is down")
    world.work()
    delivered(world)
    world.carrier.refuse_calls = {SAM: [SystemExit()]}
    with pytest.raises(SystemExit):
        world.pass_time(300, step=300)
    world.phones.leg_is(SAM, "ringing")
    world.phones.leg_is(SAM, "busy", reported=False)
    world.pass_time(70, step=5)
    assert voice_page(world, "Sam") == ("failed", "busy")
    assert len(world.phones.calls_to(SAM)) == 1


def test_a_call_of_unknown_outcome_is_found_and_not_placed_again(world: World) -> None:
    world.text(STRANGER, "Server is down")
    world.work()
    delivered(world)
    world.carrier.refuse_calls = {SAM: [OutcomeUnknown("lost")]}
    world.pass_time(340, step=5)
    assert len(world.phones.calls_to(SAM)) == 1
    assert next(row for row in world.rows(Leg) if row.number == SAM).sid == world.phones.last(SAM).sid


def test_a_call_of_unknown_outcome_that_nobody_wants_any_more_is_found_and_ended(world: World) -> None:
    world.text(STRANGER, "Server is down")
    world.work()
    delivered(world)
    world.carrier.refuse_calls = {SAM: [OutcomeUnknown("lost")]}
    world.pass_time(300, step=300)
    assert phones_ring(world) == [SAM, LEE, ROBIN]
    world.text(LEE, "ACK 1001")
    world.pass_time(60, step=2)
    assert phones_ring(world) == []
    assert len(world.carrier.placed) == 3


def phones_ring(world: World) -> list[str]:
    return [number for number in (SAM, LEE, ROBIN) if world.phones.rings(number)]


def test_a_worker_that_dies_with_the_call_in_hand_calls_nobody_after_an_acknowledgement(world: World) -> None:
    world.text(STRANGER, "Server is down")
    world.work()
    delivered(world)
    world.carrier.created_although_unknown = False
    world.carrier.refuse_calls = {SAM: [SystemExit()]}
    with pytest.raises(SystemExit):
        world.pass_time(300, step=300)
    world.text(LEE, "ACK 1001")
    world.pass_time(200, step=5)
    assert len(world.phones.calls_to(SAM)) == 0
    assert world.unfinished() == 1  # the question to Lee in an hour


def test_the_gate_of_calls_asks_for_itself_whether_the_ticket_has_an_owner(ringing: World, phones: StaffPhones) -> None:
    for number in (SAM, LEE, ROBIN):
        phones.leg_is(number, "no-answer")
    ringing.now.moment += timedelta(minutes=10)
    step = next(row.id for row in ringing.rows(Work) if row.kind == "escalate")
    ringing.hands.do(step)
    with ringing.desk.database.unit() as unit:  # as if whoever took it had not seen these calls
        unit.get_one(Ticket, 1).state = "claimed"
    placed = len(ringing.carrier.placed)
    ringing.work()
    ringing.pass_time(60, step=5)
    assert len(ringing.carrier.placed) == placed
    assert {row.state for row in ringing.rows(Message) if row.key.startswith("escalation:1:2:")} == {"withheld"}


def test_a_call_that_answers_to_nobodys_leg_is_hung_up_on(ringing: World) -> None:
    ringing.carrier.calls["CAother"] = CallInfo("CAother", "in-progress", "", SAM)
    for path in ("/twilio/leg/1/1", "/twilio/leg/999/0"):
        answer = ringing.post(path, CallSid="CAother", Digits="4")
        assert "<Hangup" in answer.text
    assert ringing.ticket()["state"] == "open"


def test_the_page_says_in_the_api_what_was_spoken(ringing: World, phones: StaffPhones) -> None:
    phones.picks_up(SAM)
    spoken = next(row for row in ringing.rows(Message) if (row.person, row.by) == ("Sam", "voice"))
    assert spoken.body == PAGE
