"""Texts of clients: a ticket, one receipt, and consent that holds."""

from pathlib import Path

import pytest

from ivr.auditor import Auditor
from tests.world import CLIENT, DESK, LEE, ROBIN, SAM, STRANGER, World, edited_flows
from tickets.models import ConsentEvent
from tickets.sms import segments

CONFIRMED = (
    "Business IT Service Corps, LLC: you are opted out and get no more texts from us. For help call 903-689-2004. "
    "Reply START to opt in."
)


def test_a_text_opens_an_urgent_ticket_pages_and_is_answered_once(world: World) -> None:
    world.text(CLIENT, "Server is down, nobody can work")
    world.work()
    assert world.texts_to(SAM) == [
        "URGENT 1001 Hollis & Wade CPA 903-555-0160: Server is down, nobody can work. Reply ACK 1001 to take it."
    ]
    (receipt,) = world.texts_to(CLIENT)
    assert "ticket 1001" in receipt
    for words in ("STOP", "HELP", "Message & data rates may apply", "https://bitscorps.com/privacy-policy"):
        assert words in receipt
    world.text(CLIENT, "Also the phones")
    world.work()
    ticket = world.ticket()
    assert [(m["direction"], m["body"]) for m in ticket["messages"]] == [
        ("in", "Server is down, nobody can work"),
        ("out", receipt),
        ("in", "Also the phones"),
    ]
    assert ticket["channel"] == "text"
    assert len(world.texts_to(CLIENT)) == 1


def test_the_owner_gets_what_the_client_adds(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.work()
    world.text(SAM, "ack")
    world.text(CLIENT, "Now it smokes")
    world.work()
    assert world.texts_to(SAM)[-1] == "1001 Hollis & Wade CPA 903-555-0160 says: Now it smokes"
    assert "smokes" not in " ".join(world.texts_to(LEE))


def test_what_a_client_adds_goes_to_all_when_the_owner_has_left_the_team(database_url: str, tmp_path: Path) -> None:
    before = World(database_url, tmp_path)
    before.text(CLIENT, "Server is down")
    before.text(ROBIN, "ack")
    before.close()
    flows = edited_flows(tmp_path, "oncall.yml", '  - {name: Robin, number: "+19035550113"}\n', "")
    after = World(database_url, tmp_path, FLOWS_DIR=str(flows))
    after.text(CLIENT, "Now it smokes", sid="SM2")
    after.pass_time(5)
    said = "1001 Hollis & Wade CPA 903-555-0160 says: Now it smokes"
    assert [after.texts_to(number) for number in (SAM, LEE)] == [[said], [said]]
    after.close()


def test_our_own_number_is_never_answered(world: World) -> None:
    world.text(DESK, "hello")
    world.pass_time(5)
    assert world.carrier.sent == []
    assert world.tickets() == []


def test_a_word_that_the_carrier_answered_is_recorded_and_not_answered_again(world: World) -> None:
    world.text(STRANGER, "STOP")
    world.text(STRANGER, "stop")
    world.work()
    assert world.carrier.sent == []
    assert [event.kind for event in world.rows(ConsentEvent)] == ["opt-out", "opt-out"]


@pytest.mark.parametrize("words", ["Stop.", "opt out", "OPT-OUT!", "please stop texting me", "Remove me"])
def test_words_that_the_carrier_does_not_know_are_confirmed_once(world: World, words: str) -> None:
    world.text(STRANGER, words)
    world.text(STRANGER, words)
    world.work()
    assert world.texts_to(STRANGER) == [CONFIRMED]
    assert world.tickets() == []


@pytest.mark.parametrize("words", ["arret", "Stop."])
def test_opt_out_type_says_that_the_carrier_has_answered(world: World, words: str) -> None:
    world.text(STRANGER, words, OptOutType="STOP")
    world.work()
    assert world.texts_to(STRANGER) == []
    assert world.tickets() == []
    assert [event.kind for event in world.rows(ConsentEvent)] == ["opt-out"]


def test_helpline_answers_the_keywords_when_the_carrier_does_not(database_url: str, tmp_path: Path) -> None:
    world = World(database_url, tmp_path, SMS_KEYWORDS="helpline")
    world.text(STRANGER, "STOP")
    world.text(STRANGER, "STOP")
    world.work()
    world.text(STRANGER, "START")
    world.text(STRANGER, "HELP")
    world.text(SAM, "help")
    world.work()
    sent = world.texts_to(STRANGER)
    assert len(sent) == 3
    assert sent[0] == CONFIRMED
    assert sent[1].startswith("Business IT Service Corps, LLC: you get our texts again.")
    assert "903-689-2004" in sent[2]
    assert world.texts_to(SAM) == [
        "ACK 1042 takes a ticket, DONE 1042 resolves it, 1042 and words texts its client, WHO says who is on call. "
        "ACK alone takes the only open one. TAKE 4h puts you on call, GIVE Sam until 8am hands it over, UNDO takes that back."
    ]
    world.close()


def test_an_opted_out_client_gets_nothing_until_start(world: World) -> None:
    world.text(STRANGER, "STOP")
    world.text(STRANGER, "our server is down")
    world.work()
    assert world.texts_to(STRANGER) == []
    assert len(world.texts_to(SAM)) == 1
    receipt = world.ticket()["messages"][1]
    assert receipt["state"] == "failed"
    assert receipt["error"] == "this number has opted out; it can text START to undo that"
    world.text(STRANGER, "START")
    world.text("+19035550199", "x")
    world.work()
    assert [event.kind for event in world.rows(ConsentEvent)][:2] == ["opt-out", "opt-in"]


def test_a_client_who_stops_does_not_silence_the_team(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.text(CLIENT, "STOP")
    world.work()
    assert len(world.texts_to(SAM)) == 1
    texts = [event["text"] for event in world.ticket()["events"]]
    assert "The client opted out of texts; calling still works" in texts


def test_staff_who_stop_are_not_paged_and_the_others_hear_it(world: World) -> None:
    world.text(SAM, "STOP")
    world.text(CLIENT, "Server is down")
    world.work()
    assert world.texts_to(SAM) == []
    page_first, announced = world.texts_to(LEE)
    assert page_first.startswith("URGENT 1001")
    assert announced == "Sam has opted out of texts and gets no pages until texting START to this number."
    (page,) = [page for page in world.ticket()["pages"] if page["person"] == "Sam"]
    assert page["state"] == "failed"


@pytest.mark.parametrize("words", ["stop by at 3 pm", "the server will not stop rebooting", "please cancel my 3 pm"])
def test_a_sentence_with_such_a_word_is_a_text_like_any_other(world: World, words: str) -> None:
    world.text(STRANGER, words)
    world.work()
    assert world.rows(ConsentEvent)[0].kind == "opt-in"
    assert len(world.texts_to(STRANGER)) == 1


def test_an_unclear_sentence_is_put_before_a_person(world: World) -> None:
    world.text(STRANGER, "why do you not stop sending all those texts to my wife")
    texts = [event["text"] for event in world.ticket()["events"]]
    assert ("The client may want no more texts: please read and decide. NOTEXTS 1001 and a reason stops them") in texts


@pytest.mark.parametrize(
    ("body", "shown"),
    [("", "(an empty text)"), ("я" * 1600, "яяя"), ("\U0001f525 fire", "\U0001f525 fire")],
)
def test_odd_texts_page_within_two_segments(world: World, body: str, shown: str) -> None:
    world.text(CLIENT, body)
    world.work()
    (page,) = world.texts_to(SAM)
    assert shown in page
    assert segments(page) <= 2
    assert page.endswith("Reply ACK 1001 to take it.")


def test_a_flood_pages_a_bounded_number_of_times(world: World) -> None:
    for number in range(30):
        world.text(CLIENT, f"still down {number}")
        world.work()
    assert len(world.tickets()) == 1
    assert len(world.texts_to(SAM)) == 1 + 5 + 1
    assert world.texts_to(SAM)[-1] == "1001: many texts are coming in. From here on they are in the ticket only."
    assert len(world.texts_to(CLIENT)) == 1


def test_a_flood_reaches_the_owner_a_bounded_number_of_times(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.text(SAM, "ack")
    for number in range(30):
        world.text(CLIENT, f"still down {number}")
    world.work()
    assert len([text for text in world.texts_to(SAM) if "still down" in text]) == 5


def test_a_short_code_gets_a_ticket(world: World) -> None:
    world.text("55512", "Your delivery")
    world.work()
    assert world.ticket()["from_number"] == "55512"
    assert len(world.texts_to(SAM)) == 1
    assert world.texts_to("55512") == []
    assert world.rows(ConsentEvent) == []


def test_a_text_after_the_ticket_was_resolved_reopens_it(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.work()
    for word in ("ack", "done"):
        world.text(SAM, word)
    world.work()
    world.text(CLIENT, "It is down again")
    world.work()
    ticket = world.ticket()
    assert (ticket["state"], ticket["claimed_by"], ticket["resolved_by"]) == ("open", None, None)
    assert "Reopened; Sam had resolved it" in [event["text"] for event in ticket["events"]]
    again = "URGENT 1001 Hollis & Wade CPA 903-555-0160: It is down again. Reply ACK 1001 to take it."
    assert [world.texts_to(number)[-1] for number in (SAM, LEE, ROBIN)] == [again] * 3
    assert len(world.texts_to(CLIENT)) == 1
    world.text(LEE, "ack")
    world.work()
    assert world.texts_to(SAM)[-1] == "1001 is taken by Lee. Nothing to do for you."
    assert world.texts_to(ROBIN)[-1] == "1001 is taken by Lee. Nothing to do for you."


def test_a_text_long_after_the_ticket_was_resolved_opens_another(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.text(SAM, "ack")
    world.text(SAM, "done")
    world.work()
    world.pass_time(12 * 3600 + 1, step=3600)
    world.text(CLIENT, "Now the printer")
    world.work()
    assert [ticket["subject"] for ticket in world.tickets()] == ["Server is down", "Now the printer"]


def test_an_open_ticket_takes_texts_for_twelve_hours(world: World) -> None:
    world.text(CLIENT, "Server is down")
    world.pass_time(11 * 3600, step=3600)
    world.text(CLIENT, "Still down")
    world.pass_time(11 * 3600, step=3600)
    world.text(CLIENT, "Still down, really")
    assert len(world.tickets()) == 1
    world.pass_time(12 * 3600 + 1, step=3600)
    world.text(CLIENT, "Something else")
    assert len(world.tickets()) == 2


def test_the_same_id_with_other_words_changes_nothing_and_is_shown(world: World) -> None:
    world.text(CLIENT, "Server is down", sid="SM1")
    for _ in range(2):
        world.text(CLIENT, "STOP", sid="SM1")
    world.work()
    assert [m["body"] for m in world.ticket()["messages"] if m["direction"] == "in"] == ["Server is down"]
    assert [event.kind for event in world.rows(ConsentEvent)] == ["opt-in"]
    said = [event["text"] for event in world.ticket()["events"] if event["kind"] == "problem"]
    assert said == ["The carrier delivered a text again with other words; the first ones stand"]


def test_later_texts_are_answered_when_the_flow_says_so(database_url: str, tmp_path: Path) -> None:
    old = "  reopen_hours: 12"
    new = '  follow_up: "{desk}: added to ticket {ticket}. Reply STOP to opt-out."\n  reopen_hours: 12'
    world = World(database_url, tmp_path, FLOWS_DIR=str(edited_flows(tmp_path, "helpdesk.yml", old, new)))
    for words in ("Server is down", "And the phones", "All of them"):
        world.text(CLIENT, words)
    world.work()
    assert (
        world.texts_to(CLIENT)[1:]
        == ["Business IT Service Corps, LLC: added to ticket 1001. Reply STOP to opt-out."] * 2
    )
    world.close()


def test_a_client_who_writes_spanish_is_answered_in_spanish(world: World) -> None:
    world.text(STRANGER, "Hola, no hay internet en la oficina")
    world.work()
    (receipt,) = world.texts_to(STRANGER)
    assert receipt.startswith("Business IT Service Corps, LLC: ticket 1001 abierto, el equipo ya lo sabe.")
    assert segments(receipt) <= 2


def test_a_client_known_to_speak_spanish_is_answered_in_spanish(database_url: str, tmp_path: Path) -> None:
    old, new = '"+19035550161"]}', '"+19035550161"], language: es}'
    world = World(database_url, tmp_path, FLOWS_DIR=str(edited_flows(tmp_path, "clients.yml", old, new)))
    world.text(CLIENT, "Server down")
    world.work()
    assert "abierto" in world.texts_to(CLIENT)[0]
    world.close()


def test_staff_who_start_again_are_announced(world: World) -> None:
    Auditor(world.desk).run()
    world.text(SAM, "STOP")
    assert world.client.get("/readyz").get_json()["warnings"] == [
        "no texts and no pages to Sam: this number has opted out; it can text START to undo that"
    ]
    assert 'helpline_staff_opted_out{person="Sam"} 1.0' in world.client.get("/metrics").text
    world.text(SAM, "START")
    world.work()
    assert world.texts_to(LEE)[-1] == "Sam can get texts and pages again."
    assert world.client.get("/readyz").get_json()["warnings"] == []
    assert "helpline_staff_opted_out{" not in world.client.get("/metrics").text


@pytest.mark.parametrize("words", ["the server is down", "STOP", "ACK 1001", "yes"])
@pytest.mark.parametrize("form", [{}, {"From": ""}, {"From": " "}], ids=["no sender", "an empty one", "a blank one"])
def test_a_text_without_a_sender_is_a_ticket_and_pages_and_nobody_is_answered(
    world: World, form: dict[str, str], words: str
) -> None:
    assert world.post("/twilio/sms", MessageSid="SM1", To=DESK, Body=words, NumMedia="0", **form).status_code == 200
    world.work()
    ticket = world.ticket()
    assert (ticket["from_number"], ticket["client"], ticket["subject"]) == (None, None, words)
    assert world.texts_to(SAM) == [f"URGENT 1001 number withheld: {words}. Reply ACK 1001 to take it."]
    assert {sent.to for sent in world.carrier.sent} == {SAM, LEE, ROBIN}
    assert world.rows(ConsentEvent) == []


def test_two_texts_without_a_sender_may_be_of_two_people(world: World) -> None:
    for sid in ("SM1", "SM2", "SM2"):
        assert world.post("/twilio/sms", MessageSid=sid, To=DESK, Body="down", NumMedia="0").status_code == 200
    assert [ticket["from_number"] for ticket in world.tickets()] == [None, None]


def test_a_stop_without_a_sender_is_put_before_a_person(world: World) -> None:
    assert world.post("/twilio/sms", MessageSid="SM1", To=DESK, Body="STOP", NumMedia="0").status_code == 200
    said = "The client may want no more texts: please read and decide. NOTEXTS 1001 and a reason stops them"
    assert said in [event["text"] for event in world.ticket()["events"]]
