"""An outage that a colleague announces: what callers hear, and who is told when it is over."""

from pathlib import Path

from tests.incident_story import COLLEAGUE, LAKESIDE, by_number, leaves_words, new_texts, said
from tests.world import CLIENT, LEE, SAM, STRANGER, World, edited_flows
from tickets.models import ConsentEvent, Ticket


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
    world.text(SAM, "OVER 1001 The carrier has mended the line")
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
