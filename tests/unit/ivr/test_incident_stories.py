"""Many callers, one outage: what callers hear, what the team's phones receive, and what can be undone."""

from pathlib import Path
from typing import Any

import pytest

from tests.world import CLIENT, LEE, ROBIN, SAM, STRANGER, World, edited_flows
from tickets.models import ConsentEvent, Ticket

COLLEAGUE = "+19035550161"  # another telephone of Hollis & Wade CPA
LAKESIDE = "+19035550183"
OTHERS = [f"+1903555{number}" for number in range(2000, 2040)]


def said(twiml: str) -> list[str]:
    """What the caller hears."""
    return [part.split(">", 1)[1].split("<")[0] for part in twiml.split("<Say")[1:]]


def new_texts(world: World, number: str) -> list[str]:
    """What has come to a phone since the last time."""
    world.work()
    seen: dict[str, int] = world.__dict__.setdefault("seen", {})
    texts = world.texts_to(number)
    fresh, seen[number] = texts[seen.get(number, 0) :], len(texts)
    return fresh


def leaves_words(world: World, sid: str, caller: str, words: str) -> None:
    """A caller presses 1 and leaves a message."""
    world.engine.words = words
    world.call(sid, caller)
    world.press("1", 1, sid, caller)
    world.recorded(f"RE{sid[2:]}", sid)
    world.hang_up(sid, caller)
    world.work()


def by_number(world: World, number: int) -> dict[str, Any]:
    return next(ticket for ticket in world.tickets() if ticket["number"] == number)


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
        ("JOIN 1001 1002", "1001: nothing done, 1001 leads already."),
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


# -- an announced outage -------------------------------------------------------------------------------------------------


def announced(world: World, words: str = "internet down") -> None:
    world.text(SAM, f"OUTAGE Hollis & Wade CPA {words}")
    new_texts(world, SAM)


def test_a_colleague_announces_an_outage_and_owns_it(world: World) -> None:
    world.text(SAM, "OUTAGE Hollis & Wade CPA internet down")
    assert new_texts(world, SAM) == [
        '1001 is yours: callers of Hollis & Wade CPA now hear "internet down". OVER 1001 ends it.'
    ]
    ticket = world.ticket()
    assert (ticket["state"], ticket["claimed_by"], ticket["subject"]) == ("claimed", "Sam", "internet down")
    assert ticket["incident"]["callers"] == 0
    assert new_texts(world, LEE) == []


def test_callers_of_the_client_hear_it_can_press_1_and_are_told_when_it_is_over(world: World) -> None:
    announced(world)
    heard = said(world.call("CA1", CLIENT))
    assert heard == [
        "Business I.T. Service Corps help desk. Messages are recorded.",
        "We know of a problem at Hollis &amp; Wade CPA: internet down.",
        "Press 1 to be told by text when it is over, or stay on the line for the menu.",
    ]
    after = said(world.press("1", 1, "CA1", CLIENT))
    assert after[0] == "Thank you. We will text you when it is over. Hang up now, or stay on the line for the menu."
    assert after[1].startswith("For an emergency or outage, press 1.")
    world.hang_up("CA1", CLIENT)
    world.pass_time(120, step=10)
    assert new_texts(world, SAM) == new_texts(world, LEE) == []
    asked = by_number(world, 1002)
    assert (asked["subject"], asked["claimed_by"]) == ("Asked to be told when it is over", "Sam")
    assert asked["incident"]["leader"] == 1001
    (evidence,) = world.rows(ConsentEvent)
    assert (evidence.number, evidence.kind, evidence.source, evidence.evidence) == (
        CLIENT,
        "opt-in",
        "key in a call",
        "CA1",
    )
    world.text(SAM, "OVER 1001 The carrier has mended the line.")
    assert new_texts(world, SAM) == ["1001 is over and resolved: 1 caller told."]
    assert new_texts(world, CLIENT) == [
        "Business IT Service Corps, LLC: the problem at Hollis & Wade CPA is over. The carrier has mended the line. "
        "Reply STOP to opt-out."
    ]
    assert {ticket["state"] for ticket in world.tickets()} == {"resolved"}
    assert "We know of a problem" not in world.call("CA9", CLIENT)


def test_other_clients_and_strangers_hear_nothing_of_it(world: World) -> None:
    announced(world)
    for sid, caller in (("CA1", LAKESIDE), ("CA2", STRANGER)):
        assert "We know of a problem" not in world.call(sid, caller)


def test_whoever_presses_nothing_comes_to_the_menu_and_their_words_reach_the_owner(world: World) -> None:
    announced(world)
    world.call("CA1", COLLEAGUE)
    menu = said(world.press("", 1, "CA1", COLLEAGUE))
    assert menu[0].startswith("For an emergency or outage, press 1.")
    world.engine.words = "And now there is smoke."
    world.press("1", 2, "CA1", COLLEAGUE)
    world.recorded("RE1", "CA1")
    world.hang_up("CA1", COLLEAGUE)
    assert new_texts(world, SAM) == [
        "1001: 1st caller of Hollis & Wade CPA, 903-555-0161: [Emergency or outage] And now there is smoke. (1002)"
    ]
    assert new_texts(world, LEE) == []


def test_who_asked_to_be_told_and_then_chose_the_emergency_is_not_lost(world: World) -> None:
    announced(world)
    world.call("CA1", CLIENT)
    world.press("1", 1, "CA1", CLIENT)
    world.press("1", 2, "CA1", CLIENT)
    world.recorded("RE1", "CA1", status="absent")
    world.hang_up("CA1", CLIENT)
    world.pass_time(30)
    assert new_texts(world, SAM) == [
        "1001: 1st caller of Hollis & Wade CPA, 903-555-0160: chose Emergency or outage, left no message. (1002)"
    ]


def test_who_has_opted_out_hears_it_without_the_offer(world: World) -> None:
    announced(world)
    world.text(CLIENT, "please stop texting me")
    world.work()
    heard = said(world.call("CA1", CLIENT))
    assert heard[1] == "We know of a problem at Hollis &amp; Wade CPA: internet down."
    assert heard[2].startswith("For an emergency or outage, press 1.")


def test_who_opts_out_after_asking_is_not_texted_and_the_team_hears_that(world: World) -> None:
    announced(world)
    for sid, caller in (("CA1", CLIENT), ("CA2", COLLEAGUE)):
        world.call(sid, caller)
        world.press("1", 1, sid, caller)
        world.hang_up(sid, caller)
    world.text(CLIENT, "please stop texting me")
    new_texts(world, CLIENT), new_texts(world, SAM)
    world.text(SAM, "OVER")
    assert new_texts(world, SAM) == [
        "1001 is over and resolved: 1 caller told, 1 not: opted out of texts (903-555-0160)."
    ]
    assert new_texts(world, CLIENT) == []
    assert len(new_texts(world, COLLEAGUE)) == 1


def test_the_same_steps_again_do_nothing_twice(world: World) -> None:
    announced(world)
    first, again = world.call("CA1", CLIENT), world.call("CA1", CLIENT)
    assert first == again
    assert world.press("1", 1, "CA1", CLIENT) == world.press("1", 1, "CA1", CLIENT)
    world.text(SAM, "OVER 1001", "SMover")
    world.text(SAM, "OVER 1001", "SMover")
    world.text(SAM, "OVER 1001")
    assert len(new_texts(world, CLIENT)) == 1
    assert new_texts(world, SAM)[-1] == "1001: it is over already, and everyone who asked was told."
    assert len(world.rows(ConsentEvent)) == 1


def test_an_announcement_ends_with_its_ticket_and_after_a_day_without_a_word(world: World) -> None:
    announced(world)
    world.pass_time(23 * 3600, step=1800)
    assert "We know of a problem" in world.call("CA1", CLIENT)
    announced(world, "internet still down")
    world.pass_time(23 * 3600, step=1800)
    assert "internet still down" in world.call("CA2", CLIENT)
    world.pass_time(2 * 3600, step=1800)
    assert "We know of a problem" not in world.call("CA3", CLIENT)
    announced(world, "internet down again")
    assert "internet down again" in world.call("CA4", CLIENT)
    world.text(
        SAM, "DONE " + str(max(ticket.number for ticket in world.rows(Ticket) if ticket.subject.startswith("internet")))
    )
    assert "We know of a problem" not in world.call("CA5", CLIENT)


def test_done_reminds_of_those_who_asked_to_be_told(world: World) -> None:
    announced(world)
    world.call("CA1", CLIENT)
    world.press("1", 1, "CA1", CLIENT)
    world.hang_up("CA1", CLIENT)
    world.text(SAM, "DONE 1001")
    assert new_texts(world, SAM) == [
        "1001 is resolved. Thank you. Its 2 tickets are. 1 asked to be told: OVER 1001 tells them."
    ]
    world.text(SAM, "OVER 1001")
    assert new_texts(world, SAM) == ["1001 is over and resolved: 1 caller told."]


def test_an_announcement_takes_over_the_ticket_that_is_open(world: World) -> None:
    leaves_words(world, "CA1", CLIENT, "The internet is down.")
    world.text(SAM, "OUTAGE hollis internet down, the carrier knows")
    assert new_texts(world, SAM)[-1] == (
        '1001 is yours: callers of Hollis & Wade CPA now hear "internet down, the carrier knows". OVER 1001 ends it.'
    )
    assert new_texts(world, LEE)[-1] == "1001 is taken by Sam. Nothing to do for you."


def test_a_name_that_two_clients_have_is_asked_back(tmp_path: Path, database_url: str) -> None:
    flows = edited_flows(tmp_path, "clients.yml", "Sabine River Feed & Seed", "Lakeside Feed")
    world = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    world.text(SAM, "OUTAGE Lakeside internet down")
    assert new_texts(world, SAM) == [
        "Which client: Lakeside Family Dental or Lakeside Feed? Write OUTAGE, the client's name, and what is wrong."
    ]
    assert world.tickets() == []
    world.close()


def test_a_client_who_writes_outage_opens_a_ticket_like_anybody(world: World) -> None:
    world.text(CLIENT, "Outage at our office")
    assert world.ticket()["subject"] == "Outage at our office"
