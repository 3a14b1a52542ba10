"""Staff write to the client of a ticket from their own phone, through the desk's number."""

import pytest

from tests.unit.ivr.test_staff import answer_to
from tests.world import CLIENT, LEE, ROBIN, SAM, STRANGER, World
from tickets.outbox import Refusal, TextRefused


@pytest.fixture
def ticket(world: World) -> World:
    """A client has texted; the page and the first reply are out."""
    world.text(CLIENT, "Server is down")
    world.work()
    return world


@pytest.mark.parametrize(
    "command", ["1001 we are on it, Dana", "REPLY 1001 we are on it, Dana", "#1001: we are on it, Dana"]
)
def test_words_behind_a_number_reach_the_client(ticket: World, command: str) -> None:
    answer = answer_to(ticket, SAM, command)
    assert answer == "1001: passed on to Hollis & Wade CPA. Nobody has it yet: ACK 1001 takes it."
    assert ticket.texts_to(CLIENT)[-1] == "we are on it, Dana"
    last = ticket.ticket()["messages"][-1]
    assert (last["direction"], last["body"], last["state"]) == ("out", "we are on it, Dana", "sending")
    assert "Sam wrote to the client" in [event["text"] for event in ticket.ticket()["events"]]


def test_the_same_command_delivered_twice_writes_to_the_client_once(ticket: World) -> None:
    ticket.text(SAM, "1001 on it", sid="SM1")
    ticket.text(SAM, "1001 on it", sid="SM1")
    ticket.work()
    assert ticket.texts_to(CLIENT).count("on it") == 1


def test_the_owner_hears_what_a_colleague_told_the_client(ticket: World) -> None:
    ticket.text(SAM, "ack 1001")
    ticket.work()
    assert answer_to(ticket, LEE, "1001 try a restart") == "1001: passed on to Hollis & Wade CPA."
    assert ticket.texts_to(SAM)[-1] == "1001 Lee wrote to the client: try a restart"
    assert "try a restart" not in " ".join(ticket.texts_to(ROBIN))


def test_mistakes_get_friendly_answers(ticket: World) -> None:
    assert answer_to(ticket, SAM, "1402 we are on it") == "Ticket 1402 does not exist; open: 1001."
    assert answer_to(ticket, SAM, "REPLY 1001") == (
        "1001: what should the client read? Write 1001 and your words behind it."
    )
    assert answer_to(ticket, SAM, "1001 done with the update") == (
        "1001: nothing done. Write DONE 1001, or REPLY 1001 and words."
    )
    assert answer_to(ticket, SAM, "reply") == "Which ticket? Write REPLY 1042 and your words; open: 1001."
    assert answer_to(ticket, SAM, "1001") == (
        "1001 is open. Hollis & Wade CPA: Server is down. To text the client: 1001 and your words."
    )
    assert ticket.ticket()["state"] == "open"
    assert len(ticket.texts_to(CLIENT)) == 1


def test_words_behind_an_ack_stay_with_the_ticket(ticket: World) -> None:
    assert answer_to(ticket, SAM, "ACK 1001 on my way, 20 min").startswith("1001 is yours")
    assert "Sam: on my way, 20 min" in [event["text"] for event in ticket.ticket()["events"]]
    assert len(ticket.texts_to(CLIENT)) == 1


def test_a_client_who_opted_out_is_not_texted_and_staff_hear_why(ticket: World) -> None:
    ticket.text(CLIENT, "STOP")
    assert answer_to(ticket, SAM, "1001 are you there?") == (
        "1001: not sent, this number has opted out; it can text START to undo that. Calling works: 903-555-0160."
    )
    assert ticket.ticket()["texting"]["possible"] is False
    assert ticket.ticket()["texting"]["why"] == "this number has opted out; it can text START to undo that"
    assert len(ticket.texts_to(CLIENT)) == 1
    ticket.text(CLIENT, "START")
    assert answer_to(ticket, SAM, "1001 are you there?").startswith("1001: passed on")
    assert ticket.ticket()["texting"] == {"possible": True, "why": None, "since": None}


@pytest.mark.parametrize("words", ["Done", "done!", "DONE.", "ack", "Done 1001", "done with 2"])
def test_a_client_who_answers_in_a_word_that_is_a_command_reaches_the_owner(ticket: World, words: str) -> None:
    answer_to(ticket, SAM, "ACK 1001")
    answer_to(ticket, SAM, "1001 Please restart the router and tell me when it is done")
    ticket.text(CLIENT, words)
    ticket.work()
    assert ticket.texts_to(SAM)[-1] == f"1001 Hollis & Wade CPA 903-555-0160 says: {words}"
    assert ticket.texts_to(CLIENT)[-1] == "Please restart the router and tell me when it is done"
    assert (ticket.ticket()["messages"][-1]["body"], ticket.ticket()["state"]) == (words, "claimed")


@pytest.mark.parametrize("words", ["ACK 1002", "Done with ticket 1002"])
def test_a_client_with_a_ticket_cannot_take_another_one(ticket: World, words: str) -> None:
    ticket.text(STRANGER, "Our printer is broken")
    ticket.work()
    ticket.text(CLIENT, words)
    ticket.work()
    assert "not on our on-call list" in ticket.texts_to(CLIENT)[-1]
    assert [one["state"] for one in ticket.tickets()] == ["open", "open"]


@pytest.mark.parametrize("words", ["Done", "Acknowledged."])
def test_done_from_a_client_whose_ticket_is_resolved_is_kept_and_wakes_nobody(ticket: World, words: str) -> None:
    answer_to(ticket, SAM, "DONE 1001")
    sent = len(ticket.carrier.sent)
    ticket.text(CLIENT, words)
    ticket.work()
    assert (ticket.ticket()["messages"][-1]["body"], ticket.ticket()["state"]) == (words, "resolved")
    assert len(ticket.carrier.sent) == sent


def test_a_withheld_number_cannot_be_texted(world: World) -> None:
    world.call(caller="anonymous")
    world.press("1", 1, caller="anonymous")
    world.hang_up(caller="anonymous")
    world.pass_time(15)
    assert answer_to(world, SAM, "1001 hello") == "1001: not sent, the client's number is withheld."


def test_a_short_code_cannot_be_texted(world: World) -> None:
    world.text("55512", "Your delivery")
    world.work()
    assert answer_to(world, SAM, "1001 hello") == "1001: not sent, 55512 cannot receive texts."


@pytest.mark.parametrize(("status", "code"), [("undelivered", "30006"), ("failed", "30007")])
def test_the_writer_hears_once_that_it_did_not_arrive(ticket: World, status: str, code: str) -> None:
    answer_to(ticket, SAM, "1001 we are on it")
    sid = next(sent.sid for sent in ticket.carrier.sent if sent.body == "we are on it")
    for _ in range(2):
        ticket.delivered(sid, status, ErrorCode=code)
    ticket.work()
    told = [text for text in ticket.texts_to(SAM) if "not delivered" in text]
    assert told == [
        f"1001: your text to the client was not delivered ({code}: the carrier reports: {status}). Call 903-555-0160."
    ]
    assert ticket.ticket()["messages"][-1]["state"] == "failed"


def test_the_writer_hears_that_the_carrier_refused(ticket: World) -> None:
    ticket.carrier.refuse[CLIENT] = [TextRefused(Refusal.OPTED_OUT, "21610", "unsubscribed recipient")]
    ticket.text(SAM, "1001 we are on it")
    ticket.work()
    assert ticket.texts_to(SAM)[-2:] == [
        "1001: passed on to Hollis & Wade CPA. Nobody has it yet: ACK 1001 takes it.",
        "1001: your text to the client was not delivered (21610: unsubscribed recipient). Call 903-555-0160.",
    ]
    assert ticket.ticket()["texting"]["why"] == (
        "the carrier says this number opted out; it can text START to undo that"
    )


def test_the_writer_hears_that_there_is_no_report(ticket: World) -> None:
    answer_to(ticket, SAM, "1001 we are on it")
    ticket.pass_time(65, step=5)
    assert ticket.texts_to(SAM)[-1] == "1001: your text to the client has no delivery report yet. Call 903-555-0160."


def test_a_colleague_can_enter_that_a_client_wants_no_texts(ticket: World) -> None:
    assert answer_to(ticket, SAM, "notexts 1001") == "1001: nothing done. Say why: NOTEXTS 1001 asked on the phone"
    assert answer_to(ticket, SAM, "NOTEXTS 1001 asked on the phone") == (
        "1001: no more texts to Hollis & Wade CPA. Calling works: 903-555-0160."
    )
    assert answer_to(ticket, LEE, "1001 hi") == (
        "1001: not sent, opted out by the team (Sam: asked on the phone); it can text START to undo that. "
        "Calling works: 903-555-0160."
    )


def test_a_caller_can_be_texted_too(world: World) -> None:
    world.call(caller=STRANGER)
    world.press("1", 1, caller=STRANGER)
    world.hang_up(caller=STRANGER)
    world.pass_time(15)
    assert answer_to(world, SAM, "1001 we call you in 5").startswith("1001: passed on to the client.")
    assert world.texts_to(STRANGER) == ["we call you in 5"]
