"""When many pages become one text, and what becomes of them."""

import pytest

from tests.paced_story import CALLERS, TEAM, assert_paced, leave_voicemails, paced
from tests.world import LEE, ROBIN, SAM, World
from tickets.models import Message
from tickets.outbox import NotSent, OutcomeUnknown, Refusal, TextRefused

__all__ = ["paced"]


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
