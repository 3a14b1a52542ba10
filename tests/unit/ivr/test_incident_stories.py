"""Many callers, one incident: what the team's phones receive, and what can be undone."""

from pathlib import Path

import pytest

from tests.incident_story import COLLEAGUE, LAKESIDE, OTHERS, by_number, leaves_words, new_texts
from tests.world import CLIENT, LEE, ROBIN, SAM, STRANGER, World, edited_flows

# -- one incident --------------------------------------------------------------------------------------------------------


def test_three_callers_of_one_client_are_one_page_with_the_count_and_one_owner(world: World) -> None:
    leaves_words(world, "CA1", CLIENT, "The internet is down.")
    leaves_words(world, "CA2", COLLEAGUE, "Nobody here can work.")
    world.text("+19035550160", "hello? still down", "SMx")
    assert new_texts(world, LEE) == [
        "URGENT 1001 Hollis & Wade CPA 903-555-0160: [Emergency or outage] The internet is down. Reply ACK 1001 to take it.",
        "URGENT 1001 Hollis & Wade CPA, 2 callers now. Last 903-555-0161 (1002): [Emergency or outage] Nobody here can work. "
        "Reply ACK 1001 to take it.",
        "1001 Hollis & Wade CPA 903-555-0160 said: hello? still down. Reply ACK 1001 to take it.",
    ]
    world.text(SAM, "ACK 1001")
    assert new_texts(world, SAM)[-1] == (
        "1001 is yours: Hollis & Wade CPA. Call 903-555-0160. With 1002: 2 callers. Reply DONE 1001 when it is solved."
    )
    assert {ticket["state"] for ticket in world.tickets()} == {"claimed"}
    assert {ticket["claimed_by"] for ticket in world.tickets()} == {"Sam"}
    incident = {"leader": 1001, "members": [1002], "callers": 2, "announced": None}
    assert [ticket["incident"] for ticket in world.tickets()] == [incident, incident]
    words = [ticket["recordings"][0]["transcript"]["text"] for ticket in world.tickets()]
    assert words == ["The internet is down.", "Nobody here can work."]
    assert new_texts(world, LEE) == ["1001 is taken by Sam. Nothing to do for you."]


def test_a_caller_of_a_client_whose_trouble_has_an_owner_reaches_the_owner_only(world: World) -> None:
    leaves_words(world, "CA1", CLIENT, "The internet is down.")
    world.text(SAM, "ACK")
    for number in (SAM, LEE, ROBIN):
        new_texts(world, number)
    leaves_words(world, "CA2", COLLEAGUE, "Our phones are dead.")
    assert new_texts(world, SAM) == [
        "1001: 2nd caller of Hollis & Wade CPA, 903-555-0161: [Emergency or outage] Our phones are dead. (1002)"
    ]
    assert new_texts(world, LEE) == new_texts(world, ROBIN) == []
    assert by_number(world, 1002)["claimed_by"] == "Sam"


def test_words_that_come_late_reach_the_owner_too(world: World) -> None:
    leaves_words(world, "CA1", CLIENT, "The internet is down.")
    world.text(SAM, "ACK")
    world.work()
    world.transcriber_runs = False
    leaves_words(world, "CA2", COLLEAGUE, "Our phones are dead.")
    world.pass_time(25)
    before = new_texts(world, SAM)[-1]
    assert before.startswith(
        "1001: 2nd caller of Hollis & Wade CPA, 903-555-0161: [Emergency or outage] Voicemail, 12 s, words"
    )
    world.transcriber_runs = True
    assert new_texts(world, SAM) == [
        "1001: 2nd caller of Hollis & Wade CPA, 903-555-0161: [Emergency or outage] Our phones are dead. (1002)"
    ]


def test_the_team_hears_of_the_2nd_3rd_5th_10th_and_20th_caller_and_of_the_next_after_a_pause(
    tmp_path: Path, database_url: str
) -> None:
    many = ", ".join(f'"{number}"' for number in OTHERS)
    flows = edited_flows(tmp_path, "clients.yml", '"+19035550172"', f'"+19035550172", {many}')
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    for place, number in enumerate(OTHERS[:22]):
        world.text(number, f"no internet, says {place}")
    counts = [
        text.split(" callers now")[0].rsplit(" ", 1)[1] for text in new_texts(world, LEE) if "callers now" in text
    ]
    assert counts == ["2", "3", "5", "10", "20"]
    world.pass_time(301, step=30)
    world.text(OTHERS[30], "still no internet")
    assert "23 callers now" in new_texts(world, LEE)[-1]
    world.close()


def test_two_clients_who_name_the_same_carrier_are_one_incident_and_others_are_not(world: World) -> None:
    world.text(CLIENT, "Suddenlink is down, nobody can work")
    world.text(LAKESIDE, "we have no internet, sudden link has an outage")
    world.text(STRANGER, "our printer is out of toner")
    assert [ticket["incident"] and ticket["incident"]["leader"] for ticket in world.tickets()] == [1001, 1001, None]
    assert new_texts(world, LEE)[2] == (  # behind the page of a new ticket
        "URGENT 1001 Hollis & Wade CPA, 2 callers now. Last Lakeside Family Dental 903-555-0183 (1002): we have no internet, "
        "sudden link has an outage. Reply ACK 1001 to take it."
    )


def test_a_caller_who_gives_up_and_calls_again_is_one_caller(world: World) -> None:
    for sid in ("CA1", "CA2"):
        world.call(sid, STRANGER)
        world.press("1", 1, sid, STRANGER)
        world.recorded(f"RE{sid}", sid, status="absent")
        world.hang_up(sid, STRANGER)
        world.pass_time(5)
    assert new_texts(world, LEE) == [
        "URGENT 1001 missed call, 903-555-0147: chose Emergency or outage, left no message. Reply ACK 1001 to take it.",
        "URGENT 1001, the same caller, 2 times now. Last 903-555-0147 (1002): chose Emergency or outage, left no message. "
        "Reply ACK 1001 to take it.",
    ]


def test_an_hour_later_it_is_another_incident(world: World) -> None:
    leaves_words(world, "CA1", CLIENT, "The internet is down.")
    world.pass_time(3601, step=60)
    leaves_words(world, "CA2", COLLEAGUE, "The printer is on fire.")
    assert [ticket["incident"] for ticket in world.tickets()] == [None, None]
    assert new_texts(world, LEE)[-1].startswith("URGENT 1002 Hollis & Wade CPA 903-555-0161:")


# -- commands ------------------------------------------------------------------------------------------------------------


def incident_of_two(world: World) -> None:
    leaves_words(world, "CA1", CLIENT, "The internet is down.")
    leaves_words(world, "CA2", COLLEAGUE, "The printer is on fire.")
    for number in (SAM, LEE, ROBIN):
        new_texts(world, number)


def test_taking_a_member_takes_the_incident_and_says_so(world: World) -> None:
    incident_of_two(world)
    world.text(SAM, "ACK 1002")
    assert new_texts(world, SAM) == ["1002 belongs to 1001: yours now, 2 callers. Reply DONE 1001 when it is solved."]
    world.text(LEE, "ACK 1002")
    assert new_texts(world, LEE)[-1].startswith("1001 is taken by Sam since ")
    world.text(SAM, "DONE 1001")
    assert new_texts(world, SAM) == ["1001 is resolved. Thank you. Its 2 tickets are."]
    assert {ticket["state"] for ticket in world.tickets()} == {"resolved"}


def test_one_member_can_be_done_while_the_incident_goes_on(world: World) -> None:
    incident_of_two(world)
    world.text(SAM, "DONE 1002")
    assert new_texts(world, SAM) == [
        "1002 is resolved. Thank you. 1001, which it belongs to, goes on: DONE 1001 resolves all."
    ]
    assert [ticket["state"] for ticket in world.tickets()] == ["open", "resolved"]


def test_a_wrong_grouping_is_undone_and_pages_as_new(world: World) -> None:
    incident_of_two(world)
    world.text(SAM, "ACK 1001")
    new_texts(world, SAM), new_texts(world, LEE)
    world.text(LEE, "split 1002")
    texts = new_texts(world, LEE)
    page = next(text for text in texts if text.startswith("URGENT"))
    assert page.startswith("URGENT 1002 Hollis & Wade CPA 903-555-0161: [Emergency or outage] The printer is on fire.")
    assert "1002 is on its own again, not part of 1001. It is open and the team is paged." in texts
    assert [(ticket["state"], ticket["incident"]) for ticket in world.tickets()] == [("claimed", None), ("open", None)]
    world.text(COLLEAGUE, "it is still burning")  # and it stays apart
    assert new_texts(world, LEE) == [
        "1002 Hollis & Wade CPA 903-555-0161 said: it is still burning. Reply ACK 1002 to take it."
    ]


def test_tickets_are_joined_by_hand_with_all_that_belongs_to_them(world: World) -> None:
    incident_of_two(world)
    world.text(LAKESIDE, "nothing works")
    world.text(LEE, "JOIN 1001 1003")
    assert new_texts(world, LEE)[-1] == "1001 belongs to 1003 now: 3 callers."
    assert {ticket["incident"]["leader"] for ticket in world.tickets()} == {1003}
    world.text(LEE, "ACK")
    assert new_texts(world, LEE)[-1].startswith("1003 is yours: Lakeside Family Dental.")
    assert {ticket["claimed_by"] for ticket in world.tickets()} == {"Lee"}


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SPLIT 1001", "1001 leads: SPLIT 1002 takes one out."),
        ("JOIN 1002 1001", "1002 belongs to 1001 already."),
        ("Join ticket 1002 to ticket 1001", "1002 belongs to 1001 already."),
        ("join 1002 to #1001.", "1002 belongs to 1001 already."),
        ("Join 1002 with 1001", "1002 belongs to 1001 already."),
        ("JOIN 1001 1002", "1001: nothing done, 1001 leads already."),
        ("JOIN 1002 tomorrow", "1002: nothing done. Write JOIN 1002 and the number of the ticket that it belongs to."),
        ("JOIN 1002 9999", "1002: nothing done, ticket 9999 does not exist."),
        ("JOIN 1002", "1002: nothing done. Write JOIN 1002 and the number of the ticket that it belongs to."),
        ("OVER 1001", "1001: nothing was announced. DONE 1001 resolves it."),
        ("OUTAGE", "Nothing announced: I know no client of that name. Write OUTAGE, the client's name, and what is wrong."),
        ("OUTAGE Hollis & Wade CPA", "What is wrong at Hollis & Wade CPA? Write OUTAGE Hollis & Wade CPA and a few words that "
         "callers will hear."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_why(world: World, command: str, answer: str) -> None:
    incident_of_two(world)
    world.text(SAM, command)
    assert new_texts(world, SAM) == [answer]
    assert [ticket["incident"]["leader"] for ticket in world.tickets()] == [1001, 1001]
