"""A claim of which nothing is heard: its owner is asked, and then it is everybody's again."""

from dataclasses import replace

import pytest

from ivr.jobs import Hands
from ivr.web import create_app
from tests.escalation_story import Make, asks_for_help, called, events, make, minutes
from tests.world import LEE, ROBIN, SAM, STRANGER, World
from tickets.models import Call, Ticket
from tickets.oncall import Person

__all__ = ["make"]

ASK = "1001 is still yours: reply ACK 1001 to keep it, DONE 1001 when it is solved."
LAST = "1001: are you still at it? Without ACK 1001 or DONE 1001 it is open again in 15 min, and everyone on call is paged."
SILENT = "URGENT 1001 again, Sam has not answered for 90 min: 903-555-0147: Server is down. Reply ACK 1001 to take it."


@pytest.fixture
def claimed(make: Make) -> World:
    """A ticket that Sam has taken."""
    world = make()
    asks_for_help(world)
    world.text(SAM, "ACK 1001")
    world.work()
    return world


def test_an_owner_of_whom_nothing_is_heard_is_asked_twice_and_then_it_is_everybodys(claimed: World) -> None:
    minutes(claimed, 59)
    assert ASK not in claimed.texts_to(SAM)
    minutes(claimed, 2)
    assert claimed.texts_to(SAM)[-1] == ASK
    minutes(claimed, 15)
    assert claimed.texts_to(SAM)[-1] == LAST
    assert claimed.ticket()["claimed_by"] == "Sam"
    minutes(claimed, 15)
    assert claimed.ticket()["state"] == "open"
    assert claimed.texts_to(LEE)[-1] == claimed.texts_to(SAM)[-1] == claimed.texts_to(ROBIN)[-1] == SILENT
    assert events(claimed, "reopened") == ["Open again: Sam has not answered for 90 min"]
    minutes(claimed, 5)
    assert called(claimed) == ["Sam", "Lee", "Robin"]


@pytest.mark.parametrize(
    "sign", ["ACK 1001", "ack", "1001 we are on it", "REPLY 1001 we are on it", "ack 1001 waiting for parts", "1001"]
)
def test_any_word_of_the_owner_about_the_ticket_keeps_it(claimed: World, sign: str) -> None:
    minutes(claimed, 76)
    claimed.text(SAM, sign)
    minutes(claimed, 100)
    assert claimed.ticket()["claimed_by"] == "Sam"
    assert claimed.texts_to(SAM).count(ASK) == 1
    if sign != "ack":  # which names no ticket for the rows to know later
        minutes(claimed, 25)
        assert claimed.texts_to(SAM).count(ASK) == 2


def test_ack_by_its_owner_says_that_it_stays_theirs(claimed: World) -> None:
    minutes(claimed, 61)
    claimed.text(SAM, "ACK 1001")
    claimed.work()
    assert claimed.texts_to(SAM)[-1] == "1001 stays yours. Reply DONE 1001 when it is solved."
    claimed.text(SAM, "ACK 1001")
    claimed.work()
    assert claimed.texts_to(SAM)[-1] == "1001 is already yours. Reply DONE 1001 when it is solved."


def test_every_question_that_is_answered_makes_the_next_one_come_later(claimed: World) -> None:
    asked = []
    for minute in range(0, 16 * 60, 5):
        claimed.pass_time(300, step=60)
        if claimed.texts_to(SAM)[-1] == ASK:
            asked.append(minute + 5)
            claimed.text(SAM, "ACK 1001")
            claimed.work()
    assert asked == [60, 180, 420, 900]


def test_a_sign_of_work_before_the_question_puts_it_off(claimed: World) -> None:
    minutes(claimed, 50)
    claimed.text(SAM, "1001 we are on our way")
    minutes(claimed, 58)
    assert ASK not in claimed.texts_to(SAM)
    minutes(claimed, 4)
    assert claimed.texts_to(SAM)[-1] == ASK


def test_a_talk_with_the_client_is_a_sign_of_work(claimed: World) -> None:
    with claimed.desk.database.unit() as unit:
        ticket = unit.get_one(Ticket, 1)
        now = claimed.now()
        unit.add(
            Call(
                sid="CA9", from_raw=STRANGER, from_number=STRANGER, outcome="answered", answered_by="Sam", started_at=now,
                updated_at=now, ticket_id=ticket.id,
            )
        )  # fmt: skip
    minutes(claimed, 110)
    assert claimed.ticket()["claimed_by"] == "Sam"
    assert ASK not in claimed.texts_to(SAM)


def test_a_ticket_that_is_done_is_not_asked_about(claimed: World) -> None:
    claimed.text(SAM, "DONE 1001")
    minutes(claimed, 120)
    assert ASK not in claimed.texts_to(SAM)
    assert claimed.unfinished() == 0


def test_an_owner_who_takes_no_texts_is_not_taken_for_silent(claimed: World) -> None:
    claimed.text(SAM, "STOP")
    minutes(claimed, 120)
    assert claimed.ticket()["claimed_by"] == "Sam"


def test_a_claim_of_somebody_who_has_left_the_team_is_open_again(claimed: World) -> None:
    rules = replace(claimed.desk.rules, team=(Person("Lee", LEE),), duty=None)
    claimed.desk = replace(claimed.desk, rules=rules)
    claimed.app, claimed.hands = create_app(claimed.desk), Hands(claimed.desk, claimed.engine)
    minutes(claimed, 61)
    assert claimed.ticket()["state"] == "open"
    assert claimed.texts_to(LEE)[-1].startswith("URGENT 1001 again, Sam is not on the team any more: 903-555-0147: ")


def test_questions_can_be_switched_off_in_the_flow_file(make: Make) -> None:
    world = make(flow="claims: {ask_after_minutes: 0}\n")
    asks_for_help(world)
    world.text(SAM, "ACK 1001")
    minutes(world, 200)
    assert world.ticket()["claimed_by"] == "Sam"
    assert ASK not in world.texts_to(SAM)


def test_a_claim_that_ends_while_a_colleague_has_the_same_trouble_is_theirs(claimed: World) -> None:
    """Both took the client's tickets before the desk could see that they are one incident; then Lee forgets one."""
    claimed.call("CA2", STRANGER)
    claimed.press("1", 1, "CA2", STRANGER)
    claimed.text(LEE, "ACK 1002")
    claimed.hang_up("CA2", STRANGER)
    claimed.work()
    minutes(claimed, 70)
    claimed.text(SAM, "ACK 1001")
    minutes(claimed, 25)
    first, second = claimed.tickets()
    assert (first["state"], first["claimed_by"]) == ("claimed", "Sam")
    assert second["incident"]["leader"] == 1001
    told = [event["text"] for event in second["events"]]
    assert told[-4:] == [
        "Lee was asked whether the ticket is still theirs",
        "Open again: Lee has not answered for 90 min",
        "Belongs to 1001 (the same number). SPLIT 1002 takes it out",
        "Sam took the ticket, with 1001",
    ]
    assert second["claimed_by"] == "Sam"
