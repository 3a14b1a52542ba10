"""What staff text, and what they get back."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.world import CLIENT, LEE, ROBIN, SAM, STRANGER, World, edited_flows
from tickets.sms import segments


def missed_call(world: World, sid: str, caller: str = STRANGER) -> None:
    world.call(sid=sid, caller=caller)
    world.press("1", 1, sid=sid, caller=caller)
    world.hang_up(sid=sid, caller=caller)
    world.pass_time(15)


def answer_to(world: World, person: str, body: str) -> str:
    before = len(world.texts_to(person))
    world.text(person, body)
    world.work()
    new = world.texts_to(person)[before:]
    assert len(new) == 1
    return new[0]


@pytest.mark.parametrize("body", ["ACK 1001", "ack 1001", "  Ack: #1001!! ", "ACK1001", "1001 ack", "ack", "Ack."])
def test_ack_in_any_spelling_takes_the_ticket(world: World, body: str) -> None:
    missed_call(world, "CA1")
    assert answer_to(world, SAM, body) == (
        "1001 is yours: 903-555-0147. Call 903-555-0147. Reply DONE 1001 when it is solved."
    )
    assert world.ticket()["claimed_by"] == "Sam"


def test_the_second_ack_hears_who_has_it(world: World) -> None:
    missed_call(world, "CA1")
    world.text(SAM, "ACK 1001")
    world.text(LEE, "ACK 1001")
    world.work()
    assert world.texts_to(LEE)[-1] == "1001 is taken by Sam since 8:05 AM."
    assert answer_to(world, SAM, "ack 1001") == "1001 is already yours. Reply DONE 1001 when it is solved."
    assert world.ticket()["claimed_by"] == "Sam"


def test_the_same_text_delivered_twice_is_answered_once(world: World) -> None:
    missed_call(world, "CA1")
    world.text(SAM, "ACK 1001", sid="SM1")
    world.text(SAM, "ACK 1001", sid="SM1")
    world.work()
    assert len(world.texts_to(SAM)) == 2


def test_late_answers_hear_what_is_the_case(world: World) -> None:
    missed_call(world, "CA1")
    answer_to(world, SAM, "ACK 1001")
    assert answer_to(world, LEE, "ack") == "No ticket is open. 1001 is taken by Sam since 8:05 AM."
    assert answer_to(world, SAM, "done") == "1001 is resolved. Thank you."
    assert answer_to(world, LEE, "ACK 1001") == "1001 was resolved by Sam at 8:05 AM."
    assert answer_to(world, LEE, "DONE 1001") == "1001 was resolved by Sam at 8:05 AM."


def test_a_wrong_number_is_answered_with_the_right_ones(world: World) -> None:
    missed_call(world, "CA1")
    missed_call(world, "CA2", caller="+19035550172")
    assert answer_to(world, SAM, "ACK 1402") == "Ticket 1402 does not exist; open: 1001, 1002."
    assert answer_to(world, SAM, "ACK") == (
        "Which one? 1001 903-555-0147, 1002 Sabine River Feed & Seed. Reply ACK 1002."
    )
    assert {ticket["state"] for ticket in world.tickets()} == {"open"}


def test_ack_alone_takes_the_page_and_not_the_caller_who_is_still_speaking(world: World) -> None:
    missed_call(world, "CA1")
    world.call(sid="CA2", caller=CLIENT)
    world.press("1", 1, sid="CA2")
    assert answer_to(world, SAM, "ACK").startswith("1001 is yours")


def test_a_claim_of_another_day_is_shown_with_its_day(world: World) -> None:
    missed_call(world, "CA1")
    answer_to(world, SAM, "ACK 1001")
    world.now.moment += timedelta(days=3)
    assert answer_to(world, LEE, "ACK 1001") == "1001 is taken by Sam since Mon Nov 23, 8:05 AM."


def test_answers_to_a_large_team_with_long_clients_fit_two_segments(database_url: str, tmp_path: Path) -> None:
    robin = '  - {name: Robin, number: "+19035550113"}\n'
    more = "".join(f'  - {{name: Technician {i}, number: "+190355502{i}"}}\n' for i in range(10, 30))
    flows = edited_flows(tmp_path, "oncall.yml", robin, robin + more)
    known = (flows / "clients.yml").read_text()
    dana = "Dana’s Dental & Orthodontics of East Texas – Longview"
    (flows / "clients.yml").write_text(known.replace("Hollis & Wade CPA", dana))
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    for caller in (CLIENT, "+19035550161", "+19035550172", "+19035550183", STRANGER):
        world.text(caller, "down")
    world.work()
    answers = [answer_to(world, SAM, body) for body in ("who", "ack", "ack 1402", "ack 1001", "done")]
    assert [segments(answer) for answer in answers] == [2, 2, 1, 1, 1]
    world.close()


def test_ack_without_any_ticket(world: World) -> None:
    assert answer_to(world, SAM, "ack") == "No ticket is open."
    assert answer_to(world, SAM, "done") == "You hold no ticket; none is open."
    assert answer_to(world, SAM, "ack 1001") == "Ticket 1001 does not exist; none is open."


def test_who_names_the_people_on_call(world: World) -> None:
    assert answer_to(world, LEE, "who?") == "On call: Sam 903-555-0111, Lee 903-555-0112, Robin 903-555-0113"


def test_anything_else_from_staff_is_answered_with_the_commands(world: World) -> None:
    reply = answer_to(world, ROBIN, "on my way")
    assert reply.startswith("Not understood. ACK 1042 takes a ticket")
    assert world.tickets() == []


def test_a_stranger_cannot_take_a_ticket(world: World) -> None:
    missed_call(world, "CA1")
    world.text(STRANGER, "ACK 1001")
    world.text(STRANGER, "ACK 1001")
    world.work()
    assert world.texts_to(STRANGER) == [
        "This number is not on our on-call list, so it cannot take tickets. Need help? Text us what is wrong."
    ]
    assert world.ticket()["state"] == "open"


def test_done_without_ack_resolves_and_tells_the_others(world: World) -> None:
    missed_call(world, "CA1")
    assert answer_to(world, SAM, "DONE 1001") == "1001 is resolved. Thank you."
    assert world.texts_to(LEE)[-1] == "1001 is resolved by Sam. Nothing to do for you."
    assert world.ticket()["claimed_by"] == "Sam"


def test_done_by_another_says_whose_it_was(world: World) -> None:
    missed_call(world, "CA1")
    answer_to(world, SAM, "ACK 1001")
    sent = len(world.carrier.sent)
    assert answer_to(world, LEE, "DONE 1001") == "1001 is resolved. Thank you. It was Sam's."
    assert len(world.carrier.sent) == sent + 1  # nothing more goes to anyone about a claimed ticket


def test_an_acknowledgement_withholds_pages_that_wait(world: World) -> None:
    world.carrier.down = True
    missed_call(world, "CA1")
    world.pass_time(60)
    world.carrier.down = False
    world.text(SAM, "ACK 1001")
    world.pass_time(200)
    assert world.texts_to(SAM) == ["1001 is yours: 903-555-0147. Call 903-555-0147. Reply DONE 1001 when it is solved."]
    assert world.texts_to(LEE) == []
    assert world.ticket()["pages"] == []
